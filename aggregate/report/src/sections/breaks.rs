//! What breaks.

use std::collections::BTreeMap;
use std::sync::Arc;

use kaiku_wire::Day;

use super::crashes;
use super::glance::{self, part};
use super::shapes::{CHANGED, dots, of_week, series, shown_in_week};
use crate::changes::Compared;
use crate::context::{Context, Latest, before, find, flag, measured};
use crate::draft::Draft;
use crate::model::{Cell, Chart, Group, Kind, Section, Tile};
use crate::numbers::{Measured, Sum, counts, rates};
use crate::rollups::Unit;
use crate::words::{self, COVERS, DAYS_COVER, MISSING, RATE_COVERS};

const CAUSES: &str = "causes_weekly";
const BY_RELEASE: &str = "causes_daily";

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    let mut sections = vec![causes(context), causes_trend(context), first_seen(context)];
    sections.extend(crashes::sections(context));
    sections.extend([components(context), causes_by_release(context)]);
    sections
}

fn causes_draft(id: &'static str, group: Group, title: &str) -> Draft {
    Draft::new(id, group, title, Some(CAUSES))
        .column("cause", "Cause", Kind::Name)
        .column("cause_title", "What it is", Kind::Text)
        .counted("devices", "Devices")
        .rated("share", "Part of the app's devices")
        .rated("week_before", "Part in the week before")
        .column("flag", "Change", Kind::Flag)
}

/// The causes of the last week: the new and the worse ones first where `by_flag` is set.
fn causes_of_week(context: &Context<'_>, draft: Draft, by_flag: bool) -> Section {
    let latest = match context.latest(CAUSES) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let when = words::within(Unit::Week, latest.period);
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period, Day::MAX))
        .sentence(format!(
            "Devices on which something failed {when}, by cause, and which part of the app's devices of that week they \
             are. A failure need not be a crash. {CHANGED} {COVERS} {MISSING}"
        ))
        .chart(dots("cause", "devices").with_changes(Some("flag"), "week_before"));
    let earlier = before(Unit::Week, latest.period);
    let then = latest.table.rows(context.app, earlier).unwrap_or_default();
    let mut rows: Vec<_> = latest.rows.iter().collect();
    let found = |dims: &[Arc<str>]| {
        context
            .changes
            .get(context.app, CAUSES, Compared::Part, dims)
    };
    let rank = |dims: &[Arc<str>]| match found(dims).map_or("", |found| found.flag()) {
        "new" => 0,
        "worse" => 1,
        _ => 2,
    };
    let lower = |row: &crate::rollups::Row| row.numbers.first().map_or(0, |number| number.lower);
    rows.sort_by_key(|row| (if by_flag { rank(&row.dims) } else { 0 }, -lower(row)));
    for row in rows {
        let devices = measured(latest.table, row, "devices");
        let name = row.dims.first().map_or("", AsRef::as_ref);
        let cells = [Cell::text(name), context.title("cause", name)].into_iter();
        let cells = cells.chain(counts(devices));
        let cells = cells.chain(rates(of_week(context, devices, latest.period)));
        let was = find(then, &row.dims).and_then(|row| measured(latest.table, row, "devices"));
        let cells = cells.chain(rates(of_week(context, was, earlier)));
        draft.row(cells.chain([flag(found(&row.dims))]));
    }
    let nothing = context.nothing_reached(&latest);
    if !by_flag {
        return draft.done(None, &nothing);
    }
    draft.keep(5);
    let tile = worst_tile(context, &latest, &draft);
    draft.done(tile, &nothing)
}

/// At a glance: the worst new cause, and where none is new or worse, the most frequent one.
pub(super) fn worst_cause(context: &Context<'_>) -> Section {
    causes_of_week(
        context,
        causes_draft("worst_cause", Group::Glance, "The worst cause of failures"),
        true,
    )
}

