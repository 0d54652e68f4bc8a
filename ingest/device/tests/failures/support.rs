//! Starts the programs, hears them, ends them by their number, and begins the run that judges them.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use kaiku_device::failures::{Component, LastRun, Settings, Verdict, Watch};
use tempfile::TempDir;

/// Nothing here takes longer, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Compilers of other languages.
pub(crate) const COMPILING: Duration = Duration::from_secs(600);

/// The folder with the programs.
pub(crate) fn programs() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let names = ["failing", "libwatched.so"];
        crate::programs::programs("tests/failures/programs", &names)
    })
}

/// A place of its own for each test, on its first boot.
pub(crate) struct Device {
    pub(crate) folder: TempDir,
}

impl Device {
    pub(crate) fn new() -> Self {
        let device = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        device.boots("3b0e1c52-first");
        device
    }

    pub(crate) fn boots(&self, id: &str) {
        std::fs::write(self.folder.path().join("boot"), id).unwrap();
    }

    /// Starts a program that ends this way, with no handlers (`none`), `crashes`, `endings` or both.
    pub(crate) fn start(&self, handlers: &str, way: &str) -> Running {
        let mut command = Command::new(programs().join("failing"));
        command.arg(self.folder.path()).args([handlers, way]);
        Running::start(command)
    }

    /// The next start of the app: how the runs before it ended.
    pub(crate) fn next(&self, release: &str) -> Vec<LastRun> {
        let mut settings = Settings::new(self.runs(), release);
        settings.system.boot_id = self.folder.path().join("boot");
        settings.components = vec![Component {
            name: "tiles".into(),
            paths: vec!["src/".into()],
        }];
        let (watch, ended) = Watch::begin(settings);
        watch.settled();
        watch.erase();
        ended
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// How the one run before ended.
    pub(crate) fn verdict(&self) -> Verdict {
        let ended = self.next("4.2");
        assert_eq!(ended.len(), 1, "{ended:?}");
        ended[0].verdict
    }

    /// The bytes of the one marker.
    pub(crate) fn marker(&self) -> Vec<u8> {
        let mut found = std::fs::read_dir(self.runs()).unwrap();
        std::fs::read(found.next().unwrap().unwrap().path()).unwrap()
    }

    /// Waits until the marker holds this.
    pub(crate) fn until_marked(&self, text: &str) {
        let start = Instant::now();
        while !String::from_utf8_lossy(&self.marker()).contains(text) {
            assert!(start.elapsed() < PATIENCE, "never marked: {text}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A process, which does not outlive the test.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let program = command.get_program().to_owned();
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{program:?} can't be started ({error}): is it installed?")
        });
        let out = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        Self { child, lines }
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        line.expect("it says nothing more")
    }

    pub(crate) fn until_ready(mut self) -> Self {
        assert_eq!(self.line(), "ready");
        self
    }

    /// Lets it go on.
    pub(crate) fn go_on(&mut self) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn send(&self, signal: libc::c_int) {
        // SAFETY: a process of our own that was not waited for.
        let sent = unsafe { libc::kill(self.child.id().cast_signed(), signal) };
        assert_eq!(sent, 0);
    }

    /// Ends it by this signal.
    pub(crate) fn end_by(mut self, signal: libc::c_int) {
        self.send(signal);
        let status = self.end();
        assert_eq!(status.signal(), Some(signal), "{status}");
    }

    /// Waits for its own end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.end_within(PATIENCE)
    }

    pub(crate) fn end_within(&mut self, patience: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < patience, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its end, and all that it said from here on: what it answers and what it complains of.
    pub(crate) fn output(mut self, patience: Duration) -> (ExitStatus, String, String) {
        drop(self.child.stdin.take());
        let mut errors = self.child.stderr.take().unwrap();
        let complains = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let status = self.end_within(patience);
        let answers: Vec<_> = self.lines.iter().collect();
        (
            status,
            answers.join("\n"),
            complains.join().unwrap().unwrap(),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a tool that a test needs, and fails with its own words.
pub(crate) fn run(command: Command) {
    let program = command.get_program().to_owned();
    let (status, answers, complaints) = Running::start(command).output(COMPILING);
    assert!(status.success(), "{program:?}: {answers}{complaints}");
}
