//! The published tables of models and operators, compiled in and indexed at first use.

use std::sync::OnceLock;

use hashbrown::HashMap;

use crate::vocabulary::{Country, Model, Operator};

/// One row of the table of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelRow {
    /// Manufacturer.
    pub brand: &'static str,
    /// What a device says of itself.
    pub code: &'static str,
    /// Marketing name.
    pub name: &'static str,
}

/// One row of the table of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorRow {
    /// Mobile country code, three digits.
    pub mcc: &'static str,
    /// Mobile network code, two or three digits.
    pub mnc: &'static str,
    /// Name.
    pub operator: &'static str,
    /// ISO 3166-1 alpha-2; empty for international networks.
    pub country: &'static str,
}

/// The tables and their indices. Number 0 of each vocabulary is what is not listed.
pub(crate) struct Tables {
    models: Vec<(ModelRow, String)>,
    model_index: HashMap<(&'static str, &'static str), u32>,
    brands: HashMap<String, &'static str>,
    operators: Vec<OperatorRow>,
    operator_texts: Vec<String>,
    operator_index: HashMap<(&'static str, &'static str), u32>,
    countries: Vec<&'static str>,
    country_index: HashMap<&'static str, u32>,
    mcc_country: HashMap<&'static str, u32>,
}

static TABLES: OnceLock<Tables> = OnceLock::new();

pub(crate) fn tables() -> &'static Tables {
    TABLES.get_or_init(Tables::read)
}

/// Every model of the table.
pub fn models() -> impl Iterator<Item = ModelRow> {
    tables().models.iter().map(|(row, _)| *row)
}

/// Every network of the table.
pub fn operators() -> impl Iterator<Item = OperatorRow> {
    tables().operators.iter().copied()
}

