//! The oracle: a plain single-threaded fold over events.raw, identifiers and all, that says what
//! must stand behind the strip; and what does stand there, held against it.

pub(crate) mod cells;
pub(crate) mod landing;
mod seen;
mod state;

use std::collections::{BTreeMap, HashMap};

use kaiku_broker::Cluster;
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Garbage, Route, Truth, Upload, What, kept, kept_batch};
use kaiku_raw::{
    DecodeError, Decoder, DeviceId, Forget, Limits, RawBatch, Reason, Record as Raw, partition_of,
    validate,
};
use kaiku_wire::{Day, frame};

use super::kafka::Record;

#[allow(unused_imports, reason = "a kit for every test module")]
pub(crate) use seen::{Seen, assert_is_truth, rejected, seen, seen_with};
pub(crate) use state::assert_state;

/// What events.raw must come to, a partition at a time.
pub(crate) struct Oracle<'a> {
    catalogue: &'a Catalogue,
    pub(crate) partitions: Vec<Partition<'a>>,
    count: i32,
    /// Milliseconds behind which a record's time can't lie.
    pub(crate) now: i64,
    /// Fingerprints of what a registry has, by its ids; 0 for the schema of another kind of record.
    pub(crate) ids: HashMap<u32, u64>,
    decoder: Decoder,
}

/// One partition's fold.
pub(crate) struct Partition<'a> {
    /// What its uploads count for, by the rules spelled out in plain sets.
    pub(crate) truth: Truth<'a>,
    /// The day that is open, never going back.
    pub(crate) day: Option<Day>,
    /// Every day that was closed.
    pub(crate) closed: Vec<Day>,
    /// Records of any kind, and those that are ticks.
    pub(crate) records: u64,
    pub(crate) ticks: u64,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue, partitions: i32) -> Oracle<'a> {
        let partition = |_| Partition {
            truth: Truth::of(catalogue, partitions, cells::tables()),
            day: None,
            closed: Vec::new(),
            records: 0,
            ticks: 0,
        };
        Oracle {
            catalogue,
            partitions: (0..partitions).map(partition).collect(),
            count: partitions,
            now: i64::MAX,
            ids: HashMap::new(),
            decoder: Decoder::new(Limits::CONTRACT),
        }
    }

    /// Folds one record. They must come in the order of their offsets.
    pub(crate) fn take(&mut self, record: &Record) {
        let at = usize::try_from(record.partition).unwrap();
        let partition = &mut self.partitions[at];
        let millis = record.timestamp.unwrap();
        if millis > self.now {
            partition.records += 1;
            let rejected = refused(record, Reason::FutureTimestamp);
            partition.truth.sent(&upload(rejected), Day::MIN);
            return;
        }
        let stamp = Day::from_millis(millis);
        let day = partition.day.map_or(stamp, |open| open.max(stamp));
        let mut closing = partition.day.unwrap_or(day);
        while closing < day {
            partition.closed.push(closing);
            closing = closing.next();
        }
        partition.day = Some(day);
        partition.records += 1;
        let what = self.what(record, day);
        let partition = &mut self.partitions[at];
        match what {
            None => partition.ticks += 1,
            Some(what) => partition.truth.sent(&upload(what), day),
        }
    }

    /// A record that an operator has had rejected: it moves no day.
    pub(crate) fn reject(&mut self, record: &Record) {
        let at = usize::try_from(record.partition).unwrap();
        let partition = &mut self.partitions[at];
        partition.records += 1;
        let rejected = refused(record, Reason::Operator);
        let day = partition.day.unwrap_or(Day::MIN);
        partition.truth.sent(&upload(rejected), day);
    }

    /// A lane goes on here without the state of its devices, on the day that is open.
    pub(crate) fn lose_state(&mut self, partition: i32) {
        let at = usize::try_from(partition).unwrap();
        let of_lane = &mut self.partitions[at];
        let day = of_lane.day.expect("a lane that has begun has a day");
        of_lane.truth.lose_state(partition, day);
    }

    /// What a record is; `None` for a tick.
    fn what(&mut self, record: &Record, day: Day) -> Option<What> {
        let bytes = single_object(record.value.as_deref().unwrap_or_default(), &self.ids);
        let refused = |reason| Some(refused(record, reason));
        if record.value.is_none() {
            return refused(Reason::Malformed);
        }
        let decoded = match self.decoder.decode(&bytes) {
            Ok(decoded) => decoded,
            Err(DecodeError::Refused(reason)) => return refused(reason),
            Err(DecodeError::UnknownSchema(_)) => return refused(self.of_nobody(record)),
        };
        let id = match &decoded {
            Raw::Tick => return None,
            Raw::Batch(batch) => batch.device.id,
            Raw::Forget(forget) => forget.device_id,
        };
        if let Some(reason) = self.misplaced(record, &id) {
            return refused(reason);
        }
        match decoded {
            Raw::Batch(batch) => match validate(&batch, &Limits::CONTRACT, day) {
                Err(reason) => refused(reason),
                Ok(()) if !self.agreed(&batch) => refused(Reason::BadConsent),
                Ok(()) => Some(What::Batch(kept_batch(&batch))),
            },
            Raw::Forget(forget) => Some(What::Forget(Forget {
                device_id: id,
                app: forget.app.map(kept),
            })),
            Raw::Tick => None,
        }
    }

    /// Why a record with an id that no registry has is refused: only one that a device may have sent
    /// would be waited for.
    fn of_nobody(&self, record: &Record) -> Reason {
        let Ok(key) = <[u8; 16]>::try_from(record.key.clone().unwrap_or_default()) else {
            return Reason::KeyMismatch;
        };
        let value = record.value.as_deref().unwrap_or_default();
        let begins_so = value.starts_with(&key);
        let is_foreign = match frame::parse(value) {
            Ok((frame::Framing::Confluent(id), _)) => self.ids.get(&id) == Some(&0),
            _ => false,
        };
        self.misplaced(record, &DeviceId::new(key))
            .or(begins_so.then_some(Reason::NotAvro))
            .or(is_foreign.then_some(Reason::ForeignSchema))
            .expect("what would be waited for has come")
    }

    /// Whether somebody can have agreed: there is such a text, and there was on that day. These
    /// catalogues withdraw none.
    fn agreed(&self, batch: &RawBatch<'_>) -> bool {
        let consent = batch.consent.unwrap();
        let texts = &self.catalogue.program().consent;
        let Some(text) = texts.get(&u32::try_from(consent.version).unwrap()) else {
            return false;
        };
        let first = text.since.unwrap_or(Day::parse("2020-01-01").unwrap());
        consent.since().unwrap() >= first.prev()
    }

    fn misplaced(&self, record: &Record, id: &DeviceId) -> Option<Reason> {
        if record.key.as_deref() != Some(&id.as_bytes()[..]) {
            return Some(Reason::KeyMismatch);
        }
        (partition_of(id.as_bytes(), self.count) != record.partition)
            .then_some(Reason::WrongPartition)
    }

    /// Events of all partitions that count; those that only say that something was bounded do not.
    pub(crate) fn accepted(&self) -> u64 {
        self.partitions
            .iter()
            .map(|one| one.truth.totals().accepted)
            .sum()
    }

    /// One line of what was folded.
    pub(crate) fn summary(&self) -> String {
        let sum = |of: fn(&Partition<'_>) -> u64| self.partitions.iter().map(of).sum::<u64>();
        format!(
            "{} records: {} events in {} uploads, {} counted, {} duplicates, {} bounded, {} records \
             rejected, {} ticks, {} days closed",
            sum(|p| p.records),
            sum(|p| p.truth.totals().events),
            sum(|p| p.truth.totals().batches),
            sum(|p| p.truth.totals().accepted),
            sum(|p| p.truth.totals().duplicates),
            sum(|p| p.truth.totals().bounded),
            sum(|p| p.truth.totals().rejected.values().sum()),
            sum(|p| p.ticks),
            sum(|p| p.closed.len() as u64),
        )
    }
}

