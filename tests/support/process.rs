//! Real processes of the program: started with settings of their own, ended by real signals.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use kaiku_broker::KafkaConfig;

/// A process of the program; it is killed when this is dropped.
pub(crate) struct Stage {
    child: Child,
}

/// Writes settings for the stages into a folder and gives the file's name.
pub(crate) fn settings(folder: &Path, kafka: &KafkaConfig, more: &str) -> std::path::PathBuf {
    let file = folder.join("kaiku.toml");
    let text = format!(
        "[kafka]\nbrokers = \"{}\"\nprefix = \"{}\"\ninsecure = true\n\n{more}\n",
        kafka.brokers, kafka.prefix
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
        let log = File::create(folder.join(format!("{verb}-{name}.log"))).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_kaiku"))
            .args([verb, "--config"])
            .arg(folder.join("kaiku.toml"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Stage { child }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn terminate(mut self, within: Duration) -> ExitStatus {
        let sent = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                start.elapsed() < within,
                "it did not stop within {within:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
