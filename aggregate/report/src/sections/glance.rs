//! At a glance: the four numbers that one opens the page for.

use kaiku_wire::Day;

use super::{breaks, changed, used};
use crate::changes::Compared;
use crate::context::{Context, WEEK, last_published, measured, week_up_to};
use crate::draft::Draft;
use crate::model::{Cell, Change, Chart, Direction, Group, Kind, Section, Tile};
use crate::numbers::{Measured, counts, rates};
use crate::rollups::{Table, Unit};
use crate::words::{self, COVERS, MISSING, RATE_COVERS};

/// How many days are shown at a glance.
const DAYS: u32 = 28;

/// What changes of days are held against.
pub(super) const SAME_WEEKDAYS: &str = "the same weekdays before";

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    vec![
        heard(context),
        crash_free(context),
        top_feature(context),
        breaks::worst_cause(context),
        changed::changed(context),
    ]
}

/// The days that are shown: the last 28 up to the last sealed one, or fewer where fewer are sealed.
fn days(context: &Context<'_>, table: &Table) -> Vec<Day> {
    let sealed = context.rollups.periods(Unit::Day);
    let (Some(first), Some(last)) = (
        sealed.first(),
        sealed.last().max(table.published.keys().next_back()),
    ) else {
        return Vec::new();
    };
    let days = (0..DAYS).rev().map(|back| last.minus(back));
    days.filter(|day| day >= first).collect()
}

fn heard(context: &Context<'_>) -> Section {
    let name = "activity_daily";
    let draft = Draft::new("heard", Group::Glance, "Devices heard from", Some(name))
        .column("day", "Day", Kind::Period)
        .counted("devices", "Devices")
        .counted("week_before", "Devices a week before")
        .sentence(format!(
            "Devices heard from on each of the last {DAYS} days, and on the same weekday before. {COVERS} \
             A day without a number was not published. {MISSING}"
        ));
    let table = match context.table(name) {
        Ok(table) => table,
        Err(why) => return draft.empty(why),
    };
    let days = days(context, table);
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return draft.empty("No day is sealed yet.");
    };
    let mut draft = draft
        .withheld(context.withheld(table, *first, *last))
        .chart(Chart::Trend {
            x: "day".into(),
            y: "devices_estimate".into(),
            lower: "devices_lower".into(),
            upper: "devices_upper".into(),
            series: None,
            top: None,
            caption: "Devices heard from by day, with the 95 % interval as a band".into(),
            lines: Vec::new(),
        });
    let mut tile = None;
    for day in &days {
        let devices = context.of_app(name, "devices", *day);
        let earlier = context.of_app(name, "devices", day.minus(WEEK));
        let cells = [Cell::Day(*day)].into_iter().chain(counts(devices));
        draft.row(cells.chain(counts(earlier)));
        if let Some(devices) = devices {
            tile = Some(heard_tile(context, *day, devices, earlier));
        }
    }
    if tile.is_none() {
        return draft.empty(nothing_in_days(context, name));
    }
    draft.done(tile, "")
}

fn heard_tile(
    context: &Context<'_>,
    day: Day,
    devices: Measured,
    earlier: Option<Measured>,
) -> Tile {
    let before = earlier.map(|earlier| {
        let earlier = words::count(earlier.estimate.round() as i64);
        format!("; {earlier} a week before")
    });
    Tile {
        value: words::count(devices.estimate.round() as i64),
        unit: "devices".into(),
        detail: format!(
            "{}, {}{}",
            words::within(Unit::Day, day),
            words::between_counts(devices),
            before.unwrap_or_default()
        ),
        change: change_of(context, "activity_daily", Compared::Devices, SAME_WEEKDAYS),
    }
}

