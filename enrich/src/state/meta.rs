//! The one record a partition that says how far its state has come.

use kaiku_stage::failpoint_value;
use kaiku_wire::{Day, Month};
use serde::{Deserialize, Serialize};

use super::Notes;
use super::arrivals::Arrivals;
use super::last::LastSeen;
use super::{CHUNK_FORMAT, Log};

/// The key of the meta record; a token has 16 bytes.
pub(crate) const META_KEY: &[u8] = b"meta";

/// How far the state of a partition has come. Written with every transaction, in the clear: it
/// says nothing of any device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// The group that wrote it: another one would count everything twice.
    pub(crate) group: String,
    /// Offset of the first raw record that is not in the state.
    pub(crate) next_offset: i64,
    /// The open day.
    pub(crate) open_day: Option<Day>,
    /// Partitions of the raw topic: with another number, devices would move.
    pub(crate) partitions: i32,
    /// The month whose tokens the newest state stands under.
    pub(crate) month: Month,
    /// How many devices the state holds; format 1 does not say it.
    pub(crate) devices: Option<Devices>,
    /// What the partition has to remember beside its devices.
    pub(crate) notes: Notes,
    /// The raw record before `next_offset`; an earlier version does not say it.
    pub(crate) last: Option<LastSeen>,
    /// How far the logs of the state have come; before format 5 there are none.
    pub(crate) logs: Logs,
}

/// How far the logs of a partition's state have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Logs {
    /// In the month's topic.
    pub(crate) now: Log,
    /// In the topic of the month before.
    pub(crate) before: Log,
}

/// How many devices a partition's state holds: what a restored state is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Devices {
    /// In the month's topic.
    pub(crate) now: usize,
    /// In the topic of the month before.
    pub(crate) before: usize,
}

/// A meta record that can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetaError {
    /// It is no meta record.
    #[error("the meta record of the state can't be read")]
    Malformed,
    /// It was written by another version of this program.
    #[error(
        "the state has format {0}, this program reads up to {newest}: run the version that wrote it",
        newest = newest_format()
    )]
    Format(u32),
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// The newest format that the state may have; much of it may have older ones.
    format: u32,
    group: String,
    next_offset: i64,
    open_day: Option<Day>,
    partitions: i32,
    month: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    devices: Option<Devices>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state_lost: Option<Day>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    raw_lost: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    behind_gap: bool,
    #[serde(default, skip_serializing_if = "Arrivals::is_empty")]
    arrivals: Arrivals,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<LastSeen>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<Log>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_before: Option<Log>,
}

/// The newest format that this program reads.
pub(crate) fn newest_format() -> u32 {
    // A test can have this program be the version before.
    let told = failpoint_value("state.newest_format");
    told.and_then(|format| format.parse().ok())
        .unwrap_or(u32::from(CHUNK_FORMAT))
}

