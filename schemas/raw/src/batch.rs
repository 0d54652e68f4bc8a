//! The records of `events.raw`, borrowed from the bytes that they were read from.

use std::fmt;

use kaiku_wire::{Day, KindName, LengthBucket};
use serde::Deserialize;

use crate::{DeviceId, Loss, StreamId};

/// What one device uploads of one app.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct RawBatch<'a> {
    /// Who reports.
    #[serde(borrow)]
    pub device: Device<'a>,
    /// App, as the catalogue names it.
    pub app: &'a str,
    /// Release of the app, as the catalogue names it.
    pub release: &'a str,
    /// Under which consent; a batch without one is rejected.
    #[serde(default)]
    pub consent: Option<Consent>,
    /// The stream that numbers the events; `None` where the sender can't count.
    #[serde(default)]
    pub stream: Option<StreamId>,
    /// Number of the first event in its stream.
    #[serde(default)]
    pub first_sequence: Option<i64>,
    /// What happened, in order.
    #[serde(borrow)]
    pub events: Vec<RawEvent<'a>>,
    /// What the device had to leave out since its last upload.
    #[serde(default)]
    pub losses: Vec<Loss>,
}

/// Who reports, and what is looked up from it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Device<'a> {
    /// The identifier.
    pub id: DeviceId,
    /// What stands on it: Android's `Build.BRAND`, or `Apple`.
    pub brand: &'a str,
    /// Model code.
    pub model: &'a str,
    /// Mobile country code of the SIM's network.
    #[serde(default)]
    pub mcc: Option<&'a str>,
    /// Mobile network code of the SIM's network.
    #[serde(default)]
    pub mnc: Option<&'a str>,
    /// Country that the device names itself.
    #[serde(default)]
    pub country: Option<&'a str>,
}

/// Which text the device's owner agreed to, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Consent {
    /// Version of the text.
    pub version: i32,
    /// Day on which it was given, in days since 1970-01-01; checked by [`Consent::since`].
    #[serde(rename = "since")]
    since_days: i32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// The app started.
    Started,
    /// The app stopped.
    Stopped,
    /// A feature was used.
    FeatureUsed,
    /// Something failed.
    Failed,
}

/// One thing that happened.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct RawEvent<'a> {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// `FeatureUsed`: which feature.
    #[serde(default)]
    pub feature: Option<&'a str>,
    /// `Failed`: by which cause.
    #[serde(default)]
    pub cause: Option<&'a str>,
    /// `Failed`: in which component.
    #[serde(default)]
    pub component: Option<&'a str>,
    /// `Failed`: whether the app ended by it.
    #[serde(default)]
    pub fatal: Option<bool>,
    /// `Stopped`: seconds since the start.
    #[serde(default)]
    pub duration_s: Option<i32>,
    /// `Stopped`: the bucket of that length, instead of the seconds.
    #[serde(default)]
    pub length: Option<LengthBucket>,
    /// How often in a row; of `Started` and `Stopped`: how many sessions.
    #[serde(default = "once")]
    pub times: i32,
}

/// The owner of a device has turned the program off.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Forget<'a> {
    /// The device.
    pub device_id: DeviceId,
    /// The one app to be forgotten; `None` for all.
    #[serde(default)]
    pub app: Option<&'a str>,
}

/// Says nothing but that the broker's clock has come this far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Tick {}

impl Consent {
    /// The consent to a version of the text, given on a day.
    pub fn new(version: i32, since: Day) -> Consent {
        Consent {
            version,
            since_days: since.days_since_epoch(),
        }
    }

    /// The day on which it was given; `None` where the number is no day.
    pub fn since(&self) -> Option<Day> {
        Day::from_days_since_epoch(self.since_days).ok()
    }

    /// The same, as it is written.
    pub(crate) fn of_days(version: i32, since_days: i32) -> Consent {
        Consent {
            version,
            since_days,
        }
    }

    pub(crate) fn since_days(&self) -> i32 {
        self.since_days
    }
}

impl EventType {
    /// The symbol of the Avro enumeration.
    pub fn as_str(self) -> &'static str {
        let name = match self {
            EventType::Started => KindName::Started,
            EventType::Stopped => KindName::Stopped,
            EventType::FeatureUsed => KindName::FeatureUsed,
            EventType::Failed => KindName::Failed,
        };
        name.as_str()
    }
}

impl RawEvent<'_> {
    /// An event of a type, once, with no other field set.
    pub fn new(kind: EventType) -> RawEvent<'static> {
        RawEvent {
            kind,
            feature: None,
            cause: None,
            component: None,
            fatal: None,
            duration_s: None,
            length: None,
            times: 1,
        }
    }
}

fn once() -> i32 {
    1
}

/// A type whose values name a device says nothing of itself but its name.
macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

silent_debug!(RawBatch, Device, RawEvent, Forget);
