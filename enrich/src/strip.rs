//! The strip itself: the one door between what a device says and what may be kept.
//!
//! It takes an upload by value and takes it apart in full, without `..`: a new raw field breaks
//! the build here until someone decides about it.

use hashbrown::HashMap;
use kaiku_catalogue::{App, Catalogue, Country, Feature, Model, Operator, Release};
use kaiku_raw::{Consent, Device as RawDevice, EventType, RawBatch, RawEvent};
use kaiku_stripped::{DurationBucket, Item, Pair, StrippedEvent};
use kaiku_wire::Day;

use crate::state::{Device, Outcome, Sight};

/// The catalogue as the strip asks it.
pub(crate) struct Vocabulary {
    catalogue: std::sync::Arc<Catalogue>,
    /// The features that enter into pairs, by the key under which the state knows them.
    features: HashMap<u64, (App, Feature)>,
}

/// What becomes of the events of one upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Events that count.
    pub(crate) counted: u64,
    /// The sum of their `times`.
    pub(crate) times: u64,
    /// Events that were counted before.
    pub(crate) duplicates: u64,
    /// Events over a bound.
    pub(crate) bounded: u64,
    /// Events of an upload without a stream: nothing tells whether it came twice.
    pub(crate) unsequenced: u64,
}

/// Where the strip puts what it lets through.
#[derive(Default)]
pub(crate) struct Sink {
    /// Events without identity.
    pub(crate) events: Vec<StrippedEvent>,
    /// Pairs of features.
    pub(crate) pairs: Vec<Pair>,
}

/// What is the same for all events of an upload.
struct Scene {
    app: App,
    release: Release,
    model: Model,
    operator: Operator,
    country: Country,
    day: Day,
}

impl Vocabulary {
    /// Reads what is needed from the catalogue.
    pub(crate) fn new(catalogue: std::sync::Arc<Catalogue>) -> Vocabulary {
        let features = catalogue
            .apps()
            .flat_map(|app| catalogue.features(app).map(move |feature| (app, feature)))
            .map(|(app, feature)| (within(app, feature.key()), (app, feature)))
            .collect();
        Vocabulary {
            catalogue,
            features,
        }
    }

    /// The key of an app, for `Forget`.
    pub(crate) fn app_key(&self, name: &str, day: Day) -> u64 {
        self.catalogue.app(name, day).key()
    }

    /// Strips one valid upload that counts on `day`. What identifies the device is dropped here.
    pub(crate) fn strip(
        &self,
        batch: RawBatch<'_>,
        day: Day,
        state: &mut Device,
        sink: &mut Sink,
    ) -> Tally {
        let RawBatch {
            device,
            app,
            release,
            consent,
            stream,
            first_sequence,
            events,
        } = batch;
        let RawDevice {
            id,
            brand,
            model,
            mcc,
            mnc,
            country,
        } = device;
        // Dropped by name: the identity has done its work in finding `state`, and the consent in
        // the validation.
        let _ = (id, consent.map(|Consent { .. }| ()));
        let app = self.catalogue.app(app, day);
        let scene = Scene {
            app,
            release: self.catalogue.release(app, release, day),
            model: self.catalogue.model(brand, model),
            operator: self.operator(mcc, mnc),
            country: self.country(mcc, country),
            day,
        };
        state.turn(day);
        let mut tally = Tally::default();
        let seen = match (stream, first_sequence) {
            (Some(stream), Some(first)) => {
                state.seen_before(app.key(), *stream.as_bytes(), first, events.len())
            }
            _ => {
                tally.unsequenced = u64::try_from(events.len()).unwrap_or(u64::MAX);
                0
            }
        };
        tally.duplicates = u64::try_from(seen).unwrap_or(u64::MAX);
        for event in events.into_iter().skip(seen) {
            self.event(&scene, event, state, sink, &mut tally);
        }
        tally
    }

    fn operator(&self, mcc: Option<&str>, mnc: Option<&str>) -> Operator {
        match (mcc, mnc) {
            (Some(mcc), Some(mnc)) => self.catalogue.operator(mcc, mnc),
            _ => Operator::UNLISTED,
        }
    }

    /// That of the SIM's network, else the one that the device names, else unknown.
    fn country(&self, mcc: Option<&str>, named: Option<&str>) -> Country {
        mcc.and_then(|mcc| self.catalogue.country_of_mcc(mcc))
            .or_else(|| named.map(|code| self.catalogue.country(code)))
            .unwrap_or(Country::UNKNOWN)
    }

    fn event(
        &self,
        scene: &Scene,
        event: RawEvent<'_>,
        state: &mut Device,
        sink: &mut Sink,
        tally: &mut Tally,
    ) {
        let RawEvent {
            kind,
            feature,
            cause,
            component,
            fatal,
            duration_s,
            times,
        } = event;
        let Scene {
            app,
            release,
            model,
            operator,
            country,
            day,
        } = *scene;
        let times = u16::try_from(times).unwrap_or(u16::MAX);
        let (item, sight) = match kind {
            EventType::Started => (Item::Started, Sight::Started),
            EventType::Stopped => (
                Item::Stopped(DurationBucket::of(duration_s)),
                Sight::Stopped,
            ),
            EventType::FeatureUsed => {
                let feature = self
                    .catalogue
                    .feature(app, feature.unwrap_or_default(), day);
                let key = within(app, feature.key());
                let pairs = self.features.contains_key(&key);
                let sight = Sight::FeatureUsed {
                    feature: key,
                    times,
                    pairs,
                };
                (Item::FeatureUsed(feature), sight)
            }
            EventType::Failed => {
                let cause = self.catalogue.cause(app, cause.unwrap_or_default(), day);
                let component = component.map(|name| self.catalogue.component(app, name, day));
                let fatal = fatal.unwrap_or(false);
                (
                    Item::Failed(cause, component),
                    Sight::Failed {
                        cause: within(app, cause.key()),
                        fatal,
                    },
                )
            }
        };
        let pairs = &mut sink.pairs;
        let release_key = within(app, release.key());
        let outcome = state.count(app.key(), release_key, sight, |other| {
            if let (Item::FeatureUsed(one), Some((of, other))) = (item, self.features.get(&other))
                && *of == app
            {
                pairs.extend(Pair::new(app, one, *other));
            }
        });
        match outcome {
            Outcome::Counted(marks) => {
                tally.counted += 1;
                tally.times += u64::from(times);
                sink.events.push(StrippedEvent {
                    app,
                    release,
                    item,
                    model,
                    operator,
                    country,
                    times,
                    marks,
                });
            }
            Outcome::Bounded => tally.bounded += 1,
        }
    }
}

/// The key of a name within an app: `unlisted` of one app is not that of another.
fn within(app: App, key: u64) -> u64 {
    app.key().rotate_left(32) ^ key
}

#[cfg(test)]
mod tests;
