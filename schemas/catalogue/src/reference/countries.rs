//! Countries: the codes of ISO 3166-1 alpha-2.

use std::sync::OnceLock;

use hashbrown::HashMap;

use crate::intern::{self, Kind};

/// A country or territory, as an index into the list of ISO 3166-1 alpha-2 codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(u8);

/// `ZZ` (unknown, a code that ISO 3166-1 leaves to its users), the 249 codes of ISO 3166-1
/// alpha-2, and `XK` (Kosovo), which the table of operators uses.
#[rustfmt::skip]
pub(super) const CODES: [&str; 251] = [
    "ZZ", "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX",
    "AZ", "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR",
    "BS", "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM",
    "CN", "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC",
    "EE", "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE",
    "GF", "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK",
    "HM", "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE",
    "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB",
    "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH",
    "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ",
    "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF",
    "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU",
    "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR",
    "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN",
    "TO", "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG",
    "VI", "VN", "VU", "WF", "WS", "XK", "YE", "YT", "ZA", "ZM", "ZW",
];

/// Where each pair of letters stands in [`CODES`]; 0 for those that are no code.
static BY_LETTERS: [u8; 26 * 26] = by_letters();

const fn by_letters() -> [u8; 26 * 26] {
    let mut table = [0; 26 * 26];
    let mut at = 1;
    while at < CODES.len() {
        let code = CODES[at].as_bytes();
        table[(code[0] - b'A') as usize * 26 + (code[1] - b'A') as usize] = at as u8;
        at += 1;
    }
    table
}

impl Country {
    /// What stands for every country that is not known; its text is `ZZ`.
    pub const UNKNOWN: Country = Country(0);

    /// Finds a country by its code in upper-case letters.
    pub(crate) fn find(code: &str) -> Country {
        match code.as_bytes() {
            [one @ b'A'..=b'Z', two @ b'A'..=b'Z'] => {
                Country(BY_LETTERS[usize::from(one - b'A') * 26 + usize::from(two - b'A')])
            }
            _ => Country::UNKNOWN,
        }
    }

    /// The code, or `ZZ`.
    pub fn as_str(self) -> &'static str {
        CODES[usize::from(self.0)]
    }

    /// A number for the country, made from its code: the same in every process and version.
    pub fn key(self) -> u64 {
        intern::key(Kind::Country, "", self.as_str())
    }

    /// The country of a [`Country::key`], [`Country::UNKNOWN`] where there is none.
    pub fn of_key(key: u64) -> Country {
        static BY_KEY: OnceLock<HashMap<u64, Country>> = OnceLock::new();
        let by_key = BY_KEY.get_or_init(|| {
            let all = CODES.into_iter().map(Country::find);
            all.map(|country| (country.key(), country)).collect()
        });
        by_key.get(&key).copied().unwrap_or(Country::UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found() {
        for code in CODES {
            assert_eq!(Country::find(code).as_str(), code);
        }
        assert!(CODES[1..].is_sorted());
    }

    #[test]
    fn every_country_is_found_by_its_key_and_no_other_key_is_one() {
        for code in CODES {
            let country = Country::find(code);
            assert_eq!(Country::of_key(country.key()), country);
        }
        assert_eq!(Country::of_key(7), Country::UNKNOWN);
    }

    #[test]
    fn what_is_no_code_is_unknown() {
        for code in ["", "F", "fi", "FIN", "XX", "ZZ", "Å", "12"] {
            assert_eq!(Country::find(code), Country::UNKNOWN, "{code}");
        }
    }
}
