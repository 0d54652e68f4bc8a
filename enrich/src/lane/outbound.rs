//! A lane's producer, which sends the records of some topics as they are: sealed bytes don't compress, and
//! trying costs more than sealing them.
//!
//! librdkafka takes a topic's own settings with the handle of a topic alone, of which rdkafka has no safe
//! form. This file is the only one of the stage with `unsafe`: five calls, on a client that lives in the
//! same structure and outlives the handles.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::CString;
use std::ptr::NonNull;

use rdkafka::bindings as librdkafka;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use rdkafka::types::{RDKafka, RDKafkaConfRes, RDKafkaTopic};

/// A producer, and the handles of topics that it sends to in a way of their own.
pub(super) struct Outbound<C: ProducerContext + 'static> {
    // Before the producer, so that it is dropped before it: a handle is part of its client.
    plain: RefCell<Vec<Handle>>,
    producer: BaseProducer<C>,
}

/// A topic, and what holds its settings; `None` where librdkafka would not give any.
struct Handle {
    topic: String,
    held: Option<NonNull<RDKafkaTopic>>,
}

// SAFETY: librdkafka's objects may be used and destroyed from any thread.
unsafe impl Send for Handle {}

impl<C: ProducerContext + 'static> Outbound<C> {
    pub(super) fn new(producer: BaseProducer<C>) -> Outbound<C> {
        Outbound {
            plain: RefCell::default(),
            producer,
        }
    }

    pub(super) fn producer(&self) -> &BaseProducer<C> {
        &self.producer
    }

    /// Has what is sent to a topic from now on go uncompressed. It must not have been sent to before. Where
    /// librdkafka does not take it, records are compressed as all others, which is as right.
    pub(super) fn send_plain(&self, topic: &str) {
        let mut plain = self.plain.borrow_mut();
        if plain.iter().any(|known| known.topic == topic) {
            return;
        }
        let held = hold(self.producer.client().native_ptr(), topic);
        if held.is_none() {
            tracing::warn!(topic, "state is compressed, which costs time alone");
        }
        let topic = topic.to_owned();
        plain.push(Handle { topic, held });
    }
}

/// Makes the handle of a topic without compression. A producer that is told the topic's name finds it.
fn hold(client: *mut RDKafka, topic: &str) -> Option<NonNull<RDKafkaTopic>> {
    let topic = CString::new(topic).ok()?;
    // SAFETY: the client is alive: its owner has it and calls this. The texts end with a zero and live
    // until the calls are over, and where there is no room for an error librdkafka writes none. The settings are
    // freed by making the topic, whatever comes of it, and else here.
    unsafe {
        let settings = librdkafka::rd_kafka_default_topic_conf_dup(client);
        let set = librdkafka::rd_kafka_topic_conf_set(
            settings,
            c"compression.codec".as_ptr(),
            c"none".as_ptr(),
            std::ptr::null_mut(),
            0,
        );
        match set {
            RDKafkaConfRes::RD_KAFKA_CONF_OK => {
                let made = librdkafka::rd_kafka_topic_new(client, topic.as_ptr(), settings);
                NonNull::new(made)
            }
            _ => {
                librdkafka::rd_kafka_topic_conf_destroy(settings);
                None
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(held) = self.held {
            // SAFETY: it was given by `hold` and is given back once; its client is dropped behind it.
            unsafe { librdkafka::rd_kafka_topic_destroy(held.as_ptr()) }
        }
    }
}
