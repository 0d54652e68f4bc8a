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
