//! What one event counts for: it takes its places, first in the day book and then in the week book,
//! and gets a mark for each that it takes.

use kaiku_stripped::Marks;
use kaiku_wire::Mark;

use super::places::{DayPlace, Flags, Take, WeekPlace, half};
use super::{Books, Device};

/// Uses of a feature are counted up to this.
const USES: u8 = 5;

/// An event as the books see it: keys of vocabularies, no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// The app started.
    Started,
    /// The app stopped: a session.
    Stopped,
    /// A feature was used so many times; unlisted ones enter into no pairs.
    FeatureUsed {
        feature: u64,
        times: u16,
        pairs: bool,
    },
    /// Something failed; where no component is named, it has the key of `none`.
    Failed {
        cause: u64,
        component: u64,
        fatal: bool,
    },
}

/// What becomes of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It counts, with these marks.
    Counted(Marks),
    /// It was due for a mark and found no place, or its app was forgotten in this week. It is
    /// dropped; but the first such event of an app on a day is handed on with the one mark that
    /// says so.
    Bounded {
        /// Whether it has `first_bounded_day`.
        first: bool,
    },
    /// It counts for nothing, because the state was lost on this day.
    StateLost,
}

/// An event, and what it is about.
#[derive(Clone, Copy)]
struct Event {
    app: u64,
    release: u64,
    sight: Sight,
}

/// The marks that an event has got so far.
#[derive(Default)]
struct Marking {
    marks: Marks,
    /// A mark was due: its place was not held.
    due: bool,
    /// A mark of the day book was due and found no place.
    full: bool,
    /// Where the slots of the app and of the feature or cause are, where they have any.
    app: Option<usize>,
    item: Option<usize>,
}

impl Marking {
    fn of(&mut self, take: Take, mark: Mark) {
        self.due |= !matches!(take, Take::Held(_));
        self.marks.set(mark, matches!(take, Take::Taken(_)));
    }

    fn of_day(&mut self, take: Take, mark: Mark) {
        self.full |= matches!(take, Take::Full);
        self.of(take, mark);
    }
}

impl Device {
    /// Takes the places of one event, and says which marks it has.
    ///
    /// `pair` is called with the key of every other feature of the week that the event's feature
    /// makes a new pair with.
    pub(crate) fn count(
        &mut self,
        books: Books,
        app: u64,
        release: u64,
        sight: Sight,
        pair: impl FnMut(u64),
    ) -> Outcome {
        if books == Books::Neither {
            return Outcome::StateLost;
        }
        if self.is_spent(app) {
            return Outcome::Bounded { first: false };
        }
        let event = Event {
            app,
            release,
            sight,
        };
        let mut marking = Marking::default();
        let first_bounded = self.day_book(books, event, &mut marking);
        if books == Books::Both {
            self.week_book(event, &mut marking, pair);
        }
        if marking.due && marking.marks == Marks::default() {
            let first = first_bounded;
            return Outcome::Bounded { first };
        }
        marking.marks.set(Mark::FirstBoundedDay, first_bounded);
        Outcome::Counted(marking.marks)
    }

    /// Says whether the event is the first of its app on the day that found no place for a mark.
    fn day_book(&mut self, books: Books, event: Event, marking: &mut Marking) -> bool {
        let Event {
            app,
            release,
            sight,
        } = event;
        let of_app = self.take_day(DayPlace::App, books, app, app);
        marking.of(of_app, Mark::FirstAppDay);
        marking.app = of_app.at();
        let Some(of_app) = marking.app else {
            return false;
        };
        let of_release = self.take_day(DayPlace::Release, books, app, release);
        marking.of_day(of_release, Mark::FirstReleaseDay);
        match sight {
            Sight::Started => {}
            Sight::Stopped => {
                let first = self.slots[of_app].flags.put(Flags::SESSION);
                marking.marks.set(Mark::FirstSessionDay, first);
            }
            Sight::FeatureUsed { feature, times, .. } => {
                let of_feature = self.take_day(DayPlace::Feature, books, app, feature);
                marking.of_day(of_feature, Mark::FirstItemDay);
                marking.item = of_feature.at();
                if let Some(at) = marking.item {
                    self.uses(at, times, &mut marking.marks);
                }
            }
            Sight::Failed { cause, fatal, .. } => {
                let of_cause = self.take_day(DayPlace::Cause, books, app, cause);
                marking.of_day(of_cause, Mark::FirstItemDay);
                marking.item = of_cause.at();
                if of_release.at().is_some() {
                    let both = joined(release, cause);
                    let of_both = self.take_day(DayPlace::ReleaseCause, books, app, both);
                    marking.of_day(of_both, Mark::FirstCauseReleaseDay);
                    if fatal {
                        self.fatal(of_app, books, event, marking);
                    }
                }
            }
        }
        marking.full && self.slots[of_app].flags.put(Flags::BOUNDED)
    }

