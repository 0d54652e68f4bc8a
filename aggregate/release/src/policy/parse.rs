//! From the text of a policy file to what it says, or to everything that is wrong with it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::content::{Content, Fold, Level, Measure, Problem, Table};
use crate::budget::{WINDOW_DAYS, WINDOW_WEEKS};
use crate::gaussian::{Sigma, Tails, z_of};
use crate::sensitivity::delta2;
use crate::{Dimension, Rho, Unit};
use kaiku_wire::{Mark, line_and_column};

/// The least k that a policy may name: under it a cell is no crowd.
const LEAST_K: u64 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    name: String,
    k: u64,
    delta: f64,
    cap_rho: f64,
    table: Vec<RawTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    name: String,
    description: String,
    period: Unit,
    dimensions: Vec<Dimension>,
    #[serde(default)]
    folds: Vec<String>,
    measure: Vec<RawMeasure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMeasure {
    name: String,
    description: String,
    marks: Vec<Mark>,
    rho: Vec<f64>,
    rate_of: Option<String>,
}

/// What was found wrong so far.
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, place: &str, text: impl Into<String>) {
        self.0.push(Problem {
            place: place.to_owned(),
            text: text.into(),
        });
    }
}

pub(super) fn content(text: &str) -> Result<Content, Vec<Problem>> {
    let raw: RawPolicy = toml::from_str(text).map_err(|error| {
        let place = error
            .span()
            .map_or("policy".to_owned(), |span| place_of(text, span.start));
        vec![Problem {
            place,
            text: error.message().to_owned(),
        }]
    })?;
    let mut problems = Problems(Vec::new());
    check_head(&raw, &mut problems);
    let cap = Rho::from_number(raw.cap_rho).unwrap_or_default();
    let mut tables = Vec::new();
    for table in raw.table {
        if tables.iter().any(|other: &Table| other.name == table.name) {
            problems.add(
                &format!("table {}", table.name),
                "there are two tables of this name",
            );
        }
        tables.push(read_table(table, raw.k, &mut problems));
    }
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let mut content = Content {
        name: raw.name,
        k: raw.k,
        delta: raw.delta,
        cap,
        z: 0.0,
        touched: 0,
        tables,
    };
    derive(&mut content);
    let needed = content.costs().days_28.rho;
    if needed > cap {
        problems.add(
            "cap_rho",
            format!("28 days of these tables cost a device ρ = {needed}, the cap is {cap}"),
        );
        return Err(problems.0);
    }
    Ok(content)
}

fn check_head(raw: &RawPolicy, problems: &mut Problems) {
    if !is_name(&raw.name) {
        problems.add("name", NAME);
    }
    if !(LEAST_K..=1_000_000).contains(&raw.k) {
        problems.add("k", format!("k is at least {LEAST_K} and at most 1000000"));
    }
    if !(1e-15..=1e-6).contains(&raw.delta) {
        problems.add("delta", "delta lies between 1e-15 and 1e-6");
    }
    if Rho::from_number(raw.cap_rho).is_none() {
        problems.add("cap_rho", SHARE);
    }
    if raw.table.is_empty() {
        problems.add("table", "a policy has at least one table");
    }
}

const NAME: &str = "a name has 1 to 40 small letters, digits and underscores, a letter first";
const SHARE: &str = "a share is a number above 0 and at most 100, with at most six decimals";

/// Columns that every table has beside its own.
const COLUMNS: [&str; 4] = ["app", "level", "day", "week"];

fn read_table(raw: RawTable, k: u64, problems: &mut Problems) -> Table {
    let place = format!("table {}", raw.name);
    if !is_name(&raw.name) {
        problems.add(&place, NAME);
    }
    if raw.dimensions.first() != Some(&Dimension::App) {
        problems.add(&place, "the first dimension is the app");
    }
    if raw.dimensions.iter().collect::<BTreeSet<_>>().len() != raw.dimensions.len() {
        problems.add(&place, "a dimension stands there twice");
    }
    if raw.measure.is_empty() {
        problems.add(&place, "a table has at least one measure");
    }
    let folds = read_folds(&raw.folds, &raw.dimensions, &place, problems);
    let mut columns: BTreeSet<String> = COLUMNS.map(str::to_owned).into();
    columns.extend(
        raw.dimensions
            .iter()
            .map(|dimension| dimension.as_str().to_owned()),
    );
    let first = raw
        .measure
        .first()
        .map(|measure| measure.name.clone())
        .unwrap_or_default();
    let mut table = Table {
        name: raw.name,
        description: raw.description,
        unit: raw.period,
        k,
        dimensions: raw.dimensions,
        folds,
        measures: Vec::new(),
        marks: Vec::new(),
    };
    let finest = raw
        .measure
        .iter()
        .filter_map(|measure| measure.marks.first());
    let coarser = raw
        .measure
        .iter()
        .flat_map(|measure| measure.marks.iter().skip(1));
    for mark in finest.chain(coarser) {
        if !table.marks.contains(mark) {
            table.marks.push(*mark);
        }
    }
    for (index, measure) in raw.measure.into_iter().enumerate() {
        let place = format!("{place}, measure {}", measure.name);
        for column in ["", "_lower", "_upper"].map(|end| format!("{}{end}", measure.name)) {
            if !columns.insert(column) {
                problems.add(&place, "a column of this name is there already");
            }
        }
        if let Some(rate_of) = &measure.rate_of
            && (index == 0 || *rate_of != first)
        {
            problems.add(
                &place,
                format!("a rate is of the measure that decides, `{first}`"),
            );
        }
        let measure = read_measure(measure, &table, &place, problems);
        table.measures.push(measure);
    }
    table
}

