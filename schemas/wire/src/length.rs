//! The buckets of a session's length: the symbols of the raw schema's `length`, and the texts of the
//! stripped schema's `duration_bucket`. Both sides of the strip take them from here.

use serde::Deserialize;

/// The length of a session, as a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum LengthBucket {
    /// Under ten seconds.
    #[serde(rename = "under_10s")]
    Under10s,
    /// From ten seconds to under a minute.
    #[serde(rename = "under_1m")]
    Under1m,
    /// From one to under ten minutes.
    #[serde(rename = "under_10m")]
    Under10m,
    /// From ten minutes to under an hour.
    #[serde(rename = "under_1h")]
    Under1h,
    /// From one to under six hours.
    #[serde(rename = "under_6h")]
    Under6h,
    /// Six hours and more.
    #[serde(rename = "over_6h")]
    Over6h,
}

impl LengthBucket {
    /// Every bucket, from short to long, in the order of the raw schema's symbols.
    pub const ALL: [LengthBucket; 6] = [
        LengthBucket::Under10s,
        LengthBucket::Under1m,
        LengthBucket::Under10m,
        LengthBucket::Under1h,
        LengthBucket::Under6h,
        LengthBucket::Over6h,
    ];

    /// The bucket of a number of seconds; `None` of a negative one.
    pub fn of_seconds(seconds: i32) -> Option<LengthBucket> {
        match seconds {
            ..0 => None,
            0..10 => Some(LengthBucket::Under10s),
            10..60 => Some(LengthBucket::Under1m),
            60..600 => Some(LengthBucket::Under10m),
            600..3_600 => Some(LengthBucket::Under1h),
            3_600..21_600 => Some(LengthBucket::Under6h),
            21_600.. => Some(LengthBucket::Over6h),
        }
    }

    /// The symbol in the raw schema, which may not begin with a digit.
    pub fn symbol(self) -> &'static str {
        match self {
            LengthBucket::Under10s => "under_10s",
            LengthBucket::Under1m => "under_1m",
            LengthBucket::Under10m => "under_10m",
            LengthBucket::Under1h => "under_1h",
            LengthBucket::Under6h => "under_6h",
            LengthBucket::Over6h => "over_6h",
        }
    }

    /// The text behind the strip, and in the published tables.
    pub fn as_str(self) -> &'static str {
        match self {
            LengthBucket::Under10s => "under_10s",
            LengthBucket::Under1m => "10s_to_1m",
            LengthBucket::Under10m => "1m_to_10m",
            LengthBucket::Under1h => "10m_to_1h",
            LengthBucket::Under6h => "1h_to_6h",
            LengthBucket::Over6h => "over_6h",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::LengthBucket;

    #[test]
    fn the_symbols_of_the_raw_schema_are_the_buckets() {
        let names: Vec<_> = LengthBucket::ALL
            .iter()
            .map(|bucket| format!("\"{}\"", bucket.symbol()))
            .collect();
        let symbols: String = crate::contract::RAW_BATCH.text.split_whitespace().collect();
        let expected = format!("\"LengthBucket\",\"symbols\":[{}]", names.join(","));
        assert!(symbols.contains(&expected), "{expected}");
        for bucket in LengthBucket::ALL {
            let read: LengthBucket = serde_json::from_value(bucket.symbol().into()).unwrap();
            assert_eq!(read, bucket);
        }
    }

    #[test]
    fn the_buckets_follow_each_other_without_a_gap() {
        let mut found = vec![LengthBucket::of_seconds(0).unwrap()];
        for seconds in 1..100_000 {
            let bucket = LengthBucket::of_seconds(seconds).unwrap();
            if found.last() != Some(&bucket) {
                found.push(bucket);
            }
        }
        assert_eq!(found, LengthBucket::ALL);
        assert_eq!(LengthBucket::of_seconds(-1), None);
    }
}
