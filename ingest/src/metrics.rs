//! What a producer counts.

use kaiku_metric::{Counter, Described, Gauge};

pub(crate) const QUEUE_BYTES: Gauge<0> = Gauge::new(
    "kaiku_producer_queue_bytes",
    [],
    "Bytes that wait in a producer for the broker.",
);

pub(crate) const REPLACED: Counter<0> = Counter::new(
    "kaiku_producer_replaced_total",
    [],
    "Times that a producer had died and another was put in its place.",
);

/// Every metric of this package.
pub const METRICS: &[Described] = &[QUEUE_BYTES.described(), REPLACED.described()];
