//! What a policy says: its tables and their measures, with what was derived for them.

use kaiku_wire::{BOUNDS, Mark};

use crate::containment::contains;
use crate::gaussian::{Sigma, Tails};
use crate::sensitivity::Sensitivity;
use crate::{Costs, Dimension, Estimate, Rho, Unit};

/// All that stands in a policy file, with what was derived from it.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(super) name: String,
    pub(super) k: u64,
    pub(super) delta: f64,
    pub(super) cap: Rho,
    pub(super) z: f64,
    pub(super) chance: f64,
    pub(super) tables: Vec<Table>,
}

/// One published table: one set of dimensions, and what is counted in its cells.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) unit: Unit,
    pub(super) k: u64,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) measures: Vec<Measure>,
    pub(super) marks: Vec<Mark>,
}

/// One measure of a table. The first of a table is its `devices`: it decides which cells appear.
#[derive(Clone, Debug)]
pub struct Measure {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) rate_of: Option<String>,
    pub(super) mark: Mark,
    pub(super) rho: Rho,
    pub(super) sensitivity: Sensitivity,
    pub(super) tails: Tails,
    pub(super) tau: Option<i64>,
}

/// What the gate derived for a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The mark that is summed.
    pub mark: Mark,
    /// The share of the budget: what one period costs a device.
    pub rho: Rho,
    /// The squared L2 sensitivity of one period of the table to one device-week's contribution in
    /// that period.
    pub delta2: u32,
    /// The same, summed over the table's periods of one ISO week. A device-week pays
    /// ρ · `delta2_week` / `delta2`.
    pub delta2_week: u32,
    /// The standard deviation of the noise.
    pub sigma: f64,
    /// The threshold of the noisy count: at the measure that decides, and there alone.
    pub tau: Option<i64>,
}

/// One thing that is wrong with a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {text}")]
pub struct Problem {
    /// Where: `line 3, column 5`.
    pub place: String,
    /// What is wrong there.
    pub text: String,
}

impl Content {
    /// What one period costs a device in all tables of its unit.
    pub(crate) fn share(&self, unit: Unit) -> Rho {
        self.of(unit).map(Table::share).sum()
    }

    /// What a device-week costs in all tables of a unit.
    pub(crate) fn week_share(&self, unit: Unit) -> Rho {
        self.of(unit).map(Table::week_share).sum()
    }

    /// How many cells a device can touch in one period, in all tables of a unit.
    pub(super) fn cells(&self, unit: Unit) -> u64 {
        self.deciding(unit)
            .map(|measure| u64::from(measure.sensitivity.period))
            .sum()
    }

    /// How many cells a device-week can touch in all tables of a unit.
    pub(super) fn week_cells(&self, unit: Unit) -> u64 {
        self.deciding(unit)
            .map(|measure| u64::from(measure.sensitivity.week))
            .sum()
    }

    /// What the policy costs a device that reports at its bounds.
    pub(super) fn costs(&self) -> Costs {
        let week = Unit::ALL.map(|unit| self.week_share(unit));
        Costs::new(self.share(Unit::Day), week.into_iter().sum(), self.delta)
    }

