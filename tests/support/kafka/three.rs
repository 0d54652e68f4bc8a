//! Three brokers of Apache Kafka and a controller, each a process of its own: one can be killed,
//! frozen or cut off while the others go on.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use kaiku_broker::{Admin, Cluster, KafkaConfig};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::install::jars;
use super::node::Node;
use super::proxy::Proxy;
use super::start::{SETTINGS, await_up, free_ports, listens};

/// The id of the controller; the brokers are 1 to 3.
const CONTROLLER: usize = 100;
/// How long the rest gets to do without one, or with one again.
const SETTLE: Duration = Duration::from_secs(60);

/// What three have that one has not: copies, and a short patience with who does not answer.
const TOGETHER: &str = "\
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
min.insync.replicas=2
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
replica.lag.time.max.ms=3000
replica.socket.timeout.ms=3000
replica.fetch.wait.max.ms=200
";

/// One of the brokers.
pub(crate) struct Broker {
    pub(crate) node: Node,
    /// Its plaintext address, `host:port`.
    bootstrap: String,
    /// What stands between it and those who come by [`Three::proxied`].
    pub(crate) proxy: Proxy,
}

/// Three brokers; they end with this, and with this process.
pub(crate) struct Three {
    brokers: [Broker; 3],
    /// Never killed: what is looked at here is what becomes of the brokers' work.
    _controller: Node,
}

impl Three {
    /// Three that answer. Another process may have taken a port meanwhile: then with others.
    pub(crate) fn start() -> Three {
        let jars = jars().unwrap_or_else(|sentence| panic!("{sentence}"));
        let mut said = String::new();
        for _ in 0..3 {
            match try_start(&jars) {
                Ok(three) => return three,
                Err(sentence) => said = sentence,
            }
        }
        panic!("{said}")
    }

    /// How to reach them, for topics under `prefix`.
    pub(crate) fn cluster(&self, prefix: &str) -> Cluster {
        cluster(&self.bootstrap(|broker| broker.bootstrap.clone()), prefix)
    }

    /// The same through their proxies.
    pub(crate) fn proxied(&self, prefix: &str) -> Cluster {
        cluster(&self.bootstrap(|broker| broker.proxy.bootstrap()), prefix)
    }

    fn bootstrap(&self, of: impl Fn(&Broker) -> String) -> String {
        self.brokers.iter().map(of).collect::<Vec<_>>().join(",")
    }

    /// The broker with this id, 1 to 3.
    pub(crate) fn broker(&mut self, id: usize) -> &mut Broker {
        &mut self.brokers[id - 1]
    }

    /// Starts one again on what it has stored, and returns when it answers.
    pub(crate) fn launch(&mut self, id: usize) {
        let Broker {
            node, bootstrap, ..
        } = self.broker(id);
        let launched = node.spawn().and_then(|()| {
            let cluster = cluster(bootstrap, "");
            let admin = Admin::connect(&cluster).map_err(|error| error.to_string())?;
            await_up(node, || listens(bootstrap) && admin.names().is_ok())
        });
        launched.unwrap_or_else(|sentence| panic!("{sentence}"));
    }

