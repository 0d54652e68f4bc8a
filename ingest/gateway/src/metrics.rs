//! What the gateway counts. No label names an app, a device or an address.

use kaiku_metric::{Counter, Described, Gauge};

pub(crate) const REQUESTS: Counter<2> = Counter::new(
    "kaiku_gateway_requests_total",
    ["code", "reason"],
    "Requests, by the code of the answer and its reason; none is the code where the client went away.",
);

pub(crate) const CONNECTIONS: Gauge<0> = Gauge::new(
    "kaiku_gateway_connections",
    [],
    "Connections that are open.",
);

pub(crate) const CONNECTIONS_ENDED: Counter<1> = Counter::new(
    "kaiku_gateway_connections_ended_total",
    ["reason"],
    "Connections that the gateway refused or ended, by the reason.",
);

pub(crate) const RECORDS: Counter<1> = Counter::new(
    "kaiku_gateway_records_total",
    ["outcome"],
    "Records that were handed to Kafka, whether or not their client waited for it.",
);

pub(crate) const LANES_AWAY: Gauge<0> = Gauge::new(
    "kaiku_gateway_partitions_away",
    [],
    "Partitions that did not confirm their last record.",
);

pub(crate) const KILLED: Counter<1> = Counter::new(
    "kaiku_killed_total",
    ["by"],
    "Events that were dropped by a switch of an app, a release or a feature.",
);

pub(crate) const TEST_UPLOADS: Counter<0> = Counter::new(
    "kaiku_gateway_test_uploads_total",
    [],
    "Uploads of the test environment: checked, answered and dropped.",
);

pub(crate) const RELOADS: Counter<2> = Counter::new(
    "kaiku_gateway_reloads_total",
    ["what", "outcome"],
    "Files that had changed and were read again, or refused.",
);

/// Every metric of this package.
pub const METRICS: &[Described] = &[
    REQUESTS.described(),
    CONNECTIONS.described(),
    CONNECTIONS_ENDED.described(),
    RECORDS.described(),
    LANES_AWAY.described(),
    KILLED.described(),
    TEST_UPLOADS.described(),
    RELOADS.described(),
];
