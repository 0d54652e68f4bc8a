//! Who uses it: devices by time, and what they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use kaiku_wire::{Day, LengthBucket};

use super::glance::part;
use super::shapes::{CHANGED, List, dimension_cells, dots, grid, of_week, with_dimensions};
use crate::changes::Compared;
use crate::context::{Context, before, find, flag, measured};
use crate::draft::Draft;
use crate::model::{Cell, Chart, Group, Kind, Section};
use crate::numbers::{Sum, counts, rates};
use crate::rollups::Unit;
use crate::words::{self, COVERS, DAYS_COVER, MISSING, RATE_COVERS};

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    let mut sections = vec![
        devices(context, "devices_daily", "Devices by day", "activity_daily"),
        devices(
            context,
            "devices_weekly",
            "Devices by week",
            "activity_weekly",
        ),
    ];
    sections.extend(LISTS.iter().map(|list| list_of(context, list)));
    sections.extend([sessions(context), adoption(context)]);
    sections
}

fn devices(context: &Context<'_>, id: &'static str, title: &str, name: &str) -> Section {
    let draft = Draft::new(id, Group::Who, title, Some(name));
    let table = match context.latest(name) {
        Ok(latest) => latest.table,
        Err(why) => return draft.empty(why),
    };
    let unit = table.unit;
    let (periods, _) = grid(context, table);
    let (first, last) = (periods.first().copied(), periods.last().copied());
    let (Some(first), Some(last)) = (first, last) else {
        return draft.empty("Nothing is published of it yet.");
    };
    let mut draft = draft
        .column(unit.as_str(), if unit == Unit::Day { "Day" } else { "Week" }, Kind::Period)
        .counted("devices", "Devices")
        .withheld(context.withheld(table, first, last))
        .sentence(format!(
            "Devices heard from, by {}, from {} on. {COVERS} Devices of several {}s must not be added up: a device may \
             be among all of them. {MISSING}",
            unit.as_str(),
            words::date(first),
            unit.as_str(),
        ))
        .chart(Chart::Trend {
            x: unit.as_str().into(),
            y: "devices_estimate".into(),
            lower: "devices_lower".into(),
            upper: "devices_upper".into(),
            series: None,
            top: None,
            caption: format!("Devices heard from by {}, with the 95 % interval as a band", unit.as_str()),
            lines: Vec::new(),
        });
    let mut is_shown = false;
    for period in periods {
        let devices = context.of_app(name, "devices", period);
        is_shown |= devices.is_some();
        draft.row([Cell::Day(period)].into_iter().chain(counts(devices)));
    }
    match is_shown {
        true => draft.done(None, ""),
        false => draft.empty("Nothing reached the threshold. That is not the same as none."),
    }
}

/// Lists of devices by what they are.
const LISTS: &[List] = &[
    List {
        id: "countries",
        title: "Countries",
        table: "countries_weekly",
        dimensions: &[("country", "Country")],
        names: "country",
    },
    List {
        id: "brands",
        title: "Brands",
        table: "brands_weekly",
        dimensions: &[("brand", "Brand")],
        names: "brand",
    },
    List {
        id: "models",
        title: "Models",
        table: "models_weekly",
        dimensions: &[("brand", "Brand"), ("model", "Model")],
        names: "label",
    },
    List {
        id: "operators",
        title: "Network operators",
        table: "operators_weekly",
        dimensions: &[("country", "Country"), ("operator", "Operator")],
        names: "label",
    },
];

/// What is said of lists whose changes have no flag.
const NOT_JUDGED: &str = "Whether one of them changed is not judged here: there are too many of them. The number of the week before \
    is only to be looked at, and a difference of two numbers with noise on both need not be one.";

fn list_of(context: &Context<'_>, list: &List) -> Section {
    let draft = Draft::new(list.id, Group::Who, list.title, Some(list.table));
    let mut draft = with_dimensions(draft, list.dimensions)
        .counted("devices", "Devices")
        .rated("share", "Part of the app's devices")
        .counted("week_before", "Devices in the week before");
    // There are too many models and operators to judge each: flags for all would leave none that holds.
    let is_judged = context.changes.are_of(list.table, Compared::Devices);
    if is_judged {
        draft = draft.column("flag", "Change", Kind::Flag);
    }
    let latest = match context.latest(list.table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let earlier = before(Unit::Week, latest.period);
    let then = latest.table.rows(context.app, earlier).unwrap_or_default();
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period, Day::MAX))
        .sentence(format!(
            "Devices heard from {}, and which part of the app's devices of that week they are. A device has one of each for \
             a whole week, so these numbers may be added up. What was shown in the week before and is not any more stands \
             without a number. {} {COVERS} {MISSING}",
            words::within(Unit::Week, latest.period),
            if is_judged { CHANGED } else { NOT_JUDGED },
        ))
        .chart(dots(list.names, "devices").with_changes(is_judged.then_some("flag"), "week_before"));
    let names: BTreeSet<_> = latest
        .rows
        .iter()
        .chain(then)
        .map(|row| &row.dims)
        .collect();
    for dims in names {
        let number = |rows| find(rows, dims).and_then(|row| measured(latest.table, row, "devices"));
        let devices = number(latest.rows);
        let found = context
            .changes
            .get(context.app, list.table, Compared::Devices, dims);
        let cells = dimension_cells(dims).into_iter().chain(counts(devices));
        let cells = cells.chain(rates(of_week(context, devices, latest.period)));
        let cells = cells.chain(counts(number(then)));
        draft.row(cells.chain(is_judged.then(|| flag(found))));
    }
    draft.sort_by("devices_lower");
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}

