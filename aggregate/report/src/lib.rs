//! The page that one opens on Monday: a report of released rollups, and of nothing else.
//!
//! [`make`] reads a folder of rollups and gives a [`Report`]: sections, each one query with its
//! numbers, its charts and the sentence that says what it shows. The page, JSON and CSV are three
//! forms of it.

mod changes;
mod context;
mod csv;
mod draft;
mod error;
mod html;
mod model;
mod numbers;
mod report;
mod rollups;
mod sections;
mod settings;
mod words;

pub use changes::{Compared, Flagged, Worse};
pub use csv::csv;
pub use error::Error;
pub use html::html;
pub use model::{
    App, Cell, Change, Chart, Column, Direction, FORMAT, Group, Kind, LastManifest, Line,
    NotPublished, PolicyInForce, Program, Release, Report, Section, Span, SpentSoFar, Tile,
};
pub use report::{Made, make};
pub use settings::{BAD_CRASH_RATE, BAD_MODEL_CRASH_RATE, Settings};
