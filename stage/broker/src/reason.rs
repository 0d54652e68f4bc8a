//! Why no broker answers: what librdkafka says on the side while it tries to connect.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, ProducerContext};

use crate::admin::unreached;

/// The longest that a new connection gets to fail once more.
const WAIT: Duration = Duration::from_secs(3);

/// Keeps the most telling of what librdkafka reports.
#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<Option<(RDKafkaErrorCode, String)>>>,
}

impl ClientContext for Listener {
    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // "All brokers are down" comes after the reason and would hide it.
        if heard.is_none() || code != RDKafkaErrorCode::AllBrokersDown {
            *heard = Some((code, reason.to_owned()));
        }
    }
}

impl ProducerContext for Listener {
    type DeliveryOpaque = ();
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// Why no broker answered.
pub(crate) struct Reason {
    /// What librdkafka says, in one line; names the broker, never a secret.
    pub(crate) text: String,
    /// True where waiting can't help: a certificate or a password was refused.
    pub(crate) is_final: bool,
}

/// The address that a broker has told, and why it failed there, where librdkafka complains of such a one:
/// it names those by their number (`host:9092/1: why`), and those of the settings by `host:9092/bootstrap`.
fn learned(text: &str) -> Option<(&str, &str)> {
    let (broker, why) = text.split_once(": ")?;
    let (address, id) = broker.rsplit_once('/')?;
    id.parse::<u32>().ok()?;
    let address = address
        .split_once("://")
        .map_or(address, |(_, after)| after);
    Some((address, why))
}

/// Tries to connect once more, and returns the reason that librdkafka gives for its failure: a
/// refused connection, a certificate, a password. A timeout of the request itself says none of
/// that.
pub(crate) fn of_silence(config: &ClientConfig) -> Reason {
    let listener = Listener::default();
    let heard = Arc::clone(&listener.heard);
    let mut config = config.clone();
    // A producer has none, and would say so in the log each time.
    config.remove("isolation.level");
    let Ok(producer) = config.create_with_context::<_, BaseProducer<Listener>>(listener) else {
        return Reason {
            text: "no client can be made of these settings".into(),
            is_final: true,
        };
    };
    let begin = Instant::now();
    loop {
        producer.poll(Duration::from_millis(50));
        let last = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some((RDKafkaErrorCode::AllBrokersDown, _)) | None if begin.elapsed() < WAIT => {}
            Some((code, text)) => {
                let is_final = matches!(
                    code,
                    RDKafkaErrorCode::SSL | RDKafkaErrorCode::Authentication
                );
                let text = match learned(&text) {
                    Some((address, why)) => unreached(address, why),
                    None => text,
                };
                return Reason { text, is_final };
            }
            None => {
                return Reason {
                    text: "no answer, and no reason was given".into(),
                    is_final: false,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::learned;

    #[test]
    fn a_broker_is_one_that_was_learned_of_where_it_is_named_by_its_number() {
        let refused =
            "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)";
        for (named, address) in [
            ("127.0.0.1:1/1", "127.0.0.1:1"),
            ("ssl://kafka.example:9093/12", "kafka.example:9093"),
            ("sasl_ssl://[::1]:9093/0", "[::1]:9093"),
        ] {
            assert_eq!(
                learned(&format!("{named}: {refused}")),
                Some((address, refused))
            );
        }
        for told_by_nobody in [
            "127.0.0.1:1/bootstrap",
            "GroupCoordinator",
            "ssl://kafka.example:9093/bootstrap",
        ] {
            assert_eq!(learned(&format!("{told_by_nobody}: {refused}")), None);
        }
        assert_eq!(learned("2/2 brokers are down"), None);
    }
}
