//! Suggestions: what is picked, how often, what is remembered for it, and how the file comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use kaiku_device::recommend::{self, Fetch, Fetched, Refusal};
use kaiku_device::{Answer, Connection, DeviceCatalogue, Forget, Level, Program};
use kaiku_suggestions::{Feature, SigningKey, Suggestions};
use kaiku_wire::Day;

use crate::support::*;

const CATALOGUE: &str = r#"{"format":1,"app":"maps","consent":{"version":2},"features":[
    {"name":"base.map","titles":{"en":"The map"}},
    {"name":"route.car","titles":{"en":"Car routes","de":"Autorouten"},"recommend":true},
    {"name":"route.bicycle","titles":{"en":"Bicycle routes","de":"Fahrradrouten"},"recommend":true},
    {"name":"layer.traffic","titles":{"en":"Traffic"},"recommend":true},
    {"name":"trial","titles":{"en":"A trial"},"recommend":true,"expires":"2026-11-24"},
    {"name":"suggestion.shown"},{"name":"suggestion.used"}],"causes":[{"name":"panic"}]}"#;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32]).unwrap()
}

/// A file of the week that began so many weeks before the tests.
fn file_of(weeks_ago: u32, signer: &SigningKey) -> Vec<u8> {
    let week = Day::from_millis(NOON).minus(7 * weeks_ago).week();
    let names = [
        "base.map",
        "route.car",
        "layer.traffic",
        "route.bicycle",
        "trial",
        "later",
    ];
    let features = names.map(|name| Feature {
        name: name.to_owned(),
        is_offered: true,
    });
    let pairs = [
        (0, 1, 0.7),
        (1, 2, 0.5),
        (1, 3, 0.2),
        (1, 4, 0.9),
        (1, 5, 0.95),
        (2, 3, 0.1),
    ];
    let expires = week.sunday().plus(36);
    let said = Suggestions::new("maps", week, expires, features.to_vec(), pairs).unwrap();
    said.sign(signer).unwrap()
}

fn bench(folder: &std::path::Path) -> Bench {
    let mut bench = Bench::new(folder);
    bench.catalogue = DeviceCatalogue::parse(CATALOGUE).unwrap();
    bench
}

fn open(bench: &Bench) -> Program {
    let mut settings = bench.settings();
    let keys = [key(1).public(), key(2).public()];
    settings.recommend = Some(recommend::Settings::new(keys));
    Program::open(settings)
}

fn open_on(bench: &Bench) -> Program {
    let program = open(bench);
    program.turn_on(Level::Both, 2, "en").unwrap();
    program.work();
    program
}

/// Sends something, so that a fetch may follow, and hands it out where it is due.
fn fetch_behind_an_upload(program: &Program, bench: &Bench) -> Option<Fetch> {
    program.used("base.map");
    program.send_now();
    let mut server = Server::default();
    assert!(send_all(program, &mut server, &bench.hand) > 0);
    program.next_fetch(Connection::Unmetered)
}

fn take(program: &Program, bench: &Bench, file: &[u8]) -> Fetched {
    fetch_behind_an_upload(program, bench).expect("a fetch is due");
    program.fetched(Answer::status(200), file)
}

/// A device that has the file and uses the map and routes for cars.
fn driver(bench: &Bench) -> Program {
    let program = open_on(bench);
    assert_eq!(
        take(&program, bench, &file_of(1, &key(1))),
        Fetched::Accepted
    );
    program.used("route.car");
    program.work();
    program
}

fn names(program: &Program) -> Vec<String> {
    let recommended = program.recommend("en", 10).into_iter();
    recommended.map(|one| one.feature).collect()
}

#[test]
fn what_others_who_use_the_same_use_too_is_recommended_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    let english = program.recommend("en", 10);
    assert_eq!(english.len(), 1, "one a day");
    let first = &english[0];
    assert_eq!(
        (&*first.feature, &*first.title),
        ("layer.traffic", "Traffic")
    );
    assert_eq!(first.because, "You use “Car routes”");
    assert_eq!(first.because_feature, "route.car");
    program.dismiss("layer.traffic");
    let german = program.recommend("de-AT", 10);
    assert_eq!(german[0].title, "Fahrradrouten");
    assert_eq!(german[0].because, "Du benutzt „Autorouten“");
    assert_eq!(program.recommend("en", 0), []);
}

