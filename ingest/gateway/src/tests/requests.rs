//! What one request is answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kaiku_ingest::{Batch, Consent, Day, Device, DeviceId, Event, Framer, Producer};
use kaiku_raw::{Decoder, Limits, Record};
use kaiku_wire::Clock;

use super::{Broker, Door, Kit, LINE, Request};
use crate::{AVRO, Config};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(plain, flate2::Compression::default());
    std::io::Read::read_to_end(&mut encoder, &mut out).unwrap();
    out
}

fn avro() -> Vec<u8> {
    let device = Device::new(DeviceId::new([7; 16]), "Nokia", "TA-1053");
    let consent = Consent::new(1, Day::parse("2024-11-01").unwrap());
    let batch = Batch::new(device, "maps", "4.2", consent)
        .event(Event::started())
        .event(Event::failed("panic").fatal());
    Framer::single_object()
        .batch(&batch.as_raw(), Clock::system().today())
        .unwrap()
        .payload()
        .to_vec()
}

#[test]
fn a_batch_is_accepted_in_every_form_and_encoding() {
    let door = Door::open();
    let (avro, squeezed) = (avro(), zstd::encode_all(LINE.as_bytes(), 3).unwrap());
    let json = Request::batch(LINE.as_bytes());
    for request in [
        json.clone(),
        Request {
            content_type: Some("Application/JSON; charset=utf-8"),
            ..json.clone()
        },
        Request {
            encoding: Some("gzip"),
            body: &gzip(LINE.as_bytes()),
            ..json.clone()
        },
        Request {
            encoding: Some("zstd"),
            body: &squeezed,
            ..json.clone()
        },
        Request {
            encoding: Some("identity"),
            ..json.clone()
        },
        Request {
            content_type: Some(AVRO),
            body: &avro,
            ..json.clone()
        },
        Request {
            content_type: Some(AVRO),
            encoding: Some("gzip"),
            body: &gzip(&avro),
            ..json
        },
    ] {
        let answer = door.ask(&request);
        assert_eq!(answer.status, 202);
        if request.content_type == Some(AVRO) {
            // What a device reads is the status: the rest would be its traffic.
            let head = "http/1.1 202 accepted\r\nconnection: close\r\ncontent-length: 0";
            assert_eq!((answer.head.as_str(), answer.body.as_str()), (head, ""));
        } else {
            assert_eq!(answer.json()["events"], 2);
        }
    }
    assert_eq!(door.kit.taken(), 7);
    let taken = door.kit.taken.lock().unwrap();
    let decoder = Decoder::new(Limits::CONTRACT);
    for record in taken.iter() {
        assert!(matches!(decoder.decode(record).unwrap(), Record::Batch(_)));
    }
    assert_eq!(taken[5], avro);
}

#[test]
fn a_batch_that_is_not_valid_is_refused_with_its_reason() {
    let door = Door::open();
    let misspelt = LINE.replace("\"feature\"", "\"featur\"");
    let unfit = LINE.replace(
        "{\"type\":\"started\"}",
        "{\"type\":\"started\",\"fatal\":true}",
    );
    let forget = r#"{"forget":{"device_id":"6f1c0000111122223333444455556666"}}"#;
    let two = format!("{LINE}\n{LINE}\n");
    for (body, reason, words) in [
        (
            misspelt.as_bytes(),
            "unknown_field",
            "known here: type, feature",
        ),
        (unfit.as_bytes(), "field_unfit", "a field stands there"),
        (
            LINE.replace("consent", "app2").as_bytes(),
            "unknown_field",
            "",
        ),
        (forget.as_bytes(), "bad_json", ""),
        (two.as_bytes(), "bad_json", "and so is a request"),
        (b"", "bad_json", ""),
        (b"\xff\xfe", "bad_json", ""),
    ] {
        let answer = door.ask(&Request::batch(body));
        assert_eq!((answer.status, answer.reason().as_str()), (400, reason));
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    let avro = avro();
    let mut tick = Vec::new();
    kaiku_raw::Encoder::single_object().tick(&mut tick).unwrap();
    let longer = [&avro[..], &[0]].concat();
    let unknown = [&avro[..2], &[0; 8], &avro[10..]].concat();
    let confluent = [&[0, 0, 0, 0, 7], &avro[10..]].concat();
    for (body, reason) in [
        (&avro[..avro.len() - 1], "malformed"),
        (&avro[..5], "not_avro"),
        (&longer, "trailing_bytes"),
        (&unknown, "unknown_fingerprint"),
        (&tick, "unknown_fingerprint"),
        (&confluent, "not_avro"),
        (LINE.as_bytes(), "not_avro"),
    ] {
        let answer = door.ask(&Request {
            content_type: Some(AVRO),
            ..Request::batch(body)
        });
        assert_eq!((answer.status, answer.reason().as_str()), (400, reason));
    }
    assert_eq!(door.kit.taken(), 0);
}

#[test]
fn a_device_can_be_forgotten() {
    let door = Door::open();
    let body = br#"{"device_id":"6f1c0000-1111-2222-3333-444455556666","app":"maps"}"#;
    let request = Request {
        method: "DELETE",
        path: "/v1/device",
        ..Request::batch(body)
    };
    assert_eq!(door.ask(&request).status, 202);
    {
        let taken = door.kit.taken.lock().unwrap();
        match Decoder::new(Limits::CONTRACT).decode(&taken[0]).unwrap() {
            Record::Forget(forget) => assert_eq!(forget.app, Some("maps")),
            _ => panic!("another record was sent"),
        }
    }
    let bad = br#"{"device_id":"6f1c"}"#;
    let answer = door.ask(&Request {
        body: bad,
        ..request.clone()
    });
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (400, "bad_identifier")
    );
    let answer = door.ask(&Request {
        content_type: Some(AVRO),
        ..request
    });
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (415, "unsupported_type")
    );
}

