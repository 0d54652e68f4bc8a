//! What is read: rows of two released tables, and what the catalogue says of features.

use std::collections::BTreeMap;

use kaiku_wire::{Day, Week};

/// A row of `feature_pairs_weekly` of one app. It does not matter which feature stands first.
#[derive(Clone, Debug, PartialEq)]
pub struct PairRow {
    /// The week.
    pub week: Week,
    /// A feature.
    pub a: String,
    /// Another.
    pub b: String,
    /// `devices_lower`: the lower end of the interval of the devices that used both.
    pub lower: f64,
    /// `devices_estimate`.
    pub estimate: f64,
}

/// A row of `features_weekly` of one app.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureRow {
    /// The week.
    pub week: Week,
    /// The feature.
    pub feature: String,
    /// `devices_lower`.
    pub lower: f64,
    /// `devices_estimate`.
    pub estimate: f64,
}

/// What the catalogue says of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Whether it may be recommended to those who do not use it.
    pub recommend: bool,
    /// The first day on which it counts as unlisted.
    pub expires: Day,
}

/// What the catalogue says of an app's features, by name. What does not stand here does not exist.
pub type Facts = BTreeMap<String, Fact>;
