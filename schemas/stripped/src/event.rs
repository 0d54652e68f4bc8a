//! One event behind the strip.

use kaiku_catalogue::{App, Cause, Component, Country, Feature, Model, Operator, Release};
use kaiku_wire::{Day, Incidents, KindName, LengthBucket};

use crate::Marks;

/// One event without identity. Each field is a value of a closed vocabulary, a small number, or
/// a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StrippedEvent {
    /// App of the catalogue.
    pub app: App,
    /// Release of the app.
    pub release: Release,
    /// What the event is about; its variant says what happened.
    pub item: Item,
    /// Model of the device.
    pub model: Model,
    /// Operator of its SIM's network.
    pub operator: Operator,
    /// Country of that network, or the one that the device names.
    pub country: Country,
    /// How often in a row.
    pub times: u16,
    /// Which firsts it is for its device.
    pub marks: Marks,
}

/// What happened, and what it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// The app started.
    Started,
    /// The app stopped after a session of this length, where the device says it.
    Stopped(Option<LengthBucket>),
    /// A feature was used.
    FeatureUsed(Feature),
    /// Something failed, in a component where one is named.
    Failed(Cause, Option<Component>),
}

/// Two features of one app that one device used in the same week, in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    app: App,
    a: Feature,
    b: Feature,
}

/// No event of this day, or of a day before it, will follow on this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DayClosed {
    /// The day.
    pub day: Day,
    /// What happened on the partition since the day that was closed before.
    pub incidents: Incidents,
}

impl Pair {
    /// The pair of two features, put into the order of their names; `None` where they are one.
    pub fn new(app: App, one: Feature, other: Feature) -> Option<Pair> {
        match one.as_str().cmp(other.as_str()) {
            std::cmp::Ordering::Less => Some(Pair {
                app,
                a: one,
                b: other,
            }),
            std::cmp::Ordering::Greater => Some(Pair {
                app,
                a: other,
                b: one,
            }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The app of both features.
    pub fn app(&self) -> App {
        self.app
    }

    /// The feature whose name comes first.
    pub fn a(&self) -> Feature {
        self.a
    }

    /// The other feature.
    pub fn b(&self) -> Feature {
        self.b
    }
}

/// The text of a dimension that an event does not have.
pub const NONE: &str = "none";
/// The text of a session's length that the device did not say.
const UNKNOWN: &str = "unknown";

impl Item {
    /// What happened, by name.
    pub fn kind(self) -> KindName {
        match self {
            Item::Started => KindName::Started,
            Item::Stopped(_) => KindName::Stopped,
            Item::FeatureUsed(_) => KindName::FeatureUsed,
            Item::Failed(..) => KindName::Failed,
        }
    }

    /// Feature or cause, or `none`.
    pub fn name(self) -> &'static str {
        match self {
            Item::Started | Item::Stopped(_) => NONE,
            Item::FeatureUsed(feature) => feature.as_str(),
            Item::Failed(cause, _) => cause.as_str(),
        }
    }

    /// The component that failed, or `none`.
    pub fn component(self) -> &'static str {
        match self {
            Item::Failed(_, Some(component)) => component.as_str(),
            _ => NONE,
        }
    }

    /// The length of the session, or `none`.
    pub fn duration_bucket(self) -> &'static str {
        match self {
            Item::Stopped(length) => length.map_or(UNKNOWN, LengthBucket::as_str),
            _ => NONE,
        }
    }
}
