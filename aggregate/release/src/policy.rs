//! A policy: which tables are published, and what each may cost a device.

mod canonical;
mod content;
mod parse;

use content::Content;
pub use content::{Figures, Fold, Measure, Problem, Table};

use crate::{Costs, Rho, Unit};

/// The policy for small fleets, as it is compiled in.
const SMALL: &str = include_str!("../policies/small.toml");

/// What is published: these tables, and nothing else. Made by [`Policy::parse`] alone, so that
/// what holds a policy holds one whose marks, levels and budget fit together.
#[derive(Clone, Debug)]
pub struct Policy {
    content: Content,
    canonical: String,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// Everything that is wrong with it, once the text is TOML of the right shape.
    pub fn parse(text: &str) -> Result<Policy, Vec<Problem>> {
        let content = parse::content(text)?;
        let canonical = canonical::text(&content);
        Ok(Policy { content, canonical })
    }

    /// The policy `small`: fleets of 5,000 to 100,000 devices a day.
    // Unwrap safety: the text is compiled in, and a test reads it.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the text is compiled in, and a test reads it"
    )]
    pub fn small() -> Policy {
        Policy::parse(SMALL).expect("the embedded policy is valid")
    }

    /// The name of the policy.
    pub fn name(&self) -> &str {
        &self.content.name
    }

    /// The least number of devices in a published cell.
    pub fn k(&self) -> u64 {
        self.content.k
    }

    /// δ over 28 days: the thresholds take one half, the other stands behind ε.
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

    /// How many cells one device can touch in 28 days, over all tables and levels.
    pub fn cells_touched(&self) -> u64 {
        self.content.touched
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

#[cfg(test)]
impl Policy {
    /// This policy with another threshold everywhere, for what its own lets happen too rarely.
    pub(crate) fn with_thresholds(mut self, tau: i64) -> Policy {
        for table in &mut self.content.tables {
            for level in table
                .measures
                .first_mut()
                .into_iter()
                .flat_map(|measure| &mut measure.levels)
            {
                level.tau = Some(tau);
            }
        }
        self
    }
}
