//! Every change of an app that has a flag, in one list: what got worse stands first.

use super::glance::SAME_WEEKDAYS;
use super::shapes::CHANGED;
use crate::changes::{Compared, Found};
use crate::context::{Context, flag};
use crate::draft::Draft;
use crate::model::{Cell, Group, Kind, Section};
use crate::words;

/// What was compared, and against what: the title of the section in which it stands.
const PLACES: &[(&str, Compared, &str)] = &[
    (
        "activity_daily",
        Compared::Devices,
        "Devices heard from in seven days",
    ),
    (
        "activity_daily",
        Compared::Crashed,
        "Crash rate of seven days",
    ),
    (
        "releases_daily",
        Compared::Crashed,
        "Crash rate by release, of seven days",
    ),
    ("features_weekly", Compared::Devices, "Use of a feature"),
    ("causes_weekly", Compared::Part, "Failures by cause"),
    ("components_weekly", Compared::Part, "Failures by component"),
    ("countries_weekly", Compared::Devices, "Devices by country"),
    (
        "countries_weekly",
        Compared::Crashed,
        "Crash rate by country",
    ),
    ("brands_weekly", Compared::Devices, "Devices by brand"),
    ("brands_weekly", Compared::Crashed, "Crash rate by brand"),
    ("models_weekly", Compared::Crashed, "Crash rate by model"),
    (
        "operators_weekly",
        Compared::Crashed,
        "Crash rate by network operator",
    ),
];

pub(super) fn changed(context: &Context<'_>) -> Section {
    let mut draft = Draft::new("changed", Group::Glance, "What changed", None)
        .column("what", "What", Kind::Text)
        .column("name", "Of which", Kind::Name)
        .column("name_title", "What it is", Kind::Text)
        .column("flag", "Change", Kind::Flag)
        .column("said", "In words", Kind::Text)
        .sentence(format!(
            "Everything in this app that is flagged: what got worse first, and within that what is surest. One thing may stand behind many lines: a brand that \
             crashes raises the rate of the countries and operators where it is common, and where an app is used less, most \
             of its features are. {CHANGED}"
        ));
    let mut rows = Vec::new();
    let mut compared = 0;
    for (table, what, title) in PLACES {
        for (dims, found) in context.changes.of_table(context.app, table, *what) {
            compared += 1;
            if found.flag().is_empty() {
                continue;
            }
            let against = match table.ends_with("_daily") {
                true => SAME_WEEKDAYS,
                false => "the week before",
            };
            let name = dims.join(", ");
            let called: Vec<&str> = dims.iter().map(|dim| words::plain(dim)).collect();
            let dimension = match *table {
                "features_weekly" => "feature",
                "causes_weekly" => "cause",
                "components_weekly" => "component",
                _ => "",
            };
            rows.push((
                rank(found),
                [
                    Cell::text(*title),
                    Cell::text(if name.is_empty() {
                        "all".to_owned()
                    } else {
                        called.join(", ")
                    }),
                    context.title(dimension, &name),
                    flag(Some(found)),
                    Cell::text(found.change(against).sentence),
                ],
            ));
        }
    }
    rows.sort_by(|(one, _), (other, _)| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    for (_, row) in rows {
        draft.row(row);
    }
    draft.done(
        None,
        match compared {
            0 => "There is nothing to compare with yet.",
            _ => "Nothing has changed by more than the noise and the coming and going of people explain.",
        },
    )
}

/// Where a change stands: what got worse before what is used more or less, and that before what got
/// better; within these, how sure it is. By its size, what few devices did would stand first.
fn rank(found: &Found) -> (u8, f64) {
    let kind = match found.flag() {
        "worse" | "new" => 0,
        "better" => 2,
        _ => 1,
    };
    (kind, found.chance())
}
