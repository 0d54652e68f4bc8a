//! Which features of an app go together, from released rollups alone: what a device may suggest.
//!
//! Two features go together as far as their cosine says: the lower bound of the devices that used both, over the root of the
//! devices of each. `docs/recommendations.md` has what was measured, and why it is not the lift.
//!
//! Pure code over rows that were released. Whatever is made of them is as anonymous as they are.
//!
//! ```
//! use std::collections::BTreeMap;
//! use kaiku_recommend::{Fact, FeatureRow, PairRow, Settings, mine};
//! use kaiku_wire::Day;
//!
//! let week = Day::parse("2026-11-16").unwrap().week();
//! let pairs = [PairRow { week, a: "layer.traffic".into(), b: "route.car".into(), lower: 900.0, estimate: 930.0 }];
//! let features = [("route.car", 4_000.0), ("layer.traffic", 1_000.0)]
//!     .map(|(feature, estimate)| FeatureRow { week, feature: feature.into(), lower: estimate - 30.0, estimate });
//! let expires = Day::parse("2028-01-01").unwrap();
//! let facts = BTreeMap::from([
//!     ("route.car".to_owned(), Fact { recommend: false, expires }),
//!     ("layer.traffic".to_owned(), Fact { recommend: true, expires }),
//! ]);
//! let settings = Settings { day: Day::parse("2026-11-24").unwrap(), ..Settings::default() };
//!
//! let found = mine(&pairs, &features, &facts, &settings);
//! assert_eq!(found.len(), 1);
//! assert_eq!((&*found[0].feature, &*found[0].because), ("layer.traffic", "route.car"));
//! assert!((found[0].score - 0.45).abs() < 1e-9);
//! ```

mod file;
mod mine;
mod rows;

#[cfg(test)]
mod tests;

pub use file::file;
pub use mine::{Settings, Suggestion, mine};
pub use rows::{Fact, Facts, FeatureRow, PairRow};
