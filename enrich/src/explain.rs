//! What becomes of one record and why, field by field, for whoever sent it: the same decisions as a
//! lane's, without counting anything. Nothing of it repeats what the record says of a device.

mod fetch;
mod names;

use std::fmt;
use std::sync::Arc;

use kaiku_catalogue::{Catalogue, ConsentRefused};
use kaiku_raw::{
    DeviceId, Fault, Forget, Limits, Place, RawBatch, Reason, Record, faults, partition_of, schemas,
};
use kaiku_registry::Registry;
use kaiku_stage::Standstill;
use kaiku_wire::Day;
use kaiku_wire::frame::{self, Framing};

use crate::decode::{Reader, Unread};
use crate::strip::accepts;

pub use fetch::{Source, fetch};
pub use names::{UnlistedName, unlisted_names};

/// A record, and what is known of how it lies on Kafka.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Its key, which may be none; `None` where nobody knows.
    pub key: Option<Option<&'a [u8]>>,
    /// Its value, which may be none.
    pub value: Option<&'a [u8]>,
    /// The partition in which it lies; `None` where nobody knows.
    pub partition: Option<i32>,
    /// How many partitions there are.
    pub partitions: i32,
    /// The day on which it counts.
    pub day: Day,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// So many events are taken in; what counts of them is the state's to say.
    Taken(usize),
    /// A device, or one app on it, is forgotten.
    Forgets,
    /// It moves the clock and says nothing.
    Tick,
    /// It is rejected, whole.
    Rejected(Reason),
    /// Its partition waits at it.
    Waits(Standstill),
}

impl Verdict {
    /// Whether nothing is wrong with it.
    pub fn is_good(self) -> bool {
        matches!(self, Verdict::Taken(_) | Verdict::Forgets | Verdict::Tick)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Taken(events) => {
                write!(f, "taken by what stands in it, with {events} events")
            }
            Verdict::Forgets => f.write_str("taken: a device, or one app on it, is forgotten"),
            Verdict::Tick => f.write_str("taken: a tick, which moves the clock and says nothing"),
            Verdict::Rejected(reason) => {
                write!(f, "rejected, {}: {}", reason.as_str(), reason.sentence())
            }
            Verdict::Waits(why) => {
                let (label, sentence) = (why.as_str(), why.sentence());
                write!(f, "its partition waits at it, {label}: {sentence}")
            }
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub place: String,
    /// What is said of it.
    pub text: String,
    /// Whether the record is rejected for it.
    pub is_wrong: bool,
}

/// What becomes of a record, and what was seen on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What becomes of it.
    pub verdict: Verdict,
    /// What was looked at, in the order in which a lane does.
    pub lines: Vec<Line>,
}

/// Says what a lane would make of a record.
pub fn explain(
    given: &Given<'_>,
    catalogue: &Arc<Catalogue>,
    registry: Option<Arc<Registry>>,
) -> Explanation {
    let mut looking = Looking {
        given: *given,
        catalogue,
        lines: Vec::new(),
    };
    let verdict = looking.verdict(Reader::new(given.partition.unwrap_or(0), registry));
    Explanation {
        verdict,
        lines: looking.lines,
    }
}

struct Looking<'a> {
    given: Given<'a>,
    catalogue: &'a Catalogue,
    lines: Vec<Line>,
}