/// The rows of a table that is compiled in; its fields live as long as the process.
fn rows<const N: usize>(text: &'static str) -> Vec<[&'static str; N]> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        // Unwrap safety: a test reads the tables, which are part of this program.
        let record = record.unwrap_or_default();
        let mut fields = record.iter();
        rows.push(std::array::from_fn(|_| {
            let field: &'static str = Box::leak(fields.next().unwrap_or_default().into());
            field
        }));
    }
    rows
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Tables {
    fn read() -> Tables {
        let models: Vec<_> = rows::<3>(include_str!("../reference/models.csv"))
            .into_iter()
            .map(|[brand, code, name]| (ModelRow { brand, code, name }, format!("{brand}/{code}")))
            .collect();
        let model_index = (1..)
            .zip(&models)
            .map(|(i, (row, _))| ((row.brand, row.code), i))
            .collect();
        let brands = models
            .iter()
            .map(|(row, _)| (row.brand.to_lowercase(), row.brand))
            .collect();
        let operators: Vec<_> = rows::<5>(include_str!("../reference/operators.csv"))
            .into_iter()
            .map(|[mcc, mnc, operator, country, _status]| OperatorRow {
                mcc,
                mnc,
                operator,
                country,
            })
            .collect();
        let mut tables = Tables {
            models,
            model_index,
            brands,
            operator_texts: Vec::new(),
            operator_index: HashMap::new(),
            countries: Vec::new(),
            country_index: HashMap::new(),
            mcc_country: HashMap::new(),
            operators,
        };
        tables.index_operators();
        tables
    }

    fn index_operators(&mut self) {
        let mut texts: HashMap<String, u32> = HashMap::new();
        let mut votes: HashMap<&'static str, HashMap<u32, u32>> = HashMap::new();
        for row in &self.operators {
            let place = if row.country.is_empty() {
                "international"
            } else {
                row.country
            };
            let text = format!("{} ({place})", row.operator);
            let index = *texts.entry(text).or_insert_with_key(|text| {
                self.operator_texts.push(text.clone());
                number(self.operator_texts.len())
            });
            self.operator_index.insert((row.mcc, row.mnc), index);
            if !row.country.is_empty() {
                let country = *self.country_index.entry(row.country).or_insert_with(|| {
                    self.countries.push(row.country);
                    number(self.countries.len())
                });
                *votes
                    .entry(row.mcc)
                    .or_default()
                    .entry(country)
                    .or_default() += 1;
            }
        }
        // Where territories share a code, it is that of the country with the most networks.
        self.mcc_country = votes
            .into_iter()
            .filter_map(|(mcc, votes)| {
                let most = votes
                    .into_iter()
                    .max_by_key(|(country, count)| (*count, u32::MAX - country));
                most.map(|(country, _)| (mcc, country))
            })
            .collect();
    }

    pub(crate) fn model(&self, row: u32) -> &str {
        self.models
            .get(row as usize - 1)
            .map_or("unlisted", |(_, text)| text)
    }

    pub(crate) fn brand(&self, row: u32) -> &'static str {
        self.models
            .get(row as usize - 1)
            .map_or("unlisted", |(row, _)| row.brand)
    }

    pub(crate) fn operator(&self, row: u32) -> &str {
        self.operator_texts
            .get(row as usize - 1)
            .map_or("unlisted", String::as_str)
    }

    pub(crate) fn country(&self, row: u32) -> &str {
        self.countries
            .get(row as usize - 1)
            .map_or("ZZ", |code| *code)
    }

    /// By brand and code as they stand in the table, else by the brand in another case.
    pub(crate) fn find_model(&self, brand: &str, code: &str) -> Model {
        let found = self.model_index.get(&(brand, code)).or_else(|| {
            let brand = *self.brands.get(&brand.to_lowercase())?;
            self.model_index.get(&(brand, code))
        });
        found.map_or(Model::UNLISTED, |row| Model(*row))
    }

    pub(crate) fn find_operator(&self, mcc: &str, mnc: &str) -> Operator {
        self.operator_index
            .get(&(mcc, mnc))
            .map_or(Operator::UNLISTED, |row| Operator(*row))
    }

    pub(crate) fn find_country(&self, code: &str) -> Country {
        self.country_index
            .get(code)
            .map_or(Country::UNKNOWN, |row| Country(*row))
    }

    pub(crate) fn country_of(&self, mcc: &str) -> Option<Country> {
        self.mcc_country.get(mcc).map(|row| Country(*row))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert_eq!(models().count(), 34_404);
        assert_eq!(operators().count(), 3_032);
        assert!(models().all(|row| !row.brand.is_empty() && !row.code.is_empty()));
    }

    #[test]
    fn a_model_is_found_by_brand_and_code() {
        let model = tables().find_model("Apple", "iPhone10,3");
        assert_eq!(
            (model.as_str(), model.brand()),
            ("Apple/iPhone10,3", "Apple")
        );
        assert_eq!(tables().find_model("apple", "iPhone10,3"), model);
        assert_eq!(tables().find_model("Nokia", "iPhone10,3"), Model::UNLISTED);
    }

    #[test]
    fn two_and_three_digits_name_different_networks() {
        assert_eq!(tables().find_operator("202", "01").as_str(), "Cosmote (GR)");
        assert_eq!(tables().find_operator("202", "001"), Operator::UNLISTED);
        assert_eq!(
            tables().find_operator("202", "02"),
            tables().find_operator("202", "01")
        );
    }

    #[test]
    fn a_network_code_tells_its_country() {
        assert_eq!(tables().country_of("244").unwrap().as_str(), "FI");
        assert_eq!(tables().country_of("310").unwrap().as_str(), "US");
        assert_eq!(tables().country_of("901"), None);
        assert_eq!(tables().find_country("QQ"), Country::UNKNOWN);
    }

    #[test]
    fn no_text_is_a_word_that_the_release_gate_reserves() {
        let reserved = ["folded", "all", "unlisted", "none"];
        assert!(models().all(|row| !reserved.contains(&row.brand)));
        assert!(
            tables()
                .operator_texts
                .iter()
                .all(|text| !reserved.contains(&text.as_str()))
        );
    }
}
