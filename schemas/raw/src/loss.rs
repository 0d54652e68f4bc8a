//! What a device had to leave out, and why: counted, and never kept.

use serde::Deserialize;

/// How many events a device left out for one reason since its last upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Loss {
    /// Why.
    pub reason: LossReason,
    /// How many events.
    pub count: i32,
}

/// Why a device left an event out. A closed list, and the label of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// Over the device's own bounds.
    Bounded,
    /// It waited for longer than an event may.
    TooOld,
    /// There was no room left.
    SpoolFull,
    /// The key that sealed it is gone.
    KeyGone,
    /// There was no key to seal it with, and no room in memory.
    NoKey,
    /// A server refused it.
    Refused,
    /// What was stored could not be read.
    Unreadable,
}

impl LossReason {
    /// Every reason, in the order of the schema's symbols.
    pub const ALL: [LossReason; 7] = [
        LossReason::Bounded,
        LossReason::TooOld,
        LossReason::SpoolFull,
        LossReason::KeyGone,
        LossReason::NoKey,
        LossReason::Refused,
        LossReason::Unreadable,
    ];

    /// The symbol of the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            LossReason::Bounded => "bounded",
            LossReason::TooOld => "too_old",
            LossReason::SpoolFull => "spool_full",
            LossReason::KeyGone => "key_gone",
            LossReason::NoKey => "no_key",
            LossReason::Refused => "refused",
            LossReason::Unreadable => "unreadable",
        }
    }

    /// Its place in [`LossReason::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::LossReason;

    #[test]
    fn the_symbols_of_the_schema_are_the_reasons() {
        let names: Vec<_> = LossReason::ALL
            .iter()
            .map(|reason| format!("\"{}\"", reason.as_str()))
            .collect();
        let text = crate::schemas::RAW_BATCH.text();
        let symbols: String = text.split_whitespace().collect();
        let expected = format!("\"LossReason\",\"symbols\":[{}]", names.join(","));
        assert!(symbols.contains(&expected), "{expected}");
        for (index, reason) in LossReason::ALL.into_iter().enumerate() {
            let read: LossReason = serde_json::from_value(reason.as_str().into()).unwrap();
            assert_eq!((read, read.index()), (reason, index));
        }
    }
}
