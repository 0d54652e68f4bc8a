//! The schemas of the raw side, read from the files of the contract.

use std::sync::LazyLock;

use kaiku_wire::{Schema, contract};

/// The schema of [`crate::RawBatch`].
pub static RAW_BATCH: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::RAW_BATCH));

/// The schema of [`crate::Forget`].
pub static FORGET: LazyLock<Schema> = LazyLock::new(|| Schema::compiled_in(&contract::FORGET));

/// The schema of [`crate::Tick`].
pub static TICK: LazyLock<Schema> = LazyLock::new(|| Schema::compiled_in(&contract::TICK));

/// The schema of [`crate::Rejected`].
pub static REJECTED: LazyLock<Schema> = LazyLock::new(|| Schema::compiled_in(&contract::REJECTED));

/// Every schema of `events.raw`.
pub fn raw() -> [&'static Schema; 3] {
    [&RAW_BATCH, &FORGET, &TICK]
}