    /// The id of the broker that leads a partition.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> usize {
        let start = Instant::now();
        let admin: BaseConsumer = self.cluster("").client("test-leader").create().unwrap();
        loop {
            let leader = admin
                .fetch_metadata(Some(topic), Duration::from_secs(5))
                .ok()
                .and_then(|metadata| {
                    let topic = metadata.topics().first()?;
                    let one = topic.partitions().iter().find(|p| p.id() == partition)?;
                    usize::try_from(one.leader()).ok()
                });
            match leader {
                Some(leader) if (1..=3).contains(&leader) => return leader,
                _ => assert!(start.elapsed() < SETTLE, "nobody leads {topic}/{partition}"),
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until this one leads a partition.
    pub(crate) fn await_leader(&self, topic: &str, partition: i32, id: usize) {
        let start = Instant::now();
        while self.leader(topic, partition) != id {
            assert!(
                start.elapsed() < SETTLE,
                "{id} does not lead {topic}/{partition}"
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until every copy of a topic is in step again.
    pub(crate) fn await_in_step(&self, topic: &str) {
        let start = Instant::now();
        let admin: BaseConsumer = self.cluster("").client("test-isr").create().unwrap();
        loop {
            let metadata = admin.fetch_metadata(Some(topic), Duration::from_secs(5));
            let in_step = metadata.is_ok_and(|metadata| {
                let mut partitions = metadata.topics().iter().flat_map(|t| t.partitions());
                partitions.all(|one| one.isr().len() == 3)
            });
            if in_step {
                return;
            }
            assert!(start.elapsed() < SETTLE, "copies of {topic} lag behind");
            thread::sleep(Duration::from_millis(200));
        }
    }
}

fn cluster(bootstrap: &str, prefix: &str) -> Cluster {
    Cluster::new(&KafkaConfig::at(bootstrap).with_prefix(prefix)).expect("the settings are right")
}

fn try_start(jars: &Path) -> Result<Three, String> {
    let [controller, ports @ ..] = free_ports::<7>();
    let formatted = thread::scope(|scope| {
        let ports = ports.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        let brokers: Vec<_> = (1..=3)
            .zip(ports)
            .map(|(id, ports)| scope.spawn(move || format_broker(jars, id, ports, controller)))
            .collect();
        let node = format_controller(jars, controller);
        let joined = brokers.into_iter().map(|thread| thread.join());
        let brokers: Result<Vec<Broker>, String> = joined
            .map(|joined| joined.map_err(|_| "formatting Kafka panicked".to_owned())?)
            .collect();
        Ok::<_, String>((node?, brokers?))
    });
    let (mut node, brokers) = formatted?;
    node.spawn()?;
    // Where it does not come up, no broker does, and none can say why.
    await_up(&mut node, || listens(&format!("127.0.0.1:{controller}")))?;
    let brokers = brokers.try_into();
    let mut three = Three {
        brokers: brokers.unwrap_or_else(|_| unreachable!("there are three")),
        _controller: node,
    };
    for broker in &mut three.brokers {
        broker.node.spawn()?;
    }
    let admin = Admin::connect(&three.cluster("")).map_err(|error| error.to_string())?;
    for broker in &mut three.brokers {
        let Broker {
            node, bootstrap, ..
        } = broker;
        await_up(node, || listens(bootstrap) && admin.names().is_ok())?;
    }
    Ok(three)
}

fn format_broker(
    jars: &Path,
    id: usize,
    (plain, proxied): (u16, u16),
    controller: u16,
) -> Result<Broker, String> {
    let proxy = Proxy::start(proxied);
    let advertised = proxy.port();
    let properties = format!(
        "process.roles=broker\n\
         listeners=PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{proxied}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{plain},PROXIED://127.0.0.1:{advertised}\n"
    );
    Ok(Broker {
        node: format(jars, id, controller, &properties)?,
        bootstrap: format!("127.0.0.1:{plain}"),
        proxy,
    })
}

fn format_controller(jars: &Path, port: u16) -> Result<Node, String> {
    let properties = format!("process.roles=controller\nlisteners=CONTROLLER://127.0.0.1:{port}\n");
    format(jars, CONTROLLER, port, &properties)
}

fn format(jars: &Path, id: usize, controller: u16, properties: &str) -> Result<Node, String> {
    let folder = tempfile::Builder::new()
        .prefix("kaiku-kafka-")
        .tempdir()
        .map_err(|error| format!("the tests could not make a folder for Kafka: {error}"))?;
    let data = folder.path().join("data");
    let properties = format!(
        "{SETTINGS}{TOGETHER}{properties}node.id={id}\n\
         controller.quorum.voters={CONTROLLER}@127.0.0.1:{controller}\nlog.dirs={}\n",
        data.display()
    );
    fs::write(folder.path().join("server.properties"), properties)
        .map_err(|error| format!("the tests could not write Kafka's settings: {error}"))?;
    let node = Node::format(jars, folder.path(), &[], false)?;
    let _ = folder.keep();
    Ok(node)
}
