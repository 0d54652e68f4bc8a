//! Marks planted in every identifying field, in the client's address and in what is refused: none
//! of them may be found in any byte behind the strip, nor in a log, nor in a metric.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_broker::Cluster;
use kaiku_fleet::FleetConfig;
use kaiku_ingest::Framer;
use kaiku_raw::{Consent, Device, DeviceId, EventType, RawBatch, RawEvent, StreamId};
use kaiku_rehearsal::{Sender, under};
use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};

use crate::support::kafka::{Isolation, broker, read, unique_prefix};
use crate::support::process::{Stage, free_address, settings};
use crate::support::replay::{await_committed, make_topics};

const PARTITIONS: i32 = 2;
/// Enough for cells to be released.
const DEVICES: u64 = 400;
/// The client's own address; the whole of 127.0.0.0/8 is this machine.
const CLIENT: &str = "127.0.0.77";

/// What must not be found, as text; identifiers also as bytes.
fn marks() -> Vec<Vec<u8>> {
    let mut marks: Vec<Vec<u8>> = [
        "CanaryBrand",
        "CanaryModel",
        "canary.app",
        "canary-release",
        "canary.feature",
        "canary.cause",
        "canary.component",
        "CanaryAgent",
        "198.51.100.77",
        CLIENT,
        "CanaryToken-0123456789",
        "canary-garbage",
    ]
    .iter()
    .map(|mark| mark.as_bytes().to_vec())
    .collect();
    for device in 0..DEVICES {
        let id = device_id(device);
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        marks.push(hex.to_uppercase().into_bytes());
        marks.push(hex.into_bytes());
        marks.push(id.to_vec());
    }
    marks.push(b"CanaryId".to_vec());
    marks.push(
        b"CanaryId"
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
    );
    marks.push(STREAM.to_vec());
    marks.push(
        STREAM
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
    );
    marks
}

const STREAM: &[u8; 8] = b"CnryStrm";

