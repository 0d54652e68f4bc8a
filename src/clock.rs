//! The clock of this program: the machine's, which a test can have run ahead.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use kaiku_stage::failpoint_value;
use kaiku_wire::Clock;

/// The clock. In a build of tests `clock.ahead` says by how many milliseconds it runs ahead, or
/// `clock.file` in which file it says so, which may change: `+86400s`.
pub(crate) fn clock() -> Clock {
    let ahead = failpoint_value("clock.ahead").and_then(|millis| millis.parse().ok());
    match (failpoint_value("clock.file"), ahead) {
        (Some(file), _) => ahead_as(file),
        (None, Some(ahead)) => Clock::system().ahead_by(ahead),
        (None, None) => Clock::system(),
    }
}

fn ahead_as(file: String) -> Clock {
    let (system, known) = (Clock::system(), AtomicI64::new(0));
    Clock::from_fn(move || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let seconds = text
            .strip_prefix('+')
            .and_then(|text| text.strip_suffix('s'));
        // What is being written at this moment says nothing.
        if let Some(seconds) = seconds.and_then(|seconds| seconds.parse::<i64>().ok()) {
            known.store(seconds * 1000, Ordering::Relaxed);
        }
        system.millis() + known.load(Ordering::Relaxed)
    })
}
