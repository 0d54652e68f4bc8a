//! The closed vocabularies: apps, releases, features, causes and components, which the owners of
//! apps declare in a catalogue; models, operators and countries, which stand in published tables.
//!
//! A value of a vocabulary is made by a look-up and by nothing else. What is not listed, and what
//! has expired, becomes `unlisted` (a country: `ZZ`). Text can't become a value:
//!
//! ```
//! let catalogue = kaiku_catalogue::Catalogue::sample();
//! let model: kaiku_catalogue::Model = catalogue.model("Nokia", "TA-1053");
//! assert_eq!(model.as_str(), "Nokia/TA-1053");
//! ```
//!
//! ```compile_fail
//! let model = kaiku_catalogue::Model("Nokia/TA-1053");
//! ```
//!
//! ```compile_fail
//! let model: kaiku_catalogue::Model = "Nokia/TA-1053".into();
//! ```
//!
//! ```compile_fail
//! let app: kaiku_catalogue::App = "maps".parse().unwrap();
//! ```
//!
//! ```compile_fail
//! let feature = kaiku_catalogue::Feature::listed("maps", "share");
//! ```

mod against;
mod catalogue;
mod declared;
mod device;
mod document;
#[cfg(test)]
mod fuzz;
mod generate;
mod hash;
mod intern;
mod language;
mod listed;
mod load;
mod names;
mod paths;
mod problem;
mod program;
mod reference;
mod store;
mod values;

pub use against::check_against;
pub use catalogue::Catalogue;
pub use declared::Info;
pub use generate::{GenerateError, Language, generate};
pub use listed::Listed;
pub use names::{BUILT_IN_CAUSES, NAME_BYTES, RESERVED};
pub use problem::Problem;
pub use program::{ConsentRefused, ConsentText, Controller, Program};
pub use reference::{Country, Model, Operator, models_and_operators};
pub use store::{Store, store_text};
pub use values::{App, Cause, Component, Feature, Release};
