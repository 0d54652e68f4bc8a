//! What this module asks the system: which boot, which process, whether a debugger is there, and how late it is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that a test can turn.
pub trait Clock: Send + Sync {
    /// Time since any fixed moment; it never goes back.
    fn monotonic(&self) -> Duration;
    /// Seconds since 1970.
    fn unix(&self) -> u64;
}

/// The clock of the machine.
#[derive(Debug)]
pub struct MachineClock(Instant);

impl Default for MachineClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MachineClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}

/// Where the system answers. Systems without these files say nothing, and nothing is made of that.
#[derive(Clone)]
pub struct System {
    /// A file that holds another text after each boot.
    pub boot_id: PathBuf,
    /// The folder that tells of this process: `stat` and `status`.
    pub process: PathBuf,
    /// How long a process must live on until it has outlived a panic, or a signal that a handler dealt with.
    pub outlives: Duration,
    /// How long after `SIGTERM` and its like an end is put down to it.
    pub drains: Duration,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl Default for System {
    fn default() -> Self {
        Self {
            boot_id: "/proc/sys/kernel/random/boot_id".into(),
            process: "/proc/self".into(),
            outlives: Duration::from_secs(10),
            drains: Duration::from_secs(120),
            clock: Arc::new(MachineClock::default()),
        }
    }
}

impl System {
    /// A number for this boot, from which the boot id can't be had back.
    pub(crate) fn boot(&self) -> Option<u64> {
        let text = std::fs::read(&self.boot_id).ok()?;
        let text = text.trim_ascii();
        (!text.is_empty()).then(|| fingerprint(text))
    }

    /// When this process started, in the system's own unit.
    pub(crate) fn process_start(&self) -> Option<u64> {
        let stat = std::fs::read_to_string(self.process.join("stat")).ok()?;
        // The name of the program stands in brackets and may hold blanks and brackets itself.
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_ascii_whitespace().nth(19)?.parse().ok()
    }

    /// Whether a debugger holds this process now.
    pub(crate) fn is_debugged(&self) -> bool {
        std::fs::read_to_string(self.process.join("status"))
            .ok()
            .and_then(|status| {
                let line = status.lines().find_map(|l| l.strip_prefix("TracerPid:"))?;
                line.trim().parse::<u32>().ok()
            })
            .is_some_and(|tracer| tracer != 0)
    }
}

/// FNV-1a: the same on every machine and in every release, as a hash of the standard library is not.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