fn sessions(context: &Context<'_>) -> Section {
    let table = "sessions_daily";
    let draft = Draft::new(
        "sessions",
        Group::Who,
        "Length of the first session of a day",
        Some(table),
    )
    .column("length", "Length", Kind::Name)
    .column("length_title", "What it is", Kind::Text)
    .column("days", "Days", Kind::Count)
    .counted("device_days", "Devices, added up over these days")
    .rated("share", "Part of the devices whose length is shown");
    let latest = match context.latest(table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, latest.period.minus(6), Day::MAX))
        .sentence(format!(
            "How long the first session of a device's day was, over the seven days up to {}. {DAYS_COVER} The part is of \
             the devices whose length is shown, and not of all. {RATE_COVERS} {MISSING}",
            words::period(Unit::Day, latest.period)
        ))
        .chart(Chart::Bars {
            y: "length".into(),
            x: "share".into(),
            lower: "share_lower".into(),
            upper: "share_upper".into(),
            caption: "Part of the devices by the length of the first session of their day".into(),
        });
    let mut lengths = Vec::new();
    let mut all = Sum::default();
    for bucket in LengthBucket::ALL {
        let dims = [Arc::from(bucket.as_str())];
        let days = context.shown_days(latest.table, &dims, latest.period);
        let sum = context.sum(latest.table, &dims, "devices", &days);
        if let Some(sum) = sum {
            all.value += sum.value;
            all.variance += sum.variance;
        }
        lengths.push((bucket, days.len(), sum));
    }
    if lengths.iter().all(|(.., sum)| sum.is_none()) {
        let nothing = context.nothing_reached(&latest);
        return draft.empty(nothing);
    }
    for (bucket, days, sum) in lengths {
        let devices = sum.map(Sum::measured);
        let shown = i64::try_from(days).unwrap_or(0);
        let cells = [
            Cell::text(bucket.as_str()),
            Cell::text(length(bucket)),
            Cell::Count(shown),
        ];
        let share = part(devices, Some(all.measured()));
        draft.row(cells.into_iter().chain(counts(devices)).chain(rates(share)));
    }
    draft.done(None, "")
}

/// A length in words.
fn length(bucket: LengthBucket) -> &'static str {
    match bucket {
        LengthBucket::Under10s => "under 10 seconds",
        LengthBucket::Under1m => "10 seconds to a minute",
        LengthBucket::Under10m => "1 to 10 minutes",
        LengthBucket::Under1h => "10 minutes to an hour",
        LengthBucket::Under6h => "1 to 6 hours",
        LengthBucket::Over6h => "over 6 hours",
    }
}

fn adoption(context: &Context<'_>) -> Section {
    let table = "releases_daily";
    let draft = Draft::new(
        "releases_adoption",
        Group::Who,
        "Releases in use",
        Some(table),
    )
    .column("day", "Day", Kind::Period)
    .column("release", "Release", Kind::Name)
    .counted("devices", "Devices")
    .rated("share", "Part of the day's devices");
    let latest = match context.latest(table) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    let (periods, names) = grid(context, latest.table);
    let Some(first) = periods.first() else {
        return draft.empty("Nothing is published of it yet.");
    };
    let mut draft = draft
        .withheld(context.withheld(latest.table, *first, Day::MAX))
        .sentence(format!(
            "Devices heard from by release and day, from {} on, and which part of the day's devices they are. A device that \
             was updated on a day is counted under both releases. {COVERS} {RATE_COVERS} {MISSING}",
            words::date(*first)
        ))
        .chart(Chart::Share {
            x: "day".into(),
            y: "devices_estimate".into(),
            series: "release".into(),
            caption: "Devices by release and day".into(),
        });
    for day in periods {
        let rows = latest.table.rows(context.app, day).unwrap_or_default();
        let whole = context.of_app("activity_daily", "devices", day);
        for dims in &names {
            let devices = find(rows, dims).and_then(|row| measured(latest.table, row, "devices"));
            let name = dims.first().map_or("", AsRef::as_ref);
            let cells = [Cell::Day(day), Cell::text(name)]
                .into_iter()
                .chain(counts(devices));
            draft.row(cells.chain(rates(part(devices, whole))));
        }
    }
    let nothing = context.nothing_reached(&latest);
    draft.done(None, &nothing)
}
