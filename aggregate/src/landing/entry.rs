//! One entry of a landing log: what range of a partition it covers, and where its counts lie.
//!
//! The entry is a small document, and putting it decides who has landed a range. The counts lie
//! beside it, in an object that is named after its own hash and put before. So the entry keeps
//! its name and its range when the counts are deleted, and nothing has to be written for that.

use std::collections::BTreeMap;

use bytes::Bytes;
use kaiku_wire::bounds::FIRST_VERSION;
use kaiku_wire::{Day, Incident};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::store::sha256;

/// The format of entries and of their objects.
pub(crate) const FORMAT: u32 = 3;

/// The format that did not name the last record.
const SECOND_FORMAT: u32 = 2;

/// The first format: it named no topic, and its counts are those of joint records.
const FIRST_FORMAT: u32 = 1;

/// An entry in the first format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    format: u32,
    partition: i32,
    sequence: u64,
    start: i64,
    end: i64,
    closed: Option<Day>,
    days: Vec<Day>,
    data: Option<Data>,
}

/// What was landed in the first format was counted under the first bounds: its days are withheld, and
/// its counts are never looked at.
impl From<First> for Entry {
    fn from(first: First) -> Entry {
        Entry {
            format: first.format,
            source: String::new(),
            partition: first.partition,
            sequence: first.sequence,
            start: first.start,
            end: first.end,
            closed: first.closed,
            days: first.days,
            incidents: Vec::new(),
            bounds: vec![FIRST_VERSION],
            definitions: BTreeMap::new(),
            last: None,
            data: first.data,
        }
    }
}

impl Entry {
    /// Whether it is of a topic; one of the first format may be of any.
    pub(crate) fn is_of(&self, source: &str) -> bool {
        self.source == source || self.format == FIRST_FORMAT
    }

    /// What happened on the days from `first` to `last`.
    pub(crate) fn incidents_within(
        &self,
        first: Day,
        last: Day,
    ) -> impl Iterator<Item = &Happened> {
        let within = move |happened: &&Happened| (first..=last).contains(&happened.day);
        self.incidents.iter().filter(within)
    }
}

/// One entry of the log of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The format, [`FORMAT`].
    pub(crate) format: u32,
    /// The [id](super::Source::id) of the topic that was read.
    pub(crate) source: String,
    /// The partition.
    pub(crate) partition: i32,
    /// The number of the entry in its log, from 1, without gaps.
    pub(crate) sequence: u64,
    /// The first offset that it covers: where the entry before ends.
    pub(crate) start: i64,
    /// The first offset behind it.
    pub(crate) end: i64,
    /// The last day that is closed in the partition at `end`.
    pub(crate) closed: Option<Day>,
    /// The days that its counts and incidents belong to.
    pub(crate) days: Vec<Day>,
    /// What happened on the partition, and on which day.
    pub(crate) incidents: Vec<Happened>,
    /// The versions of the bounds under which its events were marked.
    pub(crate) bounds: Vec<u32>,
    /// Of each table the hash of how its cells were made.
    pub(crate) definitions: BTreeMap<String, String>,
    /// The last record that was read for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Last>,
    /// Its counts; none where it covers nothing but marks of closed days.
    pub(crate) data: Option<Data>,
}

/// A record of the topic, as far as it takes to see that another one stands in its place: too little to
/// tell which events were in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Last {
    /// Where it stands.
    pub(crate) offset: i64,
    /// The first 16 bits of its SHA-256.
    pub(crate) print: u16,
}

impl Last {
    /// What is remembered of a record.
    pub(crate) fn of(offset: i64, record: &[u8]) -> Last {
        let hash = sha256(record);
        // Unwrap safety: they are hexadecimal digits.
        let print = u16::from_str_radix(&hash[..4], 16).unwrap_or_default();
        Last { offset, print }
    }
}

/// Something that happened on a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Happened {
    /// The day.
    pub(crate) day: Day,
    /// What it was.
    pub(crate) incident: Incident,
}

/// The counts of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    /// SHA-256 of the object, in hexadecimal digits.
    pub(crate) sha256: String,
    /// Its rows.
    pub(crate) rows: u64,
    /// The events that they sum.
    pub(crate) events: u64,
}

impl Entry {
    /// Where the entry stands.
    pub(crate) fn path(&self) -> Path {
        entry_path(self.partition, self.sequence)
    }

    /// Where its counts stand.
    pub(crate) fn data_path(&self) -> Option<Path> {
        let data = self.data.as_ref()?;
        let short = data.sha256.get(..16).unwrap_or(&data.sha256);
        let name = format!("{:010}-{short}.parquet", self.sequence);
        Some(folder(self.partition).join(name))
    }

    /// The entry as it is stored.
    pub(crate) fn to_bytes(&self) -> Result<Bytes, Error> {
        let text = serde_json::to_vec_pretty(self).map_err(|source| Error::Document {
            path: self.path().to_string(),
            source,
        })?;
        Ok(text.into())
    }

    /// Reads an entry, and checks that it is the one that belongs to its name.
    pub(crate) fn from_bytes(partition: i32, sequence: u64, bytes: &[u8]) -> Result<Entry, Error> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let document = |source| Error::Document {
            path: entry_path(partition, sequence).to_string(),
            source,
        };
        let Format { format } = serde_json::from_slice(bytes).map_err(document)?;
        let entry: Entry = match format {
            FIRST_FORMAT => {
                let first: First = serde_json::from_slice(bytes).map_err(document)?;
                first.into()
            }
            SECOND_FORMAT | FORMAT => serde_json::from_slice(bytes).map_err(document)?,
            _ => {
                return Err(Error::Log {
                    partition,
                    reason: "it was written by a later version".to_owned(),
                });
            }
        };
        let reason = if (entry.partition, entry.sequence) != (partition, sequence) {
            "an entry stands under the name of another"
        } else if entry.start < 0 || entry.end < entry.start {
            "the range of an entry is none"
        } else {
            return Ok(entry);
        };
        Err(Error::Log {
            partition,
            reason: reason.to_owned(),
        })
    }
}

/// The folder of a partition's log.
pub(crate) fn folder(partition: i32) -> Path {
    Path::from(format!("partition={partition}"))
}

/// Where an entry stands.
pub(crate) fn entry_path(partition: i32, sequence: u64) -> Path {
    folder(partition).join(format!("{sequence:010}.json"))
}

/// What an object in the folder of a log is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// The entry of this number.
    Entry(u64),
    /// Counts of the entry of this number, or of one that lost the race for it.
    Data(u64),
}

/// What an object is, by its name.
pub(crate) fn named(path: &Path) -> Option<Named> {
    let name = path.filename()?;
    if let Some(sequence) = name.strip_suffix(".json") {
        return Some(Named::Entry(sequence.parse().ok()?));
    }
    let (sequence, _) = name.strip_suffix(".parquet")?.split_once('-')?;
    Some(Named::Data(sequence.parse().ok()?))
}
