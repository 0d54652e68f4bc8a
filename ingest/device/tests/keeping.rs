//! What is kept, how much of it, and where: bounds, keys, copies, several processes, sessions.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use kaiku_device::{
    Answer, Connection, Fatal, Happened, Key, KeyAnswer, KeySource, KeyState, Level, Loss, Program,
    Recorded, Worked,
};

use crate::support::*;

fn lost(program: &Program, reason: Loss) -> u64 {
    let lost = program.status().lost;
    lost.iter()
        .find(|(one, _)| *one == reason)
        .map_or(0, |(_, events)| *events)
}

#[test]
fn a_spool_stays_under_64_kilobytes_and_what_goes_is_the_oldest_that_was_not_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(folder.path());
    bench.catalogue = catalogue_of(400);
    let program = bench.open_on();
    program.failed("panic", None, Fatal::Yes);
    let mut recorded = 1;
    for _ in 0..13 {
        for n in 0..400 {
            program.used(&format!("feature.{n:03}"));
            recorded += 1;
        }
        assert_eq!(program.work(), Worked::Done);
        let size = std::fs::metadata(bench.folder.join("spool.db"))
            .unwrap()
            .len();
        assert!(size <= 64 * 1_024, "{size} bytes");
        bench.hand.pass(DAY);
    }
    let left = lost(&program, Loss::SpoolFull);
    assert!(left > 0);
    assert_eq!(program.status().waiting + left, recorded);
    // The fatal failure of the first day is there still.
    let waiting = program.waiting("en");
    assert!(waiting[0].text.contains("It crashed"), "{:?}", waiting[0]);
    let entries = waiting.len();
    assert!(entries <= 2_000 && entries > 700, "{entries} lines");
}

#[test]
fn what_has_waited_for_14_days_is_dropped_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.used("feature.001");
    program.work();
    bench.hand.pass(14 * DAY);
    program.work();
    assert_eq!(program.status().waiting, 2);
    bench.hand.pass(DAY);
    program.used("feature.002");
    program.work();
    assert_eq!(lost(&program, Loss::TooOld), 2);
    program.send_now();
    let upload = program.next_upload(Connection::Unmetered).unwrap();
    with_batch(&plain(&upload), |batch| {
        assert_eq!(batch.losses.len(), 1);
        assert_eq!(batch.losses[0].reason, kaiku_raw::LossReason::TooOld);
        assert_eq!(batch.losses[0].count, 2);
    });
}

#[test]
fn a_backlog_leaves_one_day_of_use_a_day_oldest_first_and_a_fatal_failure_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let mut server = Server::default();
    for n in 0..3 {
        program.used(&format!("feature.{n:03}"));
        program.work();
        bench.hand.pass(DAY);
    }
    bench.hand.evening_after(0);
    for n in 0..3 {
        assert_eq!(send_all(&program, &mut server, &bench.hand), 1);
        assert_eq!(server.times(&format!("feature.{n:03}")), 1);
        assert_eq!(server.all().len(), n + 1);
        bench.hand.pass(DAY);
    }
    program.used("feature.009");
    program.failed("panic", Some("tiles"), Fatal::Yes);
    assert_eq!(send_all(&program, &mut server, &bench.hand), 1);
    assert_eq!(server.times("panic/tiles!"), 1);
    assert_eq!(server.times("feature.009"), 0);
}

#[test]
fn an_upload_that_is_refused_is_cut_in_half_once_and_then_dropped_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    for n in 0..4 {
        program.used(&format!("feature.{n:03}"));
    }
    program.send_now();
    let whole = program.next_upload(Connection::Unmetered).unwrap();
    program.uploaded(whole.id, Answer::status(400));
    let half = program.next_upload(Connection::Unmetered).unwrap();
    with_batch(&plain(&half), |batch| assert_eq!(batch.events.len(), 2));
    program.uploaded(half.id, Answer::status(413));
    assert_eq!(lost(&program, Loss::Refused), 2);
    let other = program.next_upload(Connection::Unmetered).unwrap();
    with_batch(&plain(&other), |batch| {
        assert_eq!(batch.events[0].feature, Some("feature.002"));
        assert_eq!(batch.first_sequence, Some(2));
    });
    program.uploaded(other.id, Answer::status(202));
    program.used("feature.007");
    program.send_now();
    let next = program.next_upload(Connection::Unmetered).unwrap();
    with_batch(&plain(&next), |batch| {
        assert_eq!(batch.first_sequence, Some(4));
        assert_eq!(batch.losses[0].count, 2);
    });
}

#[test]
fn a_page_of_a_hotel_is_no_acknowledgement_and_a_device_waits() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.send_now();
    let upload = program.next_upload(Connection::Unmetered).unwrap();
    program.uploaded(upload.id, Answer::status(200));
    assert_eq!(program.next_upload(Connection::Unmetered), None);
    bench.hand.pass(23 * MINUTE);
    assert_eq!(
        program.next_upload(Connection::Unmetered),
        Some(upload.clone())
    );
    let answer = Answer {
        status: Some(503),
        retry_after: Some(Duration::from_secs(7_200)),
    };
    program.uploaded(upload.id, answer);
    bench.hand.pass(119 * MINUTE);
    assert_eq!(program.next_upload(Connection::Unmetered), None);
    bench.hand.pass(MINUTE);
    assert_eq!(
        program.next_upload(Connection::Unmetered),
        Some(upload.clone())
    );
    program.uploaded(upload.id, Answer::status(202));
    assert_eq!(program.receipts().len(), 1);
}