#[test]
fn without_a_known_token_nothing_is_read() {
    let door = Door::open();
    for token in [
        None,
        Some("another-token-of-the-tests"),
        Some(""),
        Some("# ours"),
    ] {
        let answer = door.ask(&Request {
            token,
            ..Request::batch(LINE.as_bytes())
        });
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (401, "unauthorized")
        );
    }
    assert_eq!(door.kit.taken(), 0);
    let health = Request {
        method: "GET",
        path: "/healthz",
        token: None,
        ..Request::batch(b"")
    };
    let answer = door.ask(&health);
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"status":"ok"}"#)
    );
    let open = Door::with(|config| {
        config.tokens_file = None;
        config.anonymous = true;
    });
    let answer = open.ask(&Request {
        token: None,
        ..Request::batch(LINE.as_bytes())
    });
    assert_eq!(answer.status, 202);
}

#[test]
fn what_is_not_there_and_what_is_not_understood_is_said() {
    let door = Door::open();
    let batch = Request::batch(LINE.as_bytes());
    for (request, status) in [
        (
            Request {
                path: "/",
                ..batch.clone()
            },
            404,
        ),
        (
            Request {
                method: "GET",
                ..batch.clone()
            },
            405,
        ),
        (
            Request {
                method: "POST",
                path: "/healthz",
                ..batch.clone()
            },
            405,
        ),
        (
            Request {
                content_type: None,
                ..batch.clone()
            },
            415,
        ),
        (
            Request {
                content_type: Some("text/plain"),
                ..batch.clone()
            },
            415,
        ),
        (
            Request {
                encoding: Some("br"),
                ..batch.clone()
            },
            415,
        ),
        (
            Request {
                encoding: Some("gzip, gzip"),
                ..batch.clone()
            },
            415,
        ),
        (
            Request {
                encoding: Some("gzip"),
                ..batch
            },
            400,
        ),
    ] {
        let answer = door.ask(&request);
        assert_eq!(answer.status, status, "{} {}", request.method, request.path);
    }
}

#[test]
fn bodies_are_bounded_before_and_after_decompression() {
    let door = Door::with(|config| {
        config.limits.body_bytes = 10_000;
        config.limits.plain_bytes = 100_000;
    });
    let large = "x".repeat(10_001);
    let bomb = gzip(&vec![b' '; 8 << 20]);
    let squeezed = zstd::encode_all(&vec![b' '; 64 << 20][..], 3).unwrap();
    assert!(bomb.len() < 10_000 && squeezed.len() < 10_000);
    for request in [
        Request::batch(large.as_bytes()),
        Request {
            encoding: Some("gzip"),
            ..Request::batch(&bomb)
        },
        Request {
            encoding: Some("zstd"),
            ..Request::batch(&squeezed)
        },
    ] {
        let answer = door.ask(&request);
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (413, "too_large")
        );
    }
    let padded = LINE.to_owned() + &" ".repeat(90_000);
    let squeezed = gzip(padded.as_bytes());
    let request = Request {
        encoding: Some("gzip"),
        ..Request::batch(&squeezed)
    };
    assert_eq!(door.ask(&request).status, 202);
}

