//! The schemas of the stripped side, read from the files of the contract.

use std::sync::LazyLock;

use kaiku_wire::{Schema, contract};

/// The schema of a batch of [`crate::StrippedEvent`].
pub static STRIPPED_BATCH: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::STRIPPED_BATCH));

/// The schema of a batch of [`crate::Pair`].
pub static PAIR_BATCH: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::PAIR_BATCH));

/// The schema of [`crate::DayClosed`].
pub static DAY_CLOSED: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::DAY_CLOSED));

/// Every schema of `events.stripped`.
pub fn stripped() -> [&'static Schema; 3] {
    [&STRIPPED_BATCH, &PAIR_BATCH, &DAY_CLOSED]
}
