//! Which rejected records the log names: one a minute of each reason, by its offset.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kaiku_raw::Reason;

const EVERY: Duration = Duration::from_secs(60);

/// When a reason was last said.
#[derive(Default)]
pub(super) struct Said(BTreeMap<Reason, Instant>);

impl Said {
    /// Whether it is to be said now; then it was.
    pub(super) fn is_due(&mut self, reason: Reason, now: Instant) -> bool {
        let last = self.0.get(&reason);
        let is_due = last.is_none_or(|last| now.duration_since(*last) >= EVERY);
        if is_due {
            self.0.insert(reason, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_said_once_a_minute() {
        let (mut said, begin) = (Said::default(), Instant::now());
        assert!(said.is_due(Reason::NotAvro, begin));
        assert!(said.is_due(Reason::KeyMismatch, begin));
        assert!(!said.is_due(Reason::NotAvro, begin + EVERY / 2));
        assert!(said.is_due(Reason::NotAvro, begin + EVERY));
        assert!(!said.is_due(Reason::NotAvro, begin + EVERY));
    }
}
