//! Batches that were read from bytes, with names that live as long as the program: there are few
//! different ones.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use kaiku_raw::{Device, RawBatch, RawEvent};

/// The same batch, of names that are kept.
pub fn kept_batch(batch: &RawBatch<'_>) -> RawBatch<'static> {
    let device = batch.device;
    RawBatch {
        device: Device {
            id: device.id,
            brand: kept(device.brand),
            model: kept(device.model),
            mcc: device.mcc.map(kept),
            mnc: device.mnc.map(kept),
            country: device.country.map(kept),
        },
        app: kept(batch.app),
        release: kept(batch.release),
        consent: batch.consent,
        stream: batch.stream,
        first_sequence: batch.first_sequence,
        events: batch.events.iter().map(event).collect(),
        losses: batch.losses.clone(),
    }
}

fn event(event: &RawEvent<'_>) -> RawEvent<'static> {
    RawEvent {
        kind: event.kind,
        feature: event.feature.map(kept),
        cause: event.cause.map(kept),
        component: event.component.map(kept),
        fatal: event.fatal,
        duration_s: event.duration_s,
        length: event.length,
        times: event.times,
    }
}

/// A name that is kept.
pub fn kept(name: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let leaked: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(leaked);
    leaked
}
