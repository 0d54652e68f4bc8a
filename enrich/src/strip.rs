//! The strip itself: the one door between what a device says and what may be kept.
//!
//! It takes an upload by value and takes it apart in full, without `..`: a new raw field breaks
//! the build here until someone decides about it.

mod unlisted;

use hashbrown::HashMap;
use kaiku_catalogue::{App, Catalogue, Component, ConsentRefused, Feature, Release};
use kaiku_raw::{
    Consent, Device as RawDevice, EventType, Limits, Loss, LossReason, RawBatch, RawEvent,
};
use kaiku_stripped::{Item, Marks, Pair, StrippedEvent};
use kaiku_wire::{Day, LengthBucket, Mark};
use rustc_hash::FxHashMap;

use crate::state::{Books, Device, Fresh, Home, Outcome, Sight};

pub(crate) use unlisted::{Field, Unlisted};

/// The catalogue as the strip asks it.
pub(crate) struct Vocabulary {
    catalogue: std::sync::Arc<Catalogue>,
    /// The features that enter into pairs, by the key under which the state knows them.
    features: HashMap<u64, (App, Feature)>,
}

/// The key of a component that no failure names: that of none in the catalogue.
const NO_COMPONENT: u64 = 0;

/// What becomes of the events of one upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Events that count.
    pub(crate) counted: u64,
    /// The sum of their `times`.
    pub(crate) times: u64,
    /// Events that were counted before.
    pub(crate) duplicates: u64,
    /// Events over a bound; the first of an app on a day is handed on all the same.
    pub(crate) bounded: u64,
    /// Events of an upload without a stream: nothing tells whether it came twice.
    pub(crate) unsequenced: u64,
    /// Events that came behind others of their stream with higher numbers, and were new all the same.
    pub(crate) late: u64,
    /// Events of an upload for which another stream of the device was forgotten: what was sent in
    /// that one would count again.
    pub(crate) evicting: u64,
    /// Events of an identifier that was not let in.
    pub(crate) over_quota: u64,
    /// Events on the day on which the state was lost.
    pub(crate) state_lost: u64,
    /// Events that devices say they left out, in the order of [`LossReason::ALL`].
    pub(crate) losses: [u64; LossReason::ALL.len()],
    /// What was named that no list has.
    pub(crate) unlisted: Unlisted,
}

impl Tally {
    /// That of an upload whose identifier was not let in.
    pub(crate) fn over_quota(batch: &RawBatch<'_>) -> Tally {
        Tally {
            over_quota: u64::try_from(batch.events.len()).unwrap_or(u64::MAX),
            ..Tally::default()
        }
    }

    /// What the numbers of an upload with so many events say, where it has any.
    fn of_numbers(fresh: Option<&Fresh>, events: usize) -> Tally {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut tally = Tally::default();
        match fresh {
            Some(fresh) => {
                tally.duplicates = number(events - fresh.count(events));
                tally.late = number(fresh.late());
                tally.evicting = number(if fresh.evicts { events } else { 0 });
            }
            None => tally.unsequenced = number(events),
        }
        tally
    }

    /// Adds what became of other events.
    pub(crate) fn add(&mut self, other: &Tally) {
        let Tally {
            counted,
            times,
            duplicates,
            bounded,
            unsequenced,
            late,
            evicting,
            over_quota,
            state_lost,
            losses,
            unlisted,
        } = *other;
        self.counted += counted;
        self.times += times;
        self.duplicates += duplicates;
        self.bounded += bounded;
        self.unsequenced += unsequenced;
        self.late += late;
        self.evicting += evicting;
        self.over_quota += over_quota;
        self.state_lost += state_lost;
        for (sum, more) in self.losses.iter_mut().zip(losses) {
            *sum += more;
        }
        self.unlisted.add(&unlisted);
    }

    /// Adds what a device says it left out.
    fn lose(&mut self, losses: &[Loss]) {
        for Loss { reason, count } in losses {
            self.losses[reason.index()] += u64::try_from(*count).unwrap_or_default();
        }
    }
}

/// Where the strip puts what it lets through.
#[derive(Default)]
pub(crate) struct Sink {
    /// Events without identity.
    pub(crate) events: Vec<StrippedEvent>,
    /// Pairs of features, and how many devices made each.
    pub(crate) pairs: FxHashMap<Pair, u32>,
}

/// What is the same for all events of an upload.
struct Scene {
    app: App,
    release: Release,
    home: Home,
    day: Day,
    books: Books,
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

