//! The identifier of a topic: a topic that was deleted and made again under its name has another.
//!
//! librdkafka has the request, rdkafka does not wrap it yet.

use std::ffi::CString;
use std::ptr;
use std::time::{Duration, Instant};

use rdkafka::bindings::{
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new,
    rd_kafka_AdminOptions_set_request_timeout, rd_kafka_DescribeTopics,
    rd_kafka_DescribeTopics_result_topics, rd_kafka_TopicCollection_destroy,
    rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_error,
    rd_kafka_TopicDescription_topic_id, rd_kafka_Uuid_least_significant_bits,
    rd_kafka_Uuid_most_significant_bits, rd_kafka_admin_op_t, rd_kafka_error_code,
    rd_kafka_event_DescribeTopics_result, rd_kafka_event_destroy, rd_kafka_event_error,
    rd_kafka_event_t, rd_kafka_queue_destroy, rd_kafka_queue_new, rd_kafka_queue_poll,
};
use rdkafka::error::KafkaError;
use rdkafka::types::{RDKafka, RDKafkaErrorCode};

/// Asks the brokers for a topic's identifier, 32 hexadecimal digits; `None` where they tell none, as
/// brokers before Kafka 2.8 do.
///
/// # Errors
/// Where no answer came `within` this time, or none that can be used.
#[allow(unsafe_code)]
pub(crate) fn topic_id(
    client: *mut RDKafka,
    topic: &str,
    within: Duration,
) -> Result<Option<String>, KafkaError> {
    let failed = |code| KafkaError::AdminOp(code);
    let name = CString::new(topic).map_err(|_| failed(RDKafkaErrorCode::InvalidTopic))?;
    let mut names = [name.as_ptr()];
    let millis = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: `client` is alive for the whole call, as the caller borrows it. The names outlive the
    // collection, which librdkafka copies them into. Every object that is made here is destroyed
    // here, once: options and collection when the request was sent, which copies them; the event,
    // which owns the descriptions, after they were read; the queue at last.
    unsafe {
        let queue = rd_kafka_queue_new(client);
        let options = rd_kafka_AdminOptions_new(
            client,
            rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        rd_kafka_AdminOptions_set_request_timeout(options, millis, ptr::null_mut(), 0);
        let topics = rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        rd_kafka_DescribeTopics(client, topics, options, queue);
        rd_kafka_TopicCollection_destroy(topics);
        rd_kafka_AdminOptions_destroy(options);
        let deadline = Instant::now() + within + Duration::from_secs(1);
        let answer = loop {
            let event = rd_kafka_queue_poll(queue, 100);
            if !event.is_null() {
                let answer = read(event);
                rd_kafka_event_destroy(event);
                break answer;
            }
            if Instant::now() >= deadline {
                break Err(failed(RDKafkaErrorCode::OperationTimedOut));
            }
        };
        rd_kafka_queue_destroy(queue);
        answer
    }
}

/// The identifier of the one topic that an answer describes.
///
/// # Safety
/// The event must be alive, and the answer to a request that describes topics.
#[allow(unsafe_code)]
unsafe fn read(event: *mut rd_kafka_event_t) -> Result<Option<String>, KafkaError> {
    // SAFETY: by the caller, the event is alive; what is read of it lives as long as it does, and
    // each pointer is looked at before it is followed.
    unsafe {
        let code = RDKafkaErrorCode::from(rd_kafka_event_error(event));
        if code != RDKafkaErrorCode::NoError {
            return Err(KafkaError::AdminOp(code));
        }
        let unusable = || KafkaError::AdminOp(RDKafkaErrorCode::BadMessage);
        let result = rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(unusable());
        }
        let mut count = 0;
        let topics = rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count == 0 {
            return Err(unusable());
        }
        let error = rd_kafka_TopicDescription_error(*topics);
        let code = RDKafkaErrorCode::from(rd_kafka_error_code(error));
        if code != RDKafkaErrorCode::NoError {
            return Err(KafkaError::AdminOp(code));
        }
        let id = rd_kafka_TopicDescription_topic_id(*topics);
        if id.is_null() {
            return Ok(None);
        }
        let high = rd_kafka_Uuid_most_significant_bits(id).cast_unsigned();
        let low = rd_kafka_Uuid_least_significant_bits(id).cast_unsigned();
        Ok((high != 0 || low != 0).then(|| format!("{high:016x}{low:016x}")))
    }
}
