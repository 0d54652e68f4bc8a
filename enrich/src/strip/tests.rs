//! The strip against a simple model: generated histories of devices, counted once here and once by
//! the fleet's truth, which keeps plain sets and shares no line with it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use kaiku_fleet::{Cells, Column, Route, Truth, Upload, Wanted, What};
use kaiku_raw::Forget;
use kaiku_raw::{Consent, DeviceId, StreamId};
use kaiku_wire::{Mark, Month};
use proptest::prelude::*;

use super::*;

/// Apps that the sample catalogue lists, and one that it does not.
const APPS: [&str; 3] = ["maps", "music", "nobody"];
const RELEASES: [&str; 3] = ["4.2", "4.1", "none.such"];
const DEVICES: u8 = 3;

/// Where devices say that they are: mcc, mnc and country.
const PLACES: [(Option<&str>, Option<&str>, Option<&str>); 8] = [
    (Some("244"), Some("05"), None),
    (Some("202"), Some("01"), Some("FI")),
    (None, None, Some("SE")),
    (None, None, None),
    // What systems put there where there is no network, or no region.
    (Some("65535"), Some("65535"), Some("FI")),
    (Some(""), Some(""), Some("--")),
    (None, Some("05"), Some("fi")),
    (Some("244"), Some("5"), Some("UK")),
];
const MODELS: [(&str, &str); 4] = [
    ("Nokia", "TA-1053"),
    ("samsung", "SM-S918N"),
    ("No", "body"),
    ("", ""),
];