fn refused(record: &Record, reason: Reason) -> What {
    What::Garbage(Garbage {
        key: [0; 16],
        partition: record.partition,
        bytes: Vec::new(),
        reason,
    })
}

/// A record in the single-object encoding, whatever it was in.
pub(super) fn single_object(record: &[u8], ids: &HashMap<u32, u64>) -> Vec<u8> {
    match frame::parse(record) {
        Ok((frame::Framing::Confluent(id), datum))
            if ids.get(&id).is_some_and(|print| *print != 0) =>
        {
            let mut single = vec![0xc3, 0x01];
            single.extend(ids[&id].to_le_bytes());
            single.extend(datum);
            single
        }
        _ => record.to_vec(),
    }
}

fn upload(what: What) -> Upload {
    Upload {
        device: 0,
        route: Route::Raw,
        what,
    }
}

/// Holds what stands behind the strip against the fold of what stands before it: each partition's
/// events, cells, marks, pairs, closes and rejections.
pub(crate) fn assert_exact(kafka: &Cluster, oracle: &Oracle<'_>) {
    if let Err(difference) = compare(kafka, oracle) {
        panic!("{difference}");
    }
}

/// The first difference, in words.
pub(crate) fn compare(kafka: &Cluster, oracle: &Oracle<'_>) -> Result<(), String> {
    let (all, refused) = (seen_with(kafka, &oracle.ids), rejected(kafka));
    let nothing = Seen::default();
    for (partition, expected) in (0..).zip(&oracle.partitions) {
        let totals = expected.truth.totals();
        let counted = totals.accepted + totals.duplicates + totals.bounded;
        same(partition, "in and out", &totals.events, &counted)?;
        let found = all.get(&partition).unwrap_or(&nothing);
        seen::compare(partition, found, expected)?;
        let none = BTreeMap::new();
        let found = refused.get(&partition).unwrap_or(&none);
        same(partition, "rejected records", found, &totals.rejected)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(
    partition: i32,
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "partition {partition}: {what}: found {found:?}, expected {expected:?}"
    ))
}