impl Looking<'_> {
    fn say(&mut self, place: impl fmt::Display, text: impl Into<String>) {
        self.lines.push(Line {
            place: place.to_string(),
            text: text.into(),
            is_wrong: false,
        });
    }

    fn blame(&mut self, place: impl fmt::Display, reason: Reason) {
        self.blame_for(place, reason, reason.sentence());
    }

    /// The same with more than the reason's own sentence says.
    fn blame_for(&mut self, place: impl fmt::Display, reason: Reason, why: impl fmt::Display) {
        self.lines.push(Line {
            place: place.to_string(),
            text: format!("{}: {why}", reason.as_str()),
            is_wrong: true,
        });
    }

    fn verdict(&mut self, mut reader: Reader) -> Verdict {
        let Some(value) = self.given.value else {
            self.blame("value", Reason::Malformed);
            return Verdict::Rejected(Reason::Malformed);
        };
        self.say("header", header(value));
        let read = match self.given.key {
            Some(key) => reader.read(key, value, |id| self.given.lies_where_it_belongs(id)),
            None => reader.read_alone(value),
        };
        match read {
            Ok(Record::Tick) => Verdict::Tick,
            Ok(Record::Forget(forget)) => self.forget(&forget),
            Ok(Record::Batch(batch)) => self.batch(&batch),
            Err(Unread::Rejected(reason)) => {
                self.blame("record", reason);
                Verdict::Rejected(reason)
            }
            Err(Unread::Waits(why)) => Verdict::Waits(why),
        }
    }

    /// What the key and the partition say; the reason for which the record is rejected.
    fn owner(&mut self, id: &DeviceId) -> Option<Reason> {
        match self.given.key {
            None => self.say(
                "key",
                "not known here: it must be the 16 bytes of device.id",
            ),
            Some(key) if key == Some(&id.as_bytes()[..]) => {
                self.say("key", "the 16 bytes of device.id");
            }
            Some(key) => {
                let found = key.map_or("none".to_owned(), |key| format!("{} bytes", key.len()));
                self.blame(format!("key ({found})"), Reason::KeyMismatch);
                return Some(Reason::KeyMismatch);
            }
        }
        let (belongs, all) = (
            partition_of(id.as_bytes(), self.given.partitions),
            self.given.partitions,
        );
        let place = format!("partition (its key belongs to {belongs} of {all})");
        match self.given.lies_where_it_belongs(id) {
            Ok(()) => {
                if self.given.partition.is_some() {
                    self.say(place, "it lies there");
                }
                None
            }
            Err(reason) => {
                self.blame(place, reason);
                Some(reason)
            }
        }
    }

    fn forget(&mut self, forget: &Forget<'_>) -> Verdict {
        let owner = self.owner(&forget.device_id);
        owner.map_or(Verdict::Forgets, Verdict::Rejected)
    }

    fn batch(&mut self, batch: &RawBatch<'_>) -> Verdict {
        let owner = self.owner(&batch.device.id);
        let mut faults = faults(batch, &Limits::CONTRACT, self.given.day);
        for fault in &faults {
            match fault.place {
                Place::Batch("consent.since") => {
                    let day = self.given.day;
                    let why =
                        format!("its day must have come on {day}, on which the record counts");
                    self.blame_for(fault.place, fault.reason, why);
                }
                place => self.blame(place, fault.reason),
            }
        }
        let is_told = faults.iter().any(|fault| is_consent(fault.reason));
        if let Some(why) = refused_consent(batch, self.catalogue).filter(|_| !is_told) {
            let place = Place::Batch("consent");
            let reason = Reason::BadConsent;
            self.blame_for(place, reason, why);
            faults.push(Fault { place, reason });
        }
        if batch.stream.is_none() && batch.first_sequence.is_none() {
            let text = "none: where this is sent again it counts again";
            self.say("stream and first_sequence", text);
        }
        let is_refused = |place: &str| faults.iter().any(|fault| fault.place.to_string() == place);
        for name in unlisted_names(batch, self.catalogue, self.given.day) {
            if !is_refused(&name.place) {
                self.say(&name.place, name.to_string());
            }
        }
        let first = owner.or(faults.first().map(|fault| fault.reason));
        first.map_or(Verdict::Taken(batch.events.len()), Verdict::Rejected)
    }
}

/// Why an upload is rejected for its consent with this catalogue ([`Reason::BadConsent`]), which a door
/// before enrich does not know. `None` where it is not, or has none.
pub fn refused_consent(batch: &RawBatch<'_>, catalogue: &Catalogue) -> Option<ConsentRefused> {
    accepts(catalogue, batch.consent.as_ref()?).err()
}

fn is_consent(reason: Reason) -> bool {
    matches!(reason, Reason::BadConsent | Reason::NoConsent)
}

impl Given<'_> {
    fn lies_where_it_belongs(&self, id: &DeviceId) -> Result<(), Reason> {
        let belongs = partition_of(id.as_bytes(), self.partitions);
        match self.partition {
            Some(partition) if partition != belongs => Err(Reason::WrongPartition),
            _ => Ok(()),
        }
    }
}

/// What the first bytes of a record say.
fn header(value: &[u8]) -> String {
    match frame::parse(value) {
        Ok((Framing::SingleObject(fingerprint), datum)) => {
            let mut known = schemas::raw()
                .into_iter()
                .chain([&*schemas::EARLIER_RAW_BATCH]);
            let schema = known.find(|schema| schema.fingerprint() == fingerprint);
            let of = schema.map_or("no known schema", |schema| schema.name());
            let bytes = datum.len();
            format!(
                "Avro's single-object encoding with the fingerprint of {of}, {bytes} bytes behind it"
            )
        }
        Ok((Framing::Confluent(id), datum)) => {
            let bytes = datum.len();
            format!("Confluent's framing with the schema id {id}, {bytes} bytes behind it")
        }
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
