//! Everything that was measured, as it is written to a file and read from one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::machine::Machine;
use super::matrix::Cell;

/// The form of the file.
const FORMAT: u32 = 1;

/// All cells, with where they were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    format: u32,
    pub(crate) machine: Machine,
    /// Whether all that was asked for is in it.
    pub(crate) complete: bool,
    pub(crate) cells: Vec<Measured>,
}

/// The runs of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) cell: Cell,
    /// Of each figure by itself.
    pub(crate) median: Figures,
    /// One a round.
    pub(crate) runs: Vec<Figures>,
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new(machine: Machine) -> Report {
        Report {
            format: FORMAT,
            machine,
            complete: false,
            cells: Vec::new(),
        }
    }

    /// Adds a run of a cell.
    pub(crate) fn add(&mut self, cell: Cell, figures: Figures) {
        let place = self.cells.iter().position(|one| one.cell == cell);
        let place = place.unwrap_or_else(|| {
            self.cells.push(Measured {
                cell,
                median: Figures::default(),
                runs: Vec::new(),
            });
            self.cells.len() - 1
        });
        if let Some(measured) = self.cells.get_mut(place) {
            measured.runs.push(figures);
            measured.median = Figures::medians(&measured.runs);
        }
    }

    /// Writes it as JSON.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).context("writing figures as JSON")?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("writing {}", file.display()))
    }

    /// Reads what an earlier run has written.
    pub(crate) fn read(file: &Path) -> Result<Report> {
        let name = file.display();
        let text = fs::read_to_string(file)
            .with_context(|| format!("reading {name}: name a file of `kaiku bench --json`"))?;
        let report: Report = serde_json::from_str(&text).with_context(|| {
            format!("{name} is not of `kaiku bench --json`, or of a later version")
        })?;
        ensure!(
            report.format == FORMAT,
            "{name} has format {}, and this version knows {FORMAT}",
            report.format
        );
        Ok(report)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::figures::Figure;
    use super::super::matrix::{Size, State};
    use super::*;

    /// A machine, and one cell with two runs.
    pub(in super::super) fn sample(rate: f64) -> Report {
        let machine = Machine {
            cpu: "Some CPU <fast> & cool".to_owned(),
            cores: 2,
            memory_bytes: 8 << 30,
            kernel: "6.1.0".to_owned(),
            version: "0.1.0".to_owned(),
            profile: "release".to_owned(),
            brokers: "127.0.0.1:9092".to_owned(),
            time: "2026-11-10T12:34:56Z".to_owned(),
        };
        let mut report = Report::new(machine);
        for state in [State::Cold, State::Warm] {
            let size = Size {
                events: 10,
                devices: 1_000_000,
                partitions: 4,
                processes: 1,
            };
            let cell = Cell { size, state };
            for run in [rate, rate * 1.02] {
                let mut figures = Figures::default();
                figures.set(Figure::EventsPerCpuSecond, run);
                figures.set(Figure::PassEventsPerCpuSecond, 4_000_000.0);
                figures.set(Figure::CommitP99Seconds, 0.05);
                figures.set(Figure::ResidentAfterBytes, 600e6);
                report.add(cell, figures);
            }
        }
        report
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bench.json");
        let report = sample(900_000.5);
        report.write(&file).expect("a file");
        assert_eq!(Report::read(&file).expect("figures"), report);
        let text = fs::read_to_string(&file).expect("a file");
        assert!(
            text.contains("\"events_per_cpu_second\": 900000.5"),
            "{text}"
        );
        assert_eq!(report.cells[0].runs.len(), 2);
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("other.json");
        let missing = Report::read(&file).expect_err("no file");
        assert!(format!("{missing:#}").contains("--json"), "{missing:#}");
        fs::write(&file, "{}").expect("a file");
        assert!(Report::read(&file).is_err());
        let mut later = sample(1.0);
        later.format += 1;
        later.write(&file).expect("a file");
        assert!(Report::read(&file).is_err());
    }
}
