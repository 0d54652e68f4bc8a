//! A gateway with TLS, as an operator starts it, and what came through it.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kaiku_broker::Cluster;
use kaiku_raw::{Decoder, Limits, Record};
use kaiku_suggestions::{Feature, SigningKey, Suggestions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::host::succeed;
use crate::support::kafka::{Isolation, broker, read, unique_prefix};
use crate::support::process::{Stage, free_address, settings};

/// The key of the examples' app.
pub(crate) const APP_KEY: &str = "the-key-of-the-app";

/// The features of the file of suggestions that every gateway here has: who uses the first one uses the other too.
pub(crate) const GO_TOGETHER: [&str; 2] = ["route.bicycle", "route.walk"];

/// A gateway of one test's own.
pub(crate) struct Door {
    kafka: Cluster,
    address: SocketAddr,
    name: String,
    folder: tempfile::TempDir,
    stage: Stage,
}

/// What one upload said, in words that sort.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) head: String,
    pub(crate) events: Vec<String>,
}

impl Door {
    pub(crate) fn open(name: &str) -> Door {
        let kafka = broker().cluster(&unique_prefix(name));
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        write_certificates(folder.path());
        fs::write(folder.path().join("tokens"), format!("{APP_KEY}\n")).unwrap();
        write_suggestions(&folder.path().join("suggestions"));
        let more = format!(
            "[topics]\npartitions = 2\n\n[gateway]\nlisten = \"{address}\"\ntokens_file = \"tokens\"\n\
             recommendations_dir = \"suggestions\"\n\
             tls = {{ cert_file = \"cert.pem\", key_file = \"key.pem\" }}\n\n\
             [telemetry]\nlisten = \"{}\"\n",
            free_address()
        );
        settings(folder.path(), &kafka, &more);
        let mut create = Command::new(env!("CARGO_BIN_EXE_kaiku"));
        create
            .args(["topics", "create", "--config", "kaiku.toml"])
            .current_dir(folder.path());
        succeed(&mut create);
        let stage = Stage::start(folder.path(), "gateway", name);
        let mut door = Door {
            kafka,
            address,
            name: name.to_owned(),
            folder,
            stage,
        };
        door.await_open();
        door
    }

    /// Waits until it takes connections.
    pub(crate) fn await_open(&mut self) {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let log = self
                .folder
                .path()
                .join(format!("gateway-{}.log", self.name));
            let log = || fs::read_to_string(&log);
            assert!(self.stage.ended().is_none(), "{:?}", log());
            assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGKILL, and a new process at the same address, which is not waited for.
    pub(crate) fn kill_and_start_again(&mut self) {
        // The old one goes first: two can't listen at one address.
        self.stage.kill_now();
        self.stage = Stage::start(self.folder.path(), "gateway", &self.name);
    }

    pub(crate) fn kafka(&self) -> &Cluster {
        &self.kafka
    }

    /// Its address as an app has it.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The authority that has signed its certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Everything that stands on events.raw, device by device, without what identifies one.
    pub(crate) fn said(&self) -> Vec<Said> {
        let decoder = Decoder::new(Limits::CONTRACT);
        let topic = self.kafka.topics().raw();
        let records = read(&self.kafka, &topic, Isolation::Committed);
        let today = kaiku_wire::Clock::system().today();
        let mut said = Vec::new();
        for value in records.iter().filter_map(|record| record.value.as_ref()) {
            said.push(match decoder.decode(value).unwrap() {
                Record::Batch(batch) => {
                    kaiku_raw::validate(&batch, &Limits::CONTRACT, today).unwrap();
                    let device = &batch.device;
                    let head = format!(
                        "{} {} {} {}",
                        batch.app, batch.release, device.brand, device.model
                    );
                    let mut events: Vec<String> = batch.events.iter().map(line).collect();
                    events.sort();
                    Said { head, events }
                }
                Record::Forget(_) => Said {
                    head: "forget".to_owned(),
                    events: Vec::new(),
                },
                Record::Tick => continue,
            });
        }
        said
    }
}

fn line(event: &kaiku_raw::RawEvent<'_>) -> String {
    let names = [event.feature, event.cause, event.component];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    format!(
        "{} {} x{}",
        event.kind.as_str(),
        names.join("/"),
        event.times
    )
}

/// The key that has signed the suggestions.
pub(crate) fn suggestion_key() -> SigningKey {
    SigningKey::from_seed([7; 32]).unwrap()
}

fn write_suggestions(folder: &Path) {
    let week = kaiku_wire::Clock::system().today().minus(7).week();
    let features = GO_TOGETHER.map(|name| Feature {
        name: name.to_owned(),
        is_offered: true,
    });
    let expires = week.sunday().plus(30);
    let said = Suggestions::new("maps", week, expires, features.to_vec(), [(0, 1, 0.5)]).unwrap();
    fs::create_dir(folder).unwrap();
    let file = said.sign(&suggestion_key()).unwrap();
    fs::write(folder.join("maps.suggestions"), file).unwrap();
}

/// An authority, and a certificate of it for this machine.
fn write_certificates(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "the tests' authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "the tests' gateway");
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let files = [
        ("ca.pem", authority.pem()),
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ];
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
}
