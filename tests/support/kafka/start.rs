//! Starts an Apache Kafka of one broker, in KRaft mode, on free ports of 127.0.0.1: plaintext, by TLS
//! with a password, and through a proxy.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use kaiku_broker::{Admin, Cluster, KafkaConfig};

use super::super::ports::free_port;
use super::install::jars;
use super::node::Node;
use super::proxy::Proxy;
use super::secure::{self, Secure};

/// The longest that Kafka gets to come up; it takes 4 s on an idle machine.
const START: Duration = Duration::from_secs(120);
/// Another process may take a port between our look and Kafka's start.
const TRIES: usize = 3;

/// An Apache Kafka of the tests.
pub(crate) struct Apache {
    /// Its plaintext address, `host:port`.
    pub(crate) bootstrap: String,
    /// How to reach it by TLS, with a password.
    pub(crate) secure: Secure,
    /// What stands between it and whoever connects to [`Proxy::bootstrap`].
    pub(crate) proxy: Proxy,
    pub(crate) node: Node,
}

/// An Apache Kafka that answers. The error is a sentence for the developer.
pub(super) fn start() -> Result<Apache, String> {
    start_with(false)
}

/// The same; with `clock`, one whose clock can be set.
pub(super) fn start_with(clock: bool) -> Result<Apache, String> {
    let jars = jars()?;
    let mut last = String::new();
    for _ in 0..TRIES {
        match try_once(&jars, clock) {
            Ok(apache) => return Ok(apache),
            Err(sentence) => last = sentence,
        }
    }
    Err(last)
}

fn try_once(jars: &Path, clock: bool) -> Result<Apache, String> {
    let folder = tempfile::Builder::new()
        .prefix("kaiku-kafka-")
        .tempdir()
        .map_err(|error| format!("the tests could not make a folder for Kafka: {error}"))?;
    let [plain, tls, proxied, controller] = free_ports();
    let proxy = Proxy::start(proxied);
    let secure = secure::write(folder.path(), tls);
    let properties = folder.path().join("server.properties");
    let ports = Ports {
        plain,
        proxied,
        advertised: proxy.port(),
        controller,
    };
    fs::write(
        &properties,
        server_properties(folder.path(), &ports, &secure),
    )
    .map_err(|error| format!("the tests could not write Kafka's settings: {error}"))?;
    let node = Node::format(jars, folder.path(), &secure.scram_users(), clock)?;
    // From here on the folder is the node's to remove.
    let _ = folder.keep();
    let mut apache = Apache {
        bootstrap: format!("127.0.0.1:{plain}"),
        secure,
        proxy,
        node,
    };
    apache.launch()?;
    Ok(apache)
}

impl Apache {
    /// How to reach it, for topics under `prefix`.
    pub(crate) fn cluster(&self, prefix: &str) -> Cluster {
        Cluster::new(&KafkaConfig::at(&self.bootstrap).with_prefix(prefix))
            .expect("the settings are right")
    }

    /// Kills it by SIGKILL; what it has stored stays.
    pub(crate) fn kill(&mut self) {
        self.node.kill();
    }

    /// Starts it on what it has stored, and returns when it answers.
    pub(crate) fn launch(&mut self) -> Result<(), String> {
        self.node.spawn()?;
        let admin = Admin::connect(&self.cluster("")).map_err(|error| error.to_string())?;
        await_up(&mut self.node, || {
            listens(&self.bootstrap) && admin.names().is_ok()
        })
    }

    /// Starts it anew, saying of its plaintext port that it is at this address. It listens where it did.
    pub(crate) fn advertise(&mut self, address: &str) {
        self.kill();
        let properties = self.node.data().parent().unwrap().join("server.properties");
        let before = fs::read_to_string(&properties).unwrap();
        let own = format!("advertised.listeners=PLAINTEXT://{}", self.bootstrap);
        assert!(before.contains(&own), "{before}");
        let after = before.replace(&own, &format!("advertised.listeners=PLAINTEXT://{address}"));
        fs::write(&properties, after).unwrap();
        self.node.spawn().unwrap();
        // A broker that starts says for a while what it said before.
        let mut anywhere = KafkaConfig::at(&self.bootstrap);
        anywhere.insecure = true;
        let anywhere = Cluster::new(&anywhere).unwrap();
        await_up(&mut self.node, || {
            // A client that has learned of an address asks there.
            let admin = Admin::impatient(&anywhere).unwrap();
            let told = admin.advertised().unwrap_or_default();
            told.iter().any(|one| one.address == address)
        })
        .unwrap();
    }

    /// Where it keeps the log of a partition.
    pub(crate) fn log_of(&self, topic: &str, partition: i32) -> PathBuf {
        self.node.data().join(format!("{topic}-{partition}"))
    }

    /// Has its clock run ahead of the machine's by so much; it takes a second or two until it does.
    pub(crate) fn set_clock(&self, ahead: Duration) {
        self.node.set_clock(ahead);
    }

    /// The file that says how far its clock runs ahead of the machine's: `+86400s`.
    pub(crate) fn clock_file(&self) -> PathBuf {
        self.node.clock_file()
    }
}

/// Waits until it is up, or has ended.
pub(super) fn await_up(node: &mut Node, is_up: impl Fn() -> bool) -> Result<(), String> {
    let begin = Instant::now();
    loop {
        node.check()?;
        if is_up() {
            return Ok(());
        }
        if begin.elapsed() > START {
            return Err(node.failed("did not come up in time"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

pub(super) fn listens(address: &str) -> bool {
    std::net::TcpStream::connect(address).is_ok()
}

struct Ports {
    plain: u16,
    proxied: u16,
    /// Where those who come through the proxy are told to connect to.
    advertised: u16,
    controller: u16,
}

/// Of every cluster of the tests: short times where tests wait for them.
pub(super) const SETTINGS: &str = "\
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SASL_SSL:SASL_SSL
auto.create.topics.enable=false
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
offsets.retention.check.interval.ms=1000
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.backoff.ms=500
";

/// Of one that is alone.
const ALONE: &str = "\
process.roles=broker,controller
node.id=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
";

fn server_properties(folder: &Path, ports: &Ports, secure: &Secure) -> String {
    let Ports {
        plain,
        proxied,
        advertised,
        controller,
    } = ports;
    format!(
        "{SETTINGS}{ALONE}\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{proxied},SASL_SSL://127.0.0.1:{tls},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{advertised},SASL_SSL://127.0.0.1:{tls}\n\
         log.dirs={data}\n\
         {listener}",
        tls = secure.port,
        data = folder.join("data").display(),
        listener = secure.listener_properties(),
    )
}

/// Ports that nobody listens on at this moment.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    [(); N].map(|()| free_port())
}
