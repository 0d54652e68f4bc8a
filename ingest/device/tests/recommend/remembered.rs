//! What is remembered for suggestions, what of it is counted, and what is left of it.

use kaiku_device::recommend::Fetched;
use kaiku_device::{Answer, Connection, Forget, Level};
use kaiku_wire::Day;

use super::*;

#[test]
fn of_a_feature_one_bit_a_quarter_is_remembered_and_its_owner_sees_it() {
    let remembered = |days: &[i64], times: u32| {
        let folder = tempfile::tempdir().unwrap();
        let bench = bench(folder.path());
        let program = open_on(&bench);
        for day in days {
            bench.hand.pass(day * DAY);
            (0..times).for_each(|_| program.used("route.car"));
            program.work();
        }
        program.send_now();
        send_all(&program, &mut Server::default(), &bench.hand);
        bench.hand.evening_after(1);
        send_all(&program, &mut Server::default(), &bench.hand);
        bench.hand.evening_after(1);
        send_all(&program, &mut Server::default(), &bench.hand);
        let export = program.export("en");
        let at = export.find("\"remembered\"").unwrap();
        (program.waiting("en"), export[at..].to_owned())
    };
    let once = remembered(&[3], 1);
    let often = remembered(&[0, 1, 2], 7);
    assert_eq!(once, often);
    let [line] = &once.0[..] else {
        panic!("{:?}", once.0)
    };
    assert_eq!(
        line.text,
        "Remembered here for suggestions and never sent: Car routes"
    );
    assert_eq!(line.day, Day::parse("2026-10-01").unwrap());
    assert!(!line.is_leaving);
    assert!(once.1.contains("\"2026-10-01\": [\n"), "{}", once.1);
}

#[test]
fn what_was_used_longer_ago_than_two_quarters_is_forgotten_and_what_was_used_within_90_days_is_not()
{
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    let program = driver(&bench);
    bench.hand.pass(90 * DAY);
    program.used("base.map");
    program.work();
    assert!(program.export("en").contains("\"route.car\""));
    bench.hand.pass(94 * DAY);
    program.used("base.map");
    program.work();
    assert!(!program.export("en").contains("\"route.car\""));
}

#[test]
fn that_something_was_shown_and_that_it_was_used_is_counted_like_any_feature_and_names_none() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    program.shown("layer.traffic");
    program.work();
    let mut server = Server::default();
    for _ in 0..3 {
        program.used("layer.traffic");
        program.used("route.bicycle");
        program.work();
    }
    for _ in 0..3 {
        bench.hand.evening_after(1);
        program.used("layer.traffic");
        send_all(&program, &mut server, &bench.hand);
    }
    assert_eq!(server.times("suggestion.shown"), 1);
    assert_eq!(server.times("suggestion.used"), 1);
}

#[test]
fn after_it_is_turned_off_nothing_of_suggestions_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    program.shown("layer.traffic");
    program.dismiss("route.bicycle");
    program.turn_off(Forget::No).unwrap();
    assert!(names(&program).is_empty());
    program.used("layer.traffic");
    program.shown("layer.traffic");
    assert_eq!(program.next_fetch(Connection::Unmetered), None);
    for (path, bytes) in files(&bench.folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            ["consent.json", "lock", "switch"].contains(&&*name),
            "{name} is left"
        );
        for trace in ["route.", "layer.", "KSG1"] {
            let found = bytes
                .windows(trace.len())
                .any(|part| part == trace.as_bytes());
            assert!(!found, "{name} holds {trace}");
        }
    }
    program.turn_on(Level::Both, 2, "en").unwrap();
    program.work();
    assert_eq!(program.waiting("en"), []);
    // A fetch that was on its way is of no use to the new device until it asks by itself.
    let fetched = program.fetched(Answer::status(200), &file_of(1, &key(1)));
    assert_eq!(fetched, Fetched::Unwanted);
}

#[test]
fn nothing_of_it_lies_on_the_disk_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    let program = driver(&bench);
    program.dismiss("route.bicycle");
    program.work();
    drop(program);
    let spool = std::fs::read(bench.folder.join("spool.db")).unwrap();
    for trace in ["route.", "layer."] {
        let found = spool
            .windows(trace.len())
            .any(|part| part == trace.as_bytes());
        assert!(!found, "the spool holds {trace}");
    }
}
