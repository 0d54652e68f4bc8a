//! How the file of suggestions comes, and which is refused.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use kaiku_device::recommend::{Fetch, Fetched, Refusal};
use kaiku_device::{Answer, Connection, Program};
use kaiku_suggestions::Suggestions;

use super::*;

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
fn the_sender_fetches_on_the_connection_of_the_upload_and_says_nothing_of_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path());
    bench.hand.pass(DAY);
    let program = open_on(&bench);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    // One connection, two requests.
    let (told, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
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
        told.send(heads).unwrap();
    });
    let sender = crate::http::start(&program, url);
    program.used("route.car");
    program.send_now();
    let heads = heads.recv_timeout(Duration::from_secs(60)).unwrap();
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
