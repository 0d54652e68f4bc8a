//! What makes a batch valid, beyond what its schema says.

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

/// Checks a batch that was received on `today`.
///
/// # Errors
/// The first reason for which it must be rejected, whole.
pub fn validate(batch: &RawBatch<'_>, limits: &Limits, today: Day) -> Result<(), Reason> {
    let consent = batch.consent.as_ref().ok_or(Reason::NoConsent)?;
    // A device's clock may run ahead of the broker's by a day, across time zones.
    let given = consent.since().ok_or(Reason::BadConsent)?;
    if consent.version < 1 || given > today.next() {
        return Err(Reason::BadConsent);
    }
    // What the device says of itself is looked up in closed lists, and counts as none where it is none: no
    // device is lost for what its system puts there.
    text(batch.app, limits)?;
    text(batch.release, limits)?;
    match (batch.stream, batch.first_sequence) {
        (None, None) => {}
        (Some(_), Some(first)) if (0..i64::MAX - 1_000_000).contains(&first) => {}
        _ => return Err(Reason::BadSequence),
    }
    if batch.events.is_empty() {
        return Err(Reason::NoEvents);
    }
    if batch.events.len() > limits.events {
        return Err(Reason::TooManyEvents);
    }
    batch.events.iter().try_for_each(|one| event(one, limits))?;
    losses(&batch.losses, limits)
}

/// A flat record needs this check: a writer that misspells a field leaves it null without error.
fn event(event: &RawEvent<'_>, limits: &Limits) -> Result<(), Reason> {
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
    match kind {
        EventType::FeatureUsed => text(feature.ok_or(Reason::FieldMissing)?, limits)?,
        EventType::Failed => text(cause.ok_or(Reason::FieldMissing)?, limits)?,
        EventType::Started | EventType::Stopped => {}
    }
    let failed = kind == EventType::Failed;
    if (feature.is_some() && kind != EventType::FeatureUsed)
        || (cause.is_some() && !failed)
        || (component.is_some() && !failed)
        || (fatal.is_some() && !failed)
        || ((duration_s.is_some() || length.is_some()) && kind != EventType::Stopped)
        || (duration_s.is_some() && length.is_some())
    {
        return Err(Reason::FieldUnfit);
    }
    component.map_or(Ok(()), |name| text(name, limits))?;
    // More than the limit counts as the limit: real use has such numbers.
    if times < 1 || duration_s.is_some_and(|seconds| seconds < 0) {
        return Err(Reason::NumberOutOfRange);
    }
    Ok(())
}

/// What was left out is counted by its reason: one that stood there twice would be added up.
fn losses(losses: &[Loss], limits: &Limits) -> Result<(), Reason> {
    let mut seen = [false; LossReason::ALL.len()];
    for Loss { reason, count } in losses {
        let again = std::mem::replace(&mut seen[reason.index()], true);
        if again || !(1..=limits.losses).contains(count) {
            return Err(Reason::NumberOutOfRange);
        }
    }
    Ok(())
}

fn text(name: &str, limits: &Limits) -> Result<(), Reason> {
    let fits = !name.is_empty() && name.len() <= limits.text_bytes;
    if fits && !name.bytes().any(|byte| byte.is_ascii_control()) {
        Ok(())
    } else {
        Err(Reason::BadText)
    }
}
