//! Whether Kafka answers: while it does not, only a few requests wait for it, and the others are
//! told at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Requests that try while Kafka is away.
const PROBES: usize = 4;

/// What the last deliveries said of Kafka.
#[derive(Default)]
pub(crate) struct Away {
    is_away: AtomicBool,
    trying: AtomicUsize,
}

/// A request that waits for Kafka.
pub(crate) struct Trying<'a>(&'a Away);

impl Away {
    /// `None` where Kafka is away and enough requests are trying already.
    pub(crate) fn try_it(&self) -> Option<Trying<'_>> {
        let before = self.trying.fetch_add(1, Ordering::AcqRel);
        let trying = Trying(self);
        (!self.is_away.load(Ordering::Acquire) || before < PROBES).then_some(trying)
    }
}

impl Trying<'_> {
    /// Takes note of what became of the record. A change is logged, once.
    pub(crate) fn ended(self, delivered: bool) {
        let was_away = self.0.is_away.swap(!delivered, Ordering::AcqRel);
        match (was_away, delivered) {
            (false, false) => tracing::warn!("kafka does not confirm records; answering 503"),
            (true, true) => tracing::info!("kafka confirms records again"),
            _ => {}
        }
    }
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        self.0.trying.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn while_kafka_is_away_only_a_few_requests_try_it() {
        let away = Away::default();
        let many: Vec<_> = (0..100).map(|_| away.try_it().unwrap()).collect();
        drop(many);
        away.try_it().unwrap().ended(false);
        let probes: Vec<_> = (0..PROBES).map(|_| away.try_it().unwrap()).collect();
        assert!(away.try_it().is_none());
        drop(probes);
        away.try_it().unwrap().ended(true);
        let many: Vec<_> = (0..100).map(|_| away.try_it().unwrap()).collect();
        assert_eq!(many.len(), 100);
    }
}
