//! What is measured: every combination of what was asked for, each a cell.

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::HumanCount;
use kaiku_rehearsal::bench::Load;
use serde::{Deserialize, Serialize};

use super::args::{Args, QUICK_DEVICES};

/// Rounds of a run that is to show a number, and of one that is to show that it works.
const ROUNDS: [u32; 2] = [3, 1];

/// What enrich knows of the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Nothing: every device is new
    Cold,
    /// All of them: each has uploaded the day before
    Warm,
}

/// What is measured on the same topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    /// Events of a record.
    pub(crate) events: u32,
    /// Each uploads one record.
    pub(crate) devices: u64,
    /// Each is a lane.
    pub(crate) partitions: u16,
    /// Processes of enrich, which share them.
    #[serde(default = "one")]
    pub(crate) processes: u16,
}

/// What files of versions before say of processes: nothing.
fn one() -> u16 {
    1
}

/// One combination, which has figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    #[serde(flatten)]
    pub(crate) size: Size,
    pub(crate) state: State,
}

/// All that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) sizes: Vec<Size>,
    /// In this order: warm comes behind cold on the same topics.
    pub(crate) states: Vec<State>,
    pub(crate) rounds: u32,
}

impl Matrix {
    /// What the options say; what was named twice is measured once.
    pub(crate) fn of(args: &Args) -> Matrix {
        let devices = match args.quick {
            true => vec![QUICK_DEVICES],
            false => once(&args.devices),
        };
        let mut sizes = Vec::new();
        for events in once(&args.events) {
            for devices in &devices {
                for partitions in once(&args.partitions) {
                    let of = |processes| Size {
                        events,
                        devices: *devices,
                        partitions,
                        processes,
                    };
                    sizes.extend(once(&args.processes).into_iter().map(of));
                }
            }
        }
        let [usual, quick] = ROUNDS;
        Matrix {
            sizes,
            states: once(&args.state),
            rounds: args
                .rounds
                .unwrap_or(if args.quick { quick } else { usual }),
        }
    }

    /// Whether more than one process is asked for without a state.
    pub(crate) fn is_shared_cold(&self) -> bool {
        self.states.contains(&State::Cold) && self.sizes.iter().any(|size| size.processes > 1)
    }

    /// A size in which a process would have no partition.
    pub(crate) fn idle(&self) -> Option<Size> {
        let idle = |size: &&Size| size.processes > size.partitions;
        self.sizes.iter().find(idle).copied()
    }

    /// The most devices of any cell.
    pub(crate) fn most_devices(&self) -> u64 {
        let devices = self.sizes.iter().map(|size| size.devices);
        devices.max().unwrap_or_default()
    }
}

/// The values in order, each once.
fn once<T: Copy + Ord>(values: &[T]) -> Vec<T> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    values
}

impl Size {
    /// The records.
    pub(crate) fn load(self) -> Load {
        Load {
            devices: self.devices,
            events: usize::try_from(self.events).unwrap_or(usize::MAX),
        }
    }

    /// Events of all records of one upload.
    pub(crate) fn all_events(self) -> u64 {
        self.devices * u64::from(self.events)
    }

    /// The longest that any part of it may take.
    pub(crate) fn deadline(self) -> Duration {
        let tens = u64::from(self.events).div_ceil(10);
        Duration::from_secs(120) + Duration::from_millis(self.devices * tens)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Cold => "cold",
            State::Warm => "warm",
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let devices = HumanCount(self.devices);
        let (events, lanes) = (self.events, self.partitions);
        let some = |count: u64, one| match count {
            1 => format!("1 {one}"),
            _ => format!("{} {one}s", HumanCount(count)),
        };
        let (events, lanes) = (some(events.into(), "event"), some(lanes.into(), "lane"));
        write!(f, "{events}, {devices} devices, {lanes}")?;
        match self.processes {
            1 => Ok(()),
            processes => write!(f, ", {processes} processes"),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.size, self.state)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Verb};

    fn matrix(options: &[&str]) -> Matrix {
        let words = ["kaiku", "bench"].iter().chain(options);
        match Cli::try_parse_from(words).expect("options").verb {
            Verb::Bench(args) => Matrix::of(&args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_combination_is_measured_once() {
        let matrix = matrix(&["--events", "10,1,10", "--partitions", "1,2"]);
        let sizes: Vec<_> = matrix.sizes.iter().map(ToString::to_string).collect();
        assert_eq!(
            sizes,
            [
                "1 event, 1,000,000 devices, 1 lane",
                "1 event, 1,000,000 devices, 2 lanes",
                "10 events, 1,000,000 devices, 1 lane",
                "10 events, 1,000,000 devices, 2 lanes",
            ]
        );
        assert_eq!((matrix.rounds, matrix.states), (3, vec![State::Cold]));
    }

    #[test]
    fn processes_need_a_partition_each_and_a_state_to_begin_with() {
        let options = ["--partitions", "4", "--processes", "1,2,4"];
        let shared = matrix(&[&options[..], &["--state", "warm"]].concat());
        let last = shared.sizes.last().map(ToString::to_string);
        let named = "10 events, 1,000,000 devices, 4 lanes, 4 processes";
        assert_eq!(last.as_deref(), Some(named));
        assert!(!shared.is_shared_cold() && shared.idle().is_none());
        assert!(matrix(&options).is_shared_cold());
        let idle = matrix(&["--partitions", "1,2", "--processes", "2", "--state", "warm"]).idle();
        assert_eq!(idle.map(|size| size.partitions), Some(1));
    }

    #[test]
    fn a_quick_run_has_few_devices_and_one_round_unless_more_are_asked_for() {
        let quick = matrix(&["--quick"]);
        assert_eq!((quick.most_devices(), quick.rounds), (2_000, 1));
        assert_eq!(matrix(&["--quick", "--rounds", "2"]).rounds, 2);
    }
}
