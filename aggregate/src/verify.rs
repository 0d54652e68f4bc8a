//! Checks what was published, as anybody can who has the rollups: the chain of manifests and their
//! signatures, the hash and the rows of every file, the noise and the budget, and that nothing
//! stands there that no manifest names. Everything that is wrong is told, not the first thing only.

mod budget;
mod chain;
mod files;
mod rows;

use std::fmt;

use kaiku_wire::Day;
use serde::Serialize;

use crate::error::Error;
use crate::rollups::Rollups;

/// What whoever verifies knows from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The hash of a manifest that was the last one when it was written down.
    pub head: Option<String>,
    /// The public key of the pipeline, Ed25519, in hexadecimal digits.
    pub key: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verified {
    /// Sealed periods.
    pub periods: u64,
    /// Published files that are as their manifest says.
    pub files: u64,
    /// Rows of these files.
    pub rows: u64,
    /// The hash of the last manifest: what to write down elsewhere.
    pub head: Option<String>,
    /// The key by which signatures were checked.
    pub key: Option<String>,
    /// The ISO week in which a device pays most.
    pub dearest_week: Option<Price>,
    /// The 28 days in which a device pays most.
    pub dearest_28_days: Option<Price>,
    /// What can't be known from the folder alone, a sentence each.
    pub unknown: Vec<String>,
    /// Everything that is not as it should be.
    pub problems: Vec<Problem>,
}

/// What a device that reports at its bounds pays over some days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Price {
    /// The first of the days.
    pub first_day: Day,
    /// ρ of zero-concentrated differential privacy.
    pub rho: f64,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The object that is wrong.
    pub path: String,
    /// The row of the file, from 1, where one is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What is wrong with it.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "{}, row {row}: {}", self.path, self.text),
            None => write!(f, "{}: {}", self.path, self.text),
        }
    }
}

impl Verified {
    fn problem(&mut self, path: impl fmt::Display, text: impl Into<String>) {
        self.problems.push(Problem {
            path: path.to_string(),
            row: None,
            text: text.into(),
        });
    }
}

/// Checks a folder or store of rollups.
///
/// # Errors
/// Where the store fails, or holds manifests of the first format. Whatever is wrong with what was
/// published is no error, but among [`Verified::problems`].
pub async fn verify(rollups: &Rollups, expected: &Expected) -> Result<Verified, Error> {
    let mut found = Verified::default();
    let manifests = chain::check(rollups, expected, &mut found).await?;
    budget::check(&manifests, &mut found);
    files::check(rollups, &manifests, &mut found).await?;
    Ok(found)
}

#[cfg(test)]
mod tests;
