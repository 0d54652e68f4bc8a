//! What the gateway counts.

use kaiku_metric::{Counter, Described, Gauge};

pub(crate) const REQUESTS: Counter<1> = Counter::new(
    "kaiku_gateway_requests_total",
    ["code"],
    "Requests that were answered, by the code of the answer.",
);

pub(crate) const CONNECTIONS: Gauge<0> = Gauge::new(
    "kaiku_gateway_connections",
    [],
    "Connections that are open.",
);

/// Every metric of this package.
pub const METRICS: &[Described] = &[REQUESTS.described(), CONNECTIONS.described()];
