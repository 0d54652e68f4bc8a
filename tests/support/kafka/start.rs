//! Starts one Apache Kafka in KRaft mode on free ports of 127.0.0.1, and sees to it that it ends
//! with this process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use kaiku_broker::{Admin, KafkaConfig};

use super::install::{jars, what_to_install};
use super::secure::{self, Secure};

/// The longest that Kafka gets to come up; it takes 4 s on an idle machine.
const START: Duration = Duration::from_secs(120);
/// Another process may take a port between our look and Kafka's start.
const TRIES: usize = 3;

/// Starts Kafka and ends it together with the test process.
///
/// A static of this process is never dropped, and a process killed by SIGKILL drops nothing at all.
/// So Kafka is the child of a shell that holds the other end of a pipe: the pipe closes when this
/// process is over, in whichever way, the read returns, and the shell ends Kafka by its process id
/// and removes its files. (Rust opens the pipe with O_CLOEXEC, so nothing else that the tests start
/// keeps it open.) If Kafka ends by itself, so does the shell, and the files stay for `failed`. The
/// shell ignores Ctrl-C, for then the test process dies, and the pipe closes.
const WATCHDOG: &str = r#"
dir=$1; shift
exec 3<&0
"$@" </dev/null >"$dir/kafka.log" 2>&1 3<&- &
kafka=$!
trap '' HUP INT TERM
( read -r _ <&3; : >"$dir/over"; kill -9 $kafka ) >/dev/null 2>&1 &
reader=$!
exec 3<&- <&-
wait $kafka
if [ -e "$dir/over" ]; then rm -rf "$dir"; else kill -9 $reader; exit 1; fi
"#;

/// A running Apache Kafka.
pub(crate) struct Apache {
    /// Its plaintext address, `host:port`.
    pub(super) bootstrap: String,
    /// How to reach it by TLS, with a password.
    pub(crate) secure: Secure,
    /// The shell; its standard input is the pipe that must stay open.
    watchdog: Child,
}

/// An Apache Kafka that answers. The error is a sentence for the developer.
pub(super) fn start() -> Result<Apache, String> {
    let jars = jars()?;
    let mut last = String::new();
    for _ in 0..TRIES {
        match try_once(&jars) {
            Ok(apache) => return Ok(apache),
            Err(sentence) => last = sentence,
        }
    }
    Err(last)
}

fn try_once(jars: &Path) -> Result<Apache, String> {
    let folder = tempfile::Builder::new()
        .prefix("kaiku-kafka-")
        .tempdir()
        .map_err(|error| format!("the tests could not make a folder for Kafka: {error}"))?;
    let [plain, tls, controller] = free_ports();
    let secure = secure::write(folder.path(), tls);
    let properties = folder.path().join("server.properties");
    fs::write(
        &properties,
        server_properties(folder.path(), plain, controller, &secure),
    )
    .map_err(|error| format!("the tests could not write Kafka's settings: {error}"))?;
    format_storage(jars, &properties, &secure)?;

    // From here on the folder is the shell's to remove.
    let folder = folder.keep();
    let watchdog = Command::new("sh")
        .arg("-c")
        .arg(WATCHDOG)
        .arg("watchdog")
        .arg(&folder)
        .args(java(jars))
        .arg("kafka.Kafka")
        .arg(&properties)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the tests could not start a shell: {error}"))?;
    let mut apache = Apache {
        bootstrap: format!("127.0.0.1:{plain}"),
        secure,
        watchdog,
    };
    apache.wait_until_up(&folder)?;
    Ok(apache)
}

impl Apache {
    fn wait_until_up(&mut self, folder: &Path) -> Result<(), String> {
        let begin = Instant::now();
        let admin =
            Admin::connect(&KafkaConfig::at(&self.bootstrap)).map_err(|error| error.to_string())?;
        loop {
            if self
                .watchdog
                .try_wait()
                .is_ok_and(|status| status.is_some())
            {
                return Err(failed(folder, "ended while it started"));
            }
            if listens(&self.bootstrap) && admin.names().is_ok() {
                return Ok(());
            }
            if begin.elapsed() > START {
                let sentence = failed(folder, "did not come up in time");
                // Closes the pipe: the shell ends Kafka.
                drop(self.watchdog.stdin.take());
                let _ = self.watchdog.wait();
                return Err(sentence);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn listens(address: &str) -> bool {
    std::net::TcpStream::connect(address).is_ok()
}

/// The sentence about a Kafka that did not start, with the end of its log.
fn failed(folder: &Path, what: &str) -> String {
    let log = fs::read_to_string(folder.join("kafka.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(20)..].join("\n");
    format!("Apache Kafka {what}; its last lines are:\n{end}")
}

/// Formats the storage for KRaft, and makes the user for SCRAM.
fn format_storage(jars: &Path, properties: &Path, secure: &Secure) -> Result<(), String> {
    let mut command = java(jars).into_iter();
    let output = Command::new(command.next().expect("java comes first"))
        .args(command)
        .args([
            "kafka.tools.StorageTool",
            "format",
            "--cluster-id",
            "a2Fpa3UtdGVzdC1rYWZrYQ",
            "--config",
        ])
        .arg(properties)
        .args(secure.scram_users())
        .stdin(Stdio::null())
        .output()
        .map_err(|_| what_to_install("`java` can't be started"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "Kafka's storage could not be formatted: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// A Java that is quick to start and small: what the tests write is small too.
fn java(jars: &Path) -> Vec<PathBuf> {
    let java = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    let java = java
        .filter(|java| java.is_file())
        .unwrap_or_else(|| "java".into());
    let mut command = vec![java];
    command.extend(
        [
            "-Xmx512m",
            "-Xms128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
        ]
        .map(PathBuf::from),
    );
    command.push("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn".into());
    command.push("-cp".into());
    command.push(jars.join("*"));
    command
}

fn server_properties(folder: &Path, plain: u16, controller: u16, secure: &Secure) -> String {
    let data = folder.join("data");
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{tls},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{tls}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         group.initial.rebalance.delay.ms=0\n\
         log.cleaner.dedupe.buffer.size=16777216\n\
         {listener}",
        tls = secure.port,
        data = data.display(),
        listener = secure.listener_properties(),
    )
}

/// Three ports that nobody listens on at this moment.
fn free_ports() -> [u16; 3] {
    let listeners =
        [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("127.0.0.1 has a free port"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}
