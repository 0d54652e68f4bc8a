//! Log lines that a stranger's requests can cause: at most one a minute of each kind.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long the same kind stays unsaid once it was said.
const AGAIN: Duration = Duration::from_secs(60);

/// Says whether it is time for a line of its kind again.
#[derive(Default)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// True at most once a minute.
    pub(crate) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= AGAIN);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

/// The causes of an error, for a log line: errors say only what they were doing.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += ": ";
        text += &cause.to_string();
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_said_once_a_minute() {
        let seldom = Seldom::default();
        let said = (0..1_000).filter(|_| seldom.is_due()).count();
        assert_eq!(said, 1);
    }
}
