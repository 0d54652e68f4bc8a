//! The schemas of the stripped side, read from the files of the contract.

use std::sync::LazyLock;

use kaiku_wire::{Contract, Schema, contract};

/// The schema of a batch of [`crate::StrippedEvent`].
pub static STRIPPED_EVENTS: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::STRIPPED_EVENTS));

/// The schema of a batch of [`crate::Pair`].
pub static STRIPPED_PAIRS: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::STRIPPED_PAIRS));

/// The schema of [`crate::DayClosed`].
pub static DAY_CLOSED: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::DAY_CLOSED));

/// The record of events of the versions before, whose every event has its texts; the last form of it.
pub static STRIPPED_BATCH: LazyLock<Schema> = LazyLock::new(|| {
    let text = include_str!("../earlier/stripped_batch_2.avsc");
    before("kaiku.stripped.StrippedBatch", text)
});

/// The record of pairs of the versions before, a row for each device; the last form of it.
pub static PAIR_BATCH: LazyLock<Schema> = LazyLock::new(|| {
    let text = include_str!("../earlier/pair_batch_2.avsc");
    before("kaiku.stripped.PairBatch", text)
});

/// The schemas of before, in which records may still stand on `events.stripped` after an upgrade:
/// without the version of the bounds, the later marks, and what happened on a day.
static EARLIER: LazyLock<[Schema; 3]> = LazyLock::new(|| {
    [
        before(
            STRIPPED_BATCH.name(),
            include_str!("../earlier/stripped_batch_1.avsc"),
        ),
        before(
            PAIR_BATCH.name(),
            include_str!("../earlier/pair_batch_1.avsc"),
        ),
        before(
            contract::DAY_CLOSED.name,
            include_str!("../earlier/day_closed.avsc"),
        ),
    ]
});

fn before(name: &'static str, text: &'static str) -> Schema {
    Schema::compiled_in(&Contract {
        name,
        text,
        ..contract::DAY_CLOSED
    })
}

/// Every schema that a record of an earlier version may have, beside [`STRIPPED_BATCH`] and [`PAIR_BATCH`].
pub fn earlier() -> &'static [Schema; 3] {
    &EARLIER
}

/// Every schema of `events.stripped`.
pub fn stripped() -> [&'static Schema; 3] {
    [&STRIPPED_EVENTS, &STRIPPED_PAIRS, &DAY_CLOSED]
}
