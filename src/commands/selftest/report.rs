//! The checks of a self-test, as they come, and as a JUnit file.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::output::{self, Out};

/// What was checked so far.
pub(super) struct Report {
    started: Instant,
    checks: Vec<Check>,
}

struct Check {
    name: String,
    took: Duration,
    /// What was found, or why it does not hold.
    outcome: Result<String, String>,
}

impl Report {
    /// Nothing yet.
    pub(super) fn new() -> Report {
        Report {
            started: Instant::now(),
            checks: Vec::new(),
        }
    }

    /// Makes a check, and says how it went; what it found is shown beside its name. Whether it
    /// holds is given back.
    pub(super) fn check(&mut self, name: &str, check: impl FnOnce() -> Result<String>) -> bool {
        let started = Instant::now();
        let outcome = check().map_err(|error| format!("{error:#}"));
        self.push(name, started.elapsed(), outcome)
    }

    /// Makes a check without which there is no point in going on.
    ///
    /// # Errors
    /// Where it does not hold.
    pub(super) fn require<T: Found>(
        &mut self,
        name: &str,
        check: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let (outcome, result) = match check() {
            Ok(found) => (Ok(found.text()), Ok(found)),
            Err(error) => {
                let text = format!("{error:#}");
                (
                    Err(text),
                    Err(error.context(format!("`{name}` does not hold"))),
                )
            }
        };
        self.push(name, started.elapsed(), outcome);
        result
    }

    /// Notes that something failed outside of a check.
    pub(super) fn fail(&mut self, name: &str, error: &anyhow::Error) {
        self.push(name, Duration::ZERO, Err(format!("{error:#}")));
    }

    fn push(&mut self, name: &str, took: Duration, outcome: Result<String, String>) -> bool {
        let holds = outcome.is_ok();
        let seconds = took.as_secs_f64();
        match &outcome {
            Ok(found) => output::note(&format!("ok      {name}: {found} ({seconds:.1} s)")),
            Err(why) => output::note(&format!("FAILED  {name}: {why} ({seconds:.1} s)")),
        }
        self.checks.push(Check {
            name: name.to_owned(),
            took,
            outcome,
        });
        holds
    }

    /// Writes the checks as JUnit XML.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub(super) fn write_junit(&self, file: &Path) -> Result<()> {
        let mut suite = TestSuite::new("kaiku selftest");
        suite.set_time(self.started.elapsed());
        for check in &self.checks {
            let status = match &check.outcome {
                Ok(_) => TestCaseStatus::success(),
                Err(why) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(why.as_str());
                    status
                }
            };
            let mut case = TestCase::new(check.name.as_str(), status);
            case.set_classname("kaiku.selftest").set_time(check.took);
            if let Ok(found) = &check.outcome {
                case.set_system_out(found.as_str());
            }
            suite.add_test_case(case);
        }
        let mut junit = quick_junit::Report::new("kaiku");
        junit.set_time(self.started.elapsed()).add_test_suite(suite);
        let out = File::create(file).with_context(|| format!("writing {}", file.display()))?;
        junit
            .serialize(out)
            .with_context(|| format!("writing {}", file.display()))
    }

    /// Says how it went as a whole: success only where every check holds.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub(super) fn sum_up(&self) -> Result<ExitCode> {
        let failed = self
            .checks
            .iter()
            .filter(|check| check.outcome.is_err())
            .count();
        let all = self.checks.len();
        let seconds = self.started.elapsed().as_secs_f64();
        let mut out = Out::new();
        out.line(format!(
            "{} of {all} checks hold, {failed} fail, {seconds:.1} s",
            all - failed
        ))?;
        out.finish()?;
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// What a check gives back beside its outcome.
pub(super) trait Found {
    /// What to show beside its name.
    fn text(&self) -> String;
}

impl Found for String {
    fn text(&self) -> String {
        self.clone()
    }
}
