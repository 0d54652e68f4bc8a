//! One event by the names that the catalogue gives to it, and the home of its device.

use kaiku_catalogue::{App, Catalogue};
use kaiku_raw::{EventType, LengthBucket, RawBatch, RawEvent};
use kaiku_wire::Day;

/// Text of the catalogue.
pub(super) type Name = &'static str;

/// What stands for a component or a length that an event does not have.
const NONE: Name = "none";
const UNLISTED: Name = "unlisted";

/// What is kept of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) country: Name,
    pub(super) brand: Name,
    pub(super) model: Name,
    pub(super) operator: Name,
}

/// An event with the names that the catalogue gives to it.
pub(super) struct Event<'a> {
    pub(super) raw: &'a RawEvent<'a>,
    pub(super) app: Name,
    pub(super) release: Name,
    pub(super) home: Home,
    /// Feature or cause.
    pub(super) item: Name,
    pub(super) component: Name,
    /// Whether a feature enters into pairs: unlisted ones do not.
    pub(super) pairs: bool,
}

impl Home {
    /// Model, operator and country by the reference tables.
    pub(super) fn of(catalogue: &Catalogue, batch: &RawBatch<'_>) -> Home {
        let device = &batch.device;
        let (operator, country) = catalogue.place(device.mcc, device.mnc, device.country);
        let model = catalogue.model(device.brand, device.model).as_str();
        // What is unlisted has no slash, and is both.
        let (brand, model) = model.split_once('/').unwrap_or((model, model));
        Home {
            country: country.as_str(),
            brand,
            model,
            operator: operator.as_str(),
        }
    }
}

/// How often an event stands for: more than 10,000 counts as that.
pub(super) fn times(raw: &RawEvent<'_>) -> i32 {
    raw.times.min(10_000)
}

impl<'a> Event<'a> {
    pub(super) fn of(
        catalogue: &Catalogue,
        (app, release): (App, Name),
        home: Home,
        raw: &'a RawEvent<'a>,
        day: Day,
    ) -> Event<'a> {
        let (mut item, mut component) = (NONE, NONE);
        match raw.kind {
            EventType::FeatureUsed => {
                let name = raw.feature.unwrap_or_default();
                item = catalogue.feature(app, name, day).as_str();
            }
            EventType::Failed => {
                let name = raw.cause.unwrap_or_default();
                item = catalogue.cause(app, name, day).as_str();
                if let Some(name) = raw.component {
                    component = catalogue.component(app, name, day).as_str();
                }
            }
            EventType::Started | EventType::Stopped => {}
        }
        Event {
            raw,
            app: app.as_str(),
            release,
            home,
            item,
            component,
            pairs: raw.kind == EventType::FeatureUsed && item != UNLISTED,
        }
    }

    /// The length of its session, by the names of the published tables.
    pub(super) fn length(&self) -> Name {
        let bucket = self.raw.length.map(|bucket| match bucket {
            LengthBucket::Under10s => "under_10s",
            LengthBucket::Under1m => "10s_to_1m",
            LengthBucket::Under10m => "1m_to_10m",
            LengthBucket::Under1h => "10m_to_1h",
            LengthBucket::Under6h => "1h_to_6h",
            LengthBucket::Over6h => "over_6h",
        });
        bucket.unwrap_or(match self.raw.duration_s {
            Some(0..10) => "under_10s",
            Some(10..60) => "10s_to_1m",
            Some(60..600) => "1m_to_10m",
            Some(600..3_600) => "10m_to_1h",
            Some(3_600..21_600) => "1h_to_6h",
            Some(21_600..) => "over_6h",
            Some(..0) | None => "unknown",
        })
    }
}
