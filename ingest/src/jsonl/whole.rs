//! Whole numbers in any spelling that JSON has for them: `2`, `2.0` and `2e0` are one number. Programs
//! whose numbers are all floating point write them so.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Up to here each whole number is a floating-point number of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number that fits into a `T`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole<T>(pub(super) T);

/// A whole number; what is more than an `i32` holds is its greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtMost(pub(super) i32);

struct Number;

impl Visitor<'_> for Number {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() == 0.0 && number.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits")]
            return Ok(number as i64);
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole<T>, D::Error> {
        let number = deserializer.deserialize_i64(Number)?;
        T::try_from(number)
            .map(Whole)
            .map_err(|_| D::Error::invalid_value(Unexpected::Signed(number), &Number))
    }
}

impl<'de> Deserialize<'de> for AtMost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AtMost, D::Error> {
        let Whole(number) = Whole::<i64>::deserialize(deserializer)?;
        let beyond = if number < 0 { i32::MIN } else { i32::MAX };
        Ok(AtMost(i32::try_from(number).unwrap_or(beyond)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<i64> {
        serde_json::from_str(text).ok().map(|Whole(number)| number)
    }

    #[test]
    fn one_number_is_the_same_in_each_of_its_spellings() {
        for text in ["340", "340.0", "3.4e2", "3400e-1"] {
            assert_eq!(whole(text), Some(340), "{text}");
        }
        assert_eq!(whole("-2.0"), Some(-2));
    }

    #[test]
    fn what_is_not_whole_or_not_exact_is_none() {
        for text in [
            "2.5",
            "1e400",
            "1e300",
            "9223372036854775808",
            "9223372036854775808.0",
            "\"2\"",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_that_is_too_large_is_the_greatest_where_that_is_asked_for() {
        let held = |text: &str| serde_json::from_str(text).ok().map(|AtMost(number)| number);
        assert_eq!(held("2"), Some(2));
        assert_eq!(held("3000000000"), Some(i32::MAX));
        assert_eq!(held("-3e9"), Some(i32::MIN));
        assert_eq!(held("1e300"), None);
        let exact: Result<Whole<i32>, _> = serde_json::from_str("3000000000");
        assert!(exact.is_err());
    }
}
