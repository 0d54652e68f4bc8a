//! What is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kaiku_wire::Day;

use super::glance::part;
use super::shapes::{CHANGED, dots, rate_dots, series, shown_in_week};
use crate::changes::{Compared, Found};
use crate::context::{Context, Latest, before, find, flag, measured};
use crate::draft::Draft;
use crate::model::{Cell, Group, Kind, Section, Tile};
use crate::numbers::{Sum, counts, rates};
use crate::rollups::Unit;
use crate::words::{self, COVERS, DAYS_COVER, MISSING, RATE_COVERS};

const WEEKLY: &str = "features_weekly";
const DAILY: &str = "features_daily";

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    vec![
        features(context),
        often(context),
        trend(context),
        change(context),
        unseen(context),
    ]
}

/// The columns of a list of features.
pub(super) fn features_draft(id: &'static str, group: Group, title: &str) -> Draft {
    Draft::new(id, group, title, Some(WEEKLY))
        .column("feature", "Feature", Kind::Name)
        .column("feature_title", "What it is", Kind::Text)
        .counted("devices", "Devices")
        .rated("share", "Part of the app's devices")
        .counted("week_before", "Devices in the week before")
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
        .withheld(context.withheld(latest.table, latest.period, Day::MAX))
        .sentence(format!(
            "Devices that used each feature {when}, sorted by the lower end of the interval, and which part of the \
             app's devices of that week they are. {CHANGED} {COVERS} {MISSING}"
        ))
        .chart(dots("feature", "devices").with_changes(Some("flag"), "week_before"));
    let earlier = before(Unit::Week, latest.period);
    let then = latest.table.rows(context.app, earlier).unwrap_or_default();
    let whole = context.of_app("activity_weekly", "devices", latest.period);
    for row in latest.rows {
        let devices = measured(latest.table, row, "devices");
        let Some(name) = row.dims.first() else {
            continue;
        };
        let found = context
            .changes
            .get(context.app, WEEKLY, Compared::Devices, &row.dims);
        let cells = [Cell::text(name), context.title("feature", name)].into_iter();
        let cells = cells
            .chain(counts(devices))
            .chain(rates(part(devices, whole)));
        let was = find(then, &row.dims).and_then(|row| measured(latest.table, row, "devices"));
        draft.row(cells.chain(counts(was)).chain([flag(found)]));
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

fn often(context: &Context<'_>) -> Section {
    let draft = Draft::new(
        "features_often",
        Group::Used,
        "Which features are used again and again",
        Some(DAILY),
    )
    .column("feature", "Feature", Kind::Name)
    .column("feature_title", "What it is", Kind::Text)
    .column("days", "Days", Kind::Count)
    .counted("device_days", "Devices, added up over these days")
    .rated("twice", "At least twice on a day")
    .rated("five_times", "At least five times on a day");
    let latest = match context.latest(DAILY) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period.minus(6), Day::MAX))
        .sentence(format!(
            "Of the devices that used a feature on a day, the part that used it at least twice, and at least five times, on \
             that day: over the seven days up to {}, those on which the feature is shown. {DAYS_COVER} {RATE_COVERS}",
            words::period(Unit::Day, latest.period)
        ))
        .chart(rate_dots("feature", "twice", "Used at least twice on a day, of those that used it"))
        .chart(rate_dots("feature", "five_times", "Used at least five times on a day, of those that used it"));
    for (dims, days) in shown_in_week(context, &latest) {
        let Some(name) = dims.first() else {
            continue;
        };
        let sum = |measure| context.sum(latest.table, &dims, measure, &days);
        let devices = sum("devices").map(Sum::measured);
        let rate = |measure| part(sum(measure).map(Sum::measured), devices);
        let shown = i64::try_from(days.len()).unwrap_or(0);
        let cells = [
            Cell::text(name),
            context.title("feature", name),
            Cell::Count(shown),
        ];
        let cells = cells.into_iter().chain(counts(devices));
        draft.row(
            cells
                .chain(rates(rate("devices_2plus")))
                .chain(rates(rate("devices_5plus"))),
        );
    }
    draft.sort_by("twice_lower");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

fn trend(context: &Context<'_>) -> Section {
    let draft = Draft::new(
        "features_trend",
        Group::Used,
        "Features by day",
        Some(DAILY),
    )
    .column("day", "Day", Kind::Period)
    .column("feature", "Feature", Kind::Name)
    .column("feature_title", "What it is", Kind::Text)
    .counted("devices", "Devices");
    series(
        context,
        draft,
        DAILY,
        "feature",
        Some(6),
        "Devices that used each feature",
    )
}

fn change(context: &Context<'_>) -> Section {
    let draft = Draft::new(
        "features_change",
        Group::Used,
        "Which features rise and fall",
        Some(WEEKLY),
    )
    .column("feature", "Feature", Kind::Name)
    .column("feature_title", "What it is", Kind::Text)
    .column("flag", "Change", Kind::Flag)
    .counted("devices", "Devices")
    .counted("week_before", "Devices in the week before")
    .aside(
        "could_have_missed",
        "Change that would have been seen",
        Kind::Rate,
    )
    .column("said", "In words", Kind::Text);
    let latest = match context.latest(WEEKLY) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let earlier = before(Unit::Week, latest.period);
    let Some(then) = latest.table.rows(context.app, earlier) else {
        return draft
            .empty("The week before was not published, so there is nothing to compare with.");
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, earlier, Day::MAX))
        .sentence(format!(
            "Devices that used each feature {} against the week before: what is flagged first, the largest change before the others. Where the app as a whole is \
             used less or more, most of its features are: look for those that differ. {CHANGED} {COVERS}",
            words::within(Unit::Week, latest.period)
        ));
    let names: BTreeSet<_> = latest
        .rows
        .iter()
        .chain(then)
        .map(|row| row.dims.clone())
        .collect();
    let mut flagged = Vec::new();
    for dims in names {
        let number =
            |rows| find(rows, &dims).and_then(|row| measured(latest.table, row, "devices"));
        let found = context
            .changes
            .get(context.app, WEEKLY, Compared::Devices, &dims);
        let name = dims.first().map_or("", AsRef::as_ref);
        let missed = found.map(|found| found.verdict.could_have_missed);
        let missed = missed
            .filter(|missed| missed.is_finite())
            .map_or(Cell::None, Cell::rate);
        let said = found.map_or(Cell::None, |found| {
            Cell::text(found.change("the week before").sentence)
        });
        let is_same = found.is_none_or(|found| found.flag().is_empty());
        // What has no flag has no size that could be told from the noise.
        let size = match is_same {
            true => number(latest.rows).map_or(0.0, |devices| devices.lower),
            false => found.map_or(0.0, Found::size),
        };
        let cells = [
            Cell::text(name),
            context.title("feature", name),
            flag(found),
        ]
        .into_iter();
        let cells = cells
            .chain(counts(number(latest.rows)))
            .chain(counts(number(then)));
        flagged.push((
            is_same,
            size,
            cells.chain([missed, said]).collect::<Vec<_>>(),
        ));
    }
    flagged.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
    for (_, _, row) in flagged {
        draft.row(row);
    }
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

fn unseen(context: &Context<'_>) -> Section {
    let draft = Draft::new("features_unseen", Group::Used, "Declared, and not seen", Some(WEEKLY))
        .column("feature", "Feature", Kind::Name)
        .column("feature_title", "What it is", Kind::Text)
        .column("last_shown", "Last shown", Kind::Period)
        .sentence(format!(
            "Features of the catalogue that are not shown in the last four weeks, and when they last were. {MISSING} A \
             feature that few devices use is not shown either."
        ));
    let latest = match context.latest(WEEKLY) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let Some(listed) = context.rollups.catalogue.app(context.app) else {
        return draft.empty("The catalogue does not list this app, so nothing is declared.");
    };
    let mut last: BTreeMap<Arc<str>, Day> = BTreeMap::new();
    let daily = context.rollups.tables.get(DAILY);
    for table in [Some(latest.table), daily].into_iter().flatten() {
        for (period, rows) in table.rows.get(context.app).into_iter().flatten() {
            for name in rows.iter().filter_map(|row| row.dims.first()) {
                let seen = last.entry(Arc::clone(name)).or_insert(*period);
                *seen = (*seen).max(*period);
            }
        }
    }
    let recent = latest.period.minus(21);
    let mut draft = draft.withheld(context.withheld(latest.table, recent, Day::MAX));
    for feature in &listed.features {
        let shown = last.get(feature.name.as_str()).copied();
        if shown.is_none_or(|shown| shown < recent) {
            let shown = shown.map_or(Cell::None, Cell::Day);
            draft.row([Cell::text(&feature.name), Cell::text(&feature.title), shown]);
        }
    }
    draft.done(
        None,
        "Every feature of the catalogue was shown in the last four weeks.",
    )
}