impl Meta {
    /// The record's value: JSON, so that an operator can read it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            format: u32::from(CHUNK_FORMAT),
            group: self.group.clone(),
            next_offset: self.next_offset,
            open_day: self.open_day,
            partitions: self.partitions,
            month: self.month.to_string(),
            devices: self.devices,
            state_lost: self.notes.state_lost,
            raw_lost: self.notes.raw_lost,
            behind_gap: self.notes.behind_gap,
            arrivals: self.notes.arrivals.clone(),
            last: self.last,
            log: Some(self.logs.now.clone()),
            log_before: Some(self.logs.before.clone()),
        };
        // Unwrap safety: numbers and texts always make JSON.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Reads a record's value.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Meta, MetaError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|_| MetaError::Malformed)?;
        if !(1..=newest_format()).contains(&format) {
            return Err(MetaError::Format(format));
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|_| MetaError::Malformed)?;
        let logs = [&written.log, &written.log_before];
        let has_logs = logs
            .iter()
            .all(|log| log.as_ref().is_some_and(Log::is_sound));
        if (format >= 2 && written.devices.is_none()) || (format >= 5 && !has_logs) {
            return Err(MetaError::Malformed);
        }
        Ok(Meta {
            group: written.group,
            next_offset: written.next_offset,
            open_day: written.open_day,
            partitions: written.partitions,
            month: Month::parse(&written.month).map_err(|_| MetaError::Malformed)?,
            devices: written.devices,
            notes: Notes {
                state_lost: written.state_lost,
                raw_lost: written.raw_lost,
                behind_gap: written.behind_gap,
                arrivals: written.arrivals,
            },
            last: written.last,
            logs: Logs {
                now: written.log.unwrap_or_default(),
                before: written.log_before.unwrap_or_default(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::log::Occasion;
    use super::*;

    fn meta() -> impl Strategy<Value = Meta> {
        let counts = (0..1_000_000_usize, 0..1_000_000_usize);
        let any_day = || prop::option::of((0..40_000_i32).prop_map(day));
        let place = ("[a-z][a-z.-]{0,20}", 0..i64::MAX, 1..10_000_i32);
        let arrivals = prop::collection::vec((any::<u64>(), 0..24_i64), 0..4);
        let notes =
            (any_day(), any::<bool>(), arrivals).prop_map(|(state_lost, raw_lost, came)| {
                let mut arrivals = Arrivals::default();
                for (app, hour) in came {
                    arrivals.enter(app, Day::MIN, hour * 3_600_000, 9);
                }
                Notes {
                    state_lost,
                    raw_lost,
                    behind_gap: raw_lost,
                    arrivals,
                }
            });
        let log = || {
            let entries = prop::collection::vec(1..9_u64, 0..9);
            (entries, any::<bool>()).prop_map(|(entries, is_new_day)| {
                let mut log = Log::default();
                for entries in entries {
                    log.chunk(entries);
                }
                let occasion = Occasion {
                    is_new_day,
                    ..Occasion::default()
                };
                log.begin(3, occasion);
                log.rewritten(7);
                log
            })
        };
        let logs = (log(), log()).prop_map(|(now, before)| Logs { now, before });
        let last = prop::option::of((any::<i64>(), any::<u64>()));
        let last = last.prop_map(|last| last.map(|(millis, print)| LastSeen { millis, print }));
        let rest = (notes, last, logs);
        (place, any_day(), 0..2_000_i32, counts, rest).prop_map(
            |((group, next_offset, partitions), open_day, month, (now, before), rest)| {
                let (notes, last, logs) = rest;
                Meta {
                    group,
                    next_offset,
                    open_day,
                    partitions,
                    month: day(month * 28).month(),
                    devices: Some(Devices { now, before }),
                    notes,
                    last,
                    logs,
                }
            },
        )
    }

    fn day(number: i32) -> Day {
        Day::from_days_since_epoch(number).unwrap()
    }

    proptest! {
        #[test]
        fn meta_survives_a_round_trip(meta in meta()) {
            prop_assert_eq!(Meta::from_bytes(&meta.to_bytes()), Ok(meta));
        }

        #[test]
        fn what_is_no_meta_record_is_refused_and_never_taken_for_empty(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            prop_assert!(Meta::from_bytes(&bytes).is_err());
        }

        #[test]
        fn a_truncated_meta_record_is_refused(meta in meta(), cut in 0.0..1.0_f64) {
            let bytes = meta.to_bytes();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let length = (bytes.len() as f64 * cut) as usize;
            prop_assert_eq!(Meta::from_bytes(&bytes[..length]), Err(MetaError::Malformed));
        }
    }

    #[test]
    fn another_format_is_refused_and_never_taken_for_empty() {
        assert_eq!(
            Meta::from_bytes(b"{\"format\":6,\"new\":1}"),
            Err(MetaError::Format(6))
        );
        assert_eq!(
            Meta::from_bytes(b"{\"format\":0}"),
            Err(MetaError::Format(0))
        );
        assert_eq!(Meta::from_bytes(b""), Err(MetaError::Malformed));
    }

    #[test]
    fn a_log_that_can_not_be_is_no_log() {
        let of = |log: &str| {
            let meta = format!(
                r#"{{"format":5,"group":"g","next_offset":7,"open_day":null,"partitions":2,"month":"2026-11","devices":{{"now":3,"before":1}},"log":{log},"log_before":{{"first":0,"next":0,"deleted":0,"entries":0}}}}"#
            );
            Meta::from_bytes(meta.as_bytes()).map(|meta| meta.logs.now.first)
        };
        let whole = r#"{"first":3,"next":9,"deleted":2,"entries":8,"rewrite":{"from":4,"entries":1,"next":5}}"#;
        assert_eq!(of(whole), Ok(3));
        for (said, wrong) in [
            ("\"first\":3", "\"first\":10"),
            ("\"deleted\":2", "\"deleted\":4"),
            ("\"from\":4", "\"from\":2"),
            ("\"next\":5", "\"next\":1024"),
            ("\"next\":9", "\"next\":18446744073709551615"),
        ] {
            let wrong = whole.replace(said, wrong);
            assert_eq!(of(&wrong), Err(MetaError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn what_the_first_versions_wrote_is_read_for_ever() {
        let first = br#"{"format":1,"group":"g","next_offset":7,"open_day":null,"partitions":2,"month":"2026-11"}"#;
        let second = br#"{"format":2,"group":"g","next_offset":7,"open_day":null,"partitions":2,"month":"2026-11","devices":{"now":3,"before":1}}"#;
        let meta = Meta {
            group: "g".to_owned(),
            next_offset: 7,
            open_day: None,
            partitions: 2,
            month: Month::parse("2026-11").unwrap(),
            devices: None,
            notes: Notes::default(),
            last: None,
            logs: Logs::default(),
        };
        assert_eq!(Meta::from_bytes(first), Ok(meta.clone()));
        let devices = Some(Devices { now: 3, before: 1 });
        assert_eq!(Meta::from_bytes(second), Ok(Meta { devices, ..meta }));
    }
}
