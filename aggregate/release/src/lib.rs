//! The release gate: from merged cells and a policy to what may be published.
//!
//! Pure code: no I/O and no clock, and the source of randomness is handed in. The way through is
//! [`Policy`] → [`release`] → [`Released`], and nothing else makes a [`Released`]:
//!
//! ```
//! use kaiku_release::{Cell, Period, Policy, SealNoise, release};
//! use kaiku_wire::Day;
//!
//! let policy = Policy::small();
//! let table = policy.table("countries_weekly").unwrap();
//! let cells = vec![
//!     // `counts` stand in the order of `table.marks()`: devices, and those of them that crashed.
//!     Cell { dims: vec!["maps".into(), "FI".into()], counts: vec![4_200, 31] },
//!     Cell { dims: vec!["maps".into(), "SE".into()], counts: vec![12, 0] },
//! ];
//! let week = Day::parse("2026-11-24").unwrap().week();
//! let noise = SealNoise::new([7; 32], [9; 32]);
//! let released = release(table, Period::Week(week), cells, &noise).unwrap();
//! assert_eq!(released.rows().len(), 1);
//! assert_eq!(released.rows()[0].dims(), ["maps", "FI"]);
//! ```
//!
//! # What is guaranteed, and what is not
//!
//! What is published is differentially private (computationally: the noise is a keyed function) for
//! one reporting identifier and ISO week at the stated ε: see [`Policy::costs`]. Every published cell
//! holds at least k identifiers; crash counts inside it may be smaller. Several identifiers of one
//! person, and faked identifiers, are not covered; nor are those who may read raw, stripped, state
//! or landing data, or the live metrics.
//!
//! The unit of privacy is a **device-week**: all that was counted for one identifier in one ISO
//! week, in the daily and the weekly tables together, within the books of bounds of
//! [`kaiku_wire::bounds`]. Adding or removing one changes what is published by at most its zCDP share
//! ρ. One of its days, four weeks and a year stand beside it. `docs/privacy.md` has the whole claim,
//! with its proof and what it is worth against somebody who tries.
//!
//! # How a cell is decided
//!
//! A table is one set of dimensions, and each of its cells is decided alone. A measure has its own
//! σ = √(Δ²/2ρ); the first, a number of distinct devices, decides: a cell appears where this number
//! with noise reaches τ ≥ k + zσ **and** is in truth at least k. The second condition needs no noise
//! of its own: z is so large that the truth of a cell under k decides with a chance of at most δ/2,
//! summed over every cell that a device-week can touch. The other half of δ stands behind ε.
//!
//! Each number has a 95 % interval that holds given that its row was released, and an estimate for
//! people, see [`Estimate`].
//!
//! # Where the shares come from
//!
//! [`tune`] shares out the price of a device-week among the measures for a stated fleet. The three
//! policies that are compiled in are what it finds.
//!
//! The type that carries what was released can't be made elsewhere:
//!
//! ```compile_fail
//! let forged = kaiku_release::Released { table: "activity_daily".into(), rows: vec![] };
//! ```
//!
//! ```compile_fail
//! let forged = kaiku_release::Row { dims: vec!["maps".into()], values: vec![] };
//! ```
//!
//! ```compile_fail
//! fn read<T: serde::de::DeserializeOwned>() {}
//! read::<kaiku_release::Released>();
//! ```

mod budget;
mod containment;
mod epsilon;
mod error;
mod estimate;
mod gate;
mod gaussian;
mod ledger;
mod noise;
mod policy;
mod sensitivity;
mod tune;
mod vocabulary;

pub use budget::{Cost, Costs, Rho};
pub use containment::contains;
pub use error::Error;
pub use estimate::Estimate;
pub use gate::{Cell, Released, Row, release};
pub use ledger::{Spent, WINDOW_DAYS, check_cap, spent_within};
pub use noise::{Draw, NoiseSource, SealNoise};
pub use policy::{Figures, Measure, Policy, Problem, Table};
pub use sensitivity::{Sensitivity, sensitivity};
pub use tune::{Aim, tune};
pub use vocabulary::{Dimension, Period, Unit};
