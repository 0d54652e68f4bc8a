//! What a producer counts.

use kaiku_metric::{Described, Gauge};

pub(crate) const QUEUE_BYTES: Gauge<0> = Gauge::new(
    "kaiku_producer_queue_bytes",
    [],
    "Bytes that wait in a producer for the broker.",
);

/// Every metric of this package.
pub const METRICS: &[Described] = &[QUEUE_BYTES.described()];
