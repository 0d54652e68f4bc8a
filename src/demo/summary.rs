//! What the demo has shown, in a few lines, and how to look at the result.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use kaiku_fleet::Totals;
use kaiku_handsets::Book;
use kaiku_rehearsal::{Comparison, Found};

use super::changes::Flags;
use crate::output::{Out, columns};

/// Everything that is printed at the end.
pub(crate) struct Summary {
    pub(crate) devices: u32,
    pub(crate) days: u32,
    /// What was sent, as the simulator counts it.
    pub(crate) truth: Totals,
    /// What enrich says of the same.
    pub(crate) enriched: kaiku_enrich::Totals,
    pub(crate) days_sealed: u64,
    pub(crate) weeks_sealed: u64,
    pub(crate) rows_published: u64,
    pub(crate) comparison: Comparison,
    /// What the page has found.
    pub(crate) flags: Flags,
    /// The signed files of recommendations.
    pub(crate) suggested: Vec<Suggested>,
    /// The page.
    pub(crate) report: PathBuf,
    /// The search behind enrich, and of how many identifiers.
    pub(crate) found: Found,
    pub(crate) identifiers: usize,
    /// Devices that ran the device's own library, and what became of what was done on them.
    pub(crate) handsets: (usize, Book),
    /// How many identifiers the same search found in what was sent on the first day.
    pub(crate) control: usize,
    pub(crate) elapsed: Duration,
}

/// A file of recommendations that a device would accept.
pub(crate) struct Suggested {
    pub(crate) app: String,
    pub(crate) pairs: usize,
    pub(crate) bytes: usize,
}

impl Summary {
    /// What is wrong, a sentence each: none of it may ever be.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (truth, seen) = (&self.truth, &self.enriched);
        for (what, truth, seen) in [
            ("events that count", truth.accepted, seen.counted),
            ("duplicates", truth.duplicates, seen.duplicates),
            ("events over a bound", truth.bounded, seen.bounded),
            (
                "records rejected",
                sum(&truth.rejected),
                sum(&seen.rejected),
            ),
        ] {
            if truth != seen {
                faults.push(format!("{what}: enrich has {seen}, and there were {truth}"));
            }
        }
        if truth.rejected != seen.rejected {
            faults.push("records were rejected for other reasons than theirs".to_owned());
        }
        if !self.found.ids.is_empty() {
            faults.push(format!(
                "{} identifiers were found behind enrich",
                self.found.ids.len()
            ));
        }
        if let Some(small) = self.comparison.small.first() {
            let more = self.comparison.small.len();
            faults.push(format!("{more} rows hold too few devices, such as {small}"));
        }
        let (_, book) = &self.handsets;
        if book.arrived == 0 || book.arrived > book.used {
            faults.push(format!(
                "{} uses of features arrived from the device's library, of {}",
                book.arrived, book.used
            ));
        }
        if self.control == 0 {
            faults.push("the search for identifiers finds none where they must be".to_owned());
        }
        if self.days_sealed != u64::from(self.days) {
            faults.push(format!(
                "{} days were sealed instead of {}",
                self.days_sealed, self.days
            ));
        }
        // The first day is a Monday.
        let weeks = u64::from(self.days / 7);
        if self.weeks_sealed != weeks {
            faults.push(format!(
                "{} weeks were sealed instead of {weeks}",
                self.weeks_sealed
            ));
        }
        faults
    }

    /// Prints it.
    ///
    /// # Errors
    /// Where standard output can't be written to.
    pub(crate) fn print(&self, rollups: &Path) -> Result<()> {
        let mut out = Out::new();
        for line in columns(&self.rows()) {
            out.line(line)?;
        }
        out.line("")?;
        for line in columns(&table_rows(&self.comparison)) {
            out.line(line)?;
        }
        let shown = rollups.display();
        out.line("")?;
        out.line(format!(
            "The rollups are in {shown}, and anonymous: everybody may read them."
        ))?;
        out.line(format!("The page of them: open {}", self.report.display()))?;
        out.line("")?;
        out.line("DuckDB:")?;
        out.line(format!(
            "  duckdb -c \"SELECT * FROM '{shown}/features_daily/**/*.parquet' ORDER BY devices DESC LIMIT 10\""
        ))?;
        out.line("Polars:")?;
        out.line(format!(
            "  python3 -c \"import polars as pl; print(pl.read_parquet('{shown}/features_daily/').sort('devices', descending=True).head(10))\""
        ))?;
        for fault in self.faults() {
            out.line(format!("WRONG: {fault}"))?;
        }
        out.finish()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = self.sent();
        rows.extend(self.published());
        rows
    }

    /// What the devices sent, and what became of it.
    fn sent(&self) -> Vec<Vec<String>> {
        let truth = &self.truth;
        let rejected = truth
            .rejected
            .iter()
            .map(|(reason, n)| format!("{} {n}", reason.as_str()));
        let rejected = rejected.collect::<Vec<_>>().join(", ");
        vec![
            row(
                "devices",
                format!("{}, over {} days", spaced(self.devices.into()), self.days),
            ),
            row(
                "events",
                format!(
                    "{} in {} uploads",
                    spaced(truth.events),
                    spaced(truth.batches)
                ),
            ),
            row("handsets", self.of_handsets()),
            row("counted", format!("{} events", spaced(truth.accepted))),
            row(
                "duplicates",
                format!(
                    "{} events dropped, {} uploads as a whole",
                    spaced(truth.duplicates),
                    spaced(truth.duplicate_batches)
                ),
            ),
            row(
                "over a bound",
                format!("{} events dropped", spaced(truth.bounded)),
            ),
            row(
                "forgotten",
                format!("{} devices or apps", spaced(truth.forgotten)),
            ),
            row(
                "rejected",
                format!("{} records: {rejected}", spaced(sum(&truth.rejected))),
            ),
        ]
    }

    fn of_handsets(&self) -> String {
        let (count, book) = &self.handsets;
        format!(
            "{count} of them with the device's library: {} uses of features, {} arrived in {} uploads of {} bytes each",
            spaced(book.used),
            spaced(book.arrived),
            spaced(book.uploads),
            spaced(book.bytes / book.uploads.max(1))
        )
    }

    /// What was published of it, and how that compares.
    fn published(&self) -> Vec<Vec<String>> {
        let compared = &self.comparison;
        let seconds = self.elapsed.as_secs_f64();
        // Numbers of a demo are far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let rate = self.truth.events as f64 / seconds;
        vec![
            row(
                "sealed",
                format!("{} days, {} weeks", self.days_sealed, self.weeks_sealed),
            ),
            row("published", format!("{} rows", spaced(self.rows_published))),
            row(
                "compared",
                format!(
                    "{} of {} published numbers ({}) have what was counted within their 95 % interval",
                    spaced(compared.within()),
                    spaced(compared.numbers()),
                    percent(share(compared.within(), compared.numbers()))
                ),
            ),
            row("report", self.of_flags()),
            row("recommended", self.of_suggestions()),
            row(
                "identifiers",
                format!(
                    "{} of {} found in {} MB behind enrich (the same search finds {} in the first day's uploads)",
                    if self.found.ids.is_empty() {
                        "none".to_owned()
                    } else {
                        self.found.ids.len().to_string()
                    },
                    spaced(self.identifiers as u64),
                    spaced(self.found.bytes / 1_000_000),
                    spaced(self.control as u64)
                ),
            ),
            row(
                "time",
                format!("{seconds:.1} s, {} events/s", spaced(rate.round() as u64)),
            ),
        ]
    }
}

