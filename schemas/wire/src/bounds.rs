//! How much one device can count for in a period: the numbers on which the noise of the release
//! gate rests.
//!
//! Enrich enforces them, the gate derives its sensitivities from them. A change here changes
//! what is published: it needs a new policy and a new version of the state format.

/// Apps a device counts for on one day.
pub const DAY_APPS: u32 = 4;
/// Pairs of (app, release) a device counts for on one day.
pub const DAY_RELEASES: u32 = 6;
/// Pairs of (app, feature) a device counts for on one day.
pub const DAY_FEATURES: u32 = 10;
/// Pairs of (app, cause) a device counts for on one day.
pub const DAY_CAUSES: u32 = 3;
/// Pairs of (app, release) in which a device counts as having failed fatally on one day.
pub const DAY_FATALS: u32 = 2;
/// Sessions a device counts for on one day in each app.
pub const DAY_SESSIONS_PER_APP: u32 = 5;
/// Apps a device counts for in one ISO week.
pub const WEEK_APPS: u32 = 4;
/// Pairs of (app, feature) a device counts for in one ISO week.
pub const WEEK_FEATURES: u32 = 15;
/// Pairs of (app, cause) a device counts for in one ISO week.
pub const WEEK_CAUSES: u32 = 5;
/// Features of a device that enter into pairs in one ISO week.
pub const WEEK_PAIR_FEATURES: u32 = 7;
/// Pairs of features a device counts for in one ISO week: every pair of `WEEK_PAIR_FEATURES`.
pub const WEEK_PAIRS: u32 = WEEK_PAIR_FEATURES * (WEEK_PAIR_FEATURES - 1) / 2;

#[cfg(test)]
mod tests {
    #[test]
    fn seven_features_make_twenty_one_pairs() {
        assert_eq!(super::WEEK_PAIRS, 21);
    }
}
