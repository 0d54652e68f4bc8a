//! Real processes of the program: started with settings of their own, ended by real signals.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use kaiku_broker::Cluster;

use super::ports::free_port;

/// A process of the program; it is killed when this is dropped.
pub(crate) struct Stage {
    child: Child,
    log: PathBuf,
    /// How long its log was before it.
    begins: usize,
}

/// What a process answers to `GET /path`, head and all; empty where it does not.
pub(crate) fn http(address: SocketAddr, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return String::new();
    };
    let request = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer).map(drop));
    answer
}

/// An address on which nobody listens, for a process that is going to.
pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// Writes settings for the stages into a folder and gives the file's name.
pub(crate) fn settings(folder: &Path, kafka: &Cluster, more: &str) -> PathBuf {
    let file = folder.join("kaiku.toml");
    let text = format!(
        "[kafka]\nbrokers = \"{}\"\nprefix = \"{}\"\ninsecure = true\n\n{more}\n",
        kafka.brokers(),
        kafka.prefix()
    );
    fs::write(&file, text).unwrap();
    file
}

impl Stage {
    /// Starts `kaiku VERB`, with its logs in `VERB-NAME.log` of the folder.
    pub(crate) fn start(folder: &Path, verb: &str, name: &str) -> Stage {
        Stage::start_with(folder, verb, name, &[])
    }

    /// The same, with these variables.
    pub(crate) fn start_with(
        folder: &Path,
        verb: &str,
        name: &str,
        variables: &[(&str, String)],
    ) -> Stage {
        Stage::start_as(folder, verb, name, variables, &[])
    }

    /// The same, with these options too.
    pub(crate) fn start_as(
        folder: &Path,
        verb: &str,
        name: &str,
        variables: &[(&str, String)],
        options: &[&str],
    ) -> Stage {
        let path = folder.join(format!("{verb}-{name}.log"));
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .unwrap();
        let begins = usize::try_from(log.metadata().unwrap().len()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_kaiku"))
            .arg(verb)
            .args(options)
            .arg("--config")
            .arg(folder.join("kaiku.toml"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Stage {
            child,
            log: path,
            begins,
        }
    }

    /// What it answers to `GET /path`: empty where it does not, or was not told to listen.
    pub(crate) fn get(&self, path: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let own = log.get(self.begins..).unwrap_or_default();
        let address = own
            .split("serving metrics and health address=")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        address.map_or_else(String::new, |address| http(address, path))
    }

    /// The end of its log.
    fn last_lines(&self, count: usize) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    /// Waits until it says that it is ready.
    pub(crate) fn await_ready(&self, within: Duration) {
        let start = Instant::now();
        loop {
            let answer = self.get("readyz");
            if answer.starts_with("HTTP/1.1 200") {
                return;
            }
            assert!(
                start.elapsed() < within,
                "it is not ready: {answer:?}; the end of its log:\n{}",
                self.last_lines(30)
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The lines of its metrics that begin so, and are not 0.
    pub(crate) fn metrics(&self, name: &str) -> Vec<String> {
        let all = self.get("metrics");
        let lines = all.lines().filter(|line| line.starts_with(name));
        let not_0 = lines.filter(|line| line.rsplit(' ').next() != Some("0"));
        not_0.map(str::to_owned).collect()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(mut self) {
        self.kill_now();
    }

    /// The same where the place is needed for the next one.
    pub(crate) fn kill_now(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP: nothing of it runs any more, and it does not know.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    /// How it ended, where it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until it ends by itself.
    pub(crate) fn await_end(&mut self, within: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < within {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Memory that it holds, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let file = format!("/proc/{}/statm", self.id());
        let text = fs::read_to_string(file).unwrap_or_default();
        let pages = text
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok());
        pages.unwrap_or(0) * 4096
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and how it ended, whatever became of it; SIGKILL where it takes too long.
    pub(crate) fn ask_to_stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.await_end(Duration::from_secs(15)).unwrap_or_else(|| {
            self.child.kill().unwrap();
            self.child.wait().unwrap()
        })
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn terminate(mut self, within: Duration) -> ExitStatus {
        self.signal("TERM");
        let status = self.await_end(within);
        status.unwrap_or_else(|| panic!("it did not stop within {within:?}"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
