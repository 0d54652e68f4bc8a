//! What has to be done now and then, on a thread of its own: keys are made ahead, what is left of
//! months that are over is destroyed, committed raw records are deleted, and the metrics are
//! brought up to date. No broker that is away keeps the group member from its group, and no
//! partition that fails keeps the others from being done.

mod gauges;
mod headroom;
mod months;
mod tails;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kaiku_broker::Admin;
use kaiku_stage::{Causes, Step, failpoint};
use kaiku_wire::Day;

use self::gauges::Gauges;
use crate::error::Error;
use crate::lane_context::LaneContext;

pub(crate) use self::headroom::{Headroom, left, retention};
pub(crate) use self::months::{Due, Months};
pub(crate) use self::tails::newest_metas;

const STEP: Duration = Duration::from_millis(100);
const METRICS_EVERY: Duration = Duration::from_secs(10);
/// What is there of months that are over is looked at once in so many turns, and on every new day.
const TURNS_A_LOOK: u32 = 10;
/// How long the end of the thread is waited for. Nothing is lost where it comes later.
const END: Duration = Duration::from_secs(2);

/// The thread.
pub(crate) struct Upkeep {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Upkeep {
    pub(crate) fn start(context: &Arc<LaneContext>) -> Result<Upkeep, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut turns = Turns::new(context, &stop)?;
        let thread = std::thread::Builder::new()
            .name("upkeep".to_owned())
            .spawn(move || turns.run())
            .map_err(Error::Thread)?;
        Ok(Upkeep { stop, thread })
    }

    /// Starts it anew where it has crashed.
    pub(crate) fn keep_up(&mut self, context: &Arc<LaneContext>) -> Result<(), Error> {
        if self.thread.is_finished() {
            tracing::error!("upkeep crashed; starting it again");
            *self = Upkeep::start(context)?;
        }
        Ok(())
    }

    /// Has it end. A question that is on its way is waited for no longer than this.
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        while !self.thread.is_finished() && begun.elapsed() < END {
            std::thread::sleep(STEP / 4);
        }
    }
}

/// What is done, and when it was done last.
struct Turns {
    context: Arc<LaneContext>,
    stop: Arc<AtomicBool>,
    /// One client for all of it, which gives up soon: what fails comes again.
    admin: Admin,
    gauges: Gauges,
    /// Up to where raw records were deleted.
    deleted: HashMap<i32, i64>,
    cleaned: Instant,
    measured: Instant,
    /// On which day months were looked at last, and how many turns ago.
    looked: Option<(Day, u32)>,
}

impl Turns {
    fn new(context: &Arc<LaneContext>, stop: &Arc<AtomicBool>) -> Result<Turns, Error> {
        let now = Instant::now();
        let admin = Admin::impatient(&context.cluster)
            .map_err(Error::broker("making a client for upkeep"))?;
        Ok(Turns {
            context: Arc::clone(context),
            stop: Arc::clone(stop),
            admin,
            gauges: Gauges::default(),
            deleted: HashMap::new(),
            cleaned: now,
            measured: now,
            looked: None,
        })
    }

    fn run(&mut self) {
        while !self.is_over() {
            if self.cleaned.elapsed() >= self.context.config.delete_every {
                self.cleaned = Instant::now();
                self.clean();
            }
            if self.measured.elapsed() >= METRICS_EVERY {
                self.measured = Instant::now();
                self.gauges.measure(&self.context, &self.admin, &self.stop);
            }
            std::thread::sleep(STEP);
        }
        self.gauges.remove_all();
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Does all that is due. What fails is tried again the next time, and keeps nothing else from
    /// being done: keys and months come first, for people's sake.
    fn clean(&mut self) {
        let mut trouble = Trouble::default();
        if !self.context.replay {
            trouble.note(self.make_keys());
            self.look_at_months(&mut trouble);
        }
        if self.context.config.delete_raw {
            self.delete_raw(&mut trouble);
        }
        if let Some(error) = trouble.first {
            let more = trouble.more;
            tracing::warn!(error = %Causes(&error), more, "upkeep failed; trying again later");
        }
    }

    /// Keys are made a day ahead, so that no lane waits for one at midnight.
    fn make_keys(&self) -> Result<(), Error> {
        let today = self.context.clock.today();
        for month in [today.month(), today.next().month()] {
            self.context.keys.month(&self.admin, month)?;
        }
        Ok(())
    }

    fn look_at_months(&mut self, trouble: &mut Trouble) {
        let today = self.context.clock.today();
        if let Some((day, turns)) = &mut self.looked
            && *day == today
            && *turns > 0
        {
            *turns -= 1;
            return;
        }
        let months = Months {
            cluster: &self.context.cluster,
            admin: &self.admin,
            keys: &self.context.keys,
            partitions: self.context.partitions,
        };
        let due = months.due(today, trouble);
        let Some(due) = trouble.take(due) else {
            return;
        };
        let (was_due, left) = (!due.is_empty(), months.destroy(due, trouble));
        if was_due && left.is_empty() {
            tracing::info!("destroyed what was left of months that are over");
        }
        gauges::show_overdue(&left);
        // What could not be done yet is looked at in the next turn.
        let turns = if left.is_empty() { TURNS_A_LOOK } else { 0 };
        self.looked = Some((today, turns));
    }

    /// Deletes raw records that are committed, but for a margin.
    fn delete_raw(&mut self, trouble: &mut Trouble) {
        let context = Arc::clone(&self.context);
        let standstills = context.progress.readiness().standstills();
        // What a lane that refuses has counted may be of another topic than the one that is there.
        let refuses = |partition: &i32| {
            let why = standstills.get(partition);
            why.is_some_and(|why| why.step() == Step::Refuses)
        };
        for (partition, lane) in context.progress.lanes() {
            let before = lane.next_offset - context.config.delete_margin;
            if self.is_over() || refuses(&partition) {
                continue;
            }
            if before <= self.deleted.get(&partition).copied().unwrap_or(0) {
                continue;
            }
            let deleted = self.admin.delete_records(&context.raw, partition, before);
            if trouble.note(deleted.map_err(Error::broker("deleting committed raw records"))) {
                failpoint("raw.deleted");
                self.deleted.insert(partition, before);
            }
        }
    }
}

/// What went wrong within one turn.
#[derive(Default)]
pub(crate) struct Trouble {
    pub(crate) first: Option<Error>,
    more: u32,
}

impl Trouble {
    /// Whether it went well.
    fn note(&mut self, result: Result<(), Error>) -> bool {
        self.take(result).is_some()
    }

    fn take<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match (result, &self.first) {
            (Ok(value), _) => return Some(value),
            (Err(error), None) => self.first = Some(error),
            (Err(_), Some(_)) => self.more += 1,
        }
        None
    }
}