fn crash_free(context: &Context<'_>) -> Section {
    let name = "activity_daily";
    let draft = Draft::new("crash_free", Group::Glance, "Devices without a crash", Some(name))
        .column("day", "Day", Kind::Period)
        .counted("devices", "Devices")
        .counted("crashed", "Devices that crashed")
        .rated("crash_rate", "Crash rate")
        .rated("crash_free", "Crash-free")
        .rated("week_crash_rate", "Crash rate of seven days")
        .rated("week_crash_free", "Crash-free of seven days")
        .sentence(format!(
            "The crash rate of a day is the number of devices with a fatal failure on that day over the number of \
             devices heard from on it; crash-free is the rest. That of seven days adds up both numbers of the seven days \
             that end with the day, which makes the noise smaller. {RATE_COVERS}"
        ));
    let table = match context.table(name) {
        Ok(table) => table,
        Err(why) => return draft.empty(why),
    };
    let days = days(context, table);
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return draft.empty("No day is sealed yet.");
    };
    let mut draft = draft.withheld(context.withheld(table, *first, *last));
    for (prefix, caption) in [
        (
            "crash_rate",
            "Crash rate by day, with its interval as a band",
        ),
        (
            "week_crash_rate",
            "Crash rate of the seven days that end with each day",
        ),
    ] {
        draft = draft.chart(Chart::Trend {
            x: "day".into(),
            y: prefix.into(),
            lower: format!("{prefix}_lower"),
            upper: format!("{prefix}_upper"),
            series: None,
            top: None,
            caption: caption.into(),
            lines: vec![context.bad_line()],
        });
    }
    let mut tile = None;
    for day in &days {
        let devices = context.of_app(name, "devices", *day);
        let crashed = context.of_app(name, "crashed", *day);
        let rate = part(crashed, devices);
        let week = crash_rate_of_week(context, table, *day);
        let cells = [Cell::Day(*day)].into_iter();
        let cells = cells
            .chain(counts(devices))
            .chain(counts(crashed))
            .chain(rates(rate));
        let cells = cells
            .chain(rates(rate.map(Measured::rest)))
            .chain(rates(week));
        draft.row(cells.chain(rates(week.map(Measured::rest))));
        let shown = week
            .map(|week| (week, true))
            .or(rate.map(|rate| (rate, false)));
        if let Some((rate, of_week)) = shown {
            tile = Some(crash_free_tile(context, *day, rate.rest(), of_week));
        }
    }
    if tile.is_none() {
        return draft.empty(nothing_in_days(context, name));
    }
    draft.done(tile, "")
}

/// The crash rate of the seven days that end with a day; none where one of them is missing.
fn crash_rate_of_week(context: &Context<'_>, table: &Table, last: Day) -> Option<Measured> {
    let days = week_up_to(last).collect();
    let sum = |measure| context.sum(table, &[], measure, &days);
    sum("crashed")?
        .measured()
        .part_of(sum("devices")?.measured())
}

fn crash_free_tile(context: &Context<'_>, day: Day, rate: Measured, of_week: bool) -> Tile {
    let when = match of_week {
        true => format!(
            "over the seven days up to {}",
            words::period(Unit::Day, day)
        ),
        false => words::within(Unit::Day, day),
    };
    let mut change = change_of(context, "activity_daily", Compared::Crashed, SAME_WEEKDAYS);
    // The comparison is of the crash rate, and the tile shows the rest.
    change.sentence = match change.flag {
        Direction::None => change.sentence,
        _ => format!("The crash rate went {}", lowered(&change.sentence)),
    };
    Tile {
        value: words::percent(rate.estimate),
        unit: "of the devices heard from on a day did not crash".into(),
        detail: format!("{when}, {}", words::between_rates(rate)),
        change,
    }
}

/// A sentence behind others words.
fn lowered(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn top_feature(context: &Context<'_>) -> Section {
    let draft = used::features_draft("top_feature", Group::Glance, "The most used feature");
    used::features_of_week(context, draft, Some(5), |context, latest, draft| {
        let row = draft.rows().first()?;
        let Some(Cell::Text(name)) = draft.cell(row, "feature") else {
            return None;
        };
        let found = latest
            .rows
            .iter()
            .find(|row| row.dims.first() == Some(&name))?;
        let devices = measured(latest.table, found, "devices")?;
        Some(Tile {
            value: context.called("feature", &name),
            unit: "is used on most devices".into(),
            detail: format!(
                "{} devices {}, {}",
                words::count(devices.estimate.round() as i64),
                words::within(Unit::Week, latest.period),
                words::between_counts(devices)
            ),
            change: context
                .changes
                .get(
                    context.app,
                    "features_weekly",
                    Compared::Devices,
                    &found.dims,
                )
                .map_or_else(no_comparison, |found| found.change("the week before")),
        })
    })
}

/// The change of the app as a whole by a daily table.
fn change_of(context: &Context<'_>, table: &str, what: Compared, against: &str) -> Change {
    let found = context.changes.get(context.app, table, what, &[]);
    found.map_or_else(no_comparison, |found| found.change(against))
}

/// What is said where the period before was not published.
pub(super) fn no_comparison() -> Change {
    Change {
        flag: Direction::None,
        sentence: "No comparison: the period before was not published.".to_owned(),
    }
}

/// A rate of two numbers that may be missing.
pub(super) fn part(part: Option<Measured>, whole: Option<Measured>) -> Option<Measured> {
    part?.part_of(whole?)
}

fn nothing_in_days(context: &Context<'_>, name: &str) -> String {
    match context.latest(name) {
        Ok(latest) if last_published(latest.table).is_some() => context.nothing_reached(&latest),
        Ok(_) => "Nothing is published of it yet.".to_owned(),
        Err(why) => why,
    }
}