fn read_folds(
    raw: &[String],
    dimensions: &[Dimension],
    place: &str,
    problems: &mut Problems,
) -> Vec<Fold> {
    let mut folds: Vec<Fold> = Vec::new();
    for word in raw {
        let fold = match word.as_str() {
            "release" => Fold::Release,
            "country" => Fold::Country,
            "operator" => Fold::Operator,
            "model" => Fold::Model,
            "model_to_brand" => Fold::ModelToBrand,
            "feature" | "cause" => {
                problems.add(
                    place,
                    format!("a {word} never folds: items are not put together"),
                );
                continue;
            }
            "app" => {
                problems.add(place, "an app never folds: each has its own files");
                continue;
            }
            _ => {
                problems.add(
                    place,
                    "a fold is one of release, country, operator, model, model_to_brand",
                );
                continue;
            }
        };
        if !dimensions.contains(&fold.dimension()) {
            problems.add(
                place,
                format!("{fold} folds, but the table has not this dimension"),
            );
        }
        let gone = folds
            .iter()
            .any(|other| other.removes() && other.dimension() == fold.dimension());
        if gone || folds.contains(&fold) {
            problems.add(place, format!("{fold} was folded before"));
        }
        folds.push(fold);
    }
    folds
}

fn read_measure(raw: RawMeasure, table: &Table, place: &str, problems: &mut Problems) -> Measure {
    if !is_name(&raw.name) {
        problems.add(place, NAME);
    }
    let levels = table.folds.len() + 1;
    if raw.marks.len() != levels || raw.rho.len() != levels {
        problems.add(
            place,
            format!("the table has {levels} levels: as many marks and shares are needed"),
        );
    }
    let mut read = Vec::new();
    for (level, (mark, share)) in raw.marks.iter().zip(&raw.rho).enumerate() {
        let rho = Rho::from_number(*share).unwrap_or_else(|| {
            problems.add(place, SHARE);
            Rho::from_millionths(1_000_000)
        });
        let delta2 = delta2(*mark, table.unit, &live(table, level)).unwrap_or_else(|reason| {
            problems.add(place, format!("at level {level}, {reason}"));
            1
        });
        let column = table
            .marks
            .iter()
            .position(|other| other == mark)
            .unwrap_or_default();
        read.push(Level {
            mark: *mark,
            column,
            rho,
            delta2,
            tails: Tails::new(Sigma::new(delta2, rho)),
            tau: None,
        });
    }
    Measure {
        name: raw.name,
        description: raw.description,
        rate_of: raw.rate_of,
        levels: read,
    }
}

/// The dimensions that still tell cells apart at a level.
fn live(table: &Table, level: usize) -> Vec<Dimension> {
    let gone: Vec<Dimension> = table
        .folds
        .iter()
        .take(level)
        .filter(|fold| fold.removes())
        .map(|fold| fold.dimension())
        .collect();
    table
        .dimensions
        .iter()
        .copied()
        .filter(|dimension| !gone.contains(dimension))
        .collect()
}

/// Derives z from δ and the cells that a device can touch in 28 days, and τ from z.
fn derive(content: &mut Content) {
    let mut touched = 0;
    for table in &content.tables {
        let periods = match table.unit {
            Unit::Day => WINDOW_DAYS,
            Unit::Week => WINDOW_WEEKS,
        };
        let cells: u32 = table
            .measures
            .first()
            .iter()
            .flat_map(|measure| &measure.levels)
            .map(|level| level.delta2)
            .sum();
        touched += u64::from(periods) * u64::from(cells);
    }
    // The other half of δ stands behind ε.
    let chance = content.delta / 2.0 / touched.max(1) as f64;
    content.touched = touched;
    content.z = z_of(chance);
    for table in &mut content.tables {
        for level in table
            .measures
            .first_mut()
            .into_iter()
            .flat_map(|measure| &mut measure.levels)
        {
            level.tau = Some(level.tails.threshold(content.k, content.z, chance));
        }
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn place_of(text: &str, offset: usize) -> String {
    let (line, column) = line_and_column(text, offset);
    format!("line {line}, column {column}")
}
