//! The stages of the pipeline, by name, and what each needs.

use clap::ValueEnum;
use kaiku_broker::Scope;

use crate::config::Part;

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// HTTPS to `events.raw`.
    Gateway,
    /// `events.raw` to `events.stripped`.
    Enrich,
    /// `events.stripped` to rollups.
    Aggregate,
}

impl Stage {
    /// Every stage, in the order in which data flows.
    pub(crate) const ALL: [Stage; 3] = [Stage::Gateway, Stage::Enrich, Stage::Aggregate];

    /// Those that were named; every stage where none was.
    pub(crate) fn or_all(named: &[Stage]) -> &[Stage] {
        match named {
            [] => &Stage::ALL,
            named => named,
        }
    }

    /// Its section of the settings.
    pub(crate) fn part(self) -> Part {
        match self {
            Stage::Gateway => Part::Gateway,
            Stage::Enrich => Part::Enrich,
            Stage::Aggregate => Part::Aggregate,
        }
    }

    /// The topics that it uses.
    pub(crate) fn scope(self) -> Scope {
        match self {
            Stage::Gateway => Scope::Ingest,
            Stage::Enrich => Scope::Enrich,
            Stage::Aggregate => Scope::Aggregate,
        }
    }
}
