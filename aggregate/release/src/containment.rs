//! Which mark is contained in which: where a device has the one for an app, release or item, it has
//! the other for the same one, in the same period and cell.
//!
//! By `docs/counting.md`: every mark of an app's day needs the app's place, which gave
//! `first_app_day` when it was taken; a fatal failure of a release needs the place of the release; a
//! second use follows a first, a fifth use a second. Model, operator and country are those of a
//! device's whole ISO week, so that both marks stand in one cell.

use kaiku_wire::Mark;

/// Whether every device that `inner` counts in a cell is one that `outer` counts there. Both must
/// fit the cells.
pub fn contains(outer: Mark, inner: Mark) -> bool {
    match outer {
        Mark::FirstAppDay => matches!(
            inner,
            Mark::FirstFatalDay | Mark::FirstSessionDay | Mark::FirstBoundedDay
        ),
        Mark::FirstReleaseDay => inner == Mark::FirstFatalReleaseDay,
        Mark::FirstItemDay => matches!(inner, Mark::SecondUseDay | Mark::FifthUseDay),
        Mark::SecondUseDay => inner == Mark::FifthUseDay,
        Mark::FirstAppWeek => inner == Mark::FirstFatalWeek,
        Mark::FirstItemWeek
        | Mark::FifthUseDay
        | Mark::FirstFatalDay
        | Mark::FirstFatalReleaseDay
        | Mark::FirstFatalWeek
        | Mark::FirstSessionDay
        | Mark::FirstCauseReleaseDay
        | Mark::FirstCauseComponentWeek
        | Mark::FirstBoundedDay
        | Mark::FirstPairWeek => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containment_holds_along_chains_and_never_both_ways() {
        for a in Mark::ALL {
            assert!(!contains(a, a));
            for b in Mark::ALL.into_iter().filter(|b| contains(a, *b)) {
                assert!(!contains(b, a), "{a} {b}");
                for c in Mark::ALL.into_iter().filter(|c| contains(b, *c)) {
                    assert!(contains(a, c), "{a} {b} {c}");
                }
            }
        }
    }
}
