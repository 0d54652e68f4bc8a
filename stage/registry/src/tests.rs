//! The client against a small registry that speaks HTTP over real sockets.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Config, Error, Registry, subject_of};

/// What the small registry answers: a status and a body for "METHOD path" and the posted text.
type Handler = dyn Fn(&str, Option<&str>, &str) -> (u16, String) + Send + Sync;

/// A registry on a free port, ended with the process.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

fn serve(
    tls: Option<Arc<rustls::ServerConfig>>,
    handler: impl Fn(&str, Option<&str>, &str) -> (u16, String) + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, handler) = (asked.clone(), Arc::new(handler));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            let (tls, handler, count) = (tls.clone(), handler.clone(), count.clone());
            std::thread::spawn(move || match tls {
                None => answer(stream, &*handler, &count),
                Some(config) => {
                    let session = rustls::ServerConnection::new(config).unwrap();
                    answer(rustls::StreamOwned::new(session, stream), &*handler, &count);
                }
            });
        }
    });
    Server { address, asked }
}

/// Answers one request and closes the connection.
fn answer(stream: impl Read + Write, handler: &Handler, asked: &AtomicUsize) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut authorization) = (String::new(), 0, None);
    if reader.read_line(&mut first).is_err() || first.is_empty() {
        return;
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.fetch_add(1, Ordering::SeqCst);
    let route = first.rsplit_once(" HTTP/").unwrap().0;
    let body = String::from_utf8(body).unwrap();
    let (status, text) = handler(route, authorization.as_deref(), &body);
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", text.len());
    let stream = reader.get_mut();
    let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{text}").as_bytes());
    let _ = stream.flush();
}

fn plain(server: &Server) -> Registry {
    Registry::new(&Config::new(format!("http://{}", server.address))).unwrap()
}

