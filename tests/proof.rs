//! Exactly once across the strip, and each landed record once, on a real broker: kills, zombies,
//! clocks, retention, lost state, half-finished landings. Each test ends with the oracle.
//!
//! The long ones run in a short form. `KAIKU_TEST_FULL=1` runs them in full, `KAIKU_TEST_SEED`
//! with another seed.

mod broker;
mod buckets;
mod clocks;
mod cut;
mod doors;
mod input;
mod kills;
mod landing;
mod landing_doors;
mod live_world;
mod lost_state;
mod members;
mod months;
mod publisher;
mod schema_ids;
mod simulation;
mod state;
mod three;
mod three_gateway;
mod upkeep;
mod zombies;

use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest that a world may take to come to rest, on a busy machine.
pub(crate) const QUIET: Duration = Duration::from_secs(300);
pub(crate) const STOP: Duration = Duration::from_secs(40);

/// Waits until something holds, as long as a world may take to come to rest.
pub(crate) fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < QUIET, "in vain: {what}");
        sleep(Duration::from_millis(50));
    }
}

/// Every step of a lane, in order, at which a process may die or linger.
const LANE: [&str; 9] = [
    "restore.fenced",
    "restore.read",
    "lane.took",
    "lane.begun",
    "lane.output",
    "lane.state",
    "lane.offsets",
    "lane.drained",
    "lane.committed",
];
/// The steps of a lane that makes a month's key.
const KEYS: [&str; 2] = ["keys.fenced", "keys.written"];