#[test]
fn no_2xx_is_given_before_the_broker_has_it() {
    let door = Door::with(|config| config.ack_time = Duration::from_secs(2));
    for broker in [Broker::Silent, Broker::Loses, Broker::Full] {
        *door.kit.broker.lock().unwrap() = broker;
        let answer = door.ask(&Request::batch(LINE.as_bytes()));
        assert_eq!((answer.status, answer.reason().as_str()), (503, "away"));
        let after = answer.head.split("\r\nretry-after: ").nth(1).unwrap();
        let after: u64 = after.lines().next().unwrap().parse().unwrap();
        assert!((30..=90).contains(&after), "{after}");
    }
    *door.kit.broker.lock().unwrap() = Broker::Confirms;
    assert_eq!(door.ask(&Request::batch(LINE.as_bytes())).status, 202);
}

#[test]
fn while_the_broker_is_silent_most_requests_are_told_at_once() {
    let door = Door::with(|config| config.ack_time = Duration::from_secs(2));
    *door.kit.broker.lock().unwrap() = Broker::Silent;
    let ask = || door.ask(&Request::batch(LINE.as_bytes())).status;
    assert_eq!(ask(), 503);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        all.into_iter()
            .for_each(|one| assert_eq!(one.join().unwrap(), 503));
    });
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
    let calls = door.kit.calls.load(Ordering::SeqCst);
    assert!(
        (2..20).contains(&calls),
        "{calls} requests waited for the broker"
    );
}

#[test]
fn whole_bodies_beyond_the_limit_wait_and_get_429() {
    let door = Door::with(|config| config.limits.requests = 1);
    *door.kit.broker.lock().unwrap() = Broker::Slow;
    // So long that it is decoded where it may take its time.
    let padded = LINE.to_owned() + &" ".repeat(30_000);
    let request = Request::batch(padded.as_bytes());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| door.ask(&request).status);
        while door.kit.calls.load(Ordering::SeqCst) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let answer = door.ask(&request);
        assert_eq!((answer.status, answer.reason().as_str()), (429, "busy"));
        assert_eq!(first.join().unwrap(), 202);
    });
}

#[test]
fn bodies_share_one_budget_of_bytes() {
    let door = Door::with(|config| {
        config.limits.bodies_bytes = 64 * 1024;
        config.limits.body_bytes = 64 * 1024;
    });
    let hold = Request::batch(&[b' '; 60_000]).bytes();
    let mut slow = door.connect();
    std::io::Write::write_all(&mut slow, &hold[..hold.len() - 1]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let padded = LINE.to_owned() + &" ".repeat(10_000);
    let request = Request::batch(padded.as_bytes());
    let answer = door.ask(&request);
    assert_eq!((answer.status, answer.reason().as_str()), (429, "busy"));
    drop(slow);
    let start = Instant::now();
    while door.ask(&request).status != 202 {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "no room came back"
        );
    }
}

#[test]
fn an_answer_repeats_nothing_of_the_request() {
    let door = Door::open();
    let marked = LINE.replace("started", "MARKED").replace("route", "MARKED");
    let renamed = LINE.replace("\"release\"", "\"MARKED\"");
    for body in [&marked, &renamed, "MARKED"] {
        for content_type in ["application/json", AVRO, "MARKED/MARKED"] {
            let request = Request {
                content_type: Some(content_type),
                path: "/v1/batch?MARKED=MARKED",
                ..Request::batch(body.as_bytes())
            };
            let mut stream = door.connect();
            std::io::Write::write_all(&mut stream, &request.bytes()).unwrap();
            let answer = super::Answer::read(&mut stream);
            assert!(answer.status >= 400);
            assert!(
                !format!("{} {}", answer.head, answer.body)
                    .to_lowercase()
                    .contains("marked")
            );
        }
    }
}

#[test]
fn an_ordinary_client_and_the_real_producer_meet_here() {
    let broker = kaiku_broker::MockBroker::new(4, &[]).unwrap();
    let config = Config::default().producer();
    let producer = Producer::start(broker.cluster(), None, &config).unwrap();
    let kit = Arc::new(Kit::default());
    let door = Door::onto(kit, Arc::new(producer), |_| ());
    let certificate = ureq::tls::Certificate::from_der(&door.certificate).to_owned();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::from([certificate]))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .http_status_as_error(false)
        .build()
        .new_agent();
    let url = format!("https://localhost:{}/v1", door.address.port());
    let bearer = format!("Bearer {}", super::TOKEN);
    for _ in 0..3 {
        let answer = agent
            .post(format!("{url}/batch"))
            .header("authorization", &bearer)
            .content_type("application/json")
            .send(LINE)
            .unwrap();
        assert_eq!(answer.status(), 202);
    }
    let answer = agent
        .delete(format!("{url}/device"))
        .force_send_body()
        .header("authorization", &bearer)
        .content_type("application/json")
        .send(r#"{"device_id":"6f1c0000111122223333444455556666"}"#)
        .unwrap();
    assert_eq!(answer.status(), 202);
}