    /// Whether the catalogue knows the text that was agreed to, and it could be on that day.
    pub(crate) fn accepts(&self, consent: &Consent) -> bool {
        accepts(&self.catalogue, consent).is_ok()
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
        books: Books,
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
            losses,
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
        state.turn(day);
        let fresh = match (stream, first_sequence) {
            (Some(stream), Some(first)) => {
                Some(state.fresh(app.key(), *stream.as_bytes(), first, events.len()))
            }
            _ => None,
        };
        let mut tally = Tally::of_numbers(fresh.as_ref(), events.len());
        let fresh = fresh.unwrap_or_default();
        if fresh.count(events.len()) == 0 {
            return tally;
        }
        // Only now, since an upload that came before said the same. A sum over all devices is all
        // that is left of it.
        tally.lose(&losses);
        let unlisted = &mut tally.unlisted;
        // Asked for where the device is new in the week.
        let named = || {
            let (operator, of_device) = self.catalogue.place(mcc, mnc, country);
            let home = Home {
                model: self.catalogue.model(brand, model),
                operator,
                country: of_device,
            };
            let place = (mcc.is_some() || mnc.is_some(), country.is_some());
            unlisted.note_home(place, &home);
            home
        };
        let release = self.catalogue.release(app, release, day);
        let scene = Scene {
            app,
            release,
            home: state.home(named),
            day,
            books,
        };
        tally.unlisted.note(Field::App, app.is_unlisted());
        tally.unlisted.note(Field::Release, release.is_unlisted());
        let events = events.into_iter().enumerate();
        for (_, event) in events.filter(|(at, _)| fresh.has(*at)) {
            self.event(&scene, event, state, sink, &mut tally);
        }
        tally
    }

    /// What an event is about, as it may be kept, as the books see it, and how often.
    fn seen(&self, scene: &Scene, event: RawEvent<'_>) -> (Item, Sight, u16) {
        let RawEvent {
            kind,
            feature,
            cause,
            component,
            fatal,
            duration_s,
            length,
            times,
        } = event;
        let (app, day) = (scene.app, scene.day);
        let times = u16::try_from(times.min(Limits::CONTRACT.times)).unwrap_or(u16::MAX);
        let (item, sight) = match kind {
            EventType::Started => (Item::Started, Sight::Started),
            EventType::Stopped => {
                let length = length.or(duration_s.and_then(LengthBucket::of_seconds));
                (Item::Stopped(length), Sight::Stopped)
            }
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
                let sight = Sight::Failed {
                    cause: within(app, cause.key()),
                    component: component.map_or(NO_COMPONENT, Component::key),
                    fatal: fatal.unwrap_or(false),
                };
                (Item::Failed(cause, component), sight)
            }
        };
        (item, sight, times)
    }

    fn event(
        &self,
        scene: &Scene,
        event: RawEvent<'_>,
        state: &mut Device,
        sink: &mut Sink,
        tally: &mut Tally,
    ) {
        let (item, sight, times) = self.seen(scene, event);
        tally.unlisted.note_item(item);
        let Scene {
            app,
            release,
            home:
                Home {
                    model,
                    operator,
                    country,
                },
            books,
            ..
        } = *scene;
        let pairs = &mut sink.pairs;
        let release_key = within(app, release.key());
        let outcome = state.count(books, app.key(), release_key, sight, |other| {
            if let (Item::FeatureUsed(one), Some((of, other))) = (item, self.features.get(&other))
                && *of == app
                && let Some(pair) = Pair::new(app, one, *other)
            {
                *pairs.entry(pair).or_default() += 1;
            }
        });
        let marks = match outcome {
            Outcome::Counted(marks) => {
                tally.counted += 1;
                tally.times += u64::from(times);
                marks
            }
            Outcome::Bounded { first } => {
                tally.bounded += 1;
                if !first {
                    return;
                }
                let mut alone = Marks::default();
                alone.set(Mark::FirstBoundedDay, true);
                alone
            }
            Outcome::StateLost => {
                tally.state_lost += 1;
                return;
            }
        };
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
}

/// Whether a catalogue knows the text that was agreed to, and it could be on that day.
pub(crate) fn accepts(catalogue: &Catalogue, consent: &Consent) -> Result<(), ConsentRefused> {
    let version = u32::try_from(consent.version).map_err(|_| ConsentRefused::UnknownText)?;
    let since = consent.since().ok_or(ConsentRefused::BeforeItsText)?;
    catalogue.program().accepts(version, since)
}

/// The key of a name within an app: `unlisted` of one app is not that of another.
fn within(app: App, key: u64) -> u64 {
    app.key().rotate_left(32) ^ key
}

#[cfg(test)]
mod tests;
