//! Which features are used together, and what would be recommended to whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use kaiku_recommend::{Fact, Facts, FeatureRow, PairRow, mine};
use kaiku_wire::{Day, Week};

use crate::context::{Context, find, measured};
use crate::draft::Draft;
use crate::model::{Cell, Chart, Group, Kind, Section};
use crate::numbers::counts;
use crate::rollups::{Table, Unit};
use crate::words::{self, COVERS, MISSING};

const PAIRS: &str = "feature_pairs_weekly";
const FEATURES: &str = "features_weekly";

/// How many features are suggested to who uses one.
const SUGGESTED: usize = 3;

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    vec![pairs(context), recommended(context)]
}

fn pairs(context: &Context<'_>) -> Section {
    let draft = Draft::new(
        "pairs",
        Group::Together,
        "Which features are used together",
        Some(PAIRS),
    )
    .column("a", "One feature", Kind::Name)
    .column("a_title", "What it is", Kind::Text)
    .column("b", "The other", Kind::Name)
    .column("b_title", "What that is", Kind::Text)
    .counted("devices", "Devices that used both")
    .column("cosine", "How much they go together", Kind::Rate);
    let latest = match context.latest(PAIRS) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period, Day::MAX))
        .sentence(format!(
            "Devices that used both features {}. How much two features go together is the number of devices that used both \
             (its lower end) over the root of the product of those of each: 0 % is never, 100 % is always. Features that nearly \
             everybody uses go well with everything. {COVERS} {MISSING}",
            words::within(Unit::Week, latest.period)
        ))
        .chart(Chart::Pairs {
            a: "a".into(),
            b: "b".into(),
            value: "cosine".into(),
            caption: "How much two features go together: 0 % is never, 100 % is always".into(),
        });
    let features = context.rollups.tables.get(FEATURES);
    let devices_of = |name: &Arc<str>| -> Option<f64> {
        let table = features?;
        let row = find(
            table.rows(context.app, latest.period)?,
            std::slice::from_ref(name),
        )?;
        Some(measured(table, row, "devices")?.estimate)
    };
    for row in latest.rows {
        let [a, b] = row.dims.as_slice() else {
            continue;
        };
        let both = measured(latest.table, row, "devices");
        let cosine = both.and_then(|both| {
            let each = devices_of(a)? * devices_of(b)?;
            (each > 0.0).then(|| (both.lower / each.sqrt()).clamp(0.0, 1.0))
        });
        let cells = [
            Cell::text(a),
            context.title("a", a),
            Cell::text(b),
            context.title("b", b),
        ];
        let cosine = cosine.map_or(Cell::None, Cell::rate);
        draft.row(cells.into_iter().chain(counts(both)).chain([cosine]));
    }
    draft.sort_by("cosine");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

fn recommended(context: &Context<'_>) -> Section {
    let draft = Draft::new("recommended", Group::Together, "What would be recommended to whom", Some(PAIRS))
        .column("because", "To those who use", Kind::Name)
        .column("because_title", "What it is", Kind::Text)
        .column("feature", "Would be recommended", Kind::Name)
        .column("feature_title", "What that is", Kind::Text)
        .column("score", "How much they go together", Kind::Rate)
        .sentence(format!(
            "To those who use one feature, the {SUGGESTED} that go best with it, by the last four published weeks. A device picks \
             from this list by itself, and tells nobody what it picked. Features that the catalogue does not mark as to be \
             recommended, or that have expired, never appear. {MISSING}"
        ));
    let latest = match context.latest(PAIRS) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let (Some(features), Some(listed)) = (
        context.rollups.tables.get(FEATURES),
        context.rollups.catalogue.app(context.app),
    ) else {
        return draft
            .empty("The catalogue does not list this app, so nothing is recommended in it.");
    };
    let facts: Facts = listed
        .features
        .iter()
        .filter_map(|feature| {
            let fact = Fact {
                recommend: feature.recommend,
                expires: feature.expires?,
            };
            Some((feature.name.clone(), fact))
        })
        .collect();
    if facts.is_empty() {
        return draft
            .empty("The catalogue beside these rollups does not say what may be recommended.");
    }
    let settings = kaiku_recommend::Settings {
        day: latest.period.plus(6),
        ..kaiku_recommend::Settings::default()
    };
    let rows = pair_rows(context, latest.table);
    let found = mine(&rows, &feature_rows(context, features), &facts, &settings);
    let mut draft =
        draft.withheld(context.withheld(latest.table, latest.period.minus(21), Day::MAX));
    let mut of_each: BTreeMap<String, usize> = BTreeMap::new();
    for suggestion in found {
        let number = of_each.entry(suggestion.because.clone()).or_default();
        *number += 1;
        if *number <= SUGGESTED {
            draft.row([
                Cell::text(&suggestion.because),
                context.title("feature", &suggestion.because),
                Cell::text(&suggestion.feature),
                context.title("feature", &suggestion.feature),
                Cell::rate(suggestion.score),
            ]);
        }
    }
    draft.done(
        None,
        "No two features that may be recommended go together well enough to be shown.",
    )
}

fn pair_rows(context: &Context<'_>, table: &Table) -> Vec<PairRow> {
    let rows = rows_of(context, table);
    let rows = rows.filter_map(|(week, row)| {
        let [a, b] = row.dims.as_slice() else {
            return None;
        };
        let devices = measured(table, row, "devices")?;
        Some(PairRow {
            week,
            a: a.to_string(),
            b: b.to_string(),
            lower: devices.lower,
            estimate: devices.estimate,
        })
    });
    rows.collect()
}

fn feature_rows(context: &Context<'_>, table: &Table) -> Vec<FeatureRow> {
    let rows = rows_of(context, table);
    let rows = rows.filter_map(|(week, row)| {
        let devices = measured(table, row, "devices")?;
        Some(FeatureRow {
            week,
            feature: row.dims.first()?.to_string(),
            lower: devices.lower,
            estimate: devices.estimate,
        })
    });
    rows.collect()
}

/// The rows of an app in a weekly table, each with its week.
fn rows_of<'a>(
    context: &Context<'a>,
    table: &'a Table,
) -> impl Iterator<Item = (Week, &'a crate::rollups::Row)> {
    let periods = table.rows.get(context.app).into_iter().flatten();
    periods.flat_map(|(period, rows)| rows.iter().map(|row| (period.week(), row)))
}
