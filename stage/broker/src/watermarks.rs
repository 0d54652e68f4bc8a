//! The ends of a partition, asked for by a client that reads nothing else of its topic.

use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;

/// The first offset that a partition still has, and the one behind its last that the client may read.
///
/// Of a topic that it does not read librdkafka asks for the leaders once in a quarter of an hour, and says
/// meanwhile that a partition whose leader was away is none. So where there is no answer, the next question
/// begins with new leaders.
///
/// # Errors
/// Brokers that don't answer `within` this time, which may pass once more for the leaders.
pub fn watermarks<C: ClientContext + ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
    within: Duration,
) -> Result<(i64, i64), KafkaError> {
    let asked = client.fetch_watermarks(topic, partition, within);
    if asked.is_err() {
        // All topics: a question by name may make the topic.
        let _ = client.fetch_metadata(None, within);
    }
    asked
}
