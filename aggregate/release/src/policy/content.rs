//! What a policy says: its tables, their measures and levels, and how one level folds into the next.

use std::fmt;

use kaiku_wire::Mark;

use crate::gaussian::Tails;
use crate::{Costs, Dimension, Rho, Unit};

/// All that stands in a policy file, with what was derived from it.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) name: String,
    pub(super) k: u64,
    pub(super) delta: f64,
    pub(super) cap: Rho,
    pub(super) z: f64,
    pub(super) touched: u64,
    pub(super) tables: Vec<Table>,
}

/// One published table.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) unit: Unit,
    pub(super) k: u64,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) folds: Vec<Fold>,
    pub(super) measures: Vec<Measure>,
    pub(super) marks: Vec<Mark>,
}

/// One measure of a table. The first of a table is its `devices`: it decides which cells appear.
#[derive(Clone, Debug)]
pub struct Measure {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) rate_of: Option<String>,
    pub(super) levels: Vec<Level>,
}

/// A measure at one level of its table.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) mark: Mark,
    pub(super) column: usize,
    pub(super) rho: Rho,
    pub(super) delta2: u32,
    pub(super) tails: Tails,
    pub(super) tau: Option<i64>,
}

/// The step from one level of a table to the next, coarser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fold {
    /// All releases of the app that did not appear become one.
    Release,
    /// All countries that did not appear become one.
    Country,
    /// All operators that did not appear become one.
    Operator,
    /// All models that did not appear become one.
    Model,
    /// All models of a brand that did not appear become one: what stands before the `/` stays.
    ModelToBrand,
}

/// What the gate derived for a measure at a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The mark that is summed at this level.
    pub mark: Mark,
    /// The share of the budget.
    pub rho: Rho,
    /// The squared L2 sensitivity to one unit of privacy.
    pub delta2: u32,
    /// The standard deviation of the noise.
    pub sigma: f64,
    /// The threshold of the noisy count: at the measure that decides, and there alone.
    pub tau: Option<i64>,
}

/// One thing that is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {text}")]
pub struct Problem {
    /// Where: a line and column, or a table and measure.
    pub place: String,
    /// What is wrong there.
    pub text: String,
}

impl Content {
    /// What one period costs a device in all tables of its unit.
    pub(super) fn share(&self, unit: Unit) -> Rho {
        self.tables
            .iter()
            .filter(|table| table.unit == unit)
            .map(Table::share)
            .sum()
    }

    /// What the policy costs a device that reports at its bounds.
    pub(super) fn costs(&self) -> Costs {
        Costs::new(self.share(Unit::Day), self.share(Unit::Week), self.delta)
    }
}

impl Table {
    /// The name of the table, which is its folder's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a row says, in a sentence.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The unit of privacy, and the length of a period.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The dimensions of its cells; the first is the app.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The published measures; the first decides which cells appear.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// What has to be summed for each cell, in the order of [`crate::Cell::counts`]. It begins
    /// with the marks of the measures at the finest level; marks that only a coarser level needs
    /// stand behind.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The steps from level to level; there is one level more than steps.
    pub fn folds(&self) -> &[Fold] {
        &self.folds
    }

    /// The least number of devices in a published cell.
    pub fn k(&self) -> u64 {
        self.k
    }

    /// What one period of this table costs a device.
    pub fn share(&self) -> Rho {
        self.measures.iter().map(Measure::share).sum()
    }

    /// The position of a dimension that folds at a step.
    fn position(&self, fold: Fold) -> Option<usize> {
        self.dimensions
            .iter()
            .position(|dimension| *dimension == fold.dimension())
    }

    /// The coarser cell that a cell folds into at a step, with `rest` for what is given up.
    pub(crate) fn coarser(&self, step: usize, cell: &[String], rest: &str) -> Vec<String> {
        let mut coarser = cell.to_vec();
        if let Some(fold) = self.folds.get(step)
            && let Some(value) = self
                .position(*fold)
                .and_then(|position| coarser.get_mut(position))
        {
            *value = match (fold, value.split_once('/')) {
                (Fold::ModelToBrand, Some((brand, _))) => format!("{brand}/{rest}"),
                // `unlisted` has no brand: it stays what it is.
                (Fold::ModelToBrand, None) => return coarser,
                _ => rest.to_owned(),
            };
        }
        coarser
    }
}

impl Measure {
    /// The name of the column.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it counts, in a sentence.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The measure of which this one is a part, to be read as a rate.
    pub fn rate_of(&self) -> Option<&str> {
        self.rate_of.as_deref()
    }

    /// What was derived for each level, from the finest.
    pub fn figures(&self) -> impl Iterator<Item = Figures> + '_ {
        self.levels.iter().map(|level| Figures {
            mark: level.mark,
            rho: level.rho,
            delta2: level.delta2,
            sigma: level.tails.sigma().value(),
            tau: level.tau,
        })
    }

    /// What one period of this measure costs a device: the shares of all its levels.
    pub fn share(&self) -> Rho {
        self.levels.iter().map(|level| level.rho).sum()
    }

    /// Where its count stands in a cell, and its noise, at a level.
    pub(crate) fn at(&self, level: usize) -> Option<(usize, &Tails, Option<i64>)> {
        self.levels
            .get(level)
            .map(|level| (level.column, &level.tails, level.tau))
    }
}

impl Fold {
    /// The dimension that becomes coarser.
    pub fn dimension(self) -> Dimension {
        match self {
            Fold::Release => Dimension::Release,
            Fold::Country => Dimension::Country,
            Fold::Operator => Dimension::Operator,
            Fold::Model | Fold::ModelToBrand => Dimension::Model,
        }
    }

    /// Whether the dimension is gone after the step, and no longer part of a cell.
    pub fn removes(self) -> bool {
        !matches!(self, Fold::ModelToBrand)
    }

    /// The word for it in a policy file.
    pub fn as_str(self) -> &'static str {
        match self {
            Fold::Release => "release",
            Fold::Country => "country",
            Fold::Operator => "operator",
            Fold::Model => "model",
            Fold::ModelToBrand => "model_to_brand",
        }
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
