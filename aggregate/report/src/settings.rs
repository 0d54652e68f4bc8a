//! What a report is made with.

use kaiku_wire::Day;

use crate::model::Line;

/// The crash rate from which on Google Play calls the behaviour of an app bad, by day and over all
/// devices: <https://developer.android.com/topic/performance/vitals/crash>.
pub const BAD_CRASH_RATE: f64 = 0.0109;

/// The same of one model, by the same source.
pub const BAD_MODEL_CRASH_RATE: f64 = 0.08;

/// The letter of the line of all devices of the app, in every chart.
pub(crate) const ALL_DEVICES: &str = "a";
/// That of bad behaviour by day.
const BAD: &str = "b";
/// That of bad behaviour of one model.
const BAD_OF_A_MODEL: &str = "m";

/// What a report is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of periods, only those that begin on this day or later.
    pub since: Option<Day>,
    /// Of apps, only this one.
    pub app: Option<String>,
    /// Of sections, only this one.
    pub section: Option<String>,
    /// The line to which crash rates are compared.
    pub crash_line: Line,
    /// The line to which crash rates of models are compared.
    pub model_crash_line: Line,
}

impl Settings {
    /// Those with other crash rates to compare with than those of Google Play.
    #[must_use]
    pub fn with_crash_lines(self, all: Option<f64>, model: Option<f64>) -> Settings {
        let line = |letter: &'static str, value: f64| Line {
            letter,
            value,
            label: format!("line of your own: {}", crate::words::percent(value)),
        };
        Settings {
            crash_line: all.map_or(self.crash_line, |value| line(BAD, value)),
            model_crash_line: model
                .map_or(self.model_crash_line, |value| line(BAD_OF_A_MODEL, value)),
            ..self
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            since: None,
            app: None,
            section: None,
            crash_line: Line {
                letter: BAD,
                value: BAD_CRASH_RATE,
                label: "bad behaviour by Google Play: 1.09 % of a day's devices".to_owned(),
            },
            model_crash_line: Line {
                letter: BAD_OF_A_MODEL,
                value: BAD_MODEL_CRASH_RATE,
                label: "bad behaviour of a model by Google Play: 8 % of a day's devices".to_owned(),
            },
        }
    }
}
