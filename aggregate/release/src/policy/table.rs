//! One table of a policy file: its dimensions and measures, and that they fit together.

use std::collections::BTreeSet;

use kaiku_wire::{BOUNDS, Mark};

use super::content::{Measure, Table};
use super::document::{At, Fields, Problems, read_name, read_rho};
use crate::containment::contains;
use crate::gaussian::{Sigma, Tails};
use crate::sensitivity::{Sensitivity, sensitivity};
use crate::{Dimension, Rho, Unit};

/// The entries of a table.
pub(super) const TABLE: [&str; 5] = ["name", "description", "period", "dimensions", "measure"];

/// The entries of a measure.
const MEASURE: [&str; 5] = ["name", "description", "mark", "rho", "rate_of"];

/// Columns that every table has beside its own.
const COLUMNS: [&str; 2] = ["day", "week"];

/// The columns of a measure, by what stands behind its name.
const ENDS: [&str; 4] = ["", "_lower", "_upper", "_estimate"];

/// The most that one measure may cost a device in one period.
const MOST_SHARE: Rho = Rho::from_millionths(1_000_000);

pub(super) fn read_table(fields: &Fields<'_>, k: u64, problems: &mut Problems<'_>) -> Table {
    let name = read_name(fields, problems);
    let description = fields.text("description", problems);
    let unit = read_unit(fields, problems);
    let dimensions = read_dimensions(fields, problems);
    let mut columns: BTreeSet<String> = COLUMNS.map(str::to_owned).into();
    columns.extend(dimensions.iter().map(|one| one.as_str().to_owned()));
    let mut table = Table {
        name,
        description: description.map_or(String::new(), |text| text.value),
        unit,
        k,
        dimensions,
        measures: Vec::new(),
        marks: Vec::new(),
    };
    let found = fields.tables("measure", &MEASURE, problems);
    if found.is_empty() {
        problems.add(fields.at, "a table has at least one measure");
    }
    for measure in &found {
        let read = read_measure(measure, &table, problems);
        for column in ENDS.map(|end| format!("{}{end}", read.name)) {
            if !columns.insert(column.clone()) {
                problems.add(
                    measure.at,
                    format!("there is a column `{column}` in this table already"),
                );
            }
        }
        if !table.marks.contains(&read.mark) {
            table.marks.push(read.mark);
        }
        table.measures.push(read);
    }
    table
}

fn read_unit(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Unit {
    let Some(period) = fields.text("period", problems) else {
        return Unit::Day;
    };
    let unit = Unit::ALL
        .into_iter()
        .find(|unit| unit.as_str() == period.value);
    unit.unwrap_or_else(|| {
        problems.add(period.at, "a period is a `day` or a `week`");
        Unit::Day
    })
}

fn read_dimensions(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Vec<Dimension> {
    let Some(words) = fields.texts("dimensions", problems) else {
        return Vec::new();
    };
    let mut dimensions = Vec::new();
    for At { value, at } in words {
        let named = Dimension::ALL
            .into_iter()
            .find(|dimension| dimension.as_str() == value);
        match named {
            Some(dimension) if dimensions.contains(&dimension) => {
                problems.add(at, "this dimension stands there twice");
            }
            Some(dimension) => dimensions.push(dimension),
            None => problems.add(at, format!("`{value}` is no dimension")),
        }
    }
    if dimensions.first() != Some(&Dimension::App) {
        problems.add(fields.at, "the first dimension is the app");
    }
    dimensions
}

fn read_measure(fields: &Fields<'_>, table: &Table, problems: &mut Problems<'_>) -> Measure {
    let name = read_name(fields, problems);
    let description = fields.text("description", problems);
    let rho = read_rho(fields, "rho", MOST_SHARE, problems).value;
    let mark = read_mark(fields, problems);
    let found = mark.as_ref().map(|mark| {
        sensitivity(mark.value, table.unit, &table.dimensions, &BOUNDS).unwrap_or_else(|reason| {
            problems.add(mark.at, reason);
            nothing()
        })
    });
    let found = found.unwrap_or_else(nothing);
    // What could not be read was said, and nothing is made of the rest.
    let mark = mark.map_or(Mark::FirstAppDay, |mark| mark.value);
    let rate_of = fields.optional_text("rate_of", problems);
    if let Some(rate_of) = &rate_of {
        check_rate(rate_of, mark, table, problems);
    }
    Measure {
        name,
        description: description.map_or(String::new(), |text| text.value),
        rate_of: rate_of.map(|text| text.value),
        mark,
        rho,
        tails: Tails::new(Sigma::new(found.period, rho)),
        sensitivity: found,
        tau: None,
    }
}

fn nothing() -> Sensitivity {
    Sensitivity {
        period: 1,
        week: 1,
        derivation: String::new(),
    }
}

fn read_mark(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<At<Mark>> {
    let word = fields.text("mark", problems)?;
    let mark = Mark::ALL
        .into_iter()
        .find(|mark| mark.as_str() == word.value);
    if mark.is_none() {
        problems.add(word.at, format!("`{}` is no mark", word.value));
    }
    mark.map(|value| At { value, at: word.at })
}

/// That a rate is of the measure that decides, and never over 1.
fn check_rate(rate_of: &At<String>, mark: Mark, table: &Table, problems: &mut Problems<'_>) {
    let Some(decides) = table
        .measures
        .first()
        .filter(|decides| decides.name == rate_of.value)
    else {
        problems.add(
            rate_of.at,
            "a rate is of the measure that decides, the table's first",
        );
        return;
    };
    if !contains(decides.mark, mark) {
        problems.add(
            rate_of.at,
            format!(
                "not every device with the mark {mark} has the mark {} in the same cell: it is no rate",
                decides.mark
            ),
        );
    }
}