#[test]
fn an_id_is_asked_for_once_even_by_many_threads() {
    let server = serve(None, |route, _, _| {
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(route, "GET /schemas/ids/7");
        (200, r#"{"schema":"\"string\""}"#.into())
    });
    let registry = plain(&server);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(&*registry.schema_by_id(7).unwrap(), "\"string\""));
        }
    });
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn an_unknown_id_is_told_from_a_registry_that_is_away_or_refuses() {
    let server = serve(None, |route, _, _| match route {
        "GET /schemas/ids/1" => (404, r#"{"error_code":40403,"message":"no"}"#.into()),
        "GET /schemas/ids/2" => (404, "<html>a proxy's page</html>".into()),
        "GET /schemas/ids/3" => (503, String::new()),
        "GET /schemas/ids/4" => (401, r#"{"error_code":401,"message":"who"}"#.into()),
        "GET /schemas/ids/5" => (302, String::new()),
        _ => (200, "not json".into()),
    });
    let registry = plain(&server);
    let ask = |id| registry.schema_by_id(id).unwrap_err();
    assert!(matches!(ask(1), Error::UnknownId(1)));
    assert!(matches!(ask(1), Error::UnknownId(1)));
    assert_eq!(
        server.asked.load(Ordering::SeqCst),
        1,
        "not asked again at once"
    );
    assert!(matches!(ask(2), Error::Refused { status: 404, .. }));
    assert!(matches!(ask(3), Error::Unavailable { status: 503, .. }));
    assert!(ask(3).retry_helps());
    assert!(matches!(
        ask(4),
        Error::Refused {
            status: 401,
            code: 401,
            ..
        }
    ));
    assert!(!ask(4).retry_helps());
    assert!(matches!(ask(5), Error::Refused { status: 302, .. }));
    assert!(matches!(ask(6), Error::Answer { .. }));
}

#[test]
fn a_registry_that_is_away_is_asked_again_and_answers_when_it_is_back() {
    let down = Arc::new(Mutex::new(true));
    let state = down.clone();
    let server = serve(None, move |_, _, _| match *state.lock().unwrap() {
        true => (500, String::new()),
        false => (200, r#"{"schema":"\"int\""}"#.into()),
    });
    let registry = plain(&server);
    assert!(registry.schema_by_id(9).unwrap_err().retry_helps());
    *down.lock().unwrap() = false;
    assert_eq!(&*registry.schema_by_id(9).unwrap(), "\"int\"");

    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let away = Registry::new(&Config::new(format!("http://{nobody}"))).unwrap();
    let error = away.ping().unwrap_err();
    assert!(
        matches!(error, Error::Unreachable { .. }) && error.retry_helps(),
        "{error:?}"
    );
}

#[test]
fn a_registry_that_never_answers_is_given_up_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::new(format!("http://{}", listener.local_addr().unwrap()));
    config.timeout = Duration::from_millis(200);
    let error = Registry::new(&config).unwrap().ping().unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[test]
fn a_schema_is_registered_only_after_its_check() {
    let server = serve(None, |route, _, body| {
        let sent: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(sent["schema"], "{\"type\":\"record\"}");
        match route {
            "POST /compatibility/subjects/a.B/versions/latest?verbose=true" => {
                (200, r#"{"is_compatible":true}"#.into())
            }
            "POST /compatibility/subjects/new%2F1/versions/latest?verbose=true" => {
                (404, r#"{"error_code":40401,"message":"no subject"}"#.into())
            }
            "POST /compatibility/subjects/bad/versions/latest?verbose=true" => (
                200,
                r#"{"is_compatible":false,"messages":["a field went"]}"#.into(),
            ),
            "POST /subjects/old" => (200, r#"{"subject":"old","id":40,"version":1}"#.into()),
            "POST /subjects/a.B" | "POST /subjects/bad" => {
                (404, r#"{"error_code":40403,"message":"no schema"}"#.into())
            }
            "POST /subjects/new%2F1" => (404, r#"{"error_code":40401,"message":"no"}"#.into()),
            "POST /subjects/a.B/versions" => (200, r#"{"id":41}"#.into()),
            "POST /subjects/new%2F1/versions" => (200, r#"{"id":42}"#.into()),
            other => panic!("{other} was not to be asked"),
        }
    });
    let registry = plain(&server);
    let schema = "{\"type\":\"record\"}";
    assert_eq!(registry.register("old", schema).unwrap(), 40);
    assert_eq!(registry.register(subject_of("a.B"), schema).unwrap(), 41);
    assert_eq!(registry.register("new/1", schema).unwrap(), 42);
    match registry.register("bad", schema).unwrap_err() {
        Error::Incompatible { subject, messages } => {
            assert_eq!(
                (subject.as_str(), messages),
                ("bad", vec!["a field went".to_owned()])
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn tls_and_basic_authentication_are_used_and_a_stranger_s_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(cert.der().to_vec())], key)
        .unwrap();
    let server = serve(Some(Arc::new(tls)), |route, authorization, _| {
        // "reader:a password" in base 64.
        match (route, authorization) {
            ("GET /api/schemas/ids/3", Some("Basic cmVhZGVyOmEgcGFzc3dvcmQ=")) => {
                (200, r#"{"schema":"\"long\""}"#.into())
            }
            _ => (401, "{}".into()),
        }
    });
    let mut config = Config::new(format!("https://localhost:{}/api/", server.address.port()));
    config.ca_file = Some(dir.path().join("ca.pem"));
    config.username = Some("reader".to_owned());
    config.password_file = Some(dir.path().join("password"));
    std::fs::write(dir.path().join("ca.pem"), cert.pem()).unwrap();
    std::fs::write(dir.path().join("password"), "a password\n").unwrap();
    let registry = Registry::new(&config).unwrap();
    assert_eq!(&*registry.schema_by_id(3).unwrap(), "\"long\"");
    assert!(!format!("{registry:?} {config:?}").contains("a password"));

    let other = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(dir.path().join("ca.pem"), other.cert.pem()).unwrap();
    let error = Registry::new(&config).unwrap().schema_by_id(3).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[test]
fn plain_text_leaves_this_machine_only_where_it_was_allowed() {
    let config = |url: &str| Config::new(url);
    for url in [
        "http://127.0.0.1:8081",
        "http://[::1]:8081",
        "http://localhost:8081",
    ] {
        Registry::new(&config(url)).unwrap();
    }
    let mut remote = config("http://registry.example:8081");
    assert!(matches!(
        Registry::new(&remote).unwrap_err(),
        Error::Plaintext
    ));
    remote.insecure = true;
    Registry::new(&remote).unwrap();
    for url in [
        "ftp://localhost",
        "localhost:8081",
        "http://user:word@localhost",
        "",
    ] {
        assert!(
            matches!(Registry::new(&config(url)).unwrap_err(), Error::Address),
            "{url}"
        );
    }
    let mut lonely = config("http://localhost:1");
    lonely.username = Some("someone".to_owned());
    assert!(matches!(
        Registry::new(&lonely).unwrap_err(),
        Error::Credentials
    ));
}

#[test]
fn settings_name_what_they_do_not_know() {
    let ok: Config = serde_json::from_str(r#"{"url":"https://r","timeout":"3s"}"#).unwrap();
    assert_eq!(ok.timeout, Duration::from_secs(3));
    assert!(serde_json::from_str::<Config>(r#"{"url":"https://r","pasword":"x"}"#).is_err());
}
