//! The options of `kaiku bench`.

use std::path::PathBuf;

use clap::value_parser;

use super::matrix::State;

/// Devices that are enough to see that it works, and to see nothing else.
pub(super) const QUICK_DEVICES: u64 = 2_000;

/// `kaiku bench`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each device uploads one record. `kaiku enrich` strips the records as a process of its own, and its CPU time
is counted alone, without that of the broker. Its limit is a process that only copies the same records with
librdkafka: once plainly, once in transactions of 200 ms as enrich has them. State `cold` means that no device
was heard of before; `warm` that all have uploaded the day before, so that their state is restored first, and
the second upload is measured; it is held beside the limit of the first, whose records are of the same kind.
For 1,000,000 devices leave enrich some 1 GB of memory.

Topics, groups and transactions have names of their own, of the prefix and a random part; the topics are
deleted at the end, after Ctrl-C too. Stages that run on the same brokers change the figures. Figures of a debug
build say little. Bytes on the wire and the version of the broker are left out: nothing tells them honestly.

Examples:
  kaiku bench --brokers 127.0.0.1:9092 --quick
  kaiku bench --config kaiku.toml --json now.json --plot now.svg
  kaiku bench --events 1,10,40 --partitions 1,2,6 --state cold,warm --rounds 5 --json now.json
  kaiku bench --partitions 4 --processes 1,2,4 --state warm
  kaiku bench --json after.json --compare before.json"
)]
pub(crate) struct Args {
    /// Addresses of the broker, `host:port` with commas [default: those of the settings]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) brokers: Option<String>,
    /// Events of a record
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "10",
          value_parser = value_parser!(u32).range(1..=1_000))]
    pub(crate) events: Vec<u32>,
    /// Devices, each of which uploads one record
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000000",
          value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) devices: Vec<u64>,
    /// 2,000 devices and one round: whether it works, and no figure to believe
    #[arg(long, conflicts_with = "devices")]
    pub(crate) quick: bool,
    /// Partitions of the topics, each of which is a lane of enrich
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "4",
          value_parser = value_parser!(u16).range(1..=1_000))]
    pub(crate) partitions: Vec<u16>,
    /// Processes of enrich, which share the partitions: what they take is added up
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1",
          value_parser = value_parser!(u16).range(1..=100))]
    pub(crate) processes: Vec<u16>,
    /// What enrich knows of the devices before
    #[arg(
        long,
        value_name = "STATE",
        value_delimiter = ',',
        default_value = "cold"
    )]
    pub(crate) state: Vec<State>,
    /// How often each is measured; the medians are shown [default: 3, with --quick 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100))]
    pub(crate) rounds: Option<u32>,
    /// Write every figure of every round as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Show what has changed since the run that has written this file
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Draw the medians as a picture in SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
    /// What the names of the throw-away topics begin with; a random part follows
    #[arg(long, default_value = "kaiku-bench-")]
    pub(crate) prefix: String,
    /// This process is the one that copies records, and does nothing else
    #[arg(long, hide = true)]
    pub(crate) pass_through: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Verb};

    fn parsed(options: &[&str]) -> Result<Args, clap::Error> {
        let words = ["kaiku", "bench"].iter().chain(options);
        match Cli::try_parse_from(words)?.verb {
            Verb::Bench(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lists_are_read_with_their_commas_and_have_defaults() {
        let args = parsed(&["--events", "1,10,40", "--state", "cold,warm"]).expect("options");
        assert_eq!(args.events, [1, 10, 40]);
        assert_eq!(args.state, [State::Cold, State::Warm]);
        assert_eq!(args.devices, [1_000_000]);
        assert_eq!(args.partitions, [4]);
        assert_eq!(args.rounds, None);
    }

    #[test]
    fn what_can_not_be_measured_is_refused() {
        for wrong in [
            ["--events", "0"],
            ["--events", "1001"],
            ["--devices", "1,,2"],
            ["--devices", "many"],
            ["--partitions", "0"],
            ["--state", "lukewarm"],
            ["--rounds", "0"],
        ] {
            assert!(parsed(&wrong).is_err(), "{wrong:?}");
        }
        assert!(parsed(&["--quick", "--devices", "5"]).is_err());
        assert!(parsed(&["--quick"]).expect("an option").quick);
    }

    #[test]
    fn a_record_may_have_as_many_events_as_the_contract_allows() {
        assert_eq!(kaiku_rehearsal::bench::MOST_EVENTS, 1_000);
    }
}
