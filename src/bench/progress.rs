//! What somebody sees who waits: a bar where standard error is a terminal, and a line for each run.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

const BAR: &str = "{spinner} {msg} {wide_bar} {human_pos} of {human_len}";
/// What has no measure of its own.
const SPINNER: &str = "{spinner} {msg}";

/// The bar.
pub(crate) struct Progress {
    bar: ProgressBar,
    runs: usize,
    done: Cell<usize>,
}

impl Progress {
    /// Of so many runs.
    pub(crate) fn new(runs: usize) -> Progress {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        let done = Cell::new(0);
        Progress { bar, runs, done }
    }

    /// Something begins that takes so many records, where that is known.
    pub(crate) fn begin(&self, what: &str, records: Option<u64>) {
        let template = if records.is_some() { BAR } else { SPINNER };
        // The default style is good enough where this template were wrong.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.set_position(0);
        self.bar.set_length(records.unwrap_or_default());
        let run = (self.done.get() + 1).min(self.runs);
        self.bar
            .set_message(format!("{run} of {}: {what}", self.runs));
    }

    /// So many of them are done.
    pub(crate) fn at(&self, records: u64) {
        self.bar.set_position(records);
    }

    /// A run is over.
    pub(crate) fn run_is_over(&self, what: &str) {
        self.done.set(self.done.get() + 1);
        let line = format!("{} of {}: {what}", self.done.get(), self.runs);
        self.bar.suspend(|| output::note(&line));
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
