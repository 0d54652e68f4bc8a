//! A producer's queue: sending while it is full, and waiting for what is on the way before a flush
//! or a commit.

use std::time::{Duration, Instant};

use rdkafka::bindings::{rd_kafka_flush, rd_kafka_resp_err_t};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::ToBytes;
use rdkafka::producer::{BaseProducer, BaseRecord, Partitioner, Producer, ProducerContext};

/// How long a failed delivery may wait for being served: while librdkafka flushes, it serves none.
const STEP: Duration = Duration::from_millis(10);

/// Sends a record, and waits while librdkafka's queue is full, until `deadline` at most.
///
/// # Errors
/// librdkafka's own; that the queue is full only behind the deadline.
pub fn send_waiting<C, Part, K, V>(
    producer: &BaseProducer<C, Part>,
    record: BaseRecord<'_, K, V, C::DeliveryOpaque>,
    deadline: Instant,
) -> Result<(), KafkaError>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
    K: ToBytes + ?Sized,
    V: ToBytes + ?Sized,
{
    let mut record = record;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                if Instant::now() < deadline =>
            {
                record = back;
                producer.poll(Duration::ZERO);
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Sends what waits to be sent, without regard to `linger.ms`, and serves delivery reports until
/// nothing is on the way or `within` is over. True if nothing is left.
///
/// Call it before `flush`, `commit_transaction` and `abort_transaction`; it takes the place of none
/// of them. Messages have been seen to hang until their transaction timed out, hence the bound:
/// what is still on the way then is for the flush to wait for, or for the abort to throw away.
///
/// `Producer::flush` and `Producer::commit_transaction` can't do it: they ask librdkafka to flush
/// for no time at all, so that its threads never see that there is any hurry, wait in steps of
/// 100 ms, and a message leaves when its `linger.ms` is over. With a short `linger.ms` instead, an
/// idempotent producer spins: librdkafka (2.12.1, `rd_kafka_toppar_producer_serve`) sends one batch
/// of a partition at a time then, and looks without pause whether the next one may follow. So it does
/// in here, for the last round trip or two.
pub fn drain<C, Part>(producer: &BaseProducer<C, Part>, within: Duration) -> bool
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    let start = Instant::now();
    loop {
        let is_done = flush(producer, STEP.min(within));
        serve(producer);
        if is_done || start.elapsed() >= within {
            return is_done;
        }
    }
}

/// Serves every event that waits: a poll serves one.
fn serve<C, Part>(producer: &BaseProducer<C, Part>)
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    // What is on the way, and the events.
    let mut left = producer.in_flight_count();
    while left > 0 {
        producer.poll(Duration::ZERO);
        let now = producer.in_flight_count();
        if now >= left {
            return;
        }
        left = now;
    }
}

/// librdkafka's own flush: true once nothing is on the way.
#[allow(unsafe_code)]
fn flush<C, Part>(producer: &BaseProducer<C, Part>, within: Duration) -> bool
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    let within = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the pointer is that of a producer which is borrowed, and so alive, for the whole
    // call; librdkafka allows it from any thread and keeps nothing of it. rdkafka takes delivery
    // reports as events, so that the call only waits: it runs no callback.
    let result = unsafe { rd_kafka_flush(producer.client().native_ptr(), within) };
    result == rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}
