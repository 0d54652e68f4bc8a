//! The processes of enrich that share the partitions: what they take, as if they were one.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use kaiku_rehearsal::bench::{Reading, Usage, resident};

use super::place::Place;
use super::process::{Enrich, START};
use super::scrape::Scrape;
use super::stop::Stop;

/// The partitions of a process: how many seconds the restore of its lane took, once it has its state.
pub(super) type Held = BTreeMap<u16, Option<f64>>;

/// The processes, which end with this.
pub(super) struct Processes<'a>(Vec<Enrich<'a>>);

impl<'a> Processes<'a> {
    /// Starts so many.
    pub(super) fn start(
        place: &Place,
        name: &str,
        many: u16,
        stop: &'a Stop,
    ) -> Result<Processes<'a>> {
        let each = (1..=many).map(|number| Enrich::start(place, &format!("{name}-{number}"), stop));
        each.collect::<Result<_>>().map(Processes)
    }

    /// Waits until each has its first partitions.
    pub(super) fn await_assigned(&mut self) -> Result<()> {
        self.0.iter_mut().try_for_each(Enrich::await_assigned)
    }

    /// Waits until every partition is one process's, each process has one, and every lane has its state; says how
    /// many seconds each took.
    pub(super) fn await_restored(&mut self, lanes: u16, until: Instant) -> Result<Vec<f64>> {
        loop {
            let held: Vec<Held> = self.0.iter().map(Enrich::held).collect();
            if let Some(seconds) = settled(&held, lanes) {
                return Ok(seconds);
            }
            self.wait(until, "every lane had its state")?;
        }
    }

    /// As [`Enrich::wait`].
    pub(super) fn wait(&mut self, until: Instant, what: &str) -> Result<()> {
        self.0
            .iter_mut()
            .try_for_each(|enrich| enrich.wait(until, what))
    }

    /// What each has used up to now.
    pub(super) fn readings(&self) -> Result<Vec<Reading>> {
        let each = self.0.iter();
        each.map(|enrich| Reading::of(enrich.id())).collect()
    }

    /// What all have used together since then.
    pub(super) fn usage_since(&self, begun: &[Reading]) -> Result<Usage> {
        let now = self.readings()?;
        let used = now.iter().zip(begun).map(|(now, begun)| now.since(begun));
        used.reduce(|one, other| Usage {
            wall: one.wall.max(other.wall),
            user: one.user + other.user,
            system: one.system + other.system,
        })
        .context("there is no process")
    }

    /// Memory of all together.
    pub(super) fn resident(&self) -> Result<u64> {
        self.0.iter().map(|enrich| resident(enrich.id())).sum()
    }

    /// What they have counted, once it is so many events: metrics follow the commit.
    pub(super) fn await_counted(&mut self, events: u64) -> Result<Scrape> {
        let until = Instant::now() + START;
        loop {
            let each = self.0.iter().map(Enrich::scrape);
            let scrape = Scrape::of_all(each.collect::<Result<_>>()?);
            let (all, rejected) = (scrape.all_events(), scrape.rejected());
            ensure!(rejected == 0.0, "enrich has rejected {rejected} records");
            if all >= events as f64 {
                ensure!(
                    all <= events as f64,
                    "{all} events came out of {events}: does another program write to these topics?"
                );
                return Ok(scrape);
            }
            self.wait(until, &format!("{all} of {events} events were counted"))?;
        }
    }

    /// Ends them as an operator does, one after the other.
    pub(super) fn terminate(self) -> Result<()> {
        self.0.into_iter().try_for_each(Enrich::terminate)
    }
}

/// The seconds of every lane, where all is in its place.
fn settled(held: &[Held], lanes: u16) -> Option<Vec<f64>> {
    let is_shared = held.iter().all(|one| !one.is_empty());
    let all: BTreeMap<u16, f64> = held
        .iter()
        .flatten()
        .map(|(partition, seconds)| Some((*partition, (*seconds)?)))
        .collect::<Option<_>>()?;
    let each: usize = held.iter().map(BTreeMap::len).sum();
    let is_once = each == all.len() && each == usize::from(lanes);
    (is_shared && is_once).then(|| all.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_in_its_place_where_each_partition_is_restored_once_and_each_process_has_one() {
        let held = |partitions: &[(u16, Option<f64>)]| partitions.iter().copied().collect::<Held>();
        let first = held(&[(0, Some(0.5)), (2, Some(0.25))]);
        let second = held(&[(1, Some(0.75))]);
        assert_eq!(
            settled(&[first.clone(), second], 3),
            Some(vec![0.5, 0.75, 0.25])
        );
        for other in [
            held(&[]),
            held(&[(1, None)]),
            held(&[(0, Some(1.0))]),
            held(&[(1, Some(1.0)), (3, Some(1.0))]),
        ] {
            assert_eq!(settled(&[first.clone(), other], 3), None);
        }
    }
}