fn worst_tile(context: &Context<'_>, latest: &Latest<'_>, draft: &Draft) -> Option<Tile> {
    let Some(Cell::Text(name)) = draft.cell(draft.rows().first()?, "cause") else {
        return None;
    };
    let dims = [Arc::clone(&name)];
    let devices = measured(latest.table, find(latest.rows, &dims)?, "devices")?;
    let found = context
        .changes
        .get(context.app, CAUSES, Compared::Part, &dims);
    let unit = match found.map_or("", |found| found.flag()) {
        "new" => "a new cause of failures",
        "worse" => "a cause that got worse",
        _ => "the most frequent cause; none is new or worse",
    };
    Some(Tile {
        value: context.called("cause", &name),
        unit: unit.into(),
        detail: format!(
            "{} devices {}, {}",
            words::count(devices.estimate.round() as i64),
            words::within(Unit::Week, latest.period),
            words::between_counts(devices)
        ),
        change: found.map_or_else(glance::no_comparison, |found| {
            found.change("the week before")
        }),
    })
}

fn causes(context: &Context<'_>) -> Section {
    let draft = causes_draft("causes", Group::Breaks, "What fails, by cause");
    causes_of_week(context, draft, false)
}

fn causes_trend(context: &Context<'_>) -> Section {
    let draft = Draft::new(
        "causes_trend",
        Group::Breaks,
        "Causes by week",
        Some(CAUSES),
    )
    .column("week", "Week", Kind::Period)
    .column("cause", "Cause", Kind::Name)
    .column("cause_title", "What it is", Kind::Text)
    .counted("devices", "Devices");
    series(
        context,
        draft,
        CAUSES,
        "cause",
        Some(6),
        "Devices on which something failed by each cause",
    )
}

fn first_seen(context: &Context<'_>) -> Section {
    let by_release = context.rollups.tables.contains_key(BY_RELEASE);
    let (table, unit) = match by_release {
        true => (BY_RELEASE, Unit::Day),
        false => (CAUSES, Unit::Week),
    };
    let draft = Draft::new(
        "causes_first_seen",
        Group::Breaks,
        "When each cause was first shown",
        Some(table),
    )
    .column("cause", "Cause", Kind::Name)
    .column("cause_title", "What it is", Kind::Text)
    .column(unit.as_str(), "First shown", Kind::Period)
    .column("release", "Release", Kind::Name)
    .counted("devices", "Devices then");
    let latest = match context.latest(table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let how = match by_release {
        true => "The release is the first one under which it was shown.",
        false => {
            "The policy counts no causes by release: the release is the newest one that the catalogue had by the end of \
             that week, which need not be the one that brought it."
        }
    };
    let first = latest
        .table
        .published
        .keys()
        .next()
        .copied()
        .unwrap_or(latest.period);
    let mut draft = draft.withheld(context.withheld(latest.table, first, Day::MAX)).sentence(format!(
        "The first {} in which each cause was shown, the newest first, but for those that are shown since the first {} \
         here, {}: they may be older. {how} {COVERS} {MISSING}",
        unit.as_str(),
        unit.as_str(),
        words::date(first)
    ));
    let mut seen: BTreeMap<Arc<str>, (Day, Cell, Option<Measured>)> = BTreeMap::new();
    for (period, rows) in latest.table.rows.get(context.app).into_iter().flatten() {
        for row in rows {
            let devices = measured(latest.table, row, "devices");
            let (cause, release) = match row.dims.as_slice() {
                [release, cause] => (cause, Cell::text(release)),
                [cause] => (cause, newest_release(context, period.plus(unit.days() - 1))),
                _ => continue,
            };
            seen.entry(Arc::clone(cause))
                .or_insert((*period, release, devices));
        }
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, (period, ..))| std::cmp::Reverse(*period));
    let nothing = match seen.is_empty() {
        true => context.nothing_reached(&latest),
        false => format!(
            "No cause was shown for the first time after {}, the first {} here.",
            words::date(first),
            unit.as_str()
        ),
    };
    for (cause, (period, release, devices)) in seen {
        if period == first {
            continue;
        }
        let cells = [
            Cell::text(&cause),
            context.title("cause", &cause),
            Cell::Day(period),
            release,
        ];
        draft.row(cells.into_iter().chain(counts(devices)));
    }
    draft.done(None, &nothing)
}

