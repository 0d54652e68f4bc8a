//! From a feature that was used to a receipt.

use kaiku_device::{Answer, Connection, Fatal, State, Worked};

use crate::support::*;

#[test]
fn what_was_used_today_leaves_on_a_later_day_and_leaves_a_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.started();
    program.used("feature.007");
    program.used("feature.007");
    program.failed("network.timeout", Some("tiles"), Fatal::No);
    program.stopped();
    assert_eq!(program.work(), Worked::Done);
    assert_eq!(program.next_upload(Connection::Unmetered), None);

    bench.hand.evening_after(1);
    assert_eq!(program.next_upload(Connection::None), None);
    let upload = program.next_upload(Connection::Unmetered).unwrap();
    let mut server = Server::default();
    server.take(&upload, bench.hand.today());
    assert_eq!(server.times("feature.007"), 2);
    assert_eq!(server.times("network.timeout/tiles"), 1);
    assert_eq!(server.times("started"), 1);
    assert_eq!(program.next_upload(Connection::Unmetered), None);

    program.uploaded(upload.id, Answer::status(202));
    let receipts = program.receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].events, 5);
    assert_eq!(receipts[0].bytes as usize, upload.body.len());
    assert_eq!(program.waiting("en"), []);
    assert!(matches!(program.status().state, State::On { .. }));
}

#[test]
fn what_was_written_down_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    drop(program);
    let program = bench.open();
    assert_eq!(program.status().state, State::NotLookedYet);
    assert_eq!(program.work(), Worked::Done);
    assert_eq!(program.status().waiting, 1);
    bench.hand.evening_after(2);
    let mut server = Server::default();
    assert_eq!(send_all(&program, &mut server, &bench.hand), 1);
    assert_eq!(server.times("feature.001"), 1);
}

#[test]
fn an_upload_without_an_answer_comes_again_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.send_now();
    let first = program.next_upload(Connection::Unmetered).unwrap();
    bench.hand.pass(9 * MINUTE);
    assert_eq!(program.next_upload(Connection::Unmetered), None);
    bench.hand.pass(MINUTE);
    assert_eq!(
        program.next_upload(Connection::Unmetered),
        Some(first.clone())
    );
    drop(program);
    let program = bench.open();
    assert_eq!(program.next_upload(Connection::Unmetered), Some(first));
}

#[test]
fn a_device_that_is_looked_after_in_the_morning_alone_has_its_days_leave_a_day_later() {
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Bench::new(folder.path());
        bench.seed = seed;
        let program = bench.open_on();
        let mut server = Server::default();
        for day in 0..20 {
            bench.hand.set(NOON - 6 * HOUR + day * DAY);
            program.used("feature.001");
            send_all(&program, &mut server, &bench.hand);
        }
        // The last day is not over, and the one before may wait for its minute.
        assert!(server.times("feature.001") >= 18, "seed {seed}");
        assert_eq!(program.status().lost, []);
    }
}

#[test]
fn a_consent_that_was_given_by_a_clock_that_was_ahead_is_dated_no_later_than_today() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    bench.hand.pass(20 * DAY);
    let program = bench.open_on();
    bench.hand.set(NOON);
    program.used("feature.001");
    bench.hand.evening_after(1);
    let mut server = Server::default();
    // The server refuses what was agreed to in the future.
    assert_eq!(send_all(&program, &mut server, &bench.hand), 1);
    assert_eq!(server.times("feature.001"), 1);
}
