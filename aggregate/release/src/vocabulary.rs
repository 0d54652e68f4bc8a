//! The words a policy is written in: units and periods, dimensions, and what a mark counts in.

use std::fmt;

use kaiku_wire::{Day, KindName, Mark, Week};

/// How long a period of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// One UTC day.
    Day,
    /// One ISO week.
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
    /// How long it is.
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
    /// Both.
    pub const ALL: [Unit; 2] = [Unit::Day, Unit::Week];

    /// The unit that a mark counts in.
    pub fn of(mark: Mark) -> Unit {
        match mark {
            Mark::FirstAppWeek
            | Mark::FirstItemWeek
            | Mark::FirstFatalWeek
            | Mark::FirstCauseComponentWeek
            | Mark::FirstPairWeek => Unit::Week,
            Mark::FirstAppDay
            | Mark::FirstReleaseDay
            | Mark::FirstItemDay
            | Mark::SecondUseDay
            | Mark::FifthUseDay
            | Mark::FirstFatalDay
            | Mark::FirstFatalReleaseDay
            | Mark::FirstSessionDay
            | Mark::FirstCauseReleaseDay
            | Mark::FirstBoundedDay => Unit::Day,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The app. Every table has it, as its first dimension.
    App,
    /// The release of the app.
    Release,
    /// The item of a `feature_used` event: only such events go into a table with this dimension.
    Feature,
    /// The item of a `failed` event: only such events go into a table with this dimension.
    Cause,
    /// The component of a `failed` event: only such events go into a table with this dimension.
    Component,
    /// The bucket of the length of a session, of a `stopped` event: only such events go into a
    /// table with this dimension.
    Length,
    /// The country of the device.
    Country,
    /// The brand of the device.
    Brand,
    /// The model of the device.
    Model,
    /// The network operator of the device.
    Operator,
    /// The first feature of a pair, by name: only pairs go into a table with this dimension.
    A,
    /// The second feature of a pair.
    B,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Dimension; 12] = [
        Dimension::App,
        Dimension::Release,
        Dimension::Feature,
        Dimension::Cause,
        Dimension::Component,
        Dimension::Length,
        Dimension::Country,
        Dimension::Brand,
        Dimension::Model,
        Dimension::Operator,
        Dimension::A,
        Dimension::B,
    ];

    /// The name of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::App => "app",
            Dimension::Release => "release",
            Dimension::Feature => "feature",
            Dimension::Cause => "cause",
            Dimension::Component => "component",
            Dimension::Length => "length",
            Dimension::Country => "country",
            Dimension::Brand => "brand",
            Dimension::Model => "model",
            Dimension::Operator => "operator",
            Dimension::A => "a",
            Dimension::B => "b",
        }
    }

    /// The kind of the only events that go into a table with this dimension, where it is about one
    /// kind.
    pub fn kind(self) -> Option<KindName> {
        match self {
            Dimension::Feature => Some(KindName::FeatureUsed),
            Dimension::Cause | Dimension::Component => Some(KindName::Failed),
            Dimension::Length => Some(KindName::Stopped),
            Dimension::App
            | Dimension::Release
            | Dimension::Country
            | Dimension::Brand
            | Dimension::Model
            | Dimension::Operator
            | Dimension::A
            | Dimension::B => None,
        }
    }

    /// Whether it says something of the device: a device has one value for a whole ISO week, so
    /// that such a dimension splits a count of devices and never repeats one.
    pub fn is_of_device(self) -> bool {
        matches!(
            self,
            Dimension::Country | Dimension::Brand | Dimension::Model | Dimension::Operator
        )
    }

    /// Whether it is one of the two features of a pair.
    pub fn is_of_pair(self) -> bool {
        matches!(self, Dimension::A | Dimension::B)
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
