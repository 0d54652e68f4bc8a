//! What aggregate counts.

use kaiku_metric::{Counter, Described, Gauge};

pub(crate) const LAG: Gauge<1> = Gauge::new(
    "kaiku_land_lag_records",
    ["partition"],
    "Stripped records of a partition that are not read yet.",
);

pub(crate) const HIDDEN: Gauge<1> = Gauge::new(
    "kaiku_land_hidden_seconds",
    ["partition"],
    "For how long one open transaction of enrich has hidden what stands behind it on events.stripped.",
);

pub(crate) const FENCED: Counter<0> = Counter::new(
    "kaiku_land_fenced_total",
    [],
    "Times a lander found that another had landed before it, and went on behind.",
);

pub(crate) const REJECTED: Counter<0> = Counter::new(
    "kaiku_land_rejected_total",
    [],
    "Stripped records that an operator had landing go on without.",
);

pub(crate) const UNSEALED_DATES: Gauge<0> = Gauge::new(
    "kaiku_unsealed_dates",
    [],
    "Days that are not sealed, today included.",
);

pub(crate) const SEAL_OVERDUE_SECONDS: Gauge<0> = Gauge::new(
    "kaiku_seal_overdue_seconds",
    [],
    "For how long the next day should have been sealed, by aggregate.seal_within.",
);

pub(crate) const BUDGET_SPENT_RATIO: Gauge<0> = Gauge::new(
    "kaiku_budget_spent_ratio",
    [],
    "The part of the policy's cap that the last 28 sealed days have cost a device; at 1 a seal is refused.",
);

/// Every metric of this package.
pub const METRICS: &[Described] = &[
    LAG.described(),
    HIDDEN.described(),
    FENCED.described(),
    REJECTED.described(),
    UNSEALED_DATES.described(),
    SEAL_OVERDUE_SECONDS.described(),
    BUDGET_SPENT_RATIO.described(),
];
