//! Whether a published number has changed between two periods: flags that hold over a whole page.
//!
//! Intervals of the gate hold its noise and not the scatter of people. In a fleet in which nothing changes, arrows
//! that come from "the intervals do not meet" stand on nearly every page. So a flag here needs more:
//!
//! 1. **Noise and people together.** The variance of a difference is that of the gate's noise in both sides, and
//!    that of people who come and go by chance.
//! 2. **The same devices on several days.** A sum over seven days of one fleet scatters more than seven sums of seven
//!    fleets, because a device that is away is away for days. See [`Settings::same_devices`].
//! 3. **Common shocks.** A holiday or an outage moves everybody at once: in a large fleet such moves are far above
//!    the scatter of single people, and no change of the app. See [`Settings::common_shock`].
//! 4. **The page as a whole.** Of 72 honest comparisons at 5 % each, three or four are flagged by chance. So the
//!    procedure of Benjamini and Hochberg (1995) goes over all comparisons of a page: [`judge`] takes all of them at once.
//!
//! ```
//! use kaiku_change::{Candidate, Comparison, Flag, Settings, Side, judge};
//!
//! // Seven days each, with a noise of σ = 20 a day.
//! let week = |value| Side { value, noise_variance: 7.0 * 20.0 * 20.0, periods: 7 };
//! let page = [
//!     Comparison::Count(Candidate { before: week(7_000.0), after: week(8_400.0) }),
//!     Comparison::Count(Candidate { before: week(7_000.0), after: week(7_080.0) }),
//! ];
//! let verdicts = judge(&page, &Settings::default());
//! assert_eq!(verdicts[0].flag, Flag::Up);
//! assert_eq!(verdicts[1].flag, Flag::None);
//! assert!(verdicts[1].could_have_missed > 0.05 && verdicts[1].could_have_missed < 0.2);
//! ```
//!
//! # What to hand in
//!
//! - Sums of the column `devices` (without bias), not of `devices_estimate`, and never of interval ends.
//! - Periods of the same weekdays, and of each only days on which the row is published **on both sides**: near
//!   the threshold only high noise lets a row appear, and a sum over the days on which it did is biased upwards.
//! - All comparisons from which the page can show a flag, also those that look dull: what is left out of the page beforehand
//!   makes the level of the rest a lie.

mod judge;
mod normal;
mod settings;
mod variance;

#[cfg(test)]
mod tests;

pub use judge::{Flag, Verdict, judge};
pub use settings::Settings;
pub use variance::{Candidate, Comparison, RateCandidate, Side};
