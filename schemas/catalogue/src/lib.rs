//! The closed vocabularies: apps, releases, features, causes and components from the catalogue of
//! their owners; models, operators and countries from published tables.
//!
//! A value of a vocabulary is made by a look-up and by nothing else: text can't become one.
//!
//! ```compile_fail
//! let app = kaiku_catalogue::App("maps");
//! ```
//!
//! ```compile_fail
//! let model: kaiku_catalogue::Model = "Nokia/TA-1053".into();
//! ```

mod app_file;
mod catalogue;
mod check;
mod program;
mod reference;
mod sample;
mod vocabulary;

pub use catalogue::{Catalogue, Listed};
pub use check::{Problem, check_against};
pub use program::{ConsentText, Controller, Program};
pub use reference::{ModelRow, OperatorRow, models, operators};
pub use vocabulary::{App, Cause, Component, Country, Feature, Model, Operator, Release};
