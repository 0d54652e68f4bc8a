//! The sender over HTTP, against a server of a few lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender as Channel, channel};
use std::time::{Duration, Instant};

use kaiku_device::{Connection, Forget, Program, Roots, Sender, SenderSettings, State};

use crate::support::*;

/// A request as it came in.
struct Request {
    first: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// A server that gives each request the next of these answers; an empty one is none, ever.
fn serve(answers: Vec<&'static str>) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let (requests, seen) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for answer in answers {
            let Ok((stream, _)) = listener.accept() else {
                return;
            };
            if take(&stream, &requests).is_some() {
                let _ = (&stream).write_all(answer.as_bytes());
            }
            if answer.is_empty() {
                kept.push(stream);
            }
        }
        // Silent connections stay open until the test is over.
        std::thread::sleep(Duration::from_secs(60));
    });
    (url, seen)
}

fn take(stream: &TcpStream, requests: &Channel<Request>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("content-length: ")?.parse().ok()
    });
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    let request = Request {
        first: lines.remove(0),
        headers: lines,
        body,
    };
    requests.send(request).ok()
}

pub fn start(program: &Program, url: String) -> Sender {
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), AUTHORITY).unwrap();
    let settings = SenderSettings {
        url,
        roots: Roots::File(authority.path().to_owned()),
        connection: Box::new(|| Connection::Unmetered),
    };
    Sender::start(program, settings).unwrap()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";

#[test]
fn a_sender_makes_an_upload_and_its_head_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let (url, seen) = serve(vec![ACCEPTED]);
    let sender = start(&program, url);
    program.used("feature.001");
    program.send_now();
    let request = seen.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(request.first, "POST /v1/batch HTTP/1.1");
    let head: usize = request.headers.iter().map(|line| line.len() + 2).sum();
    let head = head + request.first.len() + 4;
    assert!(head <= 250, "{head} bytes: {:?}", request.headers);
    assert!(
        request
            .headers
            .contains(&"authorization: Bearer app-key".to_owned())
    );
    assert_eq!(request.body.len() % 256, 0);
    until("a receipt", || program.receipts().len() == 1);
    drop(sender);
}

#[test]
fn a_redirect_and_a_page_of_a_hotel_are_no_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    let (url, seen) = serve(vec![redirect]);
    let sender = start(&program, url);
    program.used("feature.001");
    program.send_now();
    seen.recv_timeout(Duration::from_secs(60)).unwrap();
    until("a silence", || program.status().quiet_until.is_some());
    assert_eq!(program.receipts(), []);
    assert_eq!(program.status().waiting, 1);
    drop(sender);
}

#[test]
fn turning_off_cuts_a_request_that_is_on_its_way_and_none_begins_after() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let (url, seen) = serve(vec!["", ACCEPTED, ACCEPTED]);
    let sender = start(&program, url);
    program.used("feature.001");
    program.send_now();
    seen.recv_timeout(Duration::from_secs(60)).unwrap();
    program.turn_off(Forget::No).unwrap();
    assert_eq!(program.status().state, State::Off);
    // Its thread ends at once: it does not wait for the server.
    let begun = Instant::now();
    drop(sender);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(seen.try_recv().is_err());
}

#[test]
fn the_sender_asks_the_server_to_forget_and_waits_five_seconds_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let (url, seen) = serve(vec![ACCEPTED, ""]);
    let sender = start(&program, url);
    program.used("feature.001");
    program.send_now();
    seen.recv_timeout(Duration::from_secs(60)).unwrap();
    until("a receipt", || program.receipts().len() == 1);
    let begun = Instant::now();
    program.turn_off(Forget::First(&sender)).unwrap();
    // The server never answers. How loaded a machine is must not decide here, only that it ends.
    assert!(begun.elapsed() < Duration::from_secs(40));
    let request = seen.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(request.first, "POST /v1/forget HTTP/1.1");
    assert!(request.body.starts_with(br#"{"device_id":""#));
    assert_eq!(program.status().state, State::Off);
}

#[test]
fn a_sender_takes_https_or_this_very_machine_and_nothing_else() {
    let program = Program::for_tests(catalogue_of(1));
    for url in [
        "http://gateway.example",
        "ftp://127.0.0.1",
        "gateway.example",
        "https://",
    ] {
        let settings = SenderSettings {
            url: url.to_owned(),
            roots: Roots::System,
            connection: Box::new(|| Connection::None),
        };
        assert!(Sender::start(&program, settings).is_err(), "{url}");
    }
}

/// A certificate of nobody: plain HTTP to this machine needs none, and the sender wants a root.
const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBejCCAR+gAwIBAgIURUH/IGoOIS4FD11hOEKAm1X5fJswCgYIKoZIzj0EAwIw\n\
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyOTIxMzMwMloYDzIxMjYxMTA1MjEz\n\
MzAyWjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n\
AAR7HZEJePwaOvGgql/kMZZgafM+4kiXOW93ZHYWhlVYbHXsF1mBiHQPnlkk3u6u\n\
XUufu5s5F97E1mb29j4/5tDBo1MwUTAdBgNVHQ4EFgQUADNAbmSjKL2Zea5Z5nWt\n\
QSCMUNYwHwYDVR0jBBgwFoAUADNAbmSjKL2Zea5Z5nWtQSCMUNYwDwYDVR0TAQH/\n\
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAxv9WCHUtgguntPXI8p1mg313dR2X\n\
QYFQLZLGMnv5W3cCIQCgf9tBTZ77V5ZZOLr2h4EbBWs23D4OcRBagxBYsEjXCQ==\n\
-----END CERTIFICATE-----\n\
";