#[derive(Clone, Debug)]
struct Sent {
    kind: u8,
    item: usize,
    component: usize,
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
        place: usize,
        model: usize,
        /// The stream, and the number of the first event.
        numbered: Option<(u8, i64)>,
        events: Vec<Sent>,
    },
    Forget {
        device: u8,
        app: Option<usize>,
    },
    /// The state of the partition is lost.
    Lose,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let times = prop_oneof![20 => 1..7_i32, 1 => 9_999..=10_002_i32, 1 => Just(i32::MAX)];
    let event = (0..4_u8, 0..14_usize, 0..5_usize, times, any::<bool>()).prop_map(
        |(kind, item, component, times, fatal)| Sent {
            kind,
            item,
            component,
            times,
            fatal,
        },
    );
    let batch = (
        0..DEVICES,
        (0..APPS.len(), 0..RELEASES.len()),
        (0..PLACES.len(), 0..MODELS.len()),
        prop::option::weighted(0.8, (0..4_u8, 0..12_i64)),
        prop::collection::vec(event, 1..9),
    );
    let step = prop_oneof![
        4 => (1..5_u32).prop_map(Step::Days),
        32 => batch.prop_map(|(device, (app, release), (place, model), numbered, events)| {
            Step::Batch { device, app, release, place, model, numbered, events }
        }),
        4 => (0..DEVICES, prop::option::of(0..APPS.len()))
            .prop_map(|(device, app)| Step::Forget { device, app }),
        1 => Just(Step::Lose),
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

/// What the strip has made of a history.
struct Both {
    vocabulary: Vocabulary,
    features: Vec<&'static str>,
    causes: Vec<&'static str>,
    components: Vec<&'static str>,
    devices: BTreeMap<u8, Device>,
    /// In which month something was heard of a device last.
    heard_of: BTreeMap<u8, Month>,
    lost: Option<Day>,
    events: Vec<(Day, StrippedEvent)>,
    pairs: Vec<(Day, Pair)>,
    tally: Tally,
}

impl Both {
    fn new(catalogue: &Arc<Catalogue>, day: Day) -> Both {
        let maps = catalogue.app("maps", day);
        Both {
            vocabulary: Vocabulary::new(Arc::clone(catalogue)),
            features: names(catalogue.features(maps).map(Feature::as_str).take(10)),
            causes: names(["network.timeout", "gps.lost", "route.none"].into_iter()),
            components: names(catalogue.components(maps).map(Component::as_str).take(2)),
            devices: BTreeMap::new(),
            heard_of: BTreeMap::new(),
            lost: None,
            events: Vec::new(),
            pairs: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn event(&self, one: &Sent) -> RawEvent<'static> {
        let mut event = RawEvent::new(EventType::Started);
        event.times = one.times;
        match one.kind {
            0 => {}
            1 => {
                event.kind = EventType::Stopped;
                event.length = LengthBucket::ALL.get(one.item).copied();
                // Where no bucket is named: seconds, or nothing.
                let seconds = one.times.saturating_mul(one.times).saturating_mul(100) - 100;
                event.duration_s = (event.length.is_none() && one.fatal).then_some(seconds);
            }
            2 => {
                event.kind = EventType::FeatureUsed;
                event.feature = Some(self.features[one.item % self.features.len()]);
            }
            _ => {
                event.kind = EventType::Failed;
                event.cause = Some(self.causes[one.item % self.causes.len()]);
                event.component = self.components.get(one.component).copied();
                event.fatal = Some(one.fatal);
            }
        }
        event
    }

    /// Takes one step, and says what was sent for it.
    fn step(&mut self, step: &Step, day: Day) -> Option<Upload> {
        // As a lane's table does at the turn of a month.
        let heard_of = &mut self.heard_of;
        heard_of.retain(|_, month| *month >= day.month().prev());
        self.devices
            .retain(|device, _| heard_of.contains_key(device));
        if let Step::Batch { device, .. } | Step::Forget { device, .. } = step {
            heard_of.insert(*device, day.month());
        }
        let what = match step {
            Step::Days(_) => return None,
            Step::Lose => {
                self.devices.clear();
                self.lost = Some(day);
                return None;
            }
            Step::Forget { device, app } => {
                let name = app.map(|app| APPS[app]);
                let state = self.devices.entry(*device).or_default();
                state.turn(day);
                state.forget(name.map(|name| self.vocabulary.app_key(name, day)));
                What::Forget(Forget {
                    device_id: id(*device),
                    app: name,
                })
            }
            Step::Batch {
                device,
                app,
                release,
                place,
                model,
                numbered,
                events,
            } => {
                let (mcc, mnc, country) = PLACES[*place];
                let (brand, model) = MODELS[*model];
                let batch = RawBatch {
                    device: RawDevice {
                        id: id(*device),
                        brand,
                        model,
                        mcc,
                        mnc,
                        country,
                    },
                    app: APPS[*app],
                    release: RELEASES[*release],
                    consent: Some(Consent::new(1, day)),
                    stream: numbered.map(|(stream, _)| StreamId::new([stream; 8])),
                    first_sequence: numbered.map(|(_, first)| first),
                    events: events.iter().map(|one| self.event(one)).collect(),
                    losses: Vec::new(),
                };
                self.batch(*device, batch.clone(), day);
                What::Batch(batch)
            }
        };
        Some(Upload {
            device: 0,
            route: Route::Raw,
            what,
        })
    }

    fn batch(&mut self, device: u8, batch: RawBatch<'_>, day: Day) {
        let state = self.devices.entry(device).or_default();
        let books = Books::on(day, self.lost);
        let mut sink = Sink::default();
        let tally = self.vocabulary.strip(batch, day, books, state, &mut sink);
        self.tally.add(&tally);
        self.events
            .extend(sink.events.into_iter().map(|one| (day, one)));
        let each = sink.pairs.into_iter();
        let each = each.flat_map(|(pair, devices)| (0..devices).map(move |_| (day, pair)));
        self.pairs.extend(each);
    }

    /// The exact counts of a table, as [`Truth`] has them.
    fn cells(
        &self,
        weekly: bool,
        marks: &[Mark],
        key: impl Fn(&StrippedEvent) -> Option<Vec<&'static str>>,
    ) -> Cells {
        let mut cells = Cells::new();
        for (day, event) in &self.events {
            let set: Vec<_> = marks.iter().map(|mark| event.marks.has(*mark)).collect();
            let Some(key) = key(event).filter(|_| set.contains(&true)) else {
                continue;
            };
            let period = if weekly { day.week().monday() } else { *day };
            let counts = cells.entry(period).or_default().entry(key);
            let counts = counts.or_insert_with(|| vec![0; marks.len()]);
            for (sum, on) in counts.iter_mut().zip(set) {
                *sum += u64::from(on);
            }
        }
        cells
    }
}

/// How long the first session of a day was; where devices are, by their week; and what failed, by
/// release and by component.
fn wanted() -> [Wanted; 4] {
    [
        Wanted {
            weekly: false,
            columns: vec![Column::App, Column::Length],
            marks: vec![Mark::FirstSessionDay],
        },
        Wanted {
            weekly: true,
            columns: vec![
                Column::App,
                Column::Country,
                Column::Brand,
                Column::Model,
                Column::Operator,
            ],
            marks: vec![Mark::FirstAppWeek, Mark::FirstFatalWeek],
        },
        Wanted {
            weekly: false,
            columns: vec![Column::App, Column::Release, Column::Cause],
            marks: vec![Mark::FirstItemDay, Mark::FirstCauseReleaseDay],
        },
        Wanted {
            weekly: true,
            columns: vec![Column::App, Column::Component, Column::Cause],
            marks: vec![Mark::FirstCauseComponentWeek],
        },
    ]
}

fn found(both: &Both) -> [Cells; 4] {
    let [session, home, cause, component] = wanted();
    let failed = |event: &StrippedEvent| matches!(event.item, Item::Failed(..));
    let app = |event: &StrippedEvent| event.app.as_str();
    [
        both.cells(session.weekly, &session.marks, |event| {
            let key = vec![app(event), event.item.duration_bucket()];
            matches!(event.item, Item::Stopped(_)).then_some(key)
        }),
        both.cells(home.weekly, &home.marks, |event| {
            let (brand, model) = (event.model.brand(), event.model.as_str());
            let model = model.split_once('/').map_or(model, |(_, code)| code);
            let (country, operator) = (event.country.as_str(), event.operator.as_str());
            Some(vec![app(event), country, brand, model, operator])
        }),
        both.cells(cause.weekly, &cause.marks, |event| {
            let key = vec![app(event), event.release.as_str(), event.item.name()];
            failed(event).then_some(key)
        }),
        both.cells(component.weekly, &component.marks, |event| {
            let key = vec![app(event), event.item.component(), event.item.name()];
            failed(event).then_some(key)
        }),
    ]
}

fn agree(steps: &[Step]) -> Result<(), TestCaseError> {
    let catalogue = Arc::new(Catalogue::sample());
    let mut day = Day::from_ymd(2026, 10, 19).unwrap();
    let mut both = Both::new(&catalogue, day);
    let mut truth = Truth::of(&catalogue, 1, wanted().into());
    for step in steps {
        match step {
            Step::Days(days) => day = day.plus(*days),
            Step::Lose => truth.lose_state(0, day),
            Step::Batch { .. } | Step::Forget { .. } => {}
        }
        if let Some(upload) = both.step(step, day) {
            truth.sent(&upload, day);
        }
    }
    let (totals, tally) = (truth.totals(), both.tally);
    prop_assert_eq!(tally.counted, totals.accepted);
    prop_assert_eq!(tally.times, totals.accepted_times);
    prop_assert_eq!(tally.duplicates, totals.duplicates);
    prop_assert_eq!(tally.bounded + tally.state_lost, totals.bounded);
    prop_assert_eq!(both.events.len() as u64, totals.handed_on());
    prop_assert_eq!(both.pairs.len() as u64, totals.pairs);
    for mark in Mark::of_events() {
        let has = both
            .events
            .iter()
            .filter(|(_, event)| event.marks.has(mark));
        prop_assert_eq!(has.count() as u64, totals.marks.of(mark), "{}", mark);
    }
    for (found, expected) in found(&both).iter().zip(truth.tables()) {
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

proptest! {
    #[test]
    fn sequence_bounds_marks_and_homes_are_those_of_the_plain_model(steps in steps()) {
        agree(&steps)?;
    }

    #[test]
    fn a_device_stands_in_one_country_a_week_so_that_countries_add_up(steps in steps()) {
        let catalogue = Arc::new(Catalogue::sample());
        let mut day = Day::from_ymd(2026, 10, 19).unwrap();
        let mut both = Both::new(&catalogue, day);
        let mut homes: BTreeMap<_, Home> = BTreeMap::new();
        for step in steps.iter().filter(|step| !matches!(step, Step::Lose)) {
            if let Step::Days(days) = step {
                day = day.plus(*days);
            }
            let before = both.events.len();
            both.step(step, day);
            let Step::Batch { device, .. } = step else { continue };
            for (_, event) in &both.events[before..] {
                let StrippedEvent { model, operator, country, .. } = *event;
                let home = Home { model, operator, country };
                let known = *homes.entry((*device, day.week())).or_insert(home);
                prop_assert_eq!(known, home);
            }
        }
    }
}

mod losses;
mod upgrade;

#[test]
fn what_no_list_has_is_counted_by_its_field_and_what_is_left_out_is_not() {
    let catalogue = Arc::new(Catalogue::sample());
    let day = Day::from_ymd(2026, 10, 19).unwrap();
    let mut both = Both::new(&catalogue, day);
    let used = |item| Sent {
        kind: 2,
        item,
        component: 0,
        times: 1,
        fatal: false,
    };
    let misspelt = both.features.len() - 1;
    for (device, app, release, place, model) in [(1, 0, 0, 0, 0), (2, 0, 2, 4, 3), (3, 2, 0, 3, 0)]
    {
        let batch = Step::Batch {
            device,
            app,
            release,
            place,
            model,
            numbered: Some((0, 0)),
            events: vec![used(0), used(misspelt)],
        };
        both.step(&batch, day);
        // What was sent before says nothing new.
        both.step(&batch, day);
    }
    let counts: Vec<_> = both
        .tally
        .unlisted
        .counts()
        .map(|(field, count)| (field.as_str(), count))
        .collect();
    let expected = [
        ("app", 1),
        ("release", 2),
        ("feature", 4),
        ("cause", 0),
        ("component", 0),
        ("model", 1),
        ("operator", 1),
        ("country", 0),
    ];
    assert_eq!(counts, expected);
}
