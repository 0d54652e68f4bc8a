//! What breaks: crash rates by release, and by what a device is.

use std::collections::BTreeSet;
use std::sync::Arc;

use kaiku_wire::Day;

use super::glance::part;
use super::shapes::{CHANGED, List, dimension_cells, shown_in_week, with_dimensions};
use crate::changes::Compared;
use crate::context::{Context, WEEK, before, find, flag, measured};
use crate::draft::Draft;
use crate::model::{Cell, Chart, Group, Kind, Line, Section};
use crate::numbers::{Measured, Sum, counts, rates};
use crate::rollups::{Row, Table, Unit};
use crate::settings::ALL_DEVICES;
use crate::words::{self, DAYS_COVER, MISSING, RATE_COVERS};

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    let mut sections = vec![crash_by_release(context)];
    sections.extend(LISTS.iter().map(|list| crash_by(context, list)));
    sections
}

fn crash_by_release(context: &Context<'_>) -> Section {
    let table = "releases_daily";
    let draft = Draft::new(
        "crash_by_release",
        Group::Breaks,
        "Crash rate by release",
        Some(table),
    )
    .column("release", "Release", Kind::Name)
    .column("since", "Since", Kind::Period)
    .column("days", "Days", Kind::Count)
    .counted("device_days", "Devices, added up over these days")
    .counted("crashed_days", "Of them with a crash")
    .rated("crash_rate", "Crash rate")
    .rated("crash_free", "Crash-free")
    .rated("days_before", "Crash rate of the seven days before")
    .column("flag", "Change", Kind::Flag);
    let latest = match context.latest(table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period.minus(6), Day::MAX))
        .sentence(format!(
            "Devices with a fatal failure over devices heard from, by release, over the seven days up to {}, those on \
             which the release is shown, against the same weekdays before. {DAYS_COVER} {CHANGED} {RATE_COVERS} {MISSING}",
            words::period(Unit::Day, latest.period)
        ))
        .chart(
            crash_dots("release", vec![fleet_of_days(context, latest.period), Some(context.bad_line())])
                .with_changes(Some("flag"), "days_before"),
        );
    let listed = context.rollups.catalogue.app(context.app);
    for (dims, days) in shown_in_week(context, &latest) {
        let sum = |measure| {
            context
                .sum(latest.table, &dims, measure, &days)
                .map(Sum::measured)
        };
        let (devices, crashed) = (sum("devices"), sum("crashed"));
        let rate = part(crashed, devices);
        let name = dims.first().map_or("", AsRef::as_ref);
        let releases = listed
            .map(|app| app.releases.as_slice())
            .unwrap_or_default();
        let since = releases.iter().find(|release| release.name == name);
        let since = since
            .and_then(|release| release.date)
            .map_or(Cell::None, Cell::Day);
        let shown = i64::try_from(days.len()).unwrap_or(0);
        let cells = [Cell::text(name), since, Cell::Count(shown)].into_iter();
        let cells = cells
            .chain(counts(devices))
            .chain(counts(crashed))
            .chain(rates(rate));
        let found = context
            .changes
            .get(context.app, table, Compared::Crashed, &dims);
        let flag = flag(found);
        let cells = cells.chain(rates(rate.map(Measured::rest)));
        let was = rate_before(context, latest.table, &dims, latest.period);
        draft.row(cells.chain(rates(was)).chain([flag]));
    }
    draft.sort_by("device_days_lower");
    draft.sort_by("crash_rate_lower");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

/// The crash rate of a release over the seven days before the last seven, those on which it is shown.
fn rate_before(
    context: &Context<'_>,
    table: &Table,
    dims: &[Arc<str>],
    last: Day,
) -> Option<Measured> {
    let days = context.shown_days(table, dims, last.minus(WEEK));
    let sum = |measure| context.sum(table, dims, measure, &days).map(Sum::measured);
    part(sum("crashed"), sum("devices"))
}

/// The crash rate of the whole app over the seven days up to one, as a line.
fn fleet_of_days(context: &Context<'_>, last: Day) -> Option<Line> {
    let table = context.rollups.tables.get("activity_daily")?;
    let days: BTreeSet<Day> = context.shown_days(table, &[], last);
    let sum = |measure| context.sum(table, &[], measure, &days).map(Sum::measured);
    Some(fleet_line(part(sum("crashed"), sum("devices"))?))
}

