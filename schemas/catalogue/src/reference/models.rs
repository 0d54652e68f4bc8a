//! Models of devices: (brand, code) pairs of a published table.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::spelling::Spellings;
use crate::intern::{self, Kind, UNLISTED};

/// A model of a device, as an index into the compiled-in table of models; its text is
/// `Brand/Code`. No brand holds a slash, so what stands before the first one is the brand.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Model(u32);

/// The longest brand that is looked up, in bytes; the table has none that is longer.
const BRAND_BYTES: usize = 64;

struct Row {
    /// `Brand/Code`.
    text: &'static str,
    brand_bytes: usize,
}

struct Table {
    /// The first row is that of what is unlisted.
    rows: Vec<Row>,
    by_name: HashTable<u32>,
    /// Codes that stand under one brand alone, by themselves.
    by_code: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Model {
    /// What stands for every model that the table does not list.
    pub const UNLISTED: Model = Model(0);

    /// Finds a model by what the device says of itself: its brand, whatever the case of its ASCII
    /// letters, and its code, exactly. A code that the table has under one brand alone is found whatever
    /// the brand is: some name who made the device, and not what stands on it.
    pub(crate) fn find(brand: &str, code: &str) -> Model {
        let table = table();
        let found = table.find(brand, code).or_else(|| table.find_code(code));
        found.map_or(Model::UNLISTED, Model)
    }

    /// `Brand/Code`, or `unlisted`.
    pub fn as_str(self) -> &'static str {
        self.row().text
    }

    /// The brand, the part of the text before the slash, or `unlisted`.
    pub fn brand(self) -> &'static str {
        let row = self.row();
        &row.text[..row.brand_bytes]
    }

    /// A number for the model, made from its text: the same in every process and version.
    pub fn key(self) -> u64 {
        intern::key(Kind::Model, "", self.as_str())
    }

    /// The model of a [`Model::key`], [`Model::UNLISTED`] where the table no longer lists it.
    pub fn of_key(key: u64) -> Model {
        static BY_KEY: OnceLock<HashMap<u64, Model>> = OnceLock::new();
        let by_key = BY_KEY.get_or_init(|| {
            let rows = (0..table().rows.len()).filter_map(|at| u32::try_from(at).ok());
            let all = rows.map(Model);
            all.map(|model| (model.key(), model)).collect()
        });
        by_key.get(&key).copied().unwrap_or(Model::UNLISTED)
    }

    fn row(self) -> &'static Row {
        // Made by `find` alone, or the first row.
        &table().rows[self.0 as usize]
    }
}

impl Row {
    fn brand(&self) -> &str {
        &self.text[..self.brand_bytes]
    }

    fn code(&self) -> &str {
        // Only the first row has no slash, and that one is not looked up.
        self.text.get(self.brand_bytes + 1..).unwrap_or_default()
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::read(super::MODELS_CSV))
}

impl Table {
    fn read(csv: &str) -> Table {
        let mut listed = super::rows::<2>(csv);
        listed.retain(is_text);
        let mut spellings = Spellings::default();
        listed.iter().for_each(|[brand, _]| spellings.count(brand));
        let mut rows = vec![Row {
            text: UNLISTED,
            brand_bytes: UNLISTED.len(),
        }];
        for [brand, code] in &listed {
            let brand = spellings.usual(brand);
            let text = super::leak(format!("{brand}/{code}"));
            rows.push(Row {
                text,
                brand_bytes: brand.len(),
            });
        }
        let hasher = DefaultHashBuilder::default();
        let hash = |at: &u32| {
            let row = &rows[*at as usize];
            // A brand that is too long to be looked up is found by nobody.
            hash(&hasher, row.brand(), row.code()).unwrap_or_default()
        };
        let mut by_name = HashTable::with_capacity(rows.len());
        for at in (1..rows.len()).filter_map(|at| u32::try_from(at).ok()) {
            by_name.insert_unique(hash(&at), at, hash);
        }
        let by_code = codes_of_one_brand(&rows, &hasher);
        Table {
            rows,
            by_name,
            by_code,
            hasher,
        }
    }

    fn find_code(&self, code: &str) -> Option<u32> {
        let same = |at: &u32| self.rows[*at as usize].code() == code;
        self.by_code.find(self.hasher.hash_one(code), same).copied()
    }

    fn find(&self, brand: &str, code: &str) -> Option<u32> {
        let same = |at: &u32| {
            let row = &self.rows[*at as usize];
            row.code() == code && row.brand().eq_ignore_ascii_case(brand)
        };
        self.by_name
            .find(hash(&self.hasher, brand, code)?, same)
            .copied()
    }
}

/// The rows whose code stands under their brand alone.
fn codes_of_one_brand(rows: &[Row], hasher: &DefaultHashBuilder) -> HashTable<u32> {
    let mut brands: HashMap<&str, usize> = HashMap::with_capacity(rows.len());
    for row in rows {
        *brands.entry(row.code()).or_default() += 1;
    }
    let hash = |at: &u32| hasher.hash_one(rows[*at as usize].code());
    let mut by_code = HashTable::with_capacity(rows.len());
    for at in (1..rows.len()).filter_map(|at| u32::try_from(at).ok()) {
        if brands[rows[at as usize].code()] == 1 {
            by_code.insert_unique(hash(&at), at, hash);
        }
    }
    by_code
}

