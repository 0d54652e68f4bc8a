//! The report as data: what `--format json` prints, and what the page carries and shows.
//!
//! A section is one query. Its tile, its charts, its table and its CSV all take their numbers from
//! its columns and from nowhere else.

mod chart;

use std::collections::BTreeMap;
use std::sync::Arc;

use kaiku_wire::Day;
use serde::Serialize;

pub use chart::{Chart, Line};

/// The format of this document; counted up where a reader would have to know of the change.
pub const FORMAT: u32 = 1;

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The format, 1.
    pub format: u32,
    /// Whether the devices are simulated.
    pub synthetic: bool,
    /// The program and its version.
    pub made_by: String,
    /// The days that it is about; none where no day is sealed.
    pub days: Option<Span>,
    /// The weeks that it is about, each by its Monday; none where no week is sealed.
    pub weeks: Option<Span>,
    /// The last manifest; none where nothing is sealed.
    pub manifest: Option<LastManifest>,
    /// The policies under which it was counted, in the order of time.
    pub policies: Vec<PolicyInForce>,
    /// Who answers for the program, where the rollups say it.
    pub program: Option<Program>,
    /// What is guaranteed, in plain sentences.
    pub guarantee: Vec<String>,
    /// The releases of each app, the oldest first.
    pub releases: BTreeMap<String, Vec<Release>>,
    /// The apps.
    pub apps: Vec<App>,
}

/// Periods of one length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    /// The first day of the first period.
    pub first: Day,
    /// The first day of the last period.
    pub last: Day,
    /// How many are sealed.
    pub sealed: usize,
    /// Periods between the first and the last that are not sealed.
    pub gaps: Vec<Day>,
}

/// What the last manifest says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastManifest {
    /// Its number in the chain.
    pub number: u64,
    /// SHA-256 of its bytes.
    pub hash: String,
    /// What was spent.
    pub spent: SpentSoFar,
}

/// The price of what is published.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpentSoFar {
    /// ρ that a device has paid at most in the 28 days up to the last sealed one.
    pub rho: f64,
    /// ρ that the policy lets a device pay in any 28 days.
    pub cap_rho: f64,
    /// ε of an ISO week.
    pub week_epsilon: f64,
    /// δ of `week_epsilon`.
    pub delta: f64,
}

/// A policy, and since when it was in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyInForce {
    /// Its name.
    pub name: String,
    /// BLAKE3 of its canonical text.
    pub hash: String,
    /// The first day that was sealed under it.
    pub from: Day,
    /// The least number of devices in a published row.
    pub k: u64,
}

/// The improvement program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Program {
    /// Who answers for it.
    pub controller: String,
    /// Where to reach them.
    pub contact: String,
    /// The newest text that participants agree to.
    #[serde(default)]
    pub consent: Option<String>,
}

/// A release of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Its name.
    pub release: String,
    /// Its day, where the catalogue has one.
    pub since: Option<Day>,
}

/// One app, by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct App {
    /// Its name.
    pub app: String,
    /// What it is called.
    pub title: String,
    /// Its sections, in the order of their groups.
    pub sections: Vec<Section>,
}

/// One query over one table, with everything that is said of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    /// Its name, which is the same in every report.
    pub id: &'static str,
    /// Under which heading it stands.
    pub group: Group,
    /// Its heading.
    pub title: String,
    /// What it shows, and what its numbers cover.
    pub sentence: String,
    /// The table that it is made of; none where it is about the report itself.
    pub table: Option<String>,
    /// Why there is nothing to show, where that is so.
    pub empty: Option<String>,
    /// Periods of its table that were not published, each with the reason.
    pub withheld: Vec<NotPublished>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// A list for each column. Null is what is not shown, and never stands for 0.
    pub data: Vec<Vec<Cell>>,
    /// Which columns are drawn, and how.
    pub charts: Vec<Chart>,
    /// Its one number at a glance.
    pub tile: Option<Tile>,
    /// A line that may be quoted elsewhere, and claims no more than it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
}

