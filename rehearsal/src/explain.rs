//! What stays visible of a fleet under a policy: its devices are counted one after the other, and
//! the gate is asked what it shows of the cells. No stage runs.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Cells, Fleet, FleetConfig, Truth};
use kaiku_release::{Cell, NoiseSource, Period, Policy, Released, SealNoise, Table, Unit, release};
use kaiku_wire::Day;

use crate::table::{TableOutcome, wanted};

/// Devices that a thread takes at once.
const SHARE: u32 = 500;

/// What stays visible of a fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// How many of its devices report on a day, on average.
    pub reporting: f64,
    /// What becomes of each table, in the order of the policy.
    pub tables: Vec<(String, TableOutcome)>,
}

/// Simulates so many days of a fleet, and releases every whole period of them. The simulation and
/// the noise follow from the seed of the fleet. Each device is counted by itself, so that memory
/// holds the cells of the tables, and of each device some 50 bytes a thread. `progress` is told how
/// many devices are done.
///
/// # Errors
/// Where the gate refuses what the fleet has counted.
pub fn explain(
    policy: &Policy,
    catalogue: &Catalogue,
    fleet: &FleetConfig,
    days: u32,
    threads: usize,
    progress: impl Fn(u32) + Sync,
) -> Result<Explained> {
    let count = Count {
        policy,
        catalogue,
        fleet,
        days,
        next: AtomicU32::new(0),
        reports: AtomicU64::new(0),
    };
    let mut truth = count.nothing();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1))
            .map(|_| scope.spawn(|| count.some(&progress)))
            .collect();
        for thread in threads {
            let counted = thread.join();
            truth.merge(counted.map_err(|_| anyhow!("a thread ended by a fault"))?);
        }
        anyhow::Ok(())
    })?;
    let mut key = [0; 32];
    key[..8].copy_from_slice(&fleet.seed.to_le_bytes());
    let noise = SealNoise::new(key, [0; 32]);
    let last = fleet.first_day.plus(days.saturating_sub(1));
    let cells = truth.tables().zip(truth.unbounded());
    let tables = policy.tables().iter().zip(cells);
    let tables = tables.map(|(table, (bounded, unbounded))| {
        let periods = periods(table, fleet.first_day, last);
        let outcome = shown(table, (bounded, unbounded), &periods, &noise)?;
        Ok((table.name().to_owned(), outcome))
    });
    // Sums of reports are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let reporting = count.reports.into_inner() as f64 / f64::from(days.max(1));
    Ok(Explained {
        reporting,
        tables: tables.collect::<Result<_>>()?,
    })
}

/// The count of a fleet, shared among threads.
struct Count<'a> {
    policy: &'a Policy,
    catalogue: &'a Catalogue,
    fleet: &'a FleetConfig,
    days: u32,
    /// The first device that no thread has taken.
    next: AtomicU32,
    /// Days on which a device has reported, over all devices.
    reports: AtomicU64,
}

impl<'a> Count<'a> {
    fn nothing(&self) -> Truth<'a> {
        Truth::of(self.catalogue, 1, wanted(self.policy)).and_unbounded()
    }

    /// Counts devices until there are none left.
    fn some(&self, progress: &impl Fn(u32)) -> Truth<'a> {
        let mut truth = self.nothing();
        let mut fleet = Fleet::new(self.fleet.clone(), self.catalogue);
        loop {
            let first = self.next.fetch_add(SHARE, Ordering::Relaxed);
            let end = self.fleet.devices.min(first.saturating_add(SHARE));
            if first >= end {
                return truth;
            }
            let reports = (first..end).map(|device| self.device(device, &mut fleet, &mut truth));
            self.reports.fetch_add(reports.sum(), Ordering::Relaxed);
            progress(end - first);
        }
    }

    /// Counts a device, and gives the number of days on which it has reported.
    fn device(&self, device: u32, fleet: &mut Fleet, truth: &mut Truth<'_>) -> u64 {
        truth.next_device();
        let days = (0..self.days).map(|number| self.fleet.first_day.plus(number));
        let reports = days.filter(|day| {
            let mut reports = false;
            for upload in fleet.device_day(device, *day) {
                truth.sent(&upload, *day);
                reports = true;
            }
            reports
        });
        reports.count() as u64
    }
}