#[test]
fn nothing_is_recommended_that_is_used_dismissed_expired_not_marked_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    let program = driver(&bench);
    // The trial has the highest score, and expires tomorrow; a later app has another one still.
    assert_eq!(names(&program), ["trial"].map(String::from).to_vec());
    bench.hand.pass(DAY);
    assert_eq!(names(&program), ["layer.traffic"]);
    // Not written down yet, and used all the same.
    program.used("layer.traffic");
    assert_eq!(names(&program), ["route.bicycle"]);
    program.work();
    assert_eq!(names(&program), ["route.bicycle"]);
    program.dismiss("route.bicycle");
    assert!(names(&program).is_empty());
    program.work();
    drop(program);
    assert!(names(&reopened(&bench)).is_empty());
    let other = tempfile::tempdir().unwrap();
    let bench = self::bench(other.path());
    let program = open_on(&bench);
    take(&program, &bench, &file_of(1, &key(1)));
    program.used("layer.traffic");
    // The map goes with cars; that it is not marked keeps it from being recommended, not from being a reason.
    assert_eq!(program.recommend("en", 1)[0].because_feature, "base.map");
    program.used("route.car");
    let all: Vec<String> = (0..4)
        .flat_map(|_| names_then_dismissed(&program))
        .collect();
    assert_eq!(all, ["trial", "route.bicycle"]);
}

fn names_then_dismissed(program: &Program) -> Vec<String> {
    let names = names(program);
    names.iter().for_each(|name| program.dismiss(name));
    names
}

fn reopened(bench: &Bench) -> Program {
    let program = open(bench);
    program.work();
    program
}

#[test]
fn one_a_day_is_shown_and_none_more_than_three_times() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    for _ in 0..3 {
        assert_eq!(names(&program), ["layer.traffic"]);
        program.shown("layer.traffic");
        assert!(names(&program).is_empty());
        program.work();
        assert!(names(&program).is_empty());
        bench.hand.pass(DAY);
    }
    assert_eq!(names(&program), ["route.bicycle"]);
    drop(program);
    assert_eq!(names(&reopened(&bench)), ["route.bicycle"]);
}

#[test]
fn nothing_is_recommended_or_remembered_where_it_is_not_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    // The host pins no key.
    let program = bench.open_on();
    program.used("route.car");
    program.send_now();
    assert_eq!(send_all(&program, &mut Server::default(), &bench.hand), 1);
    assert_eq!(program.next_fetch(Connection::Unmetered), None);
    assert_eq!(program.waiting("en"), []);
    program.shown("layer.traffic");
    program.work();
    assert_eq!(program.waiting("en"), []);
    drop(program);
    // Its owner agreed to failures alone, after a time of more.
    let program = driver(&bench);
    program.turn_on(Level::Failures, 2, "en").unwrap();
    program.work();
    assert!(names(&program).is_empty());
    assert!(!program.export("en").contains("route.car"));
    program.used("route.bicycle");
    program.work();
    assert_eq!(program.waiting("en"), []);
}

#[test]
fn who_wants_none_gets_none_is_not_remembered_and_may_change_their_mind() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    assert_eq!(names(&program), ["layer.traffic"]);
    program.never();
    assert!(names(&program).is_empty());
    program.used("layer.traffic");
    program.send_now();
    send_all(&program, &mut Server::default(), &bench.hand);
    assert_eq!(program.waiting("en"), []);
    bench.hand.pass(8 * DAY);
    assert_eq!(fetch_behind_an_upload(&program, &bench), None);
    drop(program);
    let program = reopened(&bench);
    assert!(names(&program).is_empty());
    program.again();
    program.used("route.car");
    program.work();
    assert_eq!(names(&program), ["layer.traffic"]);
}

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
fn the_file_is_fetched_behind_an_upload_that_arrived_and_once_a_week_at_the_most() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    let program = open_on(&bench);
    assert_eq!(program.next_fetch(Connection::Unmetered), None);
    program.used("base.map");
    program.send_now();
    let upload = program.next_upload(Connection::Unmetered).unwrap();
    program.uploaded(upload.id, Answer::status(503));
    assert_eq!(program.next_fetch(Connection::Unmetered), None);
    bench.hand.pass(DAY);
    let fetch = fetch_behind_an_upload(&program, &bench).unwrap();
    let plain = Fetch {
        path: "/v1/recommendations/maps".to_owned(),
        headers: vec![],
    };
    assert_eq!(fetch, plain);
    assert_eq!(program.next_fetch(Connection::Unmetered), None);
    // No answer: the next upload is another chance.
    assert_eq!(program.fetched(Answer::none(), b""), Fetched::None);
    bench.hand.pass(DAY);
    let file = file_of(1, &key(1));
    assert_eq!(take(&program, &bench, &file), Fetched::Accepted);
    for day in 1..=7 {
        bench.hand.pass(DAY);
        let fetch = fetch_behind_an_upload(&program, &bench);
        assert_eq!(fetch.is_some(), day == 7, "day {day}");
        if let Some(fetch) = fetch {
            // By what it says it has, it is one of all that have this file.
            let tag = vec![("if-none-match", Suggestions::tag(&file))];
            assert_eq!((fetch.path, fetch.headers), (plain.path.clone(), tag));
        }
    }
    assert_eq!(
        program.fetched(Answer::status(304), b""),
        Fetched::Unchanged
    );
}

