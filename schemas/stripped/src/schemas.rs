//! The schemas of the stripped side, compiled in from `schemas/avro`.

use std::sync::LazyLock;

use kaiku_wire::Schema;

/// The schema of a batch of [`crate::StrippedEvent`].
pub static STRIPPED_BATCH: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in(
        "kaiku.stripped.StrippedBatch",
        include_str!("../../avro/stripped_batch.avsc"),
    )
});

/// The schema of a batch of [`crate::Pair`].
pub static PAIR_BATCH: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in(
        "kaiku.stripped.PairBatch",
        include_str!("../../avro/pair_batch.avsc"),
    )
});

/// The schema of [`crate::DayClosed`].
pub static DAY_CLOSED: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in(
        "kaiku.stripped.DayClosed",
        include_str!("../../avro/day_closed.avsc"),
    )
});

/// Every schema of `events.stripped`.
pub fn stripped() -> [&'static Schema; 3] {
    [&STRIPPED_BATCH, &PAIR_BATCH, &DAY_CLOSED]
}
