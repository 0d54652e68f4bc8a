//! What a Kafka client reports on the side, said once and not ten times a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

/// How long the same trouble of the same client is not repeated.
const AGAIN: Duration = Duration::from_secs(60);

/// Who reported what, and when it was logged last.
type Said = HashMap<(&'static str, i32), Instant>;

static SAID: Mutex<Option<Said>> = Mutex::new(None);

/// Logs an error that a client reports by itself, such as a connection that failed: the same kind of
/// error of the same role at most once a minute, for librdkafka repeats "all brokers are down" as
/// often as it tries to connect.
pub fn note(role: &'static str, error: &KafkaError, reason: &str) {
    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
    // An end of a partition is no trouble; whoever asked for it gets it as an event too.
    if code == RDKafkaErrorCode::PartitionEOF {
        return;
    }
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if is_due(said.get_or_insert_default(), role, code, Instant::now()) {
        tracing::warn!(role, %error, reason, "a client of Kafka reports");
    }
}

/// The context of a client that needs nothing but [`note`], under this role.
#[derive(Clone, Copy, Debug)]
pub struct Noting(pub &'static str);

impl ClientContext for Noting {
    fn error(&self, error: KafkaError, reason: &str) {
        note(self.0, &error, reason);
    }
}

impl ConsumerContext for Noting {}

impl ProducerContext for Noting {
    type DeliveryOpaque = ();
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

fn is_due(said: &mut Said, role: &'static str, code: RDKafkaErrorCode, now: Instant) -> bool {
    let before = said.get(&(role, code as i32));
    let due = before.is_none_or(|before| now.duration_since(*before) >= AGAIN);
    if due {
        said.insert((role, code as i32), now);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_said_once_a_minute() {
        let (mut said, start) = (Said::new(), Instant::now());
        let mut due = |role, code, seconds| {
            is_due(&mut said, role, code, start + Duration::from_secs(seconds))
        };
        assert!(due("enrich", RDKafkaErrorCode::AllBrokersDown, 0));
        assert!(!due("enrich", RDKafkaErrorCode::AllBrokersDown, 59));
        assert!(due("enrich", RDKafkaErrorCode::Authentication, 59));
        assert!(due("ingest", RDKafkaErrorCode::AllBrokersDown, 59));
        assert!(due("enrich", RDKafkaErrorCode::AllBrokersDown, 60));
    }
}