    fn of(&self, unit: Unit) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(move |table| table.unit == unit)
    }

    fn deciding(&self, unit: Unit) -> impl Iterator<Item = &Measure> {
        self.of(unit).filter_map(|table| table.measures.first())
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

    /// The length of a period.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The dimensions of its cells; the first is the app.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Whether its rows are about pairs of features, and not about events.
    pub fn is_of_pairs(&self) -> bool {
        self.dimensions
            .iter()
            .any(|dimension| dimension.is_of_pair())
    }

    /// The published measures; the first decides which cells appear.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// What has to be summed for each cell, in the order of [`crate::Cell::counts`]: the marks of
    /// the measures, each once.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The least number of devices in a published cell.
    pub fn k(&self) -> u64 {
        self.k
    }

    /// What one period of this table costs a device.
    pub fn share(&self) -> Rho {
        self.measures.iter().map(Measure::share).sum()
    }

    /// What the periods of one ISO week of this table cost a device together.
    pub fn week_share(&self) -> Rho {
        self.measures.iter().map(Measure::week_share).sum()
    }

    /// What shapes the counts of its cells, as a BLAKE3 hash in hex: unit, dimensions, marks in
    /// their order, and the version of the bounds under which events were counted. Counts that were
    /// summed under one definition can't be added to those of another. Shares, k and descriptions
    /// shape no count.
    pub fn definition(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut put = |word: &str| {
            hasher.update(word.as_bytes());
            hasher.update(b"\n");
        };
        put("kaiku table v1");
        put(self.unit.as_str());
        self.dimensions.iter().for_each(|one| put(one.as_str()));
        put("marks");
        self.marks.iter().for_each(|mark| put(mark.as_str()));
        put(&format!("bounds {}", BOUNDS.version));
        hasher.finalize().to_hex().to_string()
    }

    /// The count of a measure among the counts of a cell.
    pub(crate) fn count(&self, measure: &Measure, counts: &[u64]) -> u64 {
        let place = self.marks.iter().position(|mark| *mark == measure.mark);
        place
            .and_then(|place| counts.get(place))
            .copied()
            .unwrap_or_default()
    }

    /// The measures of which a measure is a part by its mark.
    pub(crate) fn wholes<'a>(&'a self, part: &'a Measure) -> impl Iterator<Item = &'a Measure> {
        self.measures
            .iter()
            .filter(|whole| contains(whole.mark, part.mark))
    }

    /// The numbers of a row, each estimate no higher than those of what it is a part of.
    pub(crate) fn nested(&self, mut values: Vec<Estimate>) -> Vec<Estimate> {
        // Wholes first, so that what a part is held against is settled.
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|place| {
            self.measures
                .get(*place)
                .map_or(0, |measure| self.wholes(measure).count())
        });
        for place in order {
            let Some(part) = self.measures.get(place) else {
                continue;
            };
            let wholes = self.measures.iter().zip(&values);
            let most = wholes
                .filter(|(whole, _)| contains(whole.mark, part.mark))
                .map(|(_, value)| value.estimate)
                .min();
            if let (Some(most), Some(value)) = (most, values.get_mut(place)) {
                *value = value.part_of(most);
            }
        }
        values
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

    /// What was derived for it.
    pub fn figures(&self) -> Figures {
        Figures {
            mark: self.mark,
            rho: self.rho,
            delta2: self.sensitivity.period,
            delta2_week: self.sensitivity.week,
            sigma: self.tails.sigma().value(),
            tau: self.tau,
        }
    }

    /// Where Δ² comes from, in words: `4 apps a day, 16 a week`.
    pub fn derivation(&self) -> &str {
        &self.sensitivity.derivation
    }

    /// Its figures in one line: Δ² and where it comes from, σ, τ where it decides, and the half-width
    /// of the 95 % interval.
    pub fn summary(&self) -> String {
        let figures = self.figures();
        let tau = figures.tau.map(|tau| format!(", τ {tau}"));
        format!(
            "Δ² {} ({}), σ {:.1}{}, ± {}",
            figures.delta2,
            self.derivation(),
            figures.sigma,
            tau.unwrap_or_default(),
            self.half_width()
        )
    }

    /// The half-width of the 95 % interval, in devices; at the measure that decides, of a cell far
    /// above the threshold.
    pub fn half_width(&self) -> i64 {
        self.tails.half_width()
    }

    /// What one period of this measure costs a device.
    pub fn share(&self) -> Rho {
        self.rho
    }

    /// What the periods of one ISO week cost a device together: ρ · Δ² of the week / Δ² of a
    /// period, rounded up.
    pub fn week_share(&self) -> Rho {
        self.rho
            .scaled(self.sensitivity.week, self.sensitivity.period)
    }

    /// What is published of a noisy count, by itself: nothing where this measure decides and the
    /// count is below its threshold. A row nests the estimates of its measures beside that.
    pub fn published(&self, value: i64, k: u64) -> Option<Estimate> {
        match self.tau {
            Some(tau) if value < tau => None,
            Some(tau) => Some(self.tails.selected(value, tau, k)),
            None => Some(self.tails.plain(value)),
        }
    }

    /// Whether it decides which cells appear.
    pub(crate) fn decides(&self) -> bool {
        self.tau.is_some()
    }

    /// The deviation of its noise.
    pub(crate) fn sigma(&self) -> Sigma {
        self.tails.sigma()
    }
}
