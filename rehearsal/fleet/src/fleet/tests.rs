//! What a fleet is like.

#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};

use kaiku_raw::{Encoder, Limits, RawBatch, validate};

use super::*;
use crate::upload::{Route, Upload, What};

fn uploads(config: &FleetConfig, days: u32) -> Vec<(Day, Upload)> {
    let mut fleet = Fleet::new(config.clone(), &Catalogue::sample());
    let days = (0..days).map(|number| config.first_day.plus(number));
    days.flat_map(|day| {
        fleet
            .day(day)
            .map(|upload| (day, upload))
            .collect::<Vec<_>>()
    })
    .collect()
}

fn small(seed: u64) -> FleetConfig {
    FleetConfig {
        seed,
        devices: 800,
        opt_out: 0.01,
        ..FleetConfig::default()
    }
}

fn batch_of(what: &What) -> Option<&RawBatch<'static>> {
    match what {
        What::Batch(batch) | What::Duplicate(batch) => Some(batch),
        _ => None,
    }
}

#[test]
fn the_same_seed_makes_the_same_uploads_and_another_seed_others() {
    let bytes = |seed| {
        let mut out = Vec::new();
        let mut encoder = Encoder::single_object();
        for (_, upload) in uploads(&small(seed), 9) {
            match &upload.what {
                What::Batch(batch) | What::Duplicate(batch) => {
                    encoder.batch(batch, &mut out).unwrap();
                }
                What::Forget(forget) => encoder.forget(forget, &mut out).unwrap(),
                What::Garbage(garbage) => out.extend_from_slice(&garbage.bytes),
            }
        }
        out
    };
    assert!(bytes(1) == bytes(1));
    assert!(bytes(1) != bytes(2));
}

#[test]
fn every_upload_but_garbage_is_valid() {
    for (day, upload) in uploads(&small(3), 14) {
        if let Some(batch) = batch_of(&upload.what) {
            assert_eq!(validate(batch, &Limits::CONTRACT, day), Ok(()));
        }
    }
}

#[test]
fn a_number_of_a_stream_always_names_the_same_event() {
    let mut seen = HashMap::new();
    let (mut overlaps, mut duplicates) = (0, 0);
    for (_, upload) in uploads(&small(4), 20) {
        let Some(batch) = batch_of(&upload.what) else {
            continue;
        };
        let (Some(stream), Some(first)) = (batch.stream, batch.first_sequence) else {
            continue;
        };
        let mut old = 0;
        for (number, event) in (first..).zip(&batch.events) {
            match seen.insert((stream, number), *event) {
                Some(before) => {
                    old += 1;
                    assert!(before == *event, "stream and number name one event");
                }
                None => assert!(old < batch.events.len()),
            }
        }
        duplicates += usize::from(old == batch.events.len());
        overlaps += usize::from((1..batch.events.len()).contains(&old));
    }
    assert!(
        overlaps > 10 && duplicates > 100,
        "{overlaps} overlaps, {duplicates} duplicates"
    );
}

#[test]
fn about_ten_events_are_uploaded_a_day_by_each_active_device_and_app() {
    let config = FleetConfig {
        devices: 3_000,
        ..FleetConfig::default()
    };
    let all = uploads(&config, 7);
    let batches: Vec<_> = all
        .iter()
        .filter_map(|(day, upload)| batch_of(&upload.what).map(|batch| (day, batch)))
        .collect();
    let events: usize = batches.iter().map(|(_, batch)| batch.events.len()).sum();
    let mean = events as f64 / batches.len() as f64;
    assert!((7.0..14.0).contains(&mean), "{mean} events an upload");
    let a_day = batches.len() as f64 / 7.0 / 3_000.0;
    assert!(
        (0.5..1.3).contains(&a_day),
        "{a_day} uploads a device and day"
    );
    let fleet = Fleet::new(config, &Catalogue::sample());
    assert_eq!(fleet.identifiers().collect::<HashSet<_>>().len(), 3_000);
}

#[test]
fn a_device_always_goes_the_same_way() {
    let mut routes = HashMap::new();
    for (_, upload) in uploads(
        &FleetConfig {
            gateway: 0.2,
            ..small(5)
        },
        5,
    ) {
        if upload.route != Route::Raw {
            assert_eq!(
                *routes.entry(upload.device).or_insert(upload.route),
                upload.route
            );
        }
    }
    assert!(routes.values().any(|route| *route == Route::Gateway));
}

#[test]
fn who_opts_in_again_has_a_new_identifier() {
    let mut forgotten = HashSet::new();
    let mut back = HashSet::new();
    for (_, upload) in uploads(&small(6), 20) {
        match &upload.what {
            What::Forget(forget) if forget.app.is_none() => {
                forgotten.insert((upload.device, forget.device_id));
            }
            What::Batch(batch)
                if forgotten.iter().any(|(device, _)| *device == upload.device)
                    && !forgotten.contains(&(upload.device, batch.device.id)) =>
            {
                back.insert(upload.device);
            }
            _ => {}
        }
    }
    assert!(
        forgotten.len() > 50 && back.len() > 20,
        "{} {}",
        forgotten.len(),
        back.len()
    );
}

#[test]
fn every_device_is_visited_once_a_day() {
    for devices in [1, 2, 7, 800, 20_000] {
        let step = u64::from(stride(devices));
        let visited: HashSet<u64> = (0..u64::from(devices))
            .map(|n| n * step % u64::from(devices))
            .collect();
        assert_eq!(visited.len(), devices as usize);
    }
}

#[test]
fn a_device_asked_for_alone_uploads_what_it_does_among_the_others() {
    let bytes = |upload: &Upload| {
        let (mut out, mut encoder) = (Vec::new(), Encoder::single_object());
        match &upload.what {
            What::Batch(batch) | What::Duplicate(batch) => encoder.batch(batch, &mut out).unwrap(),
            What::Forget(forget) => encoder.forget(forget, &mut out).unwrap(),
            What::Garbage(garbage) => out.extend_from_slice(&garbage.bytes),
        }
        out
    };
    let config = small(7);
    let mut among: HashMap<u32, Vec<Vec<u8>>> = HashMap::new();
    for (_, upload) in uploads(&config, 9) {
        among.entry(upload.device).or_default().push(bytes(&upload));
    }
    let mut fleet = Fleet::new(config.clone(), &Catalogue::sample());
    for device in 0..config.devices {
        let days = (0..9).map(|number| config.first_day.plus(number));
        let alone = days.flat_map(|day| {
            let uploads = fleet.device_day(device, day);
            uploads.map(|upload| bytes(&upload)).collect::<Vec<_>>()
        });
        let alone: Vec<_> = alone.collect();
        assert!(
            alone == among.remove(&device).unwrap_or_default(),
            "{device}"
        );
    }
}