/// The newest release that the catalogue has by a day.
fn newest_release(context: &Context<'_>, day: Day) -> Cell {
    let app = context.rollups.catalogue.app(context.app);
    let releases = app.map(|app| app.releases.as_slice()).unwrap_or_default();
    let out = releases
        .iter()
        .filter(|release| release.date.is_some_and(|date| date <= day));
    let newest = out.max_by_key(|release| release.date);
    newest.map_or(Cell::None, |release| Cell::text(&release.name))
}

fn components(context: &Context<'_>) -> Section {
    let table = "components_weekly";
    let draft = Draft::new(
        "components",
        Group::Breaks,
        "Where it fails, by component",
        Some(table),
    )
    .column("component", "Component", Kind::Name)
    .column("component_title", "What it is", Kind::Text)
    .column("cause", "Cause", Kind::Name)
    .column("cause_title", "Why", Kind::Text)
    .counted("devices", "Devices")
    .rated("share", "Part of the app's devices")
    .rated("week_before", "Part in the week before")
    .column("flag", "Change", Kind::Flag);
    let latest = match context.latest(table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period, Day::MAX))
        .sentence(format!(
            "Devices on which a component failed {}, by cause. A device may stand in several rows. {CHANGED} {COVERS} \
             {MISSING}",
            words::within(Unit::Week, latest.period)
        ))
        .chart(Chart::Heat {
            x: "component".into(),
            y: "cause".into(),
            value: "devices_estimate".into(),
            caption: "Devices by component and cause; what has a – is not shown".into(),
            flag: Some("flag".into()),
        });
    let earlier = before(Unit::Week, latest.period);
    let then = latest.table.rows(context.app, earlier).unwrap_or_default();
    for row in latest.rows {
        let [component, cause] = row.dims.as_slice() else {
            continue;
        };
        let found = context
            .changes
            .get(context.app, table, Compared::Part, &row.dims);
        let flag = flag(found);
        let cells = [
            Cell::text(component),
            context.title("component", component),
            Cell::text(cause),
            context.title("cause", cause),
        ];
        let devices = measured(latest.table, row, "devices");
        let was = find(then, &row.dims).and_then(|row| measured(latest.table, row, "devices"));
        let cells = cells.into_iter().chain(counts(devices));
        let cells = cells.chain(rates(of_week(context, devices, latest.period)));
        let cells = cells.chain(rates(of_week(context, was, earlier)));
        draft.row(cells.chain([flag]));
    }
    draft.sort_by("devices_lower");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

fn causes_by_release(context: &Context<'_>) -> Section {
    let draft = Draft::new(
        "causes_by_release",
        Group::Breaks,
        "Causes by release",
        Some(BY_RELEASE),
    )
    .column("release", "Release", Kind::Name)
    .column("cause", "Cause", Kind::Name)
    .column("cause_title", "What it is", Kind::Text)
    .column("days", "Days", Kind::Count)
    .counted("device_days", "Devices, added up over these days")
    .rated("share", "Part of the release's devices");
    let latest = match context.latest(BY_RELEASE) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period.minus(6), Day::MAX))
        .sentence(format!(
            "Devices on which something failed, by release and cause, over the seven days up to {}, those on which both \
             are shown, and which part of the release's devices they are. {DAYS_COVER} {RATE_COVERS} {MISSING}",
            words::period(Unit::Day, latest.period)
        ))
        .chart(Chart::Heat {
            x: "release".into(),
            y: "cause".into(),
            value: "share".into(),
            caption: "Part of a release's devices of a day on which it failed by a cause".into(),
            flag: None,
        });
    let releases = context.rollups.tables.get("releases_daily");
    for (dims, days) in shown_in_week(context, &latest) {
        let [release, cause] = dims.as_slice() else {
            continue;
        };
        let devices = context
            .sum(latest.table, &dims, "devices", &days)
            .map(Sum::measured);
        let of_release = [Arc::clone(release)];
        let whole = releases.and_then(|table| context.sum(table, &of_release, "devices", &days));
        let shown = i64::try_from(days.len()).unwrap_or(0);
        let cells = [
            Cell::text(release),
            Cell::text(cause),
            context.title("cause", cause),
            Cell::Count(shown),
        ];
        let share = part(devices, whole.map(Sum::measured));
        draft.row(cells.into_iter().chain(counts(devices)).chain(rates(share)));
    }
    draft.sort_by("share_lower");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}
