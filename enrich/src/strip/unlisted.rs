//! How often something was named that no list has, by field: a misspelt name is seen there, and a
//! placeholder of a phone's system that stands where a network should.

use kaiku_catalogue::{Component, Country, Model, Operator};
use kaiku_stripped::Item;

use crate::state::Home;

/// What names something of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    App,
    Release,
    Feature,
    Cause,
    Component,
    Model,
    Operator,
    Country,
}

impl Field {
    /// Every field.
    pub(crate) const ALL: [Field; 8] = [
        Field::App,
        Field::Release,
        Field::Feature,
        Field::Cause,
        Field::Component,
        Field::Model,
        Field::Operator,
        Field::Country,
    ];

    /// The label of the metric.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Field::App => "app",
            Field::Release => "release",
            Field::Feature => "feature",
            Field::Cause => "cause",
            Field::Component => "component",
            Field::Model => "model",
            Field::Operator => "operator",
            Field::Country => "country",
        }
    }
}

/// A count for each field: of events for features, causes and components, of uploads that brought
/// something new for apps and releases, of devices in a week for the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unlisted([u64; Field::ALL.len()]);

impl Unlisted {
    /// Counts a field where it names nothing of its list.
    pub(super) fn note(&mut self, field: Field, is_unlisted: bool) {
        self.0[field as usize] += u64::from(is_unlisted);
    }

    /// Counts what an event is about.
    pub(super) fn note_item(&mut self, item: Item) {
        match item {
            Item::Started | Item::Stopped(_) => {}
            Item::FeatureUsed(feature) => self.note(Field::Feature, feature.is_unlisted()),
            Item::Failed(cause, component) => {
                self.note(Field::Cause, cause.is_unlisted());
                let is_unlisted = component.is_some_and(Component::is_unlisted);
                self.note(Field::Component, is_unlisted);
            }
        }
    }

    /// Counts where a device is at home, by whether it has named a network, and a country. What it leaves
    /// out is no mistake.
    pub(super) fn note_home(&mut self, (has_network, has_country): (bool, bool), home: &Home) {
        let has_place = has_network || has_country;
        self.note(Field::Model, home.model == Model::UNLISTED);
        let is_unlisted = home.operator == Operator::UNLISTED;
        self.note(Field::Operator, has_network && is_unlisted);
        self.note(
            Field::Country,
            has_place && home.country == Country::UNKNOWN,
        );
    }

    /// Adds other counts.
    pub(super) fn add(&mut self, other: &Unlisted) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }

    /// Each field with its count.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Field, u64)> {
        Field::ALL.into_iter().zip(self.0)
    }
}