fn fleet_line(rate: Measured) -> Line {
    Line {
        letter: ALL_DEVICES,
        value: (rate.estimate * 1e6).round() / 1e6,
        label: format!("all devices of the app: {}", words::percent(rate.estimate)),
    }
}

fn crash_dots(names: &str, lines: Vec<Option<Line>>) -> Chart {
    Chart::Dots {
        y: names.into(),
        x: "crash_rate".into(),
        lower: "crash_rate_lower".into(),
        upper: "crash_rate_upper".into(),
        sort: "crash_rate_lower".into(),
        caption:
            "The dot is the crash rate, the line its interval; the worst by its lower end first"
                .into(),
        lines: lines.into_iter().flatten().collect(),
        flag: None,
        also: Vec::new(),
    }
}

/// Lists of crash rates by what a device is.
const LISTS: &[List] = &[
    List {
        id: "crash_by_brand",
        title: "Crash rate by brand",
        table: "brands_weekly",
        dimensions: &[("brand", "Brand")],
        names: "brand",
    },
    List {
        id: "crash_by_model",
        title: "Crash rate by model",
        table: "models_weekly",
        dimensions: &[("brand", "Brand"), ("model", "Model")],
        names: "label",
    },
    List {
        id: "crash_by_operator",
        title: "Crash rate by network operator",
        table: "operators_weekly",
        dimensions: &[("country", "Country"), ("operator", "Operator")],
        names: "label",
    },
    List {
        id: "crash_by_country",
        title: "Crash rate by country",
        table: "countries_weekly",
        dimensions: &[("country", "Country")],
        names: "country",
    },
];

fn crash_by(context: &Context<'_>, list: &List) -> Section {
    let mut draft = Draft::new(list.id, Group::Breaks, list.title, Some(list.table));
    draft = with_dimensions(draft, list.dimensions)
        .counted("devices", "Devices")
        .counted("crashed", "Of them with a crash")
        .rated("crash_rate", "Crash rate")
        .rated("week_before", "Crash rate in the week before")
        .column("flag", "Change", Kind::Flag);
    let latest = match context.latest(list.table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let fleet = part(
        context.of_app("activity_weekly", "crashed", latest.period),
        context.of_app("activity_weekly", "devices", latest.period),
    );
    let mut bad = match list.id {
        "crash_by_model" => context.settings.model_crash_line.clone(),
        _ => context.bad_line(),
    };
    bad.label.push_str("; these rates are of a week");
    let earlier = before(Unit::Week, latest.period);
    let then = latest.table.rows(context.app, earlier).unwrap_or_default();
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period, Day::MAX))
        .sentence(format!(
            "Devices with a fatal failure over devices heard from {}, against the week before, sorted by the lower end of \
             the interval: what is surely bad stands first, and not what might be. {WEEK_RATE} {CHANGED} {RATE_COVERS} \
             {MISSING}",
            words::within(Unit::Week, latest.period)
        ))
        .chart(
            crash_dots(list.names, vec![fleet.map(fleet_line), Some(bad)])
                .with_changes(Some("flag"), "week_before"),
        );
    let rate = |row: &Row| {
        let crashed = measured(latest.table, row, "crashed");
        part(crashed, measured(latest.table, row, "devices"))
    };
    for row in latest.rows {
        let devices = measured(latest.table, row, "devices");
        let crashed = measured(latest.table, row, "crashed");
        let was = find(then, &row.dims).and_then(rate);
        let found = context
            .changes
            .get(context.app, list.table, Compared::Crashed, &row.dims);
        let flag = flag(found);
        let cells = dimension_cells(&row.dims).into_iter();
        let cells = cells.chain(counts(devices)).chain(counts(crashed));
        let cells = cells.chain(rates(rate(row))).chain(rates(was));
        draft.row(cells.chain([flag]));
    }
    // Of those with the same lower end, which often is 0, the one with more devices is known better.
    draft.sort_by("devices_lower");
    draft.sort_by("crash_rate_lower");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

/// Why a week's crash rate can't be held against a day's line without a thought.
const WEEK_RATE: &str = "A device that crashed once in the week counts, so the rate of a week is mostly higher than that \
    of a day, and the line of Google Play is for a day: what lies beyond it here need not be bad behaviour by it.";
