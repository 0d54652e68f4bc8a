//! What enrich counts. Numbers of events and records are of committed transactions only.

use kaiku_metric::{Counter, Described, Gauge, Histogram};

pub(crate) const EVENTS: Counter<1> = Counter::new(
    "kaiku_enrich_events_total",
    ["outcome"],
    "Events by what became of them: counted, duplicate, bounded, over_quota (of a new identifier beyond new_devices_per_hour), or state_lost (on a day on which the state was lost). Beside these: unsequenced (no number, so that a repetition could not be told), late (counted behind later ones of their stream), evicting (of uploads for which another stream of the device was forgotten).",
);

pub(crate) const REJECTED: Counter<1> = Counter::new(
    "kaiku_rejected_total",
    ["reason"],
    "Raw records that were rejected, by reason.",
);

pub(crate) const DEVICE_LOSSES: Counter<1> = Counter::new(
    "kaiku_device_losses_total",
    ["reason"],
    "Events that devices say they left out before they uploaded: bounded (over the device's own bounds), too_old, spool_full, key_gone, no_key, refused (by a server), or unreadable.",
);

pub(crate) const UNLISTED: Counter<1> = Counter::new(
    "kaiku_enrich_unlisted_total",
    ["field"],
    "Names that no list has and that count as unlisted, by field: app and release of uploads, feature, cause and component of events, model, operator and country once a device and week.",
);

pub(crate) const LAG: Gauge<1> = Gauge::new(
    "kaiku_enrich_lag_records",
    ["partition"],
    "Raw records of a partition that are not committed yet.",
);

pub(crate) const QUIET: Gauge<1> = Gauge::new(
    "kaiku_enrich_last_commit_seconds",
    ["partition"],
    "Time since a partition last committed, or since its lane began here; with lag it stands still.",
);

pub(crate) const HIDDEN: Gauge<1> = Gauge::new(
    "kaiku_enrich_hidden_seconds",
    ["partition"],
    "For how long one open transaction of a producer has hidden what stands behind it on events.raw.",
);

pub(crate) const HEADROOM: Gauge<1> = Gauge::new(
    "kaiku_enrich_retention_headroom_seconds",
    ["partition"],
    "Time until the retention of events.raw deletes the first record of a partition that is not committed; without one, all of the retention.",
);

pub(crate) const OVERDUE: Gauge<1> = Gauge::new(
    "kaiku_enrich_overdue",
    ["what"],
    "What is left of months that are over and should be gone: each state_topic, key_record (a sealed key on enrich.keys) and key_file (of this host).",
);

pub(crate) const STATE_DEVICES: Gauge<0> = Gauge::new(
    "kaiku_state_devices",
    [],
    "Devices in the state of this process's partitions, as they were when each one's day began or its lane did, rounded down to two digits; 0 under 100.",
);

pub(crate) const TRANSACTION_SECONDS: Histogram<1> = Histogram::new(
    "kaiku_transaction_seconds",
    ["result"],
    "How long transactions took, by their result: committed or failed.",
);

pub(crate) const RESTORE_SECONDS: Histogram<0> = Histogram::new(
    "kaiku_restore_seconds",
    [],
    "How long it took to bring back the state of a partition.",
);

pub(crate) const RESTORES: Counter<1> = Counter::new(
    "kaiku_lane_restores_total",
    ["kind"],
    "Lanes that began: warm with what this process had kept, cold rebuilt from the state topics.",
);

pub(crate) const LANES_LOST: Counter<0> = Counter::new(
    "kaiku_lanes_lost_total",
    [],
    "Lanes that were fenced: their partition went to another process.",
);

pub(crate) const RECOVERED: Counter<0> = Counter::new(
    "kaiku_transactions_recovered_total",
    [],
    "Transactions whose outcome had to be asked for.",
);

/// Every metric of this package.
pub const METRICS: &[Described] = &[
    EVENTS.described(),
    REJECTED.described(),
    DEVICE_LOSSES.described(),
    UNLISTED.described(),
    LAG.described(),
    QUIET.described(),
    HIDDEN.described(),
    HEADROOM.described(),
    OVERDUE.described(),
    STATE_DEVICES.described(),
    TRANSACTION_SECONDS.described(),
    RESTORE_SECONDS.described(),
    RESTORES.described(),
    LANES_LOST.described(),
    RECOVERED.described(),
];
