//! The sides of a comparison, and how far apart they may lie by chance.

use crate::settings::Settings;

/// One side of a comparison: a sum over the days of a period, with the variance of the gate's noise in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    /// The sum of the published values, in devices. Single values may be negative.
    pub value: f64,
    /// The variance of the noise in that sum: σ² for each value that was added.
    pub noise_variance: f64,
    /// How many days, or weeks, were added up. Sides are compared by their means.
    pub periods: u32,
}

/// A count before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The earlier period.
    pub before: Side,
    /// The later one.
    pub after: Side,
}

/// A rate before and after, such as devices with a crash of devices heard from. Each side is (numerator, denominator), and
/// whoever is in the numerator is in the denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateCandidate {
    /// The earlier period.
    pub before: (Side, Side),
    /// The later one.
    pub after: (Side, Side),
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    /// A number of devices.
    Count(Candidate),
    /// A part of them.
    Rate(RateCandidate),
}

/// A denominator that is not this many standard deviations of its noise above nothing is no denominator.
const DENOMINATOR: f64 = 5.0;

/// A comparison in the one form in which it is judged: two means (or rates), and what stands behind their variance.
#[derive(Clone, Copy)]
pub(crate) struct Evidence {
    pub(crate) before: f64,
    pub(crate) after: f64,
    sides: [Scatter; 2],
    most: f64,
    common_shock: f64,
}

/// The variance of one mean or rate m, without common shocks: `fixed` + m × `linear` + m² × `square`.
#[derive(Clone, Copy)]
struct Scatter {
    fixed: f64,
    linear: f64,
    square: f64,
}

impl Scatter {
    fn at(&self, mean: f64) -> f64 {
        self.fixed + mean * self.linear + mean * mean * self.square
    }
}

impl Side {
    fn usable(&self) -> bool {
        self.periods > 0
            && self.value.is_finite()
            && self.noise_variance.is_finite()
            && self.noise_variance >= 0.0
    }

    /// How many times the scatter of people who are new every day.
    fn alike(&self, settings: &Settings) -> f64 {
        1.0 + f64::from(self.periods - 1) * settings.same_devices
    }

    fn count(&self, settings: &Settings) -> (f64, Scatter) {
        let periods = f64::from(self.periods);
        let scatter = Scatter {
            fixed: self.noise_variance / (periods * periods),
            linear: self.alike(settings) / periods,
            square: 0.0,
        };
        (self.value / periods, scatter)
    }

    /// The rate of `part` in `self`, linearised: x/n scatters as (x − rn)/n.
    fn rate(&self, part: &Side, settings: &Settings) -> (f64, Scatter) {
        let (n, alike) = (self.value, self.alike(settings));
        let scatter = Scatter {
            fixed: part.noise_variance / (n * n),
            linear: alike / n,
            // r(1 − r) of people, and r² of the denominator's noise.
            square: self.noise_variance / (n * n) - alike / n,
        };
        (part.value / n, scatter)
    }

    fn divides(&self) -> bool {
        self.value > DENOMINATOR * self.noise_variance.sqrt() && self.value > 0.0
    }
}

impl Comparison {
    /// Nothing where nothing can be said: no period, no denominator, a value that is no number.
    pub(crate) fn evidence(&self, settings: &Settings) -> Option<Evidence> {
        let (before, after, most) = match self {
            Comparison::Count(Candidate { before, after }) => {
                if !(before.usable() && after.usable()) {
                    return None;
                }
                (before.count(settings), after.count(settings), f64::INFINITY)
            }
            Comparison::Rate(RateCandidate { before, after }) => {
                for (part, whole) in [before, after] {
                    if !(part.usable() && whole.usable() && whole.divides()) {
                        return None;
                    }
                }
                (
                    before.1.rate(&before.0, settings),
                    after.1.rate(&after.0, settings),
                    1.0,
                )
            }
        };
        Some(Evidence {
            before: before.0,
            after: after.0,
            sides: [before.1, after.1],
            most,
            common_shock: settings.common_shock,
        })
    }
}

impl Evidence {
    /// The standard deviation of the difference where the truth is `before` and `after`.
    pub(crate) fn deviation(&self, before: f64, after: f64) -> f64 {
        let [first, second] = &self.sides;
        let shock = self.common_shock * self.common_shock;
        let people = first.at(before) + second.at(after);
        let variance = people + shock * (before * before + after * after);
        libm::sqrt(variance.max(0.0))
    }

    /// The one truth of both sides if nothing has changed, each side weighted by what it tells.
    pub(crate) fn pooled(&self, before: f64, after: f64) -> f64 {
        let middle = self.within(f64::midpoint(before, after));
        let [first, second] = self.sides.map(|side| side.at(middle));
        let sum = first + second;
        let pooled = if sum > 0.0 {
            (before * second + after * first) / sum
        } else {
            middle
        };
        self.within(pooled)
    }

    /// How many standard deviations lie between two values if nothing has changed.
    pub(crate) fn z(&self) -> f64 {
        let same = self.pooled(self.before, self.after);
        let difference = self.after - self.before;
        let deviation = self.deviation(same, same);
        if difference == 0.0 {
            0.0
        } else {
            difference / deviation
        }
    }

    /// A truth lies above nothing, and a rate not above one.
    pub(crate) fn within(&self, value: f64) -> f64 {
        value.clamp(0.0, self.most)
    }

    pub(crate) fn most(&self) -> f64 {
        self.most
    }
}
