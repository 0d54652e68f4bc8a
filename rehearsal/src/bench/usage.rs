//! What a process has used, by Linux's `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Linux counts the CPU time that it shows in hundredths of a second, whatever its own clock is.
const TICKS_PER_SECOND: f64 = 100.0;

/// A reading of a process.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    at: Instant,
    user: f64,
    system: f64,
}

/// What was used between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Time by the clock.
    pub wall: Duration,
    /// CPU seconds in the program, of all threads.
    pub user: f64,
    /// CPU seconds in the kernel on its behalf, of all threads.
    pub system: f64,
}

impl Reading {
    /// Of a process that runs.
    ///
    /// # Errors
    /// Where it has ended, or this is not Linux.
    pub fn of(process: u32) -> Result<Reading> {
        let file = format!("/proc/{process}/stat");
        let stat = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        Reading::parse(&stat).with_context(|| format!("reading {file}"))
    }

    fn parse(stat: &str) -> Result<Reading> {
        // The second field is the program's name, in brackets, and may hold spaces.
        let (_, rest) = stat.rsplit_once(')').context("it names no program")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        if fields.first() == Some(&"Z") {
            bail!("the process has ended");
        }
        // proc(5): the 14th field is utime, the 15th stime; here the 3rd comes first.
        let ticks = |at: usize| -> Result<f64> {
            let field = fields.get(at).context("it has too few fields")?;
            Ok(field.parse::<f64>()? / TICKS_PER_SECOND)
        };
        Ok(Reading {
            at: Instant::now(),
            user: ticks(11)?,
            system: ticks(12)?,
        })
    }

    /// What was used since an earlier reading.
    pub fn since(&self, before: &Reading) -> Usage {
        Usage {
            wall: self.at - before.at,
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }
}

impl Usage {
    /// CPU seconds in all. Under the resolution of the clock nothing was measured, and that much is said.
    pub fn cpu(&self) -> f64 {
        (self.user + self.system).max(1.0 / TICKS_PER_SECOND)
    }

    /// As a child tells it to its parent.
    pub fn to_line(self) -> String {
        format!("{} {} {}", self.wall.as_secs_f64(), self.user, self.system)
    }

    /// What a child has told.
    pub fn from_line(line: &str) -> Option<Usage> {
        let mut numbers = line.split_whitespace().map(str::parse::<f64>);
        let mut next = || numbers.next()?.ok();
        Some(Usage {
            wall: Duration::try_from_secs_f64(next()?).ok()?,
            user: next()?,
            system: next()?,
        })
    }
}

/// Bytes of a process that lie in memory.
///
/// # Errors
/// Where it has ended, or this is not Linux.
pub fn resident(process: u32) -> Result<u64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
    resident_of(&status).with_context(|| format!("{file} has no VmRSS"))
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_of_a_process_is_read_whatever_it_is_called() {
        let stat = "7 (a) name) S 1 7 7 0 -1 4194304 9 0 0 0 250 150 0 0 20 0 3 0 5 6 7";
        let before = Reading::parse(&stat.replace("250 150", "50 50")).unwrap();
        let usage = Reading::parse(stat).unwrap().since(&before);
        assert!((usage.user - 2.0).abs() < 1e-9 && (usage.system - 1.0).abs() < 1e-9);
        assert!((usage.cpu() - 3.0).abs() < 1e-9);
        assert!(Reading::parse(&stat.replace(") S", ") Z")).is_err());
        assert_eq!(
            resident_of("VmSize:\t9 kB\nVmRSS:\t  12 kB\n"),
            Some(12_288)
        );
        assert_eq!(resident_of("VmSize:\t9 kB\n"), None);
    }

    #[test]
    fn a_child_tells_its_parent_what_it_used() {
        let usage = Usage {
            wall: Duration::from_millis(1_250),
            user: 1.5,
            system: 0.25,
        };
        assert_eq!(Usage::from_line(&usage.to_line()), Some(usage));
        assert_eq!(Usage::from_line("1 2"), None);
        assert_eq!(Usage::from_line("-1 2 3"), None);
    }
}
