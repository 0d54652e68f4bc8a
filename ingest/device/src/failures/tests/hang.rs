//! What the watchdog makes of silence, by hand-turned time.

use std::time::Duration;

use crate::failures::watchdog::{Change, Hang};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Looks once a second from `from` to `to`, and what they found, with the second.
fn looks(hang: &mut Hang, from: u64, to: u64, alive: Option<Duration>) -> Vec<(u64, Change)> {
    (from..=to)
        .filter_map(|now| hang.look(s(now), alive).map(|change| (now, change)))
        .collect()
}

#[test]
fn a_host_that_is_silent_for_the_threshold_hangs_since_its_last_word() {
    let mut hang = Hang::new(s(5));
    assert_eq!(looks(&mut hang, 0, 14, Some(s(10))), []);
    assert_eq!(
        looks(&mut hang, 15, 60, Some(s(10))),
        [(15, Change::Hangs(s(10)))]
    );
}

#[test]
fn a_hang_that_ends_is_taken_back_and_another_one_is_seen_again() {
    let mut hang = Hang::new(s(5));
    assert_eq!(
        looks(&mut hang, 0, 6, Some(s(0))),
        [(5, Change::Hangs(s(0)))]
    );
    assert_eq!(
        looks(&mut hang, 7, 12, Some(s(7))),
        [(7, Change::Answers), (12, Change::Hangs(s(7)))]
    );
}

#[test]
fn a_host_that_never_said_anything_does_not_hang() {
    assert_eq!(looks(&mut Hang::new(s(5)), 0, 100, None), []);
}

#[test]
fn a_host_may_be_silent_in_the_background_and_has_the_whole_threshold_after_it() {
    let mut hang = Hang::new(s(5));
    assert_eq!(looks(&mut hang, 0, 3, Some(s(3))), []);
    assert_eq!(hang.pause(), None);
    assert_eq!(looks(&mut hang, 1000, 1004, Some(s(3))), []);
    assert_eq!(
        looks(&mut hang, 1005, 1006, Some(s(3))),
        [(1005, Change::Hangs(s(1000)))]
    );
}

#[test]
fn a_hang_is_over_when_the_app_goes_into_the_background() {
    let mut hang = Hang::new(s(5));
    looks(&mut hang, 0, 5, Some(s(0)));
    assert_eq!(hang.pause(), Some(Change::Answers));
    assert_eq!(hang.pause(), None);
}

#[test]
fn a_process_that_was_stopped_as_a_whole_did_not_hang() {
    let mut hang = Hang::new(s(5));
    assert_eq!(looks(&mut hang, 0, 3, Some(s(3))), []);
    // Nobody ran for an hour, the watchdog neither.
    assert_eq!(looks(&mut hang, 3600, 3604, Some(s(3))), []);
    // Still silent while others ran again.
    assert_eq!(
        looks(&mut hang, 3605, 3605, Some(s(3))),
        [(3605, Change::Hangs(s(3600)))]
    );
}
