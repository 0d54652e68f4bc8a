//! The tables that a policy can have: what they say, what they count, and how that spreads.
//!
//! What a fleet counts is stated for each device that is heard from on a day, and the cells for a
//! program of eight apps. Both are round numbers of what fleets look like; only their order matters
//! to the shares.

use kaiku_wire::Mark;

use super::loss::Counts;
use crate::Dimension::{
    A, App, B, Brand, Cause, Component, Country, Feature, Length, Model, Operator, Release,
};
use crate::Unit::{Day, Week};
use crate::{Dimension, Unit};

/// The tables of one policy.
pub(super) struct Tables {
    sizes: &'static [Size],
}

/// How large a fleet must be for tables to be worth their price.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Default,
    Large,
}

/// A table as it stands in a policy file.
pub(super) struct Draft {
    size: Size,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) unit: Unit,
    pub(super) dimensions: &'static [Dimension],
    pub(super) measures: &'static [DraftMeasure],
}

/// A measure as it stands there; those behind the first are rates of it.
pub(super) struct DraftMeasure {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) mark: Mark,
    /// How much its loss matters.
    pub(super) weight: f64,
    /// What it counts in a period, for each device that is heard from on a day.
    a_device: f64,
    /// In how many cells.
    cells: f64,
}

impl DraftMeasure {
    /// How what is counted in a fleet of so many devices a day spreads over the cells.
    pub(super) fn counts(&self, devices: u64) -> Counts {
        Counts {
            all: self.a_device * devices as f64,
            cells: self.cells,
        }
    }
}

impl Tables {
    /// The tables that are worth their price in a fleet of so many devices a day.
    pub(super) fn of(devices: u64) -> Tables {
        let sizes: &[Size] = match devices {
            ..100_000 => &[Size::Small],
            100_000..1_000_000 => &[Size::Small, Size::Default],
            _ => &[Size::Small, Size::Default, Size::Large],
        };
        Tables { sizes }
    }

    /// The price of a device-week for such fleets: what many cells hide better costs a device less.
    pub(super) fn epsilon(&self) -> f64 {
        match self.sizes.len() {
            1 => 5.3,
            2 => 3.0,
            _ => 2.0,
        }
    }

    /// The fleets that they are for, in words.
    pub(super) fn fleets(&self) -> &'static str {
        match self.sizes.len() {
            1 => "5,000 to 100,000 devices a day",
            2 => "100,000 to 1,000,000 devices a day",
            _ => "1,000,000 devices a day and more",
        }
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &'static Draft> {
        DRAFTS
            .iter()
            .filter(|draft| self.sizes.contains(&draft.size))
    }

    pub(super) fn measures(&self) -> impl Iterator<Item = &'static DraftMeasure> {
        self.tables().flat_map(|draft| draft.measures)
    }
}

/// The measure that decides.
const fn devices(
    description: &'static str,
    mark: Mark,
    weight: f64,
    a_device: f64,
    cells: f64,
) -> DraftMeasure {
    part("devices", description, mark, weight, a_device, cells)
}

/// A measure that is a part of the first.
const fn part(
    name: &'static str,
    description: &'static str,
    mark: Mark,
    weight: f64,
    a_device: f64,
    cells: f64,
) -> DraftMeasure {
    DraftMeasure {
        name,
        description,
        mark,
        weight,
        a_device,
        cells,
    }
}

/// The devices of a weekly table by what they are, and those of them that crashed.
const fn by_device(weight: f64, cells: f64) -> [DraftMeasure; 2] {
    [
        devices("Distinct devices", Mark::FirstAppWeek, weight, 4.0, cells),
        part("crashed", CRASHED, Mark::FirstFatalWeek, 0.3, 0.2, cells),
    ]
}

const CRASHED: &str = "Those of them with a fatal failure";

/// Devices that used a feature in a week, by what they are.
const fn used(weight: f64, cells: f64) -> [DraftMeasure; 1] {
    [devices(
        "Distinct devices that used the feature",
        Mark::FirstItemWeek,
        weight,
        16.0,
        cells,
    )]
}

