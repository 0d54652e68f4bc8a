//! What is not shown, and why; what that costs, and what is promised.

use kaiku_wire::Day;

use super::glance::part;
use super::promise;
use crate::context::Context;
use crate::draft::Draft;
use crate::model::{Cell, Chart, Group, Kind, Section};
use crate::numbers::{counts, rates};
use crate::rollups::Unit;
use crate::words::{self, RATE_COVERS};

/// How many days of the cost of the bounds are shown.
const DAYS: u32 = 28;

pub(super) fn sections(context: &Context<'_>) -> Vec<Section> {
    vec![
        withheld(context),
        bounds_cost(context),
        promise::spent(context),
        promise::guarantee(context),
        taking_part(context),
    ]
}

fn withheld(context: &Context<'_>) -> Section {
    let rollups = context.rollups;
    let mut draft = Draft::new("withheld", Group::Unseen, "What was not published", None)
        .column("period", "Period", Kind::Period)
        .column("length", "Length", Kind::Text)
        .column("table", "Table", Kind::Text)
        .column("reason", "Why, or what happened", Kind::Text)
        .sentence(
            "Tables that were withheld for a whole period, days that are not sealed, and what happened to the data of a \
             period. What is withheld is never made up for and never shown as 0. Single rows that do not reach their \
             threshold are missing besides, and no list of them can be given: it would tell of them.",
        );
    let mut found: Vec<(Day, &str, String, String)> = Vec::new();
    for (name, table) in &rollups.tables {
        for not in context.withheld(table, Day::MIN, Day::MAX) {
            found.push((not.period, table.unit.as_str(), name.clone(), not.reason));
        }
    }
    for manifest in rollups.shown() {
        for incident in &manifest.incidents {
            let day = incident.first_day;
            let what = words::incident(incident.incident).to_owned();
            found.push((day, manifest.unit.as_str(), "all tables".to_owned(), what));
        }
    }
    let sealed = rollups.periods(Unit::Day);
    if let (Some(first), Some(last)) = (sealed.iter().min(), sealed.iter().max()) {
        let mut day = *first;
        while day < *last {
            if !sealed.contains(&day) {
                let why = "No manifest of this day stands: it is not sealed.".to_owned();
                found.push((day, "day", "all tables".to_owned(), why));
            }
            day = day.next();
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    for (period, length, table, reason) in found {
        draft.row([
            Cell::Day(period),
            Cell::text(length),
            Cell::text(table),
            Cell::text(reason),
        ]);
    }
    draft.done(
        None,
        "Nothing was withheld, and every day from the first to the last is sealed.",
    )
}

fn bounds_cost(context: &Context<'_>) -> Section {
    let name = "activity_daily";
    let draft = Draft::new(
        "bounds_cost",
        Group::Unseen,
        "What the bounds cost",
        Some(name),
    )
    .column("day", "Day", Kind::Period)
    .counted("devices", "Devices")
    .counted("bounded", "Of them with something not counted")
    .rated("bounded_rate", "Part of the devices");
    let latest = match context.latest(name) {
        Ok(latest) => latest,
        Err(why) => return draft.empty(why),
    };
    if latest.table.measure("bounded").is_none() {
        return draft.empty("The policy does not count how many devices did more than is counted.");
    }
    let bounds = context
        .rollups
        .manifests
        .last()
        .map(|manifest| manifest.bounds);
    let bounds = bounds.map(|bounds| {
        let day = bounds.day;
        format!(
            "A device counts on a day for at most {} apps, {} releases, {} features and {} causes, and over a week for {}, \
             {}, {} and {}. ",
            day.apps.a_day,
            day.releases.a_day,
            day.features.a_day,
            day.causes.a_day,
            day.apps.a_week,
            day.releases.a_week,
            day.features.a_week,
            day.causes.a_week
        )
    });
    let first = latest.period.minus(DAYS - 1);
    let mut draft = draft
        .withheld(context.withheld(latest.table, first, Day::MAX))
        .sentence(format!(
            "So that no device weighs much, each counts for so much and no more. {}This is the part of a day's devices that \
             did more, of which something was not counted. {RATE_COVERS}",
            bounds.unwrap_or_default()
        ))
        .chart(Chart::Trend {
            x: "day".into(),
            y: "bounded_rate".into(),
            lower: "bounded_rate_lower".into(),
            upper: "bounded_rate_upper".into(),
            series: None,
            top: None,
            caption: "Part of a day's devices of which something was not counted".into(),
            lines: Vec::new(),
        });
    let begun = context.rollups.periods(Unit::Day).into_iter().min();
    let mut is_shown = false;
    for back in (0..DAYS).rev() {
        let day = latest.period.minus(back);
        if begun.is_some_and(|begun| day < begun) {
            continue;
        }
        let devices = context.of_app(name, "devices", day);
        let bounded = context.of_app(name, "bounded", day);
        is_shown |= devices.is_some();
        let cells = [Cell::Day(day)]
            .into_iter()
            .chain(counts(devices))
            .chain(counts(bounded));
        draft.row(cells.chain(rates(part(bounded, devices))));
    }
    let nothing = context.nothing_reached(&latest);
    match is_shown {
        true => draft.done(None, ""),
        false => draft.empty(nothing),
    }
}

fn taking_part(context: &Context<'_>) -> Section {
    let mut draft = Draft::new("taking_part", Group::Unseen, "Who takes part, and who does not", None)
        .column("about", "About", Kind::Text)
        .column("said", "What is so", Kind::Text)
        .sentence(
            "Everything here is about devices whose owners have agreed to take part. It does not say how many there are \
             besides, and those who take part may differ from those who don't.",
        );
    let said = [
        (
            "Who is counted",
            "Devices that take part, that were switched on and connected, and whose upload arrived within the period.",
        ),
        (
            "Who is not",
            "Who never agreed, who stopped, and whose device was not heard from. How many they are is not known.",
        ),
        (
            "What an identifier is",
            "A device counts once for each identifier. A reset or a new consent makes a new one, so a person may count more than once.",
        ),
        (
            "What “not listed” is",
            "All that no list has, counted together: an app, release, feature or cause that its catalogue does not declare, a \
             brand, model or operator that is in no table, a country that the device did not name. In CSV, JSON and the rollups \
             it is called unlisted, and a country ZZ.",
        ),
    ];
    for (about, said) in said {
        draft.row([Cell::text(about), Cell::text(said)]);
    }
    if let Some(program) = &context.rollups.catalogue.program {
        draft.row([
            Cell::text("Who answers for it"),
            Cell::text(&program.controller),
        ]);
        draft.row([
            Cell::text("How to reach them"),
            Cell::text(&program.contact),
        ]);
        if let Some(consent) = &program.consent {
            draft.row([
                Cell::text("What participants agreed to"),
                Cell::text(consent),
            ]);
        }
    }
    draft.done(None, "")
}