impl Summary {
    /// What the signed files say, in one line.
    fn of_suggestions(&self) -> String {
        let files = self.suggested.iter();
        let files: Vec<String> = files
            .map(|file| {
                let Suggested { app, pairs, bytes } = file;
                format!("{app}: {pairs} pairs of features in a signed file of {bytes} bytes")
            })
            .collect();
        match files.as_slice() {
            [] => "nothing: no week is sealed in which enough is shown".to_owned(),
            files => files.join(", "),
        }
    }

    /// Which of the fleet's changes the page has found, and which of its flags are false.
    fn of_flags(&self) -> String {
        let flags = &self.flags;
        let mut said: Vec<String> = flags
            .changes
            .iter()
            .map(|(change, is_found)| {
                let verb = if *is_found { "found" } else { "not found" };
                format!("{verb}: {change}")
            })
            .collect();
        let wrong = match flags.wrong.as_slice() {
            [] => "none of them false".to_owned(),
            wrong => format!("{} of them false: {}", wrong.len(), wrong.join(", ")),
        };
        said.push(format!("{} flags, {wrong}", flags.all));
        said.join("; ")
    }
}

/// Each table: what was published of it, and how that compares with what the devices did.
fn table_rows(compared: &Comparison) -> Vec<Vec<String>> {
    let head = [
        "table",
        "rows",
        "devices shown",
        "within",
        "error",
        "lost to bounds",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (name, table) in &compared.tables {
        rows.push(vec![
            name.clone(),
            spaced(table.rows),
            percent(table.published()),
            percent(share(table.within, table.numbers)),
            percent(table.median_error()),
            percent(table.lost()),
        ]);
    }
    rows
}

/// Numbers of a demo are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn row(name: &str, text: String) -> Vec<String> {
    vec![name.to_owned(), text]
}

fn sum<K>(counts: &std::collections::BTreeMap<K, u64>) -> u64 {
    counts.values().sum()
}

/// A number with its thousands apart.
fn spaced(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use kaiku_rehearsal::{Comparison, TableOutcome};

    use super::{spaced, table_rows};

    #[test]
    fn a_table_of_which_nothing_was_published_has_a_line_and_no_share() {
        let mut compared = Comparison::default();
        let tables = &mut compared.tables;
        tables.insert("models_weekly".to_owned(), TableOutcome::default());
        let rows = table_rows(&compared);
        assert_eq!(rows[1], ["models_weekly", "0", "-", "-", "-", "-"]);
    }

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 999, 1_000, 1_234_567].map(spaced);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
