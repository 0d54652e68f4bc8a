//! Operators of networks: names within countries, found by mcc and mnc.

use std::sync::OnceLock;

use hashbrown::HashMap;

use super::Country;
use super::spelling::Spellings;
use crate::intern::{self, Kind, UNLISTED};

/// The operator of a network, as an index into the compiled-in table; its text is the name and
/// the country, `Cosmote (GR)`, whichever of its networks a device is in. The text of an
/// international operator, which has no country, ends with `(ZZ)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator(u16);

struct Row {
    text: &'static str,
    country: Country,
}

struct Table {
    /// The first row is that of what is unlisted.
    rows: Vec<Row>,
    by_network: HashMap<u32, Operator>,
    /// By mcc as a number.
    countries: Vec<Option<Country>>,
}

/// Rows with these names name nobody.
const NOBODY: [&str; 2] = ["unassigned", "test"];

impl Operator {
    /// What stands for every operator that the table does not list.
    pub const UNLISTED: Operator = Operator(0);

    /// Finds an operator by the codes of its network, as text: `01` is not `001`.
    pub(crate) fn find(mcc: &str, mnc: &str) -> Operator {
        let found = network(mcc, mnc).and_then(|network| table().by_network.get(&network));
        found.copied().unwrap_or(Operator::UNLISTED)
    }

    /// The country that an mcc stands for: that of most of its networks.
    pub(crate) fn country_of_mcc(mcc: &str) -> Option<Country> {
        *table().countries.get(number(mcc, 3)? as usize)?
    }

    /// `Name (CC)`, or `unlisted`.
    pub fn as_str(self) -> &'static str {
        self.row().text
    }

    /// The country in the text; unknown for the unlisted and the international.
    pub fn country(self) -> Country {
        self.row().country
    }

    /// A number for the operator, made from its text: the same in every process and version.
    pub fn key(self) -> u64 {
        intern::key(Kind::Operator, "", self.as_str())
    }

    /// The operator of an [`Operator::key`], [`Operator::UNLISTED`] where the table no longer lists
    /// it.
    pub fn of_key(key: u64) -> Operator {
        static BY_KEY: OnceLock<HashMap<u64, Operator>> = OnceLock::new();
        let by_key = BY_KEY.get_or_init(|| {
            let rows = (0..table().rows.len()).filter_map(|at| u16::try_from(at).ok());
            let all = rows.map(Operator);
            all.map(|operator| (operator.key(), operator)).collect()
        });
        by_key.get(&key).copied().unwrap_or(Operator::UNLISTED)
    }

    fn row(self) -> &'static Row {
        // Made by `find` alone, or the first row.
        &table().rows[usize::from(self.0)]
    }
}

/// A number for mcc and mnc in which `01` and `001` differ; `None` where they are no such codes.
fn network(mcc: &str, mnc: &str) -> Option<u32> {
    let mnc = match mnc.len() {
        2 => number(mnc, 2)?,
        _ => 100 + number(mnc, 3)?,
    };
    Some(number(mcc, 3)? * 1_100 + mnc)
}

/// The value of a code of exactly so many decimal digits.
fn number(code: &str, digits: usize) -> Option<u32> {
    let is_code = code.len() == digits && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| {
        code.bytes()
            .fold(0, |value, byte| value * 10 + u32::from(byte - b'0'))
    })
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::read(super::OPERATORS_CSV))
}

impl Table {
    fn read(csv: &str) -> Table {
        let mut listed = super::rows::<4>(csv);
        listed.retain(|[_, _, name, _]| !NOBODY.contains(&name.to_lowercase().as_str()));
        let texts: Vec<_> = listed
            .iter()
            .map(|[_, _, name, country]| format!("{name} ({})", Country::find(country)))
            .collect();
        let mut spellings = Spellings::default();
        texts.iter().for_each(|text| spellings.count(text));
        let mut table = Table {
            rows: vec![Row {
                text: UNLISTED,
                country: Country::UNKNOWN,
            }],
            by_network: HashMap::new(),
            countries: vec![None; 1_000],
        };
        let mut by_text = HashMap::new();
        for ([mcc, mnc, _, country], text) in listed.iter().zip(&texts) {
            let operator = *by_text
                .entry(spellings.usual(text))
                .or_insert_with_key(|text| {
                    let text = super::leak((*text).to_owned());
                    table.rows.push(Row {
                        text,
                        country: Country::find(country),
                    });
                    // Unwrap safety: a test counts the rows.
                    Operator(u16::try_from(table.rows.len() - 1).unwrap_or(0))
                });
            if let Some(network) = network(mcc, mnc) {
                table.by_network.insert(network, operator);
            }
        }
        table.count_countries(&listed);
        table
    }

