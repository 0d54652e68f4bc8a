//! Operators of networks: names within countries, found by mcc and mnc, and where several countries share
//! a network by the one that the device names.

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
    /// In its first country.
    by_network: HashMap<u32, Operator>,
    /// Of networks that several countries share, in each of them.
    shared: HashMap<(u32, Country), Operator>,
    /// By mcc as a number: the countries in which it is, first the one that it stands for.
    countries: Vec<Vec<Country>>,
}

/// Rows with these names name nobody.
const NOBODY: [&str; 4] = ["unassigned", "test", "test networks", "private networks"];

impl Operator {
    /// What stands for every operator that the table does not list.
    pub const UNLISTED: Operator = Operator(0);

    /// Finds an operator by the codes of its network, as text: `01` is not `001`.
    pub(crate) fn find(mcc: &str, mnc: &str) -> Operator {
        let found = network(mcc, mnc).and_then(|network| table().by_network.get(&network));
        found.copied().unwrap_or(Operator::UNLISTED)
    }

    /// The same for a device that names the country in which it is: where countries share the network, the
    /// operator in that one.
    pub(crate) fn find_in(mcc: &str, mnc: &str, named: Country) -> Operator {
        let shared = network(mcc, mnc).and_then(|network| table().shared.get(&(network, named)));
        shared.copied().unwrap_or_else(|| Operator::find(mcc, mnc))
    }

    /// The country that an mcc stands for: that of most of its networks.
    pub(crate) fn country_of_mcc(mcc: &str) -> Option<Country> {
        countries_of_mcc(mcc).first().copied()
    }

    /// The country of a device with a network of this mcc that no table has: the one that it names where
    /// the mcc is used there, else the one that the mcc stands for.
    pub(crate) fn country_within_mcc(mcc: &str, named: Country) -> Option<Country> {
        let countries = countries_of_mcc(mcc);
        let there = countries.iter().find(|country| **country == named);
        there.or(countries.first()).copied()
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

fn countries_of_mcc(mcc: &str) -> &'static [Country] {
    let countries = number(mcc, 3).and_then(|mcc| table().countries.get(mcc as usize));
    countries.map_or(&[], Vec::as_slice)
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::read(super::OPERATORS_CSV, &Shared::read(super::SHARED_CSV)))
}

/// The networks, and whole mccs, that several countries share, or that are elsewhere than their row says.
struct Shared(HashMap<(String, String), Vec<Country>>);

impl Shared {
    fn read(csv: &str) -> Shared {
        let rows = super::rows::<3>(csv).into_iter();
        let all = rows.map(|[mcc, mnc, countries]| {
            let countries = countries.split(' ').map(Country::find);
            ((mcc, mnc), countries.collect())
        });
        Shared(all.collect())
    }

    /// The countries of an mcc, where it has a line.
    fn of_mcc(&self, mcc: &str) -> Option<&Vec<Country>> {
        self.of(mcc, "").or_else(|| self.of(mcc, "*"))
    }

    fn of_network(&self, mcc: &str, mnc: &str) -> Option<&Vec<Country>> {
        self.of(mcc, mnc).or_else(|| self.of(mcc, "*"))
    }

    fn of(&self, mcc: &str, mnc: &str) -> Option<&Vec<Country>> {
        self.0.get(&(mcc.to_owned(), mnc.to_owned()))
    }
}

/// A network, its operator's name, and the countries in which it is.
struct Listed<'a> {
    mcc: &'a str,
    mnc: &'a str,
    name: &'a str,
    countries: Vec<Country>,
}

impl Table {
    fn read(csv: &str, shared: &Shared) -> Table {
        let rows = super::rows::<4>(csv);
        let is_somebody = |row: &&[String; 4]| !NOBODY.contains(&row[2].to_lowercase().as_str());
        let listed = rows
            .iter()
            .filter(is_somebody)
            .map(|[mcc, mnc, name, country]| {
                let own = || vec![Country::find(country)];
                let countries = shared.of_network(mcc, mnc).cloned().unwrap_or_else(own);
                Listed {
                    mcc,
                    mnc,
                    name,
                    countries,
                }
            });
        let listed: Vec<_> = listed.collect();
        let texts: Vec<Vec<String>> = listed.iter().map(Listed::texts).collect();
        let mut spellings = Spellings::default();
        texts
            .iter()
            .flatten()
            .for_each(|text| spellings.count(text));
        let mut table = Table {
            rows: vec![Row {
                text: UNLISTED,
                country: Country::UNKNOWN,
            }],
            by_network: HashMap::new(),
            shared: HashMap::new(),
            countries: vec![Vec::new(); 1_000],
        };
        let mut by_text = HashMap::new();
        for (one, texts) in listed.iter().zip(&texts) {
            let Some(network) = network(one.mcc, one.mnc) else {
                continue;
            };
            for (country, text) in one.countries.iter().zip(texts) {
                let operator = *by_text
                    .entry(spellings.usual(text))
                    .or_insert_with_key(|text| table.add(text, *country));
                table.by_network.entry(network).or_insert(operator);
                if one.countries.len() > 1 {
                    table.shared.insert((network, *country), operator);
                }
            }
        }
        table.count_countries(&listed, shared);
        table
    }

