//! Starts an Apache Kafka in KRaft mode on free ports of 127.0.0.1, and sees to it that it ends
//! with this process. It can be killed and started again on what it has stored, and its clock can
//! be set.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use kaiku_broker::{Admin, Cluster, KafkaConfig};

use super::install::{jars, what_to_install};
use super::proxy::Proxy;
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
/// shell ignores Ctrl-C, for then the test process dies, and the pipe closes. The word `keep` on the
/// pipe has Kafka killed and leaves its files, to start again on them.
const WATCHDOG: &str = r#"
dir=$1; shift
exec 3<&0
"$@" </dev/null >>"$dir/kafka.log" 2>&1 3<&- &
kafka=$!
trap '' HUP INT TERM
( read -r word <&3; [ "$word" = keep ] || : >"$dir/over"; kill -9 $kafka ) >/dev/null 2>&1 &
reader=$!
exec 3<&- <&-
wait $kafka
if [ -e "$dir/over" ]; then rm -rf "$dir"; else kill -9 $reader; exit 1; fi
"#;

/// An Apache Kafka of the tests.
pub(crate) struct Apache {
    /// Its plaintext address, `host:port`.
    pub(crate) bootstrap: String,
    /// How to reach it by TLS, with a password.
    pub(crate) secure: Secure,
    /// What stands between it and whoever connects to [`Proxy::bootstrap`].
    pub(crate) proxy: Proxy,
    /// Of its files.
    folder: PathBuf,
    command: Vec<PathBuf>,
    /// The shell, while Kafka runs; its standard input is the pipe that must stay open.
    watchdog: Option<Child>,
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
    format_storage(jars, &properties, &secure)?;

    // From here on the folder is the shell's to remove.
    let folder = folder.keep();
    let mut command = Vec::new();
    if clock {
        set_clock(&folder, Duration::ZERO);
        command.extend(clock_variables(&folder)?);
    }
    command.extend(java(jars));
    command.extend(["kafka.Kafka".into(), properties]);
    let mut apache = Apache {
        bootstrap: format!("127.0.0.1:{plain}"),
        secure,
        proxy,
        folder,
        command,
        watchdog: None,
    };
    apache.launch()?;
    Ok(apache)
}

/// What has a program see a clock that runs ahead of the machine's as far as a file says.
fn clock_variables(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let library = fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|found| found.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.is_file())
        .ok_or(
            "the tests of midnights need libfaketime: install it (on Debian: apt-get install \
             faketime)",
        )?;
    Ok(vec![
        "env".into(),
        format!("LD_PRELOAD={}", library.display()).into(),
        format!("FAKETIME_TIMESTAMP_FILE={}", folder.join("clock").display()).into(),
        "FAKETIME_CACHE_DURATION=1".into(),
        // Waits and timers go by the true monotonic clock.
        "FAKETIME_DONT_FAKE_MONOTONIC=1".into(),
        "FAKETIME_FORCE_MONOTONIC_FIX=0".into(),
    ])
}

fn set_clock(folder: &Path, ahead: Duration) {
    fs::write(folder.join("clock"), format!("+{}s", ahead.as_secs()))
        .expect("Kafka's folder can be written to");
}

impl Apache {
    /// How to reach it, for topics under `prefix`.
    pub(crate) fn cluster(&self, prefix: &str) -> Cluster {
        Cluster::new(&KafkaConfig::at(&self.bootstrap).with_prefix(prefix))
            .expect("the settings are right")
    }

    /// Kills it by SIGKILL; what it has stored stays.
    pub(crate) fn kill(&mut self) {
        let mut watchdog = self.watchdog.take().expect("Kafka runs");
        let mut pipe = watchdog.stdin.take().expect("the pipe is open");
        std::io::Write::write_all(&mut pipe, b"keep\n").expect("the shell listens");
        drop(pipe);
        let _ = watchdog.wait();
    }

    /// Starts it on what it has stored, and returns when it answers.
    pub(crate) fn launch(&mut self) -> Result<(), String> {
        let watchdog = Command::new("sh")
            .arg("-c")
            .arg(WATCHDOG)
            .arg("watchdog")
            .arg(&self.folder)
            .args(&self.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("the tests could not start a shell: {error}"))?;
        self.watchdog = Some(watchdog);
        self.wait_until_up()
    }

    /// Has its clock run ahead of the machine's by so much; it takes a second or two until it does.
    pub(crate) fn set_clock(&self, ahead: Duration) {
        set_clock(&self.folder, ahead);
        thread::sleep(Duration::from_secs(2));
    }

    /// The file that says how far its clock runs ahead of the machine's: `+86400s`.
    pub(crate) fn clock_file(&self) -> PathBuf {
        self.folder.join("clock")
    }

    fn wait_until_up(&mut self) -> Result<(), String> {
        let begin = Instant::now();
        let admin = Admin::connect(&self.cluster("")).map_err(|error| error.to_string())?;
        loop {
            let watchdog = self.watchdog.as_mut().expect("it was started");
            if watchdog.try_wait().is_ok_and(|status| status.is_some()) {
                return Err(failed(&self.folder, "ended while it started"));
            }
            if listens(&self.bootstrap) && admin.names().is_ok() {
                return Ok(());
            }
            if begin.elapsed() > START {
                return Err(failed(&self.folder, "did not come up in time"));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        if let Some(mut watchdog) = self.watchdog.take() {
            // Closes the pipe: the shell ends Kafka and removes its files.
            drop(watchdog.stdin.take());
            let _ = watchdog.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
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

struct Ports {
    plain: u16,
    proxied: u16,
    /// Where those who come through the proxy are told to connect to.
    advertised: u16,
    controller: u16,
}

/// Short times where tests wait for them.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SASL_SSL:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
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

fn server_properties(folder: &Path, ports: &Ports, secure: &Secure) -> String {
    let Ports {
        plain,
        proxied,
        advertised,
        controller,
    } = ports;
    format!(
        "{SETTINGS}\
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
fn free_ports() -> [u16; 4] {
    let listeners =
        [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").expect("127.0.0.1 has a free port"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}
