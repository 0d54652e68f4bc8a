//! Where a device stands in one ISO week.

use kaiku_catalogue::{Country, Model, Operator};

/// Model, operator and country of everything that a device counts for in one ISO week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) model: Model,
    pub(crate) operator: Operator,
    pub(crate) country: Country,
}