    fn add(&mut self, text: &str, country: Country) -> Operator {
        let text = super::leak(text.to_owned());
        self.rows.push(Row { text, country });
        // Unwrap safety: a test counts the rows.
        Operator(u16::try_from(self.rows.len() - 1).unwrap_or(0))
    }

    fn count_countries(&mut self, listed: &[Listed<'_>], shared: &Shared) {
        let mut by_mcc: Vec<Vec<(Country, usize)>> = vec![Vec::new(); self.countries.len()];
        for one in listed {
            let Some(mcc) = number(one.mcc, 3).map(|mcc| mcc as usize) else {
                continue;
            };
            if let Some(of_mcc) = shared.of_mcc(one.mcc) {
                self.countries[mcc].clone_from(of_mcc);
            }
            let known = one.countries.iter().filter(|one| **one != Country::UNKNOWN);
            for (place, country) in known.enumerate() {
                let counted = &mut by_mcc[mcc];
                let first = usize::from(place == 0);
                match counted.iter_mut().find(|(other, _)| other == country) {
                    Some((_, rows)) => *rows += first,
                    None => counted.push((*country, first)),
                }
            }
        }
        for (countries, mut counted) in self.countries.iter_mut().zip(by_mcc) {
            // The first of those that have as many.
            counted.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
            for (country, _) in counted {
                if !countries.contains(&country) {
                    countries.push(country);
                }
            }
        }
    }
}

impl Listed<'_> {
    /// Its text in each of its countries.
    fn texts(&self) -> Vec<String> {
        let texts = self.countries.iter();
        texts
            .map(|country| format!("{} ({country})", self.name))
            .collect()
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
                let own = Shared::read(super::super::SHARED_CSV);
                let own = own
                    .of_network(mcc, mnc)
                    .map_or(country, |all| all[0].as_str());
                assert_eq!(operator.country().as_str(), own, "{mcc}-{mnc}");
            }
        }
    }

    #[test]
    fn the_text_of_an_operator_ends_with_its_country() {
        for row in &table().rows[1..] {
            let end = format!(" ({})", row.country);
            assert!(row.text.ends_with(&end), "{}", row.text);
        }
    }

    #[test]
    fn a_network_that_countries_share_is_in_the_one_that_the_device_names() {
        let found = |mcc, mnc, named| {
            let operator = Operator::find_in(mcc, mnc, Country::find(named));
            (operator.as_str(), operator.country().as_str())
        };
        for (mcc, mnc, named, text) in [
            ("340", "01", "MQ", "Orange (MQ)"),
            ("340", "20", "GP", "Digicel (GP)"),
            ("340", "20", "", "Digicel (GP)"),
            ("340", "11", "GP", "Guyane Téléphone Mobile (GF)"),
            ("647", "10", "RE", "SFR Réunion (RE)"),
            ("647", "00", "YT", "Orange (YT)"),
            ("362", "69", "CW", "Digicel (CW)"),
            ("425", "05", "PS", "Jawwal (PS)"),
            ("425", "06", "IL", "Wataniya Mobile (PS)"),
            ("425", "01", "PS", "Partner (IL)"),
            ("310", "032", "GU", "IT&E Wireless (GU)"),
            ("310", "110", "US", "IT&E Wireless (MP)"),
            ("310", "260", "", "T-Mobile (US)"),
            ("310", "260", "PR", "T-Mobile (PR)"),
            ("234", "50", "JE", "JT (JE)"),
            ("234", "50", "GG", "JT (GG)"),
            ("505", "10", "", "Norfolk Is. (NF)"),
            // Nobody is in Finland with a network of the French Antilles.
            ("340", "01", "FI", "Orange (GP)"),
        ] {
            let country = &text[text.len() - 3..text.len() - 1];
            assert_eq!(
                found(mcc, mnc, named),
                (text, country),
                "{mcc}-{mnc} {named}"
            );
        }
    }

    #[test]
    fn of_a_network_that_no_table_has_the_country_is_one_of_its_mcc() {
        let country = |mcc, named| {
            let country = Operator::country_within_mcc(mcc, Country::find(named));
            country.map(Country::as_str)
        };
        assert_eq!(country("310", "GU"), Some("GU"));
        assert_eq!(country("310", "FI"), Some("US"));
        assert_eq!(country("340", ""), Some("GP"));
        assert_eq!(country("340", "MF"), Some("MF"));
        assert_eq!(country("234", "JE"), Some("JE"));
        assert_eq!(country("244", "SE"), Some("FI"));
        assert_eq!(country("901", "SE"), None);
    }

    #[test]
    fn every_line_of_shared_networks_names_countries_and_a_network_that_is_listed() {
        let listed = super::super::rows::<4>(super::super::OPERATORS_CSV);
        for [mcc, mnc, countries] in super::super::rows::<3>(super::super::SHARED_CSV) {
            let is_listed = listed.iter().any(|[of, network, ..]| {
                *of == mcc && (mnc.is_empty() || mnc == "*" || *network == mnc)
            });
            assert!(is_listed, "{mcc}-{mnc}");
            for country in countries.split(' ') {
                assert_ne!(Country::find(country), Country::UNKNOWN, "{mcc}-{mnc}");
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