#[test]
fn without_a_key_two_hundred_things_are_remembered_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(folder.path());
    bench.catalogue = catalogue_of(300);
    drop(bench.open_on());
    bench.keystore.lock(true);
    let before = files(&bench.folder);
    let program = bench.open();
    program.work();
    for n in 0..250 {
        program.used(&format!("feature.{n:03}"));
    }
    assert_eq!(program.work(), Worked::NoKey);
    assert_eq!(program.status().key, KeyState::NotYet);
    assert_eq!(files(&bench.folder), before);
    bench.keystore.lock(false);
    assert_eq!(program.work(), Worked::Done);
    assert_eq!(program.status().waiting, 200);
    assert_eq!(lost(&program, Loss::NoKey), 50);
}

#[test]
fn a_spool_whose_key_is_gone_is_counted_and_begun_anew() {
    for is_replaced in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench::new(folder.path());
        let program = bench.open_on();
        program.used("feature.001");
        program.used("feature.002");
        program.send_now();
        let mut server = Server::default();
        send_all(&program, &mut server, &bench.hand);
        for n in 0..5 {
            program.used(&format!("feature.{n:03}"));
        }
        drop(program);
        match is_replaced {
            true => bench.keystore.replace([3; 32]),
            false => bench.keystore.lose(),
        }
        let program = bench.open();
        assert_eq!(program.work(), Worked::Done);
        assert_eq!(lost(&program, Loss::KeyGone), 5);
        program.used("feature.009");
        program.send_now();
        send_all(&program, &mut server, &bench.hand);
        assert_eq!(server.counted.len(), 2, "it is another device now");
        assert_eq!(server.duplicates, 0);
    }
}

/// A keystore that does not answer until it is let go.
struct Blocked(mpsc::Receiver<()>);

impl KeySource for Blocked {
    fn key(&mut self) -> KeyAnswer {
        let _ = self.0.recv();
        KeyAnswer::Key(Key::new([1; 32]))
    }

    fn create(&mut self) -> KeyAnswer {
        KeyAnswer::NotYet
    }

    fn destroy(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// No time is measured but that of a machine under load: what must not wait for the keystore comes
/// back while it is still blocked.
#[test]
fn a_keystore_that_blocks_makes_no_call_wait() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let (let_go, blocked) = mpsc::channel();
    let mut settings = bench.settings();
    settings.key = Box::new(Blocked(blocked));
    let program = Program::open(settings);
    program.turn_on(Level::Both, 2, "en").unwrap();
    let worker = program.spawn_worker().unwrap();
    program.started();
    program.used("feature.001");
    program.background();
    program.foreground();
    assert_eq!(program.status().waiting, 2);
    assert_eq!(program.waiting("en").len(), 2);
    assert_eq!(program.receipts(), []);
    program.turn_on(Level::Usage, 2, "en").unwrap();
    program.send_now();
    assert_eq!(program.next_due(), None);
    program.turn_off(kaiku_device::Forget::No).unwrap();
    let_go.send(()).unwrap();
    drop(let_go);
    drop(worker);
    assert_eq!(program.status().waiting, 0);
    assert!(!bench.folder.join("spool.db").exists());
}

#[test]
fn a_copy_of_the_folder_elsewhere_is_another_device_and_nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.work();
    drop(program);
    let mut copy = bench.clone();
    copy.folder = folder.path().join("copy");
    copy.place = [2; 32];
    copy.seed = 2;
    std::fs::create_dir(&copy.folder).unwrap();
    for (path, bytes) in files(&bench.folder) {
        std::fs::write(copy.folder.join(path.file_name().unwrap()), bytes).unwrap();
    }
    let mut server = Server::default();
    for (number, one) in [&bench, &copy].into_iter().enumerate() {
        let program = one.open();
        program.work();
        program.used(&format!("feature.01{number}"));
        program.send_now();
        send_all(&program, &mut server, &one.hand);
    }
    bench.hand.evening_after(1);
    for one in [&bench, &copy] {
        send_all(&one.open(), &mut server, &one.hand);
    }
    assert_eq!(server.counted.len(), 2);
    assert_eq!(server.duplicates, 0);
    for feature in ["feature.001", "feature.010", "feature.011"] {
        assert_eq!(server.times(feature), 1, "{feature}");
    }
}

