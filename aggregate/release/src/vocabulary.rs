//! The words a policy is written in: units and periods, dimensions, and what a mark counts in.

use std::fmt;

use kaiku_wire::{Day, KindName, Mark, Week};
use serde::Deserialize;

/// Stands in a dimension of a row that is a rest: other cells of its group appear by name.
pub const FOLDED: &str = "folded";

/// Stands in a dimension of a row that is the whole of its group: none of it appears by name.
pub const ALL: &str = "all";

/// The unit of privacy of a table, which is also the length of its periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// One device on one UTC day.
    Day,
    /// One device in one ISO week.
    Week,
}

/// The period that one released table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A UTC day.
    Day(Day),
    /// An ISO week.
    Week(Week),
}

impl Period {
    /// The unit of privacy that such a period belongs to.
    pub fn unit(self) -> Unit {
        match self {
            Period::Day(_) => Unit::Day,
            Period::Week(_) => Unit::Week,
        }
    }

    /// The first day of the period.
    pub fn first_day(self) -> Day {
        match self {
            Period::Day(day) => day,
            Period::Week(week) => week.monday(),
        }
    }

    /// The last day of the period.
    pub fn last_day(self) -> Day {
        match self {
            Period::Day(day) => day,
            Period::Week(week) => week.sunday(),
        }
    }
}

impl Unit {
    /// The unit of privacy that a mark counts in.
    pub fn of(mark: Mark) -> Unit {
        match mark {
            Mark::FirstAppWeek | Mark::FirstItemWeek | Mark::FirstFatalWeek => Unit::Week,
            Mark::FirstAppDay
            | Mark::FirstReleaseDay
            | Mark::FirstItemDay
            | Mark::SecondUseDay
            | Mark::FifthUseDay
            | Mark::FirstFatalDay
            | Mark::FirstFatalReleaseDay => Unit::Day,
        }
    }

    /// The word for it, `day` or `week`: also the name of the folder level in the rollups.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
        }
    }
}

/// A column of a published table that says what its row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The app. Every table has it, as its first dimension.
    App,
    /// The release of the app.
    Release,
    /// The item of a `feature_used` event: only such events go into a table with this dimension.
    Feature,
    /// The item of a `failed` event: only such events go into a table with this dimension.
    Cause,
    /// The country of the device.
    Country,
    /// The model of the device, `Brand/Code`.
    Model,
    /// The network operator of the device.
    Operator,
}

impl Dimension {
    /// The name of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::App => "app",
            Dimension::Release => "release",
            Dimension::Feature => "feature",
            Dimension::Cause => "cause",
            Dimension::Country => "country",
            Dimension::Model => "model",
            Dimension::Operator => "operator",
        }
    }

    /// The kind of the only events that go into a table with this dimension, where it is about one
    /// kind.
    pub fn kind(self) -> Option<KindName> {
        match self {
            Dimension::Feature => Some(KindName::FeatureUsed),
            Dimension::Cause => Some(KindName::Failed),
            Dimension::App
            | Dimension::Release
            | Dimension::Country
            | Dimension::Model
            | Dimension::Operator => None,
        }
    }

    /// Whether it says something of the device: a device has one value for all that a mark
    /// marks once, so that such a dimension splits a count of devices and never repeats one.
    pub fn is_of_device(self) -> bool {
        matches!(
            self,
            Dimension::Country | Dimension::Model | Dimension::Operator
        )
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Day(day) => day.fmt(f),
            Period::Week(week) => week.fmt(f),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