    fn count_countries(&mut self, listed: &[[String; 4]]) {
        let mut by_mcc: Vec<Vec<(Country, usize)>> = vec![Vec::new(); self.countries.len()];
        for [mcc, _, _, country] in listed {
            let country = Country::find(country);
            let Some(mcc) = number(mcc, 3).filter(|_| country != Country::UNKNOWN) else {
                continue;
            };
            let counted = &mut by_mcc[mcc as usize];
            match counted.iter_mut().find(|(other, _)| *other == country) {
                Some((_, rows)) => *rows += 1,
                None => counted.push((country, 1)),
            }
        }
        for (most, counted) in self.countries.iter_mut().zip(&by_mcc) {
            *most = counted
                .iter()
                .rev()
                .max_by_key(|(_, rows)| rows)
                .map(|(country, _)| *country);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_found_but_those_that_name_nobody() {
        let rows = super::super::rows::<4>(super::super::OPERATORS_CSV);
        assert_eq!(rows.len(), 3_032);
        assert!(table().rows.len() < usize::from(u16::MAX));
        for [mcc, mnc, name, country] in &rows {
            let operator = Operator::find(mcc, mnc);
            let nobody = NOBODY.contains(&name.to_lowercase().as_str());
            assert_eq!(operator == Operator::UNLISTED, nobody, "{mcc}-{mnc}");
            if !nobody {
                let text = operator.as_str().to_lowercase();
                assert!(text.starts_with(&name.to_lowercase()), "{mcc}-{mnc}");
                let country = if country.is_empty() { "ZZ" } else { country };
                assert!(
                    operator.as_str().ends_with(&format!(" ({country})")),
                    "{mcc}-{mnc}"
                );
                assert_eq!(operator.country().as_str(), country);
            }
        }
    }

    #[test]
    fn every_operator_is_found_by_its_key_and_no_other_key_is_one() {
        for [mcc, mnc, ..] in super::super::rows::<4>(super::super::OPERATORS_CSV) {
            let operator = Operator::find(&mcc, &mnc);
            assert_eq!(Operator::of_key(operator.key()), operator, "{mcc}-{mnc}");
        }
        assert_eq!(Operator::of_key(7), Operator::UNLISTED);
    }

    #[test]
    fn every_country_of_the_table_is_a_listed_one() {
        for [mcc, mnc, _, country] in super::super::rows::<4>(super::super::OPERATORS_CSV) {
            let known = Country::find(&country) != Country::UNKNOWN;
            assert_eq!(known, !country.is_empty(), "{mcc}-{mnc}");
        }
    }

    #[test]
    fn the_networks_of_one_operator_are_one_value() {
        let cosmote = Operator::find("202", "01");
        assert_eq!(cosmote.as_str(), "Cosmote (GR)");
        assert_eq!(Operator::find("202", "02"), cosmote);
        assert_eq!(cosmote.country().as_str(), "GR");
    }

    #[test]
    fn two_digits_and_three_are_different_networks() {
        let (two, three) = (Operator::find("310", "41"), Operator::find("310", "410"));
        assert_eq!(three.as_str(), "AT&T (US)");
        assert_ne!(two, three);
        assert_ne!(network("202", "01"), network("202", "001"));
        assert_eq!(Operator::find("202", "001"), Operator::UNLISTED);
    }

    #[test]
    fn a_mcc_stands_for_the_country_of_most_of_its_networks() {
        let country = |mcc| Operator::country_of_mcc(mcc).map(Country::as_str);
        assert_eq!(country("244"), Some("FI"));
        assert_eq!(country("234"), Some("GB"));
        assert_eq!(country("310"), Some("US"));
        assert_eq!(country("901"), None);
        assert_eq!(country("000"), None);
    }

    #[test]
    fn what_is_no_code_is_unlisted() {
        for (mcc, mnc) in [
            ("", ""),
            ("24", "05"),
            ("244", "5"),
            ("244", "0005"),
            ("2४4", "05"),
        ] {
            assert_eq!(Operator::find(mcc, mnc), Operator::UNLISTED);
        }
        assert_eq!(Operator::country_of_mcc("+44"), None);
        assert_eq!(Operator::UNLISTED.as_str(), "unlisted");
    }
}
