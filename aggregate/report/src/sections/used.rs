//! What is used.

use crate::changes::What;
use crate::context::{Context, Latest, measured};
use crate::draft::Draft;
use crate::model::{Cell, Chart, Group, Kind, Section, Tile};
use crate::numbers::{counts, rates};
use crate::words::{self, COVERS, MISSING};

use super::glance::part;

const WEEKLY: &str = "features_weekly";

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    vec![features(context)]
}

/// The columns of a list of features.
pub(super) fn features_draft(id: &'static str, group: Group, title: &str) -> Draft {
    Draft::new(id, group, title, Some(WEEKLY))
        .column("feature", "Feature", Kind::Name)
        .column("feature_title", "What it is", Kind::Text)
        .counted("devices", "Devices")
        .rated("share", "Part of the app's devices")
        .column("flag", "Change", Kind::Flag)
}

/// How the tile of a list is made.
type TileOf = fn(&Context<'_>, &Latest<'_>, &Draft) -> Option<Tile>;

/// The features of the last week, the most used first.
pub(super) fn features_of_week(
    context: &Context<'_>,
    draft: Draft,
    keep: Option<usize>,
    tile: TileOf,
) -> Section {
    let latest = match context.latest(WEEKLY) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let when = words::within(latest.table.unit, latest.period);
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period, kaiku_wire::Day::MAX))
        .sentence(format!(
            "Devices that used each feature {when}, sorted by the lower end of the interval, and which part of the \
             app's devices of that week they are. {COVERS} {MISSING}"
        ))
        .chart(Chart::Dots {
            y: "feature".into(),
            x: "devices_estimate".into(),
            lower: "devices_lower".into(),
            upper: "devices_upper".into(),
            sort: "devices_lower".into(),
            caption: "The dot is the estimate, the line the 95 % interval".into(),
            lines: Vec::new(),
        });
    let whole = context.of_app("activity_weekly", "devices", latest.period);
    for row in latest.rows {
        let devices = measured(latest.table, row, "devices");
        let Some(name) = row.dims.first() else {
            continue;
        };
        let found = context
            .changes
            .get(context.app, WEEKLY, What::Devices, &row.dims);
        let cells = [Cell::text(name), context.title("feature", name)].into_iter();
        let cells = cells
            .chain(counts(devices))
            .chain(rates(part(devices, whole)));
        draft.row(cells.chain([Cell::text(found.map_or("", |found| found.flag()))]));
    }
    draft.sort_by("devices_lower");
    if let Some(keep) = keep {
        draft.keep(keep);
    }
    let tile = tile(context, &latest, &draft);
    let nothing = context.nothing_reached(&latest);
    draft.done(tile, &nothing)
}

fn features(context: &Context<'_>) -> Section {
    let draft = features_draft("features", Group::Used, "Which features are used");
    features_of_week(context, draft, None, |_, _, _| None)
}