    fn uses(&mut self, at: usize, times: u16, marks: &mut Marks) {
        let slot = &mut self.slots[at];
        let before = slot.uses;
        let after = u16::from(before).saturating_add(times).min(u16::from(USES));
        slot.uses = u8::try_from(after).unwrap_or(USES);
        marks.set(Mark::SecondUseDay, before < 2 && after >= 2);
        marks.set(Mark::FifthUseDay, before < 5 && after >= 5);
    }

    fn fatal(&mut self, of_app: usize, books: Books, event: Event, marking: &mut Marking) {
        let take = self.take_day(DayPlace::Fatal, books, event.app, event.release);
        marking.of_day(take, Mark::FirstFatalReleaseDay);
        if let Take::Taken(_) = take {
            let first = self.slots[of_app].flags.put(Flags::FATAL_DAY);
            marking.marks.set(Mark::FirstFatalDay, first);
        }
    }

    fn week_book(&mut self, event: Event, marking: &mut Marking, pair: impl FnMut(u64)) {
        let Event { app, sight, .. } = event;
        let of_app = self.take_week(WeekPlace::App, marking.app, app, app);
        marking.of(of_app, Mark::FirstAppWeek);
        let Some(at) = of_app.at() else { return };
        match sight {
            Sight::Started | Sight::Stopped => {}
            Sight::FeatureUsed { feature, pairs, .. } => {
                let of_feature = self.take_week(WeekPlace::Feature, marking.item, app, feature);
                marking.of(of_feature, Mark::FirstItemWeek);
                if pairs && matches!(of_feature, Take::Taken(_)) {
                    self.pairs(of_feature.at(), app, feature, pair);
                }
            }
            Sight::Failed {
                cause,
                component,
                fatal,
            } => {
                let of_cause = self.take_week(WeekPlace::Cause, marking.item, app, cause);
                marking.of(of_cause, Mark::FirstItemWeek);
                let of_both = self.take_week(
                    WeekPlace::ComponentCause,
                    None,
                    app,
                    joined(component, cause),
                );
                marking.of(of_both, Mark::FirstCauseComponentWeek);
                if fatal {
                    let first = self.slots[at].flags.put(Flags::FATAL_WEEK);
                    marking.marks.set(Mark::FirstFatalWeek, first);
                }
            }
        }
    }

    /// The first features of the week, up to the bound, make pairs with those of their own app.
    fn pairs(&mut self, at: Option<usize>, app: u64, feature: u64, mut pair: impl FnMut(u64)) {
        if let Take::Taken(own) = self.take_week(WeekPlace::Paired, at, app, feature) {
            let others = self.slots.iter().enumerate().filter(|(at, slot)| {
                *at != own && slot.app == half(app) && slot.flags.has(Flags::PAIRED)
            });
            others.for_each(|(_, slot)| pair(slot.key));
        }
    }
}

/// The key of two things together.
fn joined(one: u64, other: u64) -> u64 {
    one.rotate_left(21) ^ other
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn of_two_things_each_makes_another_key() {
        for one in [0, 1, u64::MAX] {
            let keys = [0, 1, 2, u64::MAX].map(|other| joined(one, other));
            assert!(
                keys.iter()
                    .enumerate()
                    .all(|(at, key)| !keys[..at].contains(key))
            );
        }
        assert_ne!(joined(1, 2), joined(2, 1));
    }
}
