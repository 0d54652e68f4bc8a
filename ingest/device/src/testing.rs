//! A program for the tests of an app: on, in memory, and it shows what was recorded.

use std::sync::Arc;

use crate::memory::Mode;
use crate::shared::Shared;
use crate::tally::What;
use crate::{
    DeviceCatalogue, DeviceFacts, Environment, KeyAnswer, KeySource, Level, Program, Settings,
    Variables,
};

/// One thing that was recorded, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What happened.
    pub happened: Happened,
    /// How often.
    pub times: u32,
}

/// What can be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A session began.
    Started,
    /// A session ended.
    Stopped,
    /// A feature was used.
    Used(String),
    /// Something failed.
    Failed {
        /// By which cause.
        cause: String,
        /// In which component.
        component: Option<String>,
        /// Whether the app ended by it.
        fatal: bool,
    },
}

/// There is no key, since nothing is ever written.
struct NoKey;

impl KeySource for NoKey {
    fn key(&mut self) -> KeyAnswer {
        KeyAnswer::NotYet
    }

    fn create(&mut self) -> KeyAnswer {
        KeyAnswer::NotYet
    }

    fn destroy(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Program {
    /// A program for the tests of an app: it is on, whatever the machine and the environment say,
    /// writes nothing, sends nothing, and [`Program::recorded`] shows what was recorded.
    pub fn for_tests(catalogue: DeviceCatalogue) -> Program {
        let facts = DeviceFacts::default();
        let mut settings = Settings::new("", catalogue, "test", facts, "");
        settings.environment = Environment::Test;
        settings.variables = Variables::default();
        settings.policy_files = Vec::new();
        settings.key = Box::new(NoKey);
        settings.failures = None;
        let shared = Arc::new_cyclic(|me| {
            let mut shared = Shared::new(settings, me.clone());
            shared.is_kept_in_memory = true;
            shared
        });
        shared.memory().mode = Mode::On(Level::Both);
        shared.memory().has_key = true;
        Program { shared }
    }
}

impl Shared {
    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        if !self.is_kept_in_memory {
            return Vec::new();
        }
        let recorded = self.memory().take();
        let named = recorded.named(&self.catalogue, &self.release).into_iter();
        let mut shown: Vec<(What, u32)> = named.map(|(_, _, what, times)| (what, times)).collect();
        shown.sort_by_cached_key(|(what, _)| what.place(&self.catalogue));
        let shown = shown.into_iter().map(|(what, times)| Recorded {
            happened: match what {
                What::Started => Happened::Started,
                What::Stopped(_) => Happened::Stopped,
                What::Used(feature) => Happened::Used(feature),
                What::Failed {
                    cause,
                    component,
                    fatal,
                } => Happened::Failed {
                    cause,
                    component,
                    fatal,
                },
            },
            times,
        });
        shown.collect()
    }
}
