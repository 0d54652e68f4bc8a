//! What is taken for chance.

/// What is taken for chance, and how often a page without change may show a flag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The false discovery rate of a page, which where nothing has changed is the chance of any flag.
    pub level: f64,
    /// How far everybody together may move by chance within a period, as a part of the count: a holiday, the weather,
    /// an outage of somebody else. The mean of a period moves by this much however many days it has, since such
    /// things last.
    pub common_shock: f64,
    /// How much the days of one device within a period are alike, from 0 (each day is drawn anew) to 1 (who comes, comes
    /// every day). A sum over d days then scatters 1 + (d − 1) × this times as much as people who are new every day.
    ///
    /// A quarter is what a fleet has in which 60 % of those present are active on a day and each device is away for a
    /// whole week with a chance of one half: worse than any fleet that people live in.
    pub same_devices: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            level: 0.05,
            common_shock: 0.01,
            same_devices: 0.25,
        }
    }
}
