//! The names in an upload that no list has, with the listed one that is meant, perhaps.

use std::fmt;

use kaiku_catalogue::{App, Catalogue, Country, Listed, Model, Operator};
use kaiku_raw::{EventType, Place, RawBatch, RawEvent};
use kaiku_wire::Day;

/// From here on two names are alike.
const ALIKE: f64 = 0.7;

/// A name that no list has, so that it counts as `unlisted`. It does not say which: what a device says is
/// printed nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlistedName {
    /// Where it stands.
    pub place: String,
    /// What it is missing from.
    pub list: String,
    /// The day from which on it is not listed any more.
    pub expired: Option<Day>,
    /// A listed name like it.
    pub near: Option<String>,
}

impl fmt::Display for UnlistedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = &self.list;
        match (self.expired, &self.near) {
            (Some(day), _) => write!(
                f,
                "no longer in {list} since {day}: it counts as `unlisted`"
            ),
            (None, Some(near)) => {
                write!(
                    f,
                    "not in {list}: it counts as `unlisted`; `{near}` is like it"
                )
            }
            (None, None) => write!(f, "not in {list}: it counts as `unlisted`"),
        }
    }
}

/// The names of an upload that no list has on a day.
pub fn unlisted_names(batch: &RawBatch<'_>, catalogue: &Catalogue, day: Day) -> Vec<UnlistedName> {
    let mut looking = Looking {
        catalogue,
        app: catalogue.app(batch.app, day),
        day,
        found: Vec::new(),
    };
    looking.device(batch);
    if looking.app.is_unlisted() {
        // What belongs to an app that nobody knows is not known either.
        looking.name("app", "app", batch.app);
        return looking.found;
    }
    if catalogue
        .release(looking.app, batch.release, day)
        .is_unlisted()
    {
        looking.name("release", "release", batch.release);
    }
    for (index, event) in batch.events.iter().enumerate() {
        looking.event(index, event);
    }
    looking.found
}

struct Looking<'a> {
    catalogue: &'a Catalogue,
    app: App,
    day: Day,
    found: Vec<UnlistedName>,
}

impl Looking<'_> {
    fn device(&mut self, batch: &RawBatch<'_>) {
        let (device, catalogue) = (&batch.device, self.catalogue);
        let tables = |list: &str| UnlistedName {
            place: String::new(),
            list: list.to_owned(),
            expired: None,
            near: None,
        };
        let mut missing = |is_missing: bool, place: &str, list: &str| {
            if is_missing {
                self.found.push(UnlistedName {
                    place: place.to_owned(),
                    ..tables(list)
                });
            }
        };
        let model = catalogue.model(device.brand, device.model);
        missing(
            model == Model::UNLISTED,
            "device.brand, device.model",
            "the table of models",
        );
        if let (Some(mcc), Some(mnc)) = (device.mcc, device.mnc) {
            let operator = catalogue.operator(mcc, mnc);
            missing(
                operator == Operator::UNLISTED,
                "device.mcc, device.mnc",
                "the table of networks",
            );
        }
        if let Some(code) = device.country {
            let is_none = catalogue.country(code) == Country::UNKNOWN;
            missing(is_none, "device.country", "ISO 3166-1");
        }
    }

    fn event(&mut self, index: usize, event: &RawEvent<'_>) {
        let (app, day) = (self.app, self.day);
        let place = |field| Place::Event(index, field).to_string();
        match event.kind {
            EventType::Started | EventType::Stopped => {}
            EventType::FeatureUsed => {
                let name = event.feature.unwrap_or_default();
                if self.catalogue.feature(app, name, day).is_unlisted() {
                    self.name(&place("feature"), "feature", name);
                }
            }
            EventType::Failed => {
                let name = event.cause.unwrap_or_default();
                if self.catalogue.cause(app, name, day).is_unlisted() {
                    self.name(&place("cause"), "cause", name);
                }
                if let Some(name) = event.component
                    && self.catalogue.component(app, name, day).is_unlisted()
                {
                    self.name(&place("component"), "component", name);
                }
            }
        }
    }

    /// A name of the catalogue's that is missing; an empty one is a fault, which is told elsewhere.
    fn name(&mut self, place: &str, kind: &str, name: &str) {
        if name.is_empty() {
            return;
        }
        let app = self.app.as_str();
        let is_candidate = |one: &&Listed| one.kind == kind && (kind == "app" || one.app == app);
        let candidates = || self.catalogue.listed().filter(is_candidate);
        let itself = candidates().find(|one| one.name == name);
        let near = candidates()
            .map(|one| (strsim::normalized_damerau_levenshtein(&one.name, name), one))
            .filter(|(alike, one)| *alike >= ALIKE && one.expires > self.day)
            .max_by(|one, other| one.0.total_cmp(&other.0));
        self.found.push(UnlistedName {
            place: place.to_owned(),
            list: match kind {
                "app" => "the catalogue's apps".to_owned(),
                _ => format!("the catalogue's {kind}s of {app}"),
            },
            expired: itself.map(|one| one.expires).filter(|day| *day <= self.day),
            near: near.map(|(_, one)| one.name.clone()),
        });
    }
}