#[test]
fn several_processes_of_an_app_are_one_device() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    // Each has a lock of its own, as processes have.
    let programs: Vec<Program> = (0..8)
        .map(|seed| {
            let mut one = bench.clone();
            one.seed = 100 + seed;
            one.open_on()
        })
        .collect();
    for (number, program) in programs.iter().enumerate() {
        for _ in 0..=number {
            program.used("feature.001");
        }
        program.failed("disk.full", None, Fatal::No);
        assert_eq!(program.work(), Worked::Done);
    }
    let mut server = Server::default();
    bench.hand.evening_after(1);
    for program in &programs {
        program.work();
    }
    send_all(&programs[0], &mut server, &bench.hand);
    assert_eq!(server.times("feature.001"), 36);
    assert_eq!(server.times("disk.full/"), 8);
    assert_eq!(server.counted.len(), 1);
    // The one that wrote is gone: another does.
    let mut programs = programs;
    drop(programs.remove(0));
    programs[3].used("feature.002");
    programs[3].work();
    bench.hand.evening_after(1);
    programs[3].work();
    assert_eq!(send_all(&programs[3], &mut server, &bench.hand), 1);
    assert_eq!(server.times("feature.002"), 1);
    assert_eq!(server.counted.len(), 1);
    // One turns it off: it is off for all.
    programs[0].turn_off(kaiku_device::Forget::No).unwrap();
    for program in &programs {
        program.used("feature.003");
        assert_eq!(program.work(), Worked::Off);
        assert_eq!(program.next_upload(Connection::Unmetered), None);
    }
}

#[test]
fn rows_that_were_exchanged_or_spoilt_are_counted_as_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.work();
    bench.hand.pass(DAY);
    program.used("feature.002");
    program.used("feature.002");
    program.work();
    drop(program);
    let spool = rusqlite::Connection::open(bench.folder.join("spool.db")).unwrap();
    let swap = "UPDATE entry SET id = CASE id WHEN 1 THEN 1001 ELSE 1002 END WHERE kind = 3;
                UPDATE entry SET id = CASE id WHEN 1001 THEN 2 ELSE 1 END WHERE kind = 3;";
    spool.execute_batch(swap).unwrap();
    drop(spool);
    let program = bench.open();
    assert_eq!(program.work(), Worked::Done);
    assert_eq!(lost(&program, Loss::Unreadable), 3);
    assert_eq!(program.status().waiting, 0);
    std::fs::write(
        bench.folder.join("spool.db"),
        b"no database, and long enough for one",
    )
    .unwrap();
    drop(program);
    let program = bench.open();
    assert_eq!(program.work(), Worked::Done);
    assert_eq!(lost(&program, Loss::Unreadable), 1);
}

#[test]
fn a_run_that_is_killed_has_a_session_as_long_as_it_is_known_to_have_been() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.started();
    bench.hand.pass(30 * MINUTE);
    program.used("feature.001");
    program.work();
    bench.hand.pass(5 * HOUR);
    // Neither stopped nor dropped: so a kill leaves it, but for the lock.
    let copy = folder.path().join("after");
    std::fs::create_dir(&copy).unwrap();
    for (path, bytes) in files(&bench.folder) {
        if path.parent() == Some(&*bench.folder) {
            std::fs::write(copy.join(path.file_name().unwrap()), bytes).unwrap();
        }
    }
    let mut after = bench.clone();
    after.folder = copy;
    let next = after.open();
    next.work();
    let texts: Vec<String> = next
        .waiting("en")
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(
        texts,
        ["Started", "Used for 10 minutes to 1 hour", "Feature 1"]
    );
}

#[test]
fn a_test_of_an_app_sees_what_was_recorded() {
    let program = Program::for_tests(catalogue_of(4));
    program.started();
    program.used("feature.003");
    program.used("feature.003");
    program.used("feature.999");
    program.failed("network.timeout", Some("search"), Fatal::No);
    let used = Happened::Used("feature.003".to_owned());
    let failed = Happened::Failed {
        cause: "network.timeout".to_owned(),
        component: Some("search".to_owned()),
        fatal: false,
    };
    let seen = program.recorded();
    let of = |happened, times| Recorded { happened, times };
    assert_eq!(seen, [of(Happened::Started, 1), of(used, 2), of(failed, 1)]);
    assert_eq!(program.status().problems.unknown_names, 1);
    assert_eq!(program.recorded(), []);
}

/// The worker writes by itself: nothing else does here, and the program is not dropped.
#[test]
fn a_failure_is_on_disk_without_the_host_doing_anything() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let worker = program.spawn_worker().unwrap();
    let before = std::fs::read(bench.folder.join("spool.db")).unwrap();
    program.failed("disk.full", None, Fatal::No);
    let until = Instant::now() + Duration::from_secs(60);
    while std::fs::read(bench.folder.join("spool.db")).unwrap() == before {
        assert!(Instant::now() < until, "nothing was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(worker);
}

#[test]
fn what_waits_is_said_to_wait_while_it_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let is_over = &is_over;
        let program = &program;
        scope.spawn(move || {
            for _ in 0..50 {
                program.used("feature.001");
                program.work();
            }
            is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let mut before = 0;
        while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
            let waiting = program.status().waiting;
            assert!(waiting >= before, "{before} waited, and then {waiting}");
            before = waiting;
        }
    });
    assert_eq!(program.status().waiting, 50);
}
