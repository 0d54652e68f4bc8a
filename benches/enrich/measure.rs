//! What a process has used, by Linux's `/proc`.

use std::fs;
use std::time::{Duration, Instant};

/// Linux counts the CPU time that it shows in hundredths of a second, whatever its own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// A reading of a process.
pub(crate) struct Reading {
    at: Instant,
    user: f64,
    system: f64,
}

/// What was used between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    /// CPU seconds in the program and in the kernel on its behalf, of all threads.
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Reading {
    pub(crate) fn of(process: u32) -> Reading {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))
            .expect("the process runs, and this is Linux");
        // The second field is the program's name, in brackets, and may hold spaces.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        assert!(fields[0] != "Z", "the process has ended");
        // proc(5): the 14th field is utime, the 15th stime; here the 3rd comes first.
        let [user, system] =
            [11, 12].map(|at| fields[at].parse::<f64>().unwrap() / TICKS_PER_SECOND);
        Reading {
            at: Instant::now(),
            user,
            system,
        }
    }

    /// What was used since an earlier reading.
    pub(crate) fn since(&self, before: &Reading) -> Usage {
        Usage {
            wall: self.at - before.at,
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }
}

impl Usage {
    /// What each of several has used, on average.
    pub(crate) fn mean(all: impl ExactSizeIterator<Item = Usage> + Clone) -> Usage {
        let count = u32::try_from(all.len()).unwrap();
        let sum = |part: fn(Usage) -> f64| all.clone().map(part).sum::<f64>() / f64::from(count);
        Usage {
            wall: all.clone().map(|usage| usage.wall).sum::<Duration>() / count,
            user: sum(|usage| usage.user),
            system: sum(|usage| usage.system),
        }
    }

    pub(crate) fn cpu(&self) -> f64 {
        // Under the resolution of the clock nothing was measured.
        (self.user + self.system).max(1.0 / TICKS_PER_SECOND)
    }

    /// As a child tells it to its parent.
    pub(crate) fn to_line(self) -> String {
        format!("{} {} {}", self.wall.as_secs_f64(), self.user, self.system)
    }

    pub(crate) fn from_line(line: &str) -> Option<Usage> {
        let mut numbers = line.split_whitespace().map(str::parse::<f64>);
        let mut next = || numbers.next()?.ok();
        Some(Usage {
            wall: Duration::from_secs_f64(next()?),
            user: next()?,
            system: next()?,
        })
    }
}

/// Bytes of a process that lie in memory.
pub(crate) fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kilobytes * 1024
}