/// All tables, in the order of the policy files.
const DRAFTS: [Draft; 17] = [
    Draft {
        size: Size::Small,
        name: "activity_daily",
        description: "Devices heard from on the day, by app",
        unit: Day,
        dimensions: &[App],
        measures: &[
            devices("Distinct devices", Mark::FirstAppDay, 4.0, 1.6, 40.0),
            part("crashed", CRASHED, Mark::FirstFatalDay, 0.5, 0.03, 40.0),
            part(
                "bounded",
                "Those of them of which something was not counted, for they did more than one device can count for",
                Mark::FirstBoundedDay,
                0.2,
                0.03,
                40.0,
            ),
        ],
    },
    Draft {
        size: Size::Small,
        name: "releases_daily",
        description: "Devices and crashes on the day, by release of the app",
        unit: Day,
        dimensions: &[App, Release],
        measures: &[
            devices(
                "Distinct devices with an event of the release",
                Mark::FirstReleaseDay,
                1.0,
                1.6,
                240.0,
            ),
            part(
                "crashed",
                "Those of them with a fatal failure of the release",
                Mark::FirstFatalReleaseDay,
                0.5,
                0.03,
                240.0,
            ),
        ],
    },
    Draft {
        size: Size::Small,
        name: "features_daily",
        description: "Devices that used a feature on the day",
        unit: Day,
        dimensions: &[App, Feature],
        measures: &[
            devices(
                "Distinct devices that used the feature",
                Mark::FirstItemDay,
                1.5,
                6.0,
                1_000.0,
            ),
            part(
                "devices_2plus",
                "Those of them that used it at least twice",
                Mark::SecondUseDay,
                0.3,
                3.0,
                1_000.0,
            ),
            part(
                "devices_5plus",
                "Those of them that used it at least five times",
                Mark::FifthUseDay,
                0.3,
                1.0,
                1_000.0,
            ),
        ],
    },
    Draft {
        size: Size::Small,
        name: "sessions_daily",
        description: "Devices by the length of their first session on the day",
        unit: Day,
        dimensions: &[App, Length],
        measures: &[devices(
            "Distinct devices whose first session of the day was of this length",
            Mark::FirstSessionDay,
            0.5,
            1.5,
            240.0,
        )],
    },
    Draft {
        size: Size::Small,
        name: "activity_weekly",
        description: "Devices heard from in the week, by app",
        unit: Week,
        dimensions: &[App],
        measures: &by_device(3.0, 40.0),
    },
    Draft {
        size: Size::Small,
        name: "countries_weekly",
        description: "Devices and crashes in the week, by country",
        unit: Week,
        dimensions: &[App, Country],
        measures: &by_device(1.0, 1_200.0),
    },
    Draft {
        size: Size::Small,
        name: "brands_weekly",
        description: "Devices and crashes in the week, by brand",
        unit: Week,
        dimensions: &[App, Brand],
        measures: &by_device(0.7, 600.0),
    },
    Draft {
        size: Size::Small,
        name: "models_weekly",
        description: "Devices and crashes in the week, by model",
        unit: Week,
        dimensions: &[App, Brand, Model],
        measures: &by_device(1.0, 6_000.0),
    },
    Draft {
        size: Size::Small,
        name: "operators_weekly",
        description: "Devices and crashes in the week, by country and network operator",
        unit: Week,
        dimensions: &[App, Country, Operator],
        measures: &by_device(1.0, 3_600.0),
    },
    Draft {
        size: Size::Small,
        name: "features_weekly",
        description: "Devices that used a feature in the week",
        unit: Week,
        dimensions: &[App, Feature],
        measures: &used(1.0, 1_000.0),
    },
    Draft {
        size: Size::Small,
        name: "causes_weekly",
        description: "Devices on which something failed in the week, by cause",
        unit: Week,
        dimensions: &[App, Cause],
        measures: &[devices(
            "Distinct devices with a failure by this cause",
            Mark::FirstItemWeek,
            0.7,
            0.6,
            320.0,
        )],
    },
    Draft {
        size: Size::Small,
        name: "feature_pairs_weekly",
        description: "Devices that used both features in the week",
        unit: Week,
        dimensions: &[App, A, B],
        measures: &[devices(
            "Distinct devices that used both",
            Mark::FirstPairWeek,
            1.0,
            24.0,
            8_000.0,
        )],
    },
    Draft {
        size: Size::Default,
        name: "causes_daily",
        description: "Devices on which something failed on the day, by release and cause",
        unit: Day,
        dimensions: &[App, Release, Cause],
        measures: &[devices(
            "Distinct devices with a failure by this cause in the release",
            Mark::FirstCauseReleaseDay,
            0.7,
            0.1,
            1_920.0,
        )],
    },
    Draft {
        size: Size::Default,
        name: "components_weekly",
        description: "Devices on which something failed in the week, by component and cause",
        unit: Week,
        dimensions: &[App, Component, Cause],
        measures: &[devices(
            "Distinct devices with a failure by this cause in the component",
            Mark::FirstCauseComponentWeek,
            0.7,
            0.6,
            1_920.0,
        )],
    },
    Draft {
        size: Size::Default,
        name: "features_by_country_weekly",
        description: "Devices that used a feature in the week, by country",
        unit: Week,
        dimensions: &[App, Feature, Country],
        measures: &used(0.7, 30_000.0),
    },
    Draft {
        size: Size::Default,
        name: "features_by_brand_weekly",
        description: "Devices that used a feature in the week, by brand",
        unit: Week,
        dimensions: &[App, Feature, Brand],
        measures: &used(0.7, 15_000.0),
    },
    Draft {
        size: Size::Large,
        name: "features_by_model_weekly",
        description: "Devices that used a feature in the week, by model",
        unit: Week,
        dimensions: &[App, Feature, Brand, Model],
        measures: &used(0.7, 150_000.0),
    },
];
