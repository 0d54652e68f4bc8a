//! The strip against a simple model: generated histories of devices, counted once here and once by
//! the fleet's truth, which keeps plain sets and shares no line with it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use kaiku_fleet::{Route, Truth, Upload, What};
use kaiku_raw::Forget;
use kaiku_raw::{Consent, DeviceId, StreamId};
use kaiku_wire::Mark;
use proptest::prelude::*;

use super::*;

/// Apps that the sample catalogue lists, and one that it does not.
const APPS: [&str; 3] = ["maps", "music", "nobody"];
const RELEASES: [&str; 3] = ["4.2", "4.1", "none.such"];
const DEVICES: u8 = 3;

#[derive(Clone, Debug)]
struct Sent {
    kind: u8,
    item: usize,
    times: i32,
    fatal: bool,
}

#[derive(Clone, Debug)]
enum Step {
    /// Some days pass.
    Days(u32),
    Batch {
        device: u8,
        app: usize,
        release: usize,
        /// The stream, and the number of the first event.
        numbered: Option<(u8, i64)>,
        events: Vec<Sent>,
    },
    Forget {
        device: u8,
        app: Option<usize>,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let event =
        (0..4_u8, 0..14_usize, 1..7_i32, any::<bool>()).prop_map(|(kind, item, times, fatal)| {
            Sent {
                kind,
                item,
                times,
                fatal,
            }
        });
    let batch = (
        0..DEVICES,
        0..APPS.len(),
        0..RELEASES.len(),
        prop::option::weighted(0.8, (0..2_u8, 0..12_i64)),
        prop::collection::vec(event, 1..9),
    );
    let step = prop_oneof![
        1 => (1..5_u32).prop_map(Step::Days),
        8 => batch.prop_map(|(device, app, release, numbered, events)| {
            Step::Batch { device, app, release, numbered, events }
        }),
        1 => (0..DEVICES, prop::option::of(0..APPS.len()))
            .prop_map(|(device, app)| Step::Forget { device, app }),
    ];
    prop::collection::vec(step, 1..60)
}

fn id(device: u8) -> DeviceId {
    DeviceId::new([device; 16])
}

/// Names that the catalogue has of an app, and some that it has not.
fn names(of: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    of.chain(["no.such", "nor.this"]).collect()
}

struct Both {
    vocabulary: Vocabulary,
    features: Vec<&'static str>,
    causes: Vec<&'static str>,
    devices: BTreeMap<u8, Device>,
    sink: Sink,
    tally: Tally,
}

impl Both {
    fn batch(&mut self, step: &Step, day: Day) -> Option<Upload> {
        let Step::Batch {
            device,
            app,
            release,
            numbered,
            events,
        } = step
        else {
            return None;
        };
        let event = |one: &Sent| {
            let mut event = RawEvent::new(EventType::Started);
            match one.kind {
                0 => {}
                1 => event.kind = EventType::Stopped,
                2 => {
                    event.kind = EventType::FeatureUsed;
                    event.feature = Some(self.features[one.item % self.features.len()]);
                    event.times = one.times;
                }
                _ => {
                    event.kind = EventType::Failed;
                    event.cause = Some(self.causes[one.item % self.causes.len()]);
                    event.fatal = Some(one.fatal);
                }
            }
            event
        };
        let batch = RawBatch {
            device: RawDevice {
                id: id(*device),
                brand: "Nokia",
                model: "TA-1053",
                mcc: None,
                mnc: None,
                country: Some("FI"),
            },
            app: APPS[*app],
            release: RELEASES[*release],
            consent: Some(Consent::new(1, day)),
            stream: numbered.map(|(stream, _)| StreamId::new([stream; 8])),
            first_sequence: numbered.map(|(_, first)| first),
            events: events.iter().map(event).collect(),
        };
        let state = self.devices.entry(*device).or_default();
        let tally = self
            .vocabulary
            .strip(batch.clone(), day, state, &mut self.sink);
        self.tally.counted += tally.counted;
        self.tally.times += tally.times;
        self.tally.duplicates += tally.duplicates;
        self.tally.bounded += tally.bounded;
        Some(upload(What::Batch(batch)))
    }

    fn forget(&mut self, device: u8, app: Option<usize>, day: Day) -> Upload {
        let name = app.map(|app| APPS[app]);
        let state = self.devices.entry(device).or_default();
        state.turn(day);
        state.forget(name.map(|name| self.vocabulary.app_key(name, day)));
        upload(What::Forget(Forget {
            device_id: id(device),
            app: name,
        }))
    }
}

fn upload(what: What) -> Upload {
    Upload {
        device: 0,
        route: Route::Raw,
        what,
    }
}

fn agree(steps: &[Step]) -> Result<(), TestCaseError> {
    let catalogue = Arc::new(Catalogue::sample());
    let mut day = Day::from_ymd(2026, 10, 19).unwrap();
    let mut both = Both {
        vocabulary: Vocabulary::new(Arc::clone(&catalogue)),
        features: names(
            catalogue
                .features(catalogue.app("maps", day))
                .map(Feature::as_str)
                .take(10),
        ),
        causes: names(["network.timeout", "gps.lost", "route.none"].into_iter()),
        devices: BTreeMap::new(),
        sink: Sink::default(),
        tally: Tally::default(),
    };
    let mut truth = Truth::new(&catalogue, 1);
    for step in steps {
        match step {
            Step::Days(days) => day = day.plus(*days),
            Step::Batch { .. } => truth.sent(&both.batch(step, day).unwrap(), day),
            Step::Forget { device, app } => truth.sent(&both.forget(*device, *app, day), day),
        }
    }
    let totals = truth.totals();
    prop_assert_eq!(both.tally.counted, totals.accepted);
    prop_assert_eq!(both.tally.times, totals.accepted_times);
    prop_assert_eq!(both.tally.duplicates, totals.duplicates);
    prop_assert_eq!(both.tally.bounded, totals.bounded);
    prop_assert_eq!(both.sink.events.len() as u64, totals.accepted);
    prop_assert_eq!(both.sink.pairs.len() as u64, totals.pairs);
    for (name, expected) in totals.marks.named() {
        let mark = Mark::ALL
            .into_iter()
            .find(|mark| mark.as_str() == name)
            .unwrap();
        let found = both
            .sink
            .events
            .iter()
            .filter(|event| event.marks.has(mark))
            .count();
        prop_assert_eq!(found as u64, expected, "{}", name);
    }
    Ok(())
}

proptest! {
    #[test]
    fn sequence_bounds_and_marks_are_those_of_the_plain_model(steps in steps()) {
        agree(&steps)?;
    }
}