fn device_id(number: u64) -> [u8; 16] {
    let mut id = *b"CanaryId........";
    id[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id
}

fn batch(number: u64, app: &'static str) -> RawBatch<'static> {
    let event = |kind| RawEvent::new(kind);
    RawBatch {
        device: Device {
            id: DeviceId::new(device_id(number)),
            brand: "CanaryBrand",
            model: "CanaryModel",
            mcc: None,
            mnc: None,
            country: Some("FI"),
        },
        app,
        release: "canary-release",
        consent: Some(Consent::new(1, Day::parse("2026-01-01").unwrap())),
        stream: Some(StreamId::new(*STREAM)),
        first_sequence: Some(0),
        events: vec![
            event(EventType::Started),
            RawEvent {
                feature: Some("canary.feature"),
                ..event(EventType::FeatureUsed)
            },
            RawEvent {
                feature: Some("route.bicycle"),
                ..event(EventType::FeatureUsed)
            },
            RawEvent {
                cause: Some("canary.cause"),
                component: Some("canary.component"),
                ..event(EventType::Failed)
            },
            event(EventType::Stopped),
        ],
        losses: Vec::new(),
    }
}

#[test]
fn nothing_that_identifies_is_found_behind_the_strip_in_a_log_or_in_a_metric() {
    let kafka = broker().cluster(&unique_prefix("canary"));
    make_topics(&kafka, PARTITIONS);
    let folder = tempfile::tempdir().unwrap();
    let (gateway, telemetry) = prepare(folder.path(), &kafka);
    let group = format!("{}enrich", kafka.prefix());
    let stages = ["gateway", "enrich", "aggregate"]
        .map(|verb| (verb, stage(folder.path(), verb, &telemetry)));

    let day = FleetConfig::default().first_day;
    send_history(&kafka, day);
    send_to_gateway(folder.path(), gateway);
    await_committed(&kafka, &group, Duration::from_secs(60));
    let rollup = folder
        .path()
        .join(format!("rollups/manifests/day={day}.json"));
    await_file(&rollup, &folder.path().join("rollups"));

    let mut seen: Vec<(String, Vec<u8>)> = telemetry
        .iter()
        .map(|(verb, address)| (format!("metrics of {verb}"), metrics(*address)))
        .collect();
    for (_, stage) in stages {
        assert!(stage.terminate(Duration::from_secs(30)).success());
    }
    for topic in [kafka.topics().stripped(), kafka.topics().rejected()] {
        for record in read(&kafka, &topic, Isolation::Uncommitted) {
            let bytes = [
                record.key.unwrap_or_default(),
                record.value.unwrap_or_default(),
            ]
            .concat();
            seen.push((topic.clone(), bytes));
        }
    }
    let files = under(folder.path()).unwrap();
    let logs = files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
        .count();
    assert_eq!(logs, 3);
    let mut rows = 0;
    for path in files {
        let name = path
            .strip_prefix(folder.path())
            .unwrap()
            .display()
            .to_string();
        if name.starts_with("client") || name == "kaiku.toml" || name == "tokens" {
            continue;
        }
        if name.ends_with(".parquet") {
            let text = parquet_text(&path);
            rows += text.lines().count();
            seen.push((format!("rows of {name}"), text.into_bytes()));
        }
        seen.push((name, fs::read(&path).unwrap()));
    }
    assert!(rows > 10, "the landing and the rollups have rows");
    let bytes: usize = seen.iter().map(|(_, bytes)| bytes.len()).sum();
    let search = aho_corasick::AhoCorasick::new(marks()).unwrap();
    let found: Vec<&str> = seen
        .iter()
        .filter(|(_, bytes)| search.is_match(bytes))
        .map(|(place, _)| place.as_str())
        .collect();
    println!(
        "{} marks, {} places, {bytes} bytes: found in {}",
        marks().len(),
        seen.len(),
        found.len()
    );
    assert!(found.is_empty(), "marks were found in {found:?}");
    let raw = read(&kafka, &kafka.topics().raw(), Isolation::Uncommitted);
    assert!(
        raw.iter()
            .any(|record| search.is_match(record.value.as_deref().unwrap_or_default())),
        "the search finds the marks where they are"
    );
}

/// Settings, certificate and tokens; the addresses of the gateway and of each stage's metrics.
fn prepare(folder: &Path, kafka: &Cluster) -> (SocketAddr, Vec<(&'static str, SocketAddr)>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("client-ca.pem"), made.cert.pem()).unwrap();
    fs::write(
        folder.join("client-key.pem"),
        made.signing_key.serialize_pem(),
    )
    .unwrap();
    fs::write(folder.join("tokens"), "CanaryToken-0123456789\n").unwrap();
    let gateway = free_address();
    let group = format!("{}enrich", kafka.prefix());
    settings(
        folder,
        kafka,
        &format!(
            "[topics]\nreplay = true\n\n[gateway]\nlisten = \"{gateway}\"\ntokens_file = \"tokens\"\n\
             [gateway.tls]\ncert_file = \"client-ca.pem\"\nkey_file = \"client-key.pem\"\n\n\
             [enrich]\ngroup = \"{group}\"\ndelete_raw = false\nmix_longest = \"500ms\"\n\n\
             [aggregate]\ndelete_stripped = false\ndelete_landing = false\nseal_every = \"200ms\"\n\n\
             [telemetry]\nlog = \"debug,librdkafka=info\"\n"
        ),
    );
    let telemetry = ["gateway", "enrich", "aggregate"]
        .map(|verb| (verb, free_address()))
        .to_vec();
    (gateway, telemetry)
}

fn stage(folder: &Path, verb: &'static str, telemetry: &[(&str, SocketAddr)]) -> Stage {
    let (_, address) = telemetry.iter().find(|(name, _)| *name == verb).unwrap();
    Stage::start_with(
        folder,
        verb,
        "canary",
        &[("KAIKU_TELEMETRY__LISTEN", address.to_string())],
    )
}

fn send_history(kafka: &Cluster, day: Day) {
    let framer = Framer::single_object();
    let mut sender = Sender::onto(kafka, PARTITIONS).unwrap();
    for number in 0..DEVICES {
        let app = if number % 50 == 0 {
            "canary.app"
        } else {
            "maps"
        };
        let record = framer.batch(&batch(number, app), day).unwrap();
        let (key, millis) = (device_id(number), day.start_millis() + 1);
        sender.bytes(&key, record.payload(), None, millis).unwrap();
    }
    let (key, millis) = (device_id(0), day.start_millis() + 2);
    sender.bytes(&key, b"canary-garbage", None, millis).unwrap();
    sender.tick(day.next()).unwrap();
}

/// A good batch, a bad one and no batch at all, all from an address of their own.
fn send_to_gateway(folder: &Path, gateway: SocketAddr) {
    let id: String = device_id(1)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let good = format!(
        r#"{{"device":{{"id":"{id}","brand":"CanaryBrand","model":"CanaryModel","country":"FI"}},"app":"maps","release":"canary-release","consent":{{"version":1,"since":"2026-01-01"}},"events":[{{"type":"feature_used","feature":"canary.feature"}}]}}"#
    );
    let misspelt = good.replace("\"feature\":", "\"featur\":");
    assert_eq!(request(folder, gateway, &good), 202);
    assert_eq!(request(folder, gateway, &misspelt), 400);
    assert_eq!(request(folder, gateway, "canary-garbage"), 400);
}

fn request(folder: &Path, gateway: SocketAddr, body: &str) -> u16 {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(folder.join("client-ca.pem")).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(session, connect(folder, gateway));
    write!(
        stream,
        "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nUser-Agent: CanaryAgent\r\n\
         X-Forwarded-For: 198.51.100.77\r\nAuthorization: Bearer CanaryToken-0123456789\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    // The other side may end the connection without a farewell; what counts is the status.
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.unwrap_or_else(|| panic!("no answer from the gateway"))
}

/// Connects from [`CLIENT`], once the gateway listens.
fn connect(folder: &Path, gateway: SocketAddr) -> std::net::TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let start = Instant::now();
    loop {
        let connected = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(format!("{CLIENT}:0").parse().unwrap())?;
            socket.connect(gateway).await?.into_std()
        });
        match connected {
            Ok(stream) => {
                stream.set_nonblocking(false).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                return stream;
            }
            Err(error) => assert!(
                start.elapsed() < Duration::from_secs(30),
                "{error}; the gateway said: {}",
                fs::read_to_string(folder.join("gateway-canary.log")).unwrap_or_default()
            ),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn metrics(address: SocketAddr) -> Vec<u8> {
    let mut answer = ureq::get(format!("http://{address}/metrics"))
        .call()
        .unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert!(text.contains("kaiku_"), "no metrics: {text}");
    text.into_bytes()
}

fn await_file(path: &Path, within: &Path) {
    let start = Instant::now();
    while !path.exists() {
        if start.elapsed() > Duration::from_secs(60) {
            let files = under(within);
            panic!("{} does not appear; there are {files:?}", path.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Every value of a Parquet file and its metadata, as text: its pages are compressed.
fn parquet_text(path: &Path) -> String {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let mut text = format!("{:?}\n", reader.metadata().file_metadata());
    for row in reader.get_row_iter(None).unwrap() {
        text.push_str(&row.unwrap().to_string());
        text.push('\n');
    }
    text
}