#[test]
fn a_file_that_is_older_or_of_another_key_or_damaged_is_refused_and_the_one_before_stays() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    let offer = |program: &Program, file: &[u8]| {
        bench.hand.pass(7 * DAY);
        take(program, &bench, file)
    };
    assert_eq!(offer(&program, &file_of(0, &key(2))), Fetched::Accepted);
    drop(program);
    let program = reopened(&bench);
    let older = Fetched::Refused(Refusal::Older);
    assert_eq!(offer(&program, &file_of(1, &key(1))), older);
    let unknown = Fetched::Refused(Refusal::UnknownKey);
    assert_eq!(offer(&program, &file_of(0, &key(3))), unknown);
    let mut damaged = file_of(0, &key(1));
    damaged[20] ^= 1;
    let refused = Fetched::Refused(Refusal::BadSignature);
    assert_eq!(offer(&program, &damaged), refused);
    assert_eq!(names(&program), ["layer.traffic"]);
    // It is good for 36 days behind its week, and then there is nothing.
    bench.hand.pass(20 * DAY);
    assert!(names(&program).is_empty());
}

#[test]
fn a_file_that_was_changed_on_the_disk_or_put_back_recommends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = driver(&bench);
    let place = bench.folder.join("suggestions");
    let first = std::fs::read(&place).unwrap();
    assert_eq!(first, file_of(1, &key(1)));
    let mut changed = first.clone();
    let last = changed.len() - 70;
    changed[last] ^= 4;
    std::fs::write(&place, &changed).unwrap();
    assert!(names(&program).is_empty());
    bench.hand.pass(7 * DAY);
    assert_eq!(
        take(&program, &bench, &file_of(0, &key(1))),
        Fetched::Accepted
    );
    assert_eq!(names(&program), ["layer.traffic"]);
    std::fs::write(&place, &first).unwrap();
    assert!(names(&program).is_empty());
    std::fs::remove_file(&place).unwrap();
    assert!(names(&program).is_empty());
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

#[test]
fn the_sender_fetches_on_the_connection_of_the_upload_and_says_nothing_of_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = open_on(&bench);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    // One connection, two requests.
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut reader = BufReader::new(&stream);
        let mut heads = Vec::new();
        let file = file_of(1, &key(1));
        let answers = [
            b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_vec(),
            [
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", file.len()).as_bytes(),
                &file,
            ]
            .concat(),
        ];
        for answer in answers {
            let (mut head, mut length) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim_end().to_ascii_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(bytes) = line.strip_prefix("content-length: ") {
                    length = bytes.parse().unwrap();
                }
                head.push(line);
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            (&stream).write_all(&answer).unwrap();
            heads.push(head);
        }
        heads
    });
    let sender = crate::http::start(&program, url);
    program.used("route.car");
    program.send_now();
    let heads = served.join().unwrap();
    let fetch = &heads[1];
    assert_eq!(fetch[0], "get /v1/recommendations/maps http/1.1");
    assert_eq!(fetch.len(), 2, "{fetch:?}");
    assert!(fetch[1].starts_with("host: "), "{fetch:?}");
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while names(&program) != ["layer.traffic"] {
        assert!(std::time::Instant::now() < end, "nothing was accepted");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(sender);
}
