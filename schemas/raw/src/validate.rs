//! What makes a batch valid, beyond what its schema says.

use std::fmt;
use std::ops::ControlFlow;

use kaiku_wire::Day;

use crate::{EventType, Loss, LossReason, RawBatch, RawEvent, Reason};

/// How large a batch may be. A batch over a limit is rejected whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record on Kafka, header included.
    pub record_bytes: usize,
    /// Events in one batch.
    pub events: usize,
    /// Bytes of one name in UTF-8.
    pub text_bytes: usize,
    /// Greatest value of `times`: a greater one counts as this.
    pub times: i32,
    /// Greatest number of events that a batch may say were left out for one reason.
    pub losses: i32,
}

impl Limits {
    /// The limits of the contract. They are no setting: what one stage takes, the next takes too.
    pub const CONTRACT: Limits = Limits {
        record_bytes: 256 * 1024,
        events: 1_000,
        text_bytes: 96,
        times: 10_000,
        losses: 1_000_000,
    };
}

/// Which part of a batch is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field of the batch itself, by its name.
    Batch(&'static str),
    /// A field of the event with this index, by its name.
    Event(usize, &'static str),
}

impl Place {
    /// The index of the event that is at fault, if it is one.
    pub fn event(self) -> Option<usize> {
        match self {
            Place::Batch(_) => None,
            Place::Event(index, _) => Some(index),
        }
    }
}

/// `consent`, or `event 3, times`: people count events from 1.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Batch(field) => f.write_str(field),
            Place::Event(index, field) => write!(f, "event {}, {field}", index + 1),
        }
    }
}

/// One thing that is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Why a batch with it is rejected.
    pub reason: Reason,
}

/// Checks a batch that was received on `today`.
///
/// # Errors
/// The first reason for which it must be rejected, whole.
pub fn validate(batch: &RawBatch<'_>, limits: &Limits, today: Day) -> Result<(), Reason> {
    let first = check(batch, limits, today, &mut ControlFlow::Break);
    match first {
        ControlFlow::Break(fault) => Err(fault.reason),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Everything that is wrong with a batch that was received on `today`; first what [`validate`] says.
pub fn faults(batch: &RawBatch<'_>, limits: &Limits, today: Day) -> Vec<Fault> {
    let mut all = Vec::new();
    let _: Flow = check(batch, limits, today, &mut |fault| {
        all.push(fault);
        ControlFlow::Continue(())
    });
    all
}

type Flow = ControlFlow<Fault>;

fn check(
    batch: &RawBatch<'_>,
    limits: &Limits,
    today: Day,
    found: &mut impl FnMut(Fault) -> Flow,
) -> Flow {
    let mut of_batch = |is_wrong: bool, field, reason| match is_wrong {
        true => found(Fault {
            place: Place::Batch(field),
            reason,
        }),
        false => ControlFlow::Continue(()),
    };
    let is_nobody = batch.device.id.is_nobody();
    of_batch(is_nobody, "device.id", Reason::BadIdentifier)?;
    match &batch.consent {
        None => of_batch(true, "consent", Reason::NoConsent)?,
        Some(consent) => {
            // A device's clock may run ahead of the broker's by a day, across time zones.
            let given = consent.since();
            let can_be = given.is_some_and(|given| given <= today.next());
            let no_version = consent.version < 1;
            of_batch(no_version, "consent.version", Reason::BadConsent)?;
            of_batch(!can_be, "consent.since", Reason::BadConsent)?;
        }
    }
    // What the device says of itself is looked up in closed lists, and counts as none where it is none: no
    // device is lost for what its system puts there.
    of_batch(!is_text(batch.app, limits), "app", Reason::BadText)?;
    of_batch(!is_text(batch.release, limits), "release", Reason::BadText)?;
    let is_sequence = match (batch.stream, batch.first_sequence) {
        (None, None) => true,
        (Some(_), Some(first)) => (0..i64::MAX - 1_000_000).contains(&first),
        _ => false,
    };
    of_batch(
        !is_sequence,
        "stream and first_sequence",
        Reason::BadSequence,
    )?;
    of_batch(batch.events.is_empty(), "events", Reason::NoEvents)?;
    let too_many = batch.events.len() > limits.events;
    of_batch(too_many, "events", Reason::TooManyEvents)?;
    for (index, one) in batch.events.iter().take(limits.events).enumerate() {
        event(index, one, limits, found)?;
    }
    match are_losses(&batch.losses, limits) {
        true => ControlFlow::Continue(()),
        false => found(Fault {
            place: Place::Batch("losses"),
            reason: Reason::NumberOutOfRange,
        }),
    }
}

/// A flat record needs this check: a writer that misspells a field leaves it null without error.
fn event(
    index: usize,
    event: &RawEvent<'_>,
    limits: &Limits,
    found: &mut impl FnMut(Fault) -> Flow,
) -> Flow {
    let RawEvent {
        kind,
        feature,
        cause,
        component,
        fatal,
        duration_s,
        length,
        times,
    } = *event;
    let mut check = |is_wrong: bool, field, reason| match is_wrong {
        true => found(Fault {
            place: Place::Event(index, field),
            reason,
        }),
        false => ControlFlow::Continue(()),
    };
    let (used, failed) = (kind == EventType::FeatureUsed, kind == EventType::Failed);
    let stopped = kind == EventType::Stopped;
    let is_none = |name: Option<&str>| name.is_none();
    let is_bad = |name: Option<&str>| name.is_some_and(|name| !is_text(name, limits));
    check(used && is_none(feature), "feature", Reason::FieldMissing)?;
    check(used && is_bad(feature), "feature", Reason::BadText)?;
    check(failed && is_none(cause), "cause", Reason::FieldMissing)?;
    check(failed && is_bad(cause), "cause", Reason::BadText)?;
    check(!used && feature.is_some(), "feature", Reason::FieldUnfit)?;
    check(!failed && cause.is_some(), "cause", Reason::FieldUnfit)?;
    check(
        !failed && component.is_some(),
        "component",
        Reason::FieldUnfit,
    )?;
    check(!failed && fatal.is_some(), "fatal", Reason::FieldUnfit)?;
    check(
        !stopped && duration_s.is_some(),
        "duration_s",
        Reason::FieldUnfit,
    )?;
    check(!stopped && length.is_some(), "length", Reason::FieldUnfit)?;
    let both = stopped && duration_s.is_some() && length.is_some();
    check(both, "length", Reason::FieldUnfit)?;
    check(failed && is_bad(component), "component", Reason::BadText)?;
    // More than the limit counts as the limit: real use has such numbers.
    check(times < 1, "times", Reason::NumberOutOfRange)?;
    let is_negative = duration_s.is_some_and(|seconds| seconds < 0);
    check(is_negative, "duration_s", Reason::NumberOutOfRange)
}

/// What was left out is counted by its reason: one that stood there twice would be added up.
fn are_losses(losses: &[Loss], limits: &Limits) -> bool {
    let mut seen = [false; LossReason::ALL.len()];
    losses.iter().all(|Loss { reason, count }| {
        let again = std::mem::replace(&mut seen[reason.index()], true);
        !again && (1..=limits.losses).contains(count)
    })
}

fn is_text(name: &str, limits: &Limits) -> bool {
    let fits = !name.is_empty() && name.len() <= limits.text_bytes;
    fits && !name.bytes().any(|byte| byte.is_ascii_control())
}
