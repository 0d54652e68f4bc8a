//! Shapes that several sections have: dot plots, series over time, lists by what a device is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kaiku_wire::Day;

use super::glance::part;
use crate::context::{Context, Latest, find, measured};
use crate::draft::Draft;
use crate::model::{Cell, Chart, Kind, Section};
use crate::numbers::{Measured, counts};
use crate::rollups::Table;
use crate::words::{self, COVERS, MISSING};

/// A section that is a list by what a device is.
pub(super) struct List {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) table: &'static str,
    /// The dimensions, each with its heading.
    pub(super) dimensions: &'static [(&'static str, &'static str)],
    /// The column with the names of the dots.
    pub(super) names: &'static str,
}

/// A dot plot of a number of devices, sorted by its lower end.
pub(super) fn dots(names: &str, measure: &str) -> Chart {
    Chart::Dots {
        y: names.into(),
        x: format!("{measure}_estimate"),
        lower: format!("{measure}_lower"),
        upper: format!("{measure}_upper"),
        sort: format!("{measure}_lower"),
        caption: "The dot is the estimate, the line the 95 % interval".into(),
        lines: Vec::new(),
        flag: None,
        also: Vec::new(),
    }
}

/// A dot plot of a rate, sorted by its lower end.
pub(super) fn rate_dots(names: &str, rate: &str, caption: &str) -> Chart {
    Chart::Dots {
        y: names.into(),
        x: rate.into(),
        lower: format!("{rate}_lower"),
        upper: format!("{rate}_upper"),
        sort: format!("{rate}_lower"),
        caption: caption.into(),
        lines: Vec::new(),
        flag: None,
        also: Vec::new(),
    }
}

/// The rows that are shown on any of the seven days up to the last one, each with its days.
pub(super) fn shown_in_week(
    context: &Context<'_>,
    latest: &Latest<'_>,
) -> BTreeMap<Vec<Arc<str>>, BTreeSet<Day>> {
    let mut shown: BTreeMap<Vec<Arc<str>>, BTreeSet<Day>> = BTreeMap::new();
    for day in crate::context::week_up_to(latest.period) {
        for row in latest.table.rows(context.app, day).unwrap_or_default() {
            shown.entry(row.dims.clone()).or_default().insert(day);
        }
    }
    shown
}

/// One row for each period and name of a table; where a name is not shown in a period, its numbers
/// are missing.
pub(super) fn series(
    context: &Context<'_>,
    draft: Draft,
    table: &str,
    dimension: &str,
    top: Option<usize>,
    what: &str,
) -> Section {
    let latest = match context.latest(table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let unit = latest.table.unit;
    let (periods, names) = grid(context, latest.table);
    let Some(first) = periods.first() else {
        return draft.empty("Nothing is published of it yet.");
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, *first, Day::MAX))
        .sentence(format!(
            "{what}, by {}, from {} on. {COVERS} {MISSING}",
            unit.as_str(),
            words::date(*first)
        ))
        .chart(Chart::Trend {
            x: unit.as_str().into(),
            y: "devices_estimate".into(),
            lower: "devices_lower".into(),
            upper: "devices_upper".into(),
            series: Some(dimension.into()),
            top,
            caption: format!("{what}, with the 95 % interval as a band"),
            lines: Vec::new(),
        });
    for period in periods {
        let rows = latest.table.rows(context.app, period).unwrap_or_default();
        for dims in &names {
            let devices = find(rows, dims).and_then(|row| measured(latest.table, row, "devices"));
            let name = dims.first().map_or("", AsRef::as_ref);
            let cells = [
                Cell::Day(period),
                Cell::text(name),
                context.title(dimension, name),
            ];
            draft.row(cells.into_iter().chain(counts(devices)));
        }
    }
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

/// Every period from the first to the last, and every name that was ever shown.
pub(super) fn grid(context: &Context<'_>, table: &Table) -> (Vec<Day>, BTreeSet<Vec<Arc<str>>>) {
    let known = table.published.keys().chain(table.withheld.keys());
    let (Some(first), Some(last)) = (known.clone().min(), known.max()) else {
        return (Vec::new(), BTreeSet::new());
    };
    let mut periods = Vec::new();
    let mut period = *first;
    while period <= *last {
        periods.push(period);
        period = period.plus(table.unit.days());
    }
    let rows = table
        .rows
        .get(context.app)
        .into_iter()
        .flat_map(BTreeMap::values)
        .flatten();
    (periods, rows.map(|row| row.dims.clone()).collect())
}

/// When a change is flagged, in words.
pub(super) const CHANGED: &str = "A change is flagged where it is more than the noise and the coming and going of \
    people explain, over all comparisons of this page together: of pages on which nothing has changed, at most one \
    in twenty has a flag.";

/// The part of the app's devices in a period.
pub(super) fn of_week(
    context: &Context<'_>,
    devices: Option<Measured>,
    week: Day,
) -> Option<Measured> {
    part(devices, context.of_app("activity_weekly", "devices", week))
}

/// The columns of what a device is, and of a label where there are two of them.
pub(super) fn with_dimensions(mut draft: Draft, dimensions: &[(&str, &str)]) -> Draft {
    if let [_, (_, title)] = dimensions {
        draft = draft.column("label", &format!("{title}, in full"), Kind::Name);
    }
    for (name, title) in dimensions {
        draft = draft.column(name, title, Kind::Name);
    }
    draft
}

/// The cells of [`with_dimensions`].
pub(super) fn dimension_cells(dims: &[Arc<str>]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    if let [wide, narrow] = dims {
        cells.push(Cell::text(label(wide, narrow)));
    }
    cells.extend(dims.iter().map(Cell::text));
    cells
}

/// A model with its brand, or an operator with its country; names that have it in them already stay as they are.
fn label(wide: &str, narrow: &str) -> String {
    let has_it = narrow.contains(&format!("({wide})")) || narrow.starts_with(&format!("{wide}/"));
    // An international network has no country.
    let narrow = words::plain(narrow).replace("(ZZ)", "(no country)");
    match has_it || narrow == words::plain(wide) {
        true => narrow,
        false => format!("{narrow} ({})", words::plain(wide)),
    }
}
