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
//! let table = policy.table("activity_daily").unwrap();
//! let cells = vec![
//!     // `counts` stand in the order of `table.marks()`.
//!     Cell { dims: vec!["maps".into(), "FI".into()], counts: vec![4_200] },
//!     Cell { dims: vec!["maps".into(), "SE".into()], counts: vec![12] },
//! ];
//! let day = Day::parse("2026-11-24").unwrap();
//! let noise = SealNoise::new([7; 32], [9; 32]);
//! let released = release(table, Period::Day(day), cells, &noise).unwrap();
//! assert_eq!(released.rows()[0].dims(), ["maps", "FI"]);
//! ```
//!
//! # What is guaranteed, and what is not
//!
//! A rollup is differentially private for one reporting identifier at the stated ε; every
//! published cell that was selected holds at least k identifiers; crash counts inside it may be
//! smaller; several identifiers of one person, and faked identifiers, are not covered; nor are
//! those who may read raw, stripped, state or landing data.
//!
//! In full: the unit of privacy is one device-day in the daily tables and one device-week in the
//! weekly ones, within the contribution bounds of [`kaiku_wire::bounds`]. Adding or removing one
//! unit changes what is published by at most its zCDP share ρ, see [`Policy::costs`], which
//! states the same as (ε, δ) for a day, a week, 28 days and a year.
//!
//! # How a cell is decided
//!
//! A level has for each measure its own σ = √(Δ²/2ρ); its first measure, a number of distinct
//! devices, decides: a cell appears where this number with noise reaches τ ≥ k + zσ **and** is
//! in truth at least k. What does not appear is folded into its coarser cell and tried again
//! there. The second condition needs no noise of its own: z is so large that the truth of a
//! cell under k decides with a chance of at most δ/2, summed over every cell that a device can
//! touch in 28 days. The other half of δ stands behind ε.
//!
//! The type that carries what was released can't be made elsewhere:
//!
//! ```compile_fail
//! let forged = kaiku_release::Released { table: "activity_daily".into(), rows: vec![] };
//! ```
//!
//! ```compile_fail
//! let forged = kaiku_release::Row { dims: vec!["maps".into()], level: 0 };
//! ```
//!
//! ```compile_fail
//! fn read<T: serde::de::DeserializeOwned>() {}
//! read::<kaiku_release::Released>();
//! ```

mod budget;
mod error;
mod estimate;
mod gate;
mod gaussian;
mod ledger;
mod noise;
mod policy;
mod sensitivity;
mod vocabulary;

pub use budget::{Cost, Costs, Rho};
pub use error::Error;
pub use estimate::Estimate;
pub use gate::{Cell, Released, Row, release};
pub use ledger::{Spent, check_cap};
pub use noise::{Draw, NoiseSource, SealNoise};
pub use policy::{Figures, Fold, Measure, Policy, Problem, Table};
pub use vocabulary::{ALL, Dimension, FOLDED, Period, Unit};