/// The whole periods of a table that lie within these days.
fn periods(table: &Table, first: Day, last: Day) -> Vec<Period> {
    let mut days = Vec::new();
    let mut day = first;
    while day <= last {
        days.push(day);
        day = day.next();
    }
    match table.unit() {
        Unit::Day => days.into_iter().map(Period::Day).collect(),
        Unit::Week => {
            let mondays = days.iter().filter(|day| day.week().monday() == **day);
            let weeks = mondays.map(|day| day.week());
            let whole = weeks.filter(|week| week.sunday() <= last);
            whole.map(Period::Week).collect()
        }
    }
}

/// What the gate shows of the periods of a table.
fn shown(
    table: &Table,
    (bounded, unbounded): (&Cells, &Cells),
    periods: &[Period],
    noise: &impl NoiseSource,
) -> Result<TableOutcome> {
    let mut outcome = TableOutcome::default();
    for period in periods {
        let of_period = |cells: &Cells| cells.get(&period.first_day()).cloned();
        let bounded = of_period(bounded).unwrap_or_default();
        let unbounded = of_period(unbounded).unwrap_or_default();
        let cells = bounded.iter().map(|(values, counts)| Cell {
            dims: values.iter().map(|value| (*value).to_owned()).collect(),
            counts: counts.clone(),
        });
        let released: Released = release(table, *period, cells.collect(), noise)
            .with_context(|| format!("releasing {} of {period}", table.name()))?;
        outcome.period(table, &bounded, &unbounded);
        for row in released.rows() {
            let values: Vec<&str> = row.dims().iter().map(String::as_str).collect();
            outcome.row(table, (&bounded, &unbounded), &values, row.values())?;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fleet(devices: u32) -> FleetConfig {
        FleetConfig {
            devices,
            ..FleetConfig::default()
        }
    }

    fn explained(devices: u32, days: u32, threads: usize) -> Explained {
        let (policy, catalogue) = (Policy::small(), Catalogue::sample());
        explain(&policy, &catalogue, &fleet(devices), days, threads, |_| {}).unwrap()
    }

    #[test]
    fn what_is_shown_does_not_depend_on_who_counts() {
        assert_eq!(explained(1_600, 8, 1), explained(1_600, 8, 3));
    }

    #[test]
    fn devices_counted_one_by_one_come_to_what_the_whole_fleet_comes_to() {
        let (policy, catalogue) = (Policy::small(), Catalogue::sample());
        let config = fleet(900);
        let mut truth = Truth::of(&catalogue, 4, wanted(&policy)).and_unbounded();
        let mut whole = Fleet::new(config.clone(), &catalogue);
        for day in (0..9).map(|number| config.first_day.plus(number)) {
            whole.day(day).for_each(|upload| truth.sent(&upload, day));
        }
        let count = Count {
            policy: &policy,
            catalogue: &catalogue,
            fleet: &config,
            days: 9,
            next: AtomicU32::new(0),
            reports: AtomicU64::new(0),
        };
        let counted = count.some(&|_| {});
        assert!(counted.tables().eq(truth.tables()));
        assert!(counted.unbounded().eq(truth.unbounded()));
    }

    #[test]
    fn a_larger_fleet_shows_more_of_itself_and_weeks_need_to_be_whole() {
        let (few, many) = (explained(1_000, 6, 2), explained(6_000, 7, 2));
        let of = |explained: &Explained, name: &str| {
            let mut tables = explained.tables.iter();
            tables.find(|(table, _)| table == name).unwrap().1.clone()
        };
        let (small, large) = (of(&few, "features_daily"), of(&many, "features_daily"));
        assert_eq!((small.periods, large.periods), (6, 7));
        assert!(small.published() < large.published());
        assert!(large.lost().unwrap() > 0.0);
        assert_eq!(of(&few, "countries_weekly").periods, 0);
        let countries = of(&many, "countries_weekly");
        assert_eq!(countries.periods, 1);
        assert!(countries.rows > 0 && countries.rows < countries.cells);
        assert!((1_000.0..6_000.0).contains(&many.reporting));
    }
}
