//! The machine and the program that a figure was measured with.

use std::fs;

use kaiku_wire::{Clock, Day};
use serde::{Deserialize, Serialize};

/// Where and with what it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The model of the processor, as the kernel calls it.
    pub(crate) cpu: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
    /// Of kaiku, with the commit where it is known.
    pub(crate) version: String,
    /// `debug` or `release`.
    pub(crate) profile: String,
    /// Addresses of the brokers; they do not tell their version.
    pub(crate) brokers: String,
    /// When it began, in UTC.
    pub(crate) time: String,
}

impl Machine {
    /// This one, now.
    pub(crate) fn here(brokers: &str) -> Machine {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let cores = std::thread::available_parallelism();
        Machine {
            cpu: cpu(&read("/proc/cpuinfo")),
            cores: cores.map_or(1, std::num::NonZero::get),
            memory_bytes: bytes(&read("/proc/meminfo"), "MemTotal:").unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            version: env!("KAIKU_VERSION").to_owned(),
            profile: profile().to_owned(),
            brokers: brokers.to_owned(),
            time: time(Clock::system().millis()),
        }
    }

    /// The same in a line.
    pub(crate) fn line(&self) -> String {
        format!(
            "{}, {} cores, {} MB, Linux {}; kaiku {}, {} profile; {}",
            self.cpu,
            self.cores,
            self.memory_bytes >> 20,
            self.kernel,
            self.version,
            self.profile,
            self.time
        )
    }

    /// Whether its figures say little.
    pub(crate) fn is_debug(&self) -> bool {
        self.profile == "debug"
    }
}

/// Bytes of memory that a new process could have without others being pushed out.
pub(crate) fn available_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    bytes(&text, "MemAvailable:")
}

fn profile() -> &'static str {
    match cfg!(debug_assertions) {
        true => "debug",
        false => "release",
    }
}

/// Processors of some makers have no name there.
fn cpu(info: &str) -> String {
    let named = info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    named.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn bytes(info: &str, key: &str) -> Option<u64> {
    let line = info.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// A time in the form of ISO 8601, to the second.
fn time(millis: i64) -> String {
    let day = Day::from_millis(millis);
    let seconds = (millis - day.start_millis()) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{day}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_the_machine_is() {
        let info = "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nmodel\t\t: 7\n";
        assert_eq!(cpu(info), "Some CPU @ 2.0GHz");
        assert_eq!(cpu("processor\t: 0\n"), std::env::consts::ARCH);
        let memory = "MemTotal:       2048 kB\nMemAvailable:   1024 kB\n";
        assert_eq!(bytes(memory, "MemTotal:"), Some(2_097_152));
        assert_eq!(bytes(memory, "MemFree:"), None);
    }

    #[test]
    fn a_time_is_written_to_the_second() {
        let day = Day::parse("2026-11-10").expect("a day");
        let millis = day.start_millis() + 45_296_789;
        assert_eq!(time(millis), "2026-11-10T12:34:56Z");
    }
}
