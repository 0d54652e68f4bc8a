//! What the bounds cost the simulated fleet.

use std::collections::BTreeMap;

use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Cells, Column, Fleet, FleetConfig, Truth, Wanted};
use kaiku_wire::bounds::{Bounds, Room};
use kaiku_wire::{BOUNDS, Day, Mark};

/// No total of a week may take more of the marks that need it.
const MOST: f64 = 0.005;

/// Each kind of place with its daily mark.
const KINDS: [(&str, Mark, Column); 6] = [
    ("apps", Mark::FirstAppDay, Column::App),
    ("releases", Mark::FirstReleaseDay, Column::Release),
    ("features", Mark::FirstItemDay, Column::Feature),
    ("causes", Mark::FirstItemDay, Column::Cause),
    ("release_causes", Mark::FirstCauseReleaseDay, Column::Cause),
    ("fatals", Mark::FirstFatalReleaseDay, Column::Release),
];

/// Two weeks of a fleet under these bounds: each kind's marks, by day and app.
fn cells(bounds: Bounds, devices: u32) -> Vec<Cells> {
    let catalogue = Catalogue::sample();
    let config = FleetConfig {
        devices,
        ..FleetConfig::default()
    };
    let first = config.first_day;
    let wanted = KINDS.map(|(_, mark, column)| Wanted {
        weekly: false,
        columns: vec![Column::App, column],
        marks: vec![mark],
    });
    let mut fleet = Fleet::new(config, &catalogue);
    let mut truth = Truth::of(&catalogue, 4, wanted.to_vec()).under(bounds);
    for day in (0..14).map(|number| first.plus(number)) {
        for upload in fleet.day(day) {
            truth.sent(&upload, day);
        }
    }
    truth.tables().cloned().collect()
}

fn by_day(cells: &Cells, app: &str) -> BTreeMap<Day, u64> {
    let sum = |day: &Day| {
        let of_app = cells[day].iter().filter(|(values, _)| values[0] == app);
        of_app.map(|(_, counts)| counts[0]).sum()
    };
    cells.keys().map(|day| (*day, sum(day))).collect()
}

fn sum(cells: &Cells) -> u64 {
    let cells = cells.values().flat_map(|cells| cells.values());
    cells.map(|counts| counts[0]).sum()
}

/// The same bounds without a total for the week.
fn without_totals() -> Bounds {
    let endless = |room: Room| Room {
        a_week: u32::MAX,
        ..room
    };
    let mut bounds = BOUNDS;
    let day = &mut bounds.day;
    for room in [
        &mut day.apps,
        &mut day.releases,
        &mut day.features,
        &mut day.causes,
        &mut day.release_causes,
        &mut day.fatals,
    ] {
        *room = endless(*room);
    }
    bounds
}

#[test]
fn the_totals_of_the_week_touch_almost_no_mark_of_the_day_book() {
    let devices = 5_000;
    let (bounded, free) = (cells(BOUNDS, devices), cells(without_totals(), devices));
    let mut over = Vec::new();
    for (((kind, ..), bounded), free) in KINDS.iter().zip(&bounded).zip(&free) {
        let (bounded, free) = (sum(bounded), sum(free));
        assert!(free > 500, "{kind}: {free} marks say nothing");
        let cut = 1.0 - bounded as f64 / free as f64;
        if cut > MOST {
            over.push(format!("{kind}: {bounded} of {free} marks are left"));
        }
    }
    assert!(over.is_empty(), "{over:?}");
}

#[test]
fn features_per_active_device_do_not_sag_through_the_week() {
    let devices = 8_000;
    let (bounded, free) = (cells(BOUNDS, devices), cells(without_totals(), devices));
    let monday = FleetConfig::default().first_day.plus(7);
    for app in ["maps", "music"] {
        let each = |cells: &[Cells], day: Day| {
            let (active, features) = (by_day(&cells[0], app), by_day(&cells[2], app));
            features[&day] as f64 / active[&day] as f64
        };
        // What people do at a week's end may differ; what is kept of it may not.
        let kept = |day: Day| each(&bounded, day) / each(&free, day);
        let sag = 1.0 - kept(monday.plus(6)) / kept(monday);
        assert!(sag < 0.02, "{app}: {:.1} % less on Sunday", 100.0 * sag);
    }
}
