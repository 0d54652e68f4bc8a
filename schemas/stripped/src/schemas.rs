//! The schemas of the stripped side, read from the files of the contract.

use std::sync::LazyLock;

use kaiku_wire::{Contract, Schema, contract};

/// The schema of a batch of [`crate::StrippedEvent`].
pub static STRIPPED_BATCH: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::STRIPPED_BATCH));

/// The schema of a batch of [`crate::Pair`].
pub static PAIR_BATCH: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::PAIR_BATCH));

/// The schema of [`crate::DayClosed`].
pub static DAY_CLOSED: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::DAY_CLOSED));

/// The schemas of before, in which records may still stand on `events.stripped` after an upgrade:
/// without the version of the bounds, the later marks, and what happened on a day.
static EARLIER: LazyLock<[Schema; 3]> = LazyLock::new(|| {
    let earlier = |of: Contract, text| Schema::compiled_in(&Contract { text, ..of });
    [
        earlier(
            contract::STRIPPED_BATCH,
            include_str!("../earlier/stripped_batch.avsc"),
        ),
        earlier(
            contract::PAIR_BATCH,
            include_str!("../earlier/pair_batch.avsc"),
        ),
        earlier(
            contract::DAY_CLOSED,
            include_str!("../earlier/day_closed.avsc"),
        ),
    ]
});

/// Every schema that a record of an earlier version may have.
pub fn earlier() -> &'static [Schema; 3] {
    &EARLIER
}

/// Every schema of `events.stripped`.
pub fn stripped() -> [&'static Schema; 3] {
    [&STRIPPED_BATCH, &PAIR_BATCH, &DAY_CLOSED]
}
