//! The schemas of the raw side, compiled in from `schemas/avro`.

use std::sync::LazyLock;

use kaiku_wire::Schema;

/// The schema of [`crate::RawBatch`].
pub static RAW_BATCH: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in(
        "kaiku.raw.RawBatch",
        include_str!("../../avro/raw_batch.avsc"),
    )
});

/// The schema of [`crate::Forget`].
pub static FORGET: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in("kaiku.raw.Forget", include_str!("../../avro/forget.avsc"))
});

/// The schema of [`crate::Tick`].
pub static TICK: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in("kaiku.raw.Tick", include_str!("../../avro/tick.avsc")));

/// The schema of [`crate::Rejected`].
pub static REJECTED: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in(
        "kaiku.rejected.Rejected",
        include_str!("../../avro/rejected.avsc"),
    )
});

/// Every schema of `events.raw`.
pub fn raw() -> [&'static Schema; 3] {
    [&RAW_BATCH, &FORGET, &TICK]
}
