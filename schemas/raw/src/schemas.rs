//! The schemas of the raw side, read from the files of the contract.

use std::sync::LazyLock;

use kaiku_wire::{Contract, Schema, contract};

/// The schema of [`crate::RawBatch`].
pub static RAW_BATCH: LazyLock<Schema> =
    LazyLock::new(|| Schema::compiled_in(&contract::RAW_BATCH));

/// The schema of [`crate::RawBatch`] as it was before sessions had `times` and `length` and a batch
/// had `losses`. Devices that were built with it send it for as long as they live.
pub static EARLIER_RAW_BATCH: LazyLock<Schema> = LazyLock::new(|| {
    Schema::compiled_in(&Contract {
        text: include_str!("../earlier/raw_batch.avsc"),
        ..contract::RAW_BATCH
    })
});

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
