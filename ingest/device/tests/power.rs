//! The power goes at a thousand moments: nothing is counted twice, and no number is given to two
//! things.

use std::collections::BTreeMap;

use kaiku_device::{Answer, Connection, Worked};
use kaiku_wire::Day;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

#[test]
fn after_a_power_cut_nothing_counts_twice_and_nothing_new_is_taken_for_old() {
    let folder = tempfile::tempdir().unwrap();
    let platter = Platter::register("kaiku-power", 11);
    let mut bench = Bench::new(folder.path());
    bench.vfs = Some("kaiku-power".to_owned());
    drop(bench.open_on());
    let mut dice = ChaCha8Rng::seed_from_u64(12);
    let mut server = Server::default();
    let (mut recorded, mut written) = (0_u64, 0_u64);
    let mut cuts = 0;
    for life in 0.. {
        if cuts == 1_000 {
            break;
        }
        assert!(
            life < 4_000,
            "after {cuts} cuts nothing is written any more"
        );
        platter.die_after(dice.random_range(1..80));
        let program = bench.open();
        let (mut of_life, mut of_life_written) = (0, 0);
        for _ in 0..40 {
            match dice.random_range(0..6) {
                0..3 => {
                    program.used(&format!("feature.{:03}", dice.random_range(0..8)));
                    of_life += 1;
                }
                3 if dice.random() => program.send_now(),
                3 => bench.hand.pass(dice.random_range(0..6) * HOUR),
                4 => {
                    if program.work() == Worked::Done {
                        of_life_written = of_life;
                    }
                }
                _ => send(&program, &mut server, bench.hand.today(), &mut dice),
            }
            if platter.is_dead() {
                break;
            }
        }
        recorded += of_life;
        written += of_life_written;
        cuts += u64::from(platter.is_dead());
        // What the program still tries when it is dropped does not come to the disk.
        platter.die_after(0);
        drop(program);
        platter.cut();
    }
    let program = bench.open();
    assert_eq!(program.work(), Worked::Done);
    for _ in 0..40 {
        bench.hand.evening_after(1);
        send_all(&program, &mut server, &bench.hand);
    }
    let status = program.status();
    assert_eq!(status.waiting, 0);
    let counted: u64 = server.all().values().sum();
    let lost: u64 = status.lost.iter().map(|(_, events)| events).sum();
    assert_eq!(server.counted.len(), 1, "one device all the time");
    assert!(counted > written / 2, "{counted} of {written} say little");
    let range = format!("{written} written, {counted} counted, {lost} lost, {recorded} recorded");
    assert!(
        written <= counted + lost && counted + lost <= recorded,
        "{range}"
    );
}

/// One upload: it arrives or not, and the device learns of it or not.
fn send(program: &kaiku_device::Program, server: &mut Server, today: Day, dice: &mut ChaCha8Rng) {
    let Some(upload) = program.next_upload(Connection::Unmetered) else {
        return;
    };
    let arrives = dice.random_range(0..4) > 0;
    if arrives {
        server.take(&upload, today);
    }
    match dice.random_range(0..4) {
        0 => {}
        1 if !arrives => program.uploaded(upload.id, Answer::none()),
        _ if arrives => program.uploaded(upload.id, Answer::status(202)),
        _ => program.uploaded(upload.id, Answer::status(503)),
    }
}

/// The disk of the test forgets what was not synced, and keeps what was: else it would prove
/// nothing.
#[test]
fn a_spool_that_does_not_sync_would_be_found_out() {
    let platter = Platter::register("kaiku-unsynced", 3);
    let flags = rusqlite::OpenFlags::default();
    let open = || rusqlite::Connection::open_with_flags_and_vfs("/t.db", flags, "kaiku-unsynced");
    let mut left = BTreeMap::new();
    for (synchronous, number) in [("OFF", 0), ("FULL", 1)].into_iter().cycle().take(60) {
        let spool = open().unwrap();
        spool
            .pragma_update(None, "journal_mode", "TRUNCATE")
            .unwrap();
        spool.pragma_update(None, "synchronous", "FULL").unwrap();
        spool
            .execute_batch("DROP TABLE IF EXISTS t; CREATE TABLE t(n)")
            .unwrap();
        spool
            .pragma_update(None, "synchronous", synchronous)
            .unwrap();
        spool.execute_batch("INSERT INTO t VALUES (7)").unwrap();
        drop(spool);
        platter.cut();
        let read = open()
            .unwrap()
            .query_row("SELECT n FROM t", [], |row| row.get::<_, i64>(0));
        *left.entry(number).or_insert(0) += i32::from(matches!(read, Ok(7)));
        if read.is_err() {
            platter.clear();
        }
    }
    assert_eq!(left[&1], 30, "what was synced is there");
    assert!(left[&0] < 30, "what was not synced is not always there");
}
