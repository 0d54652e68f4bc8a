//! Progress bars, one a stage, where somebody looks; else a line a week.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use kaiku_fleet::Totals;
use kaiku_rehearsal::Pipeline;
use kaiku_wire::Day;

use crate::output::note;

const EVENTS: &str = "{prefix:>9} {bar:28} {human_pos:>10} of {human_len} {msg}";

/// The bars; hidden where standard error is no terminal.
pub(crate) struct Bars {
    devices: ProgressBar,
    enrich: ProgressBar,
    land: ProgressBar,
    seal: ProgressBar,
}

impl Bars {
    /// Bars for so many days.
    pub(crate) fn new(days: u32) -> Bars {
        let all = MultiProgress::new();
        let bar = |name: &'static str, unit: &'static str, length: u64| {
            let bar = all.add(ProgressBar::new(length));
            // The default style is good enough where this template were wrong.
            if let Ok(style) = ProgressStyle::with_template(EVENTS) {
                bar.set_style(style.progress_chars("━╸ "));
            }
            bar.set_prefix(name);
            bar.set_message(unit);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        };
        Bars {
            devices: bar("devices", "days", u64::from(days)),
            enrich: bar("enrich", "events", 0),
            land: bar("land", "events", 0),
            seal: bar("seal", "days", u64::from(days)),
        }
    }

    /// A day of the devices is over.
    pub(crate) fn day(&self, day: Day) {
        self.devices.inc(1);
        self.devices.set_message(format!("days, {day}"));
        let sent = self.devices.position();
        if self.devices.is_hidden() && sent.is_multiple_of(7) {
            let all = self.devices.length().unwrap_or(sent);
            note(&format!("{sent} of {all} days of the devices are sent"));
        }
    }

    /// How far the stages are.
    pub(crate) fn show(&self, pipeline: &Pipeline, sent: &Totals) {
        let enriched = pipeline.enriched.totals();
        self.enrich.set_length(sent.events);
        self.enrich
            .set_position(enriched.counted + enriched.duplicates + enriched.bounded);
        self.land.set_length(sent.handed_on());
        self.land.set_position(pipeline.aggregated.events());
        self.seal.set_position(pipeline.aggregated.days_sealed());
    }

    /// Takes the bars away.
    pub(crate) fn finish(&self) {
        for bar in [&self.devices, &self.enrich, &self.land, &self.seal] {
            bar.finish_and_clear();
        }
    }
}
