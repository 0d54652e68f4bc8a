//! A policy: which tables are published, and what each may cost a device.

mod canonical;
mod content;
mod document;
mod parse;
mod table;

pub(crate) use content::Content;
pub use content::{Figures, Measure, Problem, Table};

use crate::ledger::dearest_window;
use crate::{Costs, Rho, Unit};

/// The policies that are compiled in.
const SMALL: &str = include_str!("../policies/small.toml");
const DEFAULT: &str = include_str!("../policies/default.toml");
const LARGE: &str = include_str!("../policies/large.toml");

/// What is published: these tables, and nothing else. Made by [`Policy::parse`] alone, so that
/// what holds a policy holds one whose marks, dimensions and budget fit together.
#[derive(Clone, Debug)]
pub struct Policy {
    content: Content,
    canonical: String,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with line and column, in the order of the text.
    pub fn parse(text: &str) -> Result<Policy, Vec<Problem>> {
        let content = parse::content(text)?;
        let canonical = canonical::text(&content);
        Ok(Policy { content, canonical })
    }

    /// The policy `small`: fleets of 5,000 to 100,000 devices a day.
    pub fn small() -> Policy {
        embedded(SMALL)
    }

    /// The policy `default`: fleets from 100,000 devices a day.
    pub fn default_policy() -> Policy {
        embedded(DEFAULT)
    }

    /// The policy `large`: fleets from 1,000,000 devices a day.
    pub fn large() -> Policy {
        embedded(LARGE)
    }

    /// The policy of this name among those that are compiled in: `small`, `default`, `large`.
    pub fn named(name: &str) -> Option<Policy> {
        match name {
            "small" => Some(Policy::small()),
            "default" => Some(Policy::default_policy()),
            "large" => Some(Policy::large()),
            _ => None,
        }
    }

    /// The name of the policy.
    pub fn name(&self) -> &str {
        &self.content.name
    }

    /// The least number of devices in a published cell.
    pub fn k(&self) -> u64 {
        self.content.k
    }

    /// δ of one device-week: the thresholds take one half, the other stands behind ε.
    pub fn delta(&self) -> f64 {
        self.content.delta
    }

    /// The most that a device may pay in any 28 consecutive days.
    pub fn cap(&self) -> Rho {
        self.content.cap
    }

    /// How many standard deviations a threshold lies above k, at least.
    pub fn z(&self) -> f64 {
        self.content.z
    }

    /// How many cells one device-week can touch, over all tables and their periods of the week.
    pub fn cells_touched(&self) -> u64 {
        let cells = Unit::ALL.map(|unit| self.content.week_cells(unit));
        cells.into_iter().sum()
    }

    /// The tables, in the order of the file.
    pub fn tables(&self) -> &[Table] {
        &self.content.tables
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables().iter().find(|table| table.name() == name)
    }

    /// What one period costs a device in all tables of its unit.
    pub fn share(&self, unit: Unit) -> Rho {
        self.content.share(unit)
    }

    /// What a device-week costs in all tables, daily and weekly: the headline.
    pub fn week_share(&self) -> Rho {
        self.costs().week.rho
    }

    /// What the periods of one ISO week can cost a device together in all tables of a unit.
    pub fn week_share_of(&self, unit: Unit) -> Rho {
        self.content.week_share(unit)
    }

    /// What the choice of cells takes of δ in one period, in all tables of a unit.
    pub fn selection(&self, unit: Unit) -> f64 {
        self.content.chance * self.content.cells(unit) as f64
    }

    /// What the choice of cells can take of δ in the periods of one ISO week together, in all
    /// tables of a unit.
    pub fn week_selection(&self, unit: Unit) -> f64 {
        self.content.chance * self.content.week_cells(unit) as f64
    }

    /// What the dearest 28 consecutive days cost a device where the policy is followed throughout.
    pub fn dearest_window(&self) -> Rho {
        dearest_window(&self.content)
    }

    /// What the policy costs a device that reports at its bounds.
    pub fn costs(&self) -> Costs {
        self.content.costs()
    }

    /// The policy as one text that does not depend on how its file was laid out, with what was
    /// derived from it: the bounds, σ and τ.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// BLAKE3 of the canonical text.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.canonical.as_bytes()).as_bytes()
    }
}

// Unwrap safety: the text is compiled in, and a test reads each of them.
fn embedded(text: &str) -> Policy {
    Policy::parse(text).expect("the embedded policy is valid")
}

#[cfg(test)]
impl Policy {
    /// This policy with another threshold everywhere, for what its own lets happen too rarely.
    pub(crate) fn with_thresholds(mut self, tau: i64) -> Policy {
        for table in &mut self.content.tables {
            if let Some(decides) = table.measures.first_mut() {
                decides.tau = Some(tau);
            }
        }
        self
    }
}