/// The groups of sections, in the order in which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The four numbers that one opens the page for.
    Glance,
    /// Features.
    Used,
    /// Failures.
    Breaks,
    /// Devices, and what they are.
    Who,
    /// Features that go together.
    Together,
    /// What is not shown, and why.
    Unseen,
}

/// A period of a table that was not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotPublished {
    /// The first day of the period.
    pub period: Day,
    /// Why, in a sentence.
    pub reason: String,
}

/// A column of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// What stands in it.
    pub kind: Kind,
    /// Whether it is left out of the page's table, which says the same in words; JSON and CSV have it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_aside: bool,
}

/// A column of the page's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShownColumn {
    /// Its place in the section.
    pub(crate) at: usize,
    /// The places of the lower and the upper end of its interval.
    pub(crate) ends: Option<(usize, usize)>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A name of a closed list. What it means stands in the column `…_title`, where it is known.
    Name,
    /// The first day of a period.
    Period,
    /// A number of devices.
    Count,
    /// A part of a whole, from 0 to 1.
    Rate,
    /// Whether it changed: `rising`, `falling`, `new`, `worse`, `better`, or nothing.
    Flag,
    /// Words.
    Text,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Not shown.
    None,
    /// A number of devices.
    Count(i64),
    /// A part of a whole.
    Rate(f64),
    /// A day.
    Day(Day),
    /// A name or words.
    Text(Arc<str>),
}

/// One number at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tile {
    /// The number, written out.
    pub value: String,
    /// What is counted.
    pub unit: String,
    /// Of when, and within which interval.
    pub detail: String,
    /// Whether it has changed.
    pub change: Change,
}

/// Whether a number has changed, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The direction.
    pub flag: Direction,
    /// A sentence, which also says how large a change could have been missed.
    pub sentence: String,
}

/// The direction of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// No reliable change.
    None,
    /// More.
    Up,
    /// Less.
    Down,
    /// Not shown before.
    New,
}

impl Group {
    /// All, in order.
    pub const ALL: [Group; 6] = [
        Group::Glance,
        Group::Used,
        Group::Breaks,
        Group::Who,
        Group::Together,
        Group::Unseen,
    ];

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::Glance => "glance",
            Group::Used => "used",
            Group::Breaks => "breaks",
            Group::Who => "who",
            Group::Together => "together",
            Group::Unseen => "unseen",
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Glance => "At a glance",
            Group::Used => "What is used",
            Group::Breaks => "What breaks",
            Group::Who => "Who uses it",
            Group::Together => "Used together",
            Group::Unseen => "What is not shown, and why",
        }
    }
}

impl Section {
    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.data.first().map_or(0, Vec::len)
    }

    /// The columns of the page's table, by their places: each with those of its interval where it has one, which stands in
    /// the same cell.
    pub(crate) fn shown_columns(&self) -> Vec<ShownColumn> {
        let place = |name: &str| self.columns.iter().position(|column| column.name == name);
        let mut shown: Vec<ShownColumn> = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let is_end = shown.iter().any(|one| {
                one.ends
                    .is_some_and(|(lower, upper)| at == lower || at == upper)
            });
            if column.is_aside || is_end {
                continue;
            }
            let base = column
                .name
                .strip_suffix("_estimate")
                .unwrap_or(&column.name);
            let ends = place(&format!("{base}_lower")).zip(place(&format!("{base}_upper")));
            shown.push(ShownColumn { at, ends });
        }
        shown
    }

    /// A column of its data, by name.
    pub fn column(&self, name: &str) -> Option<&[Cell]> {
        let position = self.columns.iter().position(|column| column.name == name)?;
        self.data.get(position).map(Vec::as_slice)
    }
}

impl Cell {
    /// A name or words.
    pub fn text(text: impl AsRef<str>) -> Cell {
        Cell::Text(Arc::from(text.as_ref()))
    }

    /// A part of a whole, to a millionth.
    pub fn rate(rate: f64) -> Cell {
        Cell::Rate((rate * 1e6).round() / 1e6)
    }
}
