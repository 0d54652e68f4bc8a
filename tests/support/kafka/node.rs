//! One process of Apache Kafka: started on its folder, killed, frozen, started again on what it has
//! stored; its clock can be set. It ends with the process of the tests.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use super::install::what_to_install;

/// Starts Kafka and ends it together with the test process.
///
/// A static of this process is never dropped, and a process killed by SIGKILL drops nothing at all.
/// So Kafka is the child of a shell that holds the other end of a pipe: the pipe closes when this
/// process is over, in whichever way, the read returns, and the shell ends Kafka by its process id
/// and removes its files. (Rust opens the pipe with O_CLOEXEC, so nothing else that the tests start
/// keeps it open.) If Kafka ends by itself, so does the shell, and the files stay for the sentence
/// about it. The shell ignores Ctrl-C, for then the test process dies, and the pipe closes. The word
/// `keep` on the pipe has Kafka killed and leaves its files, to start again on them.
const WATCHDOG: &str = r#"
dir=$1; shift
exec 3<&0
"$@" </dev/null >>"$dir/kafka.log" 2>&1 3<&- &
kafka=$!
echo $kafka >"$dir/pid"
trap '' HUP INT TERM
( read -r word <&3; [ "$word" = keep ] || : >"$dir/over"; kill -9 $kafka ) >/dev/null 2>&1 &
reader=$!
exec 3<&- <&-
wait $kafka
if [ -e "$dir/over" ]; then rm -rf "$dir"; else kill -9 $reader; exit 1; fi
"#;

/// The same for every node of every cluster of the tests.
const CLUSTER_ID: &str = "a2Fpa3UtdGVzdC1rYWZrYQ";

/// A process of Kafka and its folder, which goes with it.
pub(crate) struct Node {
    folder: PathBuf,
    command: Vec<PathBuf>,
    /// The shell, while Kafka runs; its standard input is the pipe that must stay open.
    watchdog: Option<Child>,
}

impl Node {
    /// One that stores into a folder of its own, which has its `server.properties`; formatted, with
    /// these options, and not started. With `clock` its clock can be set.
    pub(super) fn format(
        jars: &Path,
        folder: &Path,
        options: &[String],
        clock: bool,
    ) -> Result<Node, String> {
        let properties = folder.join("server.properties");
        format_storage(jars, &properties, options)?;
        let mut command = Vec::new();
        if clock {
            set_clock(folder, Duration::ZERO);
            command.extend(clock_variables(folder)?);
        }
        command.extend(java(jars));
        command.extend(["kafka.Kafka".into(), properties]);
        Ok(Node {
            folder: folder.to_owned(),
            command,
            watchdog: None,
        })
    }

    /// Starts it on what it has stored; it does not answer yet.
    pub(super) fn spawn(&mut self) -> Result<(), String> {
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
        Ok(())
    }

    /// Kills it by SIGKILL; what it has stored stays.
    pub(crate) fn kill(&mut self) {
        let mut watchdog = self.watchdog.take().expect("Kafka runs");
        let mut pipe = watchdog.stdin.take().expect("the pipe is open");
        pipe.write_all(b"keep\n").expect("the shell listens");
        drop(pipe);
        let _ = watchdog.wait();
    }

    /// SIGSTOP: it does not answer any more, and does not know.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Whether it runs, as far as one can tell from outside.
    pub(crate) fn runs(&self) -> bool {
        self.watchdog.is_some()
    }

    /// The folder with its logs, one folder a partition.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Has its clock run ahead of the machine's by so much; it takes a second or two until it does.
    pub(super) fn set_clock(&self, ahead: Duration) {
        set_clock(&self.folder, ahead);
        thread::sleep(Duration::from_secs(2));
    }

    /// The file that says how far its clock is ahead, for whoever is to have the same.
    pub(super) fn clock_file(&self) -> PathBuf {
        self.folder.join("clock")
    }

    /// An error where it has ended by itself.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let watchdog = self.watchdog.as_mut().expect("it was started");
        if watchdog.try_wait().is_ok_and(|status| status.is_some()) {
            return Err(self.failed("ended while it started"));
        }
        Ok(())
    }

    /// The sentence about a Kafka that did not start, with the end of its log.
    pub(super) fn failed(&self, what: &str) -> String {
        let log = fs::read_to_string(self.folder.join("kafka.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("Apache Kafka {what}; its last lines are:\n{end}")
    }

    fn signal(&self, name: &str) {
        let pid = fs::read_to_string(self.folder.join("pid")).expect("the shell wrote it");
        let sent = Command::new("kill").args([name, pid.trim()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "Kafka runs");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut watchdog) = self.watchdog.take() {
            let has_ended = watchdog.try_wait().is_ok_and(|status| status.is_some());
            if has_ended && thread::panicking() {
                println!("{}", self.failed("has ended by itself"));
            }
            // Closes the pipe: the shell ends Kafka and removes its files.
            drop(watchdog.stdin.take());
            let _ = watchdog.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
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

/// In one step: the library reads the file at any moment, and ends its process where it finds nothing
/// in it.
fn set_clock(folder: &Path, ahead: Duration) {
    let beside = folder.join("clock.new");
    fs::write(&beside, format!("+{}s", ahead.as_secs()))
        .and_then(|()| fs::rename(&beside, folder.join("clock")))
        .expect("Kafka's folder can be written to");
}

/// Formats the storage for KRaft.
fn format_storage(jars: &Path, properties: &Path, options: &[String]) -> Result<(), String> {
    let mut command = java(jars).into_iter();
    let output = Command::new(command.next().expect("java comes first"))
        .args(command)
        .args(["kafka.tools.StorageTool", "format"].map(OsStr::new))
        .args(["--cluster-id", CLUSTER_ID, "--config"])
        .arg(properties)
        .args(options)
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