/// Whether a row has nothing but the letters that brands and codes have: the source has some whose text was
/// lost before it was published.
fn is_text(row: &[String; 2]) -> bool {
    let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    row.iter().all(|text| text.bytes().all(is_printable))
}

/// The hash of a brand without its case, and a code; `None` where the brand is too long.
fn hash(hasher: &DefaultHashBuilder, brand: &str, code: &str) -> Option<u64> {
    let mut folded = [0; BRAND_BYTES];
    let folded = folded.get_mut(..brand.len())?;
    folded.copy_from_slice(brand.as_bytes());
    folded.make_ascii_lowercase();
    Some(hasher.hash_one((&*folded, code)))
}

#[cfg(test)]
mod tests {
    use hashbrown::HashSet;

    use super::*;

    /// Rows whose text was not lost.
    const TEXT_ROWS: usize = 34_390;

    #[test]
    fn every_row_of_the_table_is_found_and_is_called_by_its_brand_and_code() {
        let mut rows = super::super::rows::<2>(super::super::MODELS_CSV);
        assert_eq!(rows.len(), 34_404);
        rows.retain(is_text);
        assert_eq!(rows.len(), TEXT_ROWS);
        let mut texts = HashSet::new();
        for [brand, code] in &rows {
            let model = Model::find(brand, code);
            assert_ne!(model, Model::UNLISTED, "{brand}/{code}");
            assert!(model.brand().eq_ignore_ascii_case(brand), "{brand}/{code}");
            assert_eq!(&model.as_str()[model.brand().len() + 1..], code);
            assert!(
                texts.insert(model),
                "{brand}/{code} differs from another in case alone"
            );
        }
    }

    #[test]
    fn every_model_is_found_by_its_key_and_no_other_key_is_one() {
        let mut rows = super::super::rows::<2>(super::super::MODELS_CSV);
        rows.retain(is_text);
        for [brand, code] in &rows {
            let model = Model::find(brand, code);
            assert_eq!(Model::of_key(model.key()), model, "{brand}/{code}");
        }
        assert_eq!(Model::of_key(7), Model::UNLISTED);
    }

    #[test]
    fn no_brand_holds_a_slash_or_is_too_long_to_be_looked_up() {
        for [brand, code] in super::super::rows::<2>(super::super::MODELS_CSV) {
            assert!(!brand.is_empty() && !code.is_empty());
            assert!(
                !brand.contains('/') && brand.len() <= BRAND_BYTES,
                "{brand}"
            );
        }
    }

    #[test]
    fn a_code_of_one_brand_alone_is_found_without_it_and_one_of_several_is_not() {
        for (brand, code, text) in [
            ("HMD Global", "TA-1053", "Nokia/TA-1053"),
            ("Xiaomi", "M2101K6G", "Redmi/M2101K6G"),
            ("Xiaomi", "M2007J20CG", "POCO/M2007J20CG"),
            ("", "2201117TG", "Redmi/2201117TG"),
        ] {
            assert_eq!(Model::find(brand, code).as_str(), text);
        }
        let mut brands: HashMap<String, Vec<String>> = HashMap::new();
        for [brand, code] in super::super::rows::<2>(super::super::MODELS_CSV) {
            brands.entry(code).or_default().push(brand);
        }
        for (code, brands) in brands.iter().filter(|(_, brands)| brands.len() > 1) {
            assert_eq!(
                Model::find("Nobody", code),
                Model::UNLISTED,
                "{code}: {brands:?}"
            );
        }
    }

    #[test]
    fn no_model_has_letters_that_are_none() {
        for row in &table().rows {
            let text = [row.brand().to_owned(), row.code().to_owned()];
            assert!(is_text(&text), "{}", row.text);
        }
    }

    #[test]
    fn a_brand_is_found_in_any_case_and_a_code_in_its_own() {
        let model = Model::find("Samsung", "SM-S918N");
        assert_eq!(model.as_str(), "Samsung/SM-S918N");
        assert_eq!(model.brand(), "Samsung");
        assert_eq!(Model::find("samsung", "SM-S918N"), model);
        assert_eq!(Model::find("SAMSUNG", "SM-S918N"), model);
        assert_eq!(Model::find("samsung", "sm-s918n"), Model::UNLISTED);
    }

    #[test]
    fn a_brand_with_two_spellings_is_one_brand() {
        assert_eq!(
            Model::find("Realme", "RMX3370").brand(),
            Model::find("realme", "RMX3370").brand()
        );
        let brands: HashSet<_> = table().rows.iter().map(Row::brand).collect();
        let folded: HashSet<_> = brands.iter().map(|brand| brand.to_lowercase()).collect();
        assert_eq!(brands.len(), folded.len());
    }

    #[test]
    fn what_no_table_lists_is_unlisted() {
        let long = "x".repeat(10_000);
        for (brand, code) in [
            ("", ""),
            ("Samsung", ""),
            ("Nobody", "NB-1"),
            (&long, &long),
        ] {
            assert_eq!(Model::find(brand, code), Model::UNLISTED);
        }
        assert_eq!(Model::UNLISTED.as_str(), "unlisted");
        assert_eq!(Model::UNLISTED.brand(), "unlisted");
    }
}
