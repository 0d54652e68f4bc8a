//! What a lane may begin with: generated stories, and each way in which they can disagree.

#![allow(clippy::unwrap_used)]

use kaiku_wire::Month;
use proptest::prelude::*;

use super::*;
use crate::config::AcceptedCut;
use crate::state::{Devices, Logs, Notes};

fn meta(next_offset: i64) -> Meta {
    Meta {
        group: "g".to_owned(),
        next_offset,
        open_day: None,
        partitions: 4,
        month: Month::parse("2026-11").unwrap(),
        devices: Some(Devices { now: 1, before: 0 }),
        notes: Notes::default(),
        last: None,
        logs: Logs::default(),
    }
}

/// A partition of whose 100 records the first 10 are deleted and 50 were counted.
fn facts<'a>(meta: Option<&'a Meta>, accept: &'a Accept) -> Facts<'a> {
    Facts {
        partition: 3,
        group: "g",
        partitions: (4, 4),
        committed: Some(50),
        meta,
        raw: (10, 100),
        stripped: true,
        stripped_to: None,
        cut: None,
        accept,
    }
}

fn label(decided: Result<Begin, Error>) -> Standstill {
    decided.unwrap_err().refusal().unwrap()
}

#[test]
fn what_agrees_goes_on_where_it_stood() {
    let (meta, accept) = (meta(50), Accept::default());
    assert_eq!(facts(Some(&meta), &accept).begin().unwrap(), Begin::At(50));
}

#[test]
fn a_partition_that_nobody_has_handled_begins_at_its_first_record() {
    let accept = Accept::default();
    let new = Facts {
        committed: None,
        stripped: false,
        raw: (0, 100),
        ..facts(None, &accept)
    };
    assert_eq!(new.begin().unwrap(), Begin::Anew);
    let expired = Facts {
        raw: (10, 100),
        ..new
    };
    assert_eq!(label(expired.begin()), Standstill::RawGap);
}

#[test]
fn expired_group_offsets_are_no_loss_for_the_state_has_its_own() {
    let (meta, accept) = (meta(50), Accept::default());
    let expired = Facts {
        committed: None,
        ..facts(Some(&meta), &accept)
    };
    assert_eq!(expired.begin().unwrap(), Begin::At(50));
}

#[test]
fn each_disagreement_is_refused_with_its_own_reason() {
    let (good, accept) = (meta(50), Accept::default());
    let with = |change: &dyn Fn(&mut Facts<'_>)| {
        let mut facts = facts(Some(&good), &accept);
        change(&mut facts);
        label(facts.begin())
    };
    assert_eq!(with(&|f| f.committed = Some(51)), Standstill::OffsetMoved);
    assert_eq!(with(&|f| f.group = "other"), Standstill::Group);
    assert_eq!(with(&|f| f.partitions = (5, 4)), Standstill::Partitions);
    assert_eq!(with(&|f| f.partitions = (5, 5)), Standstill::Partitions);
    assert_eq!(with(&|f| f.raw = (51, 100)), Standstill::RawGap);
    assert_eq!(with(&|f| f.raw = (0, 49)), Standstill::RawAnew);
    assert_eq!(with(&|f| f.meta = None), Standstill::StateLost);
    let gone = |f: &mut Facts<'_>| (f.meta, f.committed) = (None, None);
    assert_eq!(with(&gone), Standstill::StateLost);
}

#[test]
fn a_gap_is_accepted_as_far_as_it_was_named_and_no_further() {
    let meta = meta(50);
    let accept = Accept {
        gaps: [(3, 60)].into(),
        ..Accept::default()
    };
    let at = |low| Facts {
        raw: (low, 100),
        ..facts(Some(&meta), &accept)
    };
    assert_eq!(at(60).begin().unwrap(), Begin::At(60));
    assert_eq!(label(at(61).begin()), Standstill::RawGap);
    let elsewhere = Facts {
        partition: 2,
        ..at(60)
    };
    assert_eq!(label(elsewhere.begin()), Standstill::RawGap);
}

#[test]
fn a_partition_that_nobody_has_handled_begins_behind_its_first_records_where_that_was_said() {
    let accept = Accept {
        gaps: [(3, 10)].into(),
        ..Accept::default()
    };
    let new = Facts {
        committed: None,
        stripped: false,
        ..facts(None, &accept)
    };
    assert_eq!(new.begin().unwrap(), Begin::Behind(10));
}

#[test]
fn lost_state_is_gone_without_only_where_that_was_said_of_this_very_loss() {
    let accept = |offset| Accept {
        lost_state: [(3, offset)].into(),
        ..Accept::default()
    };
    let (now, of_before) = (accept(50), accept(40));
    assert_eq!(facts(None, &now).begin().unwrap(), Begin::Without(50));
    assert_eq!(
        label(facts(None, &of_before).begin()),
        Standstill::StateLost
    );
    let first = accept(10);
    let expired_too = Facts {
        committed: None,
        ..facts(None, &first)
    };
    assert_eq!(expired_too.begin().unwrap(), Begin::Without(10));
    let gap_too = Facts {
        raw: (51, 100),
        ..facts(None, &now)
    };
    assert_eq!(label(gap_too.begin()), Standstill::RawGap);
}

#[test]
fn a_topic_that_has_lost_its_end_is_gone_on_with_where_it_was_written_again_and_that_was_said() {
    let (meta, silent) = (meta(50), Accept::default());
    let cut = Some(Cut { from: Some(40) });
    let accept = |reached, from| Accept {
        cuts: [(3, AcceptedCut { reached, from })].into(),
        ..Accept::default()
    };
    let (now, of_before) = (accept(50, None), accept(40, None));
    let with = |raw, cut, accept: &Accept| {
        let facts = Facts {
            raw,
            cut,
            ..facts(Some(&meta), accept)
        };
        facts.begin()
    };
    assert_eq!(label(with((10, 100), cut, &silent)), Standstill::RawCut);
    assert_eq!(label(with((10, 100), cut, &of_before)), Standstill::RawCut);
    assert_eq!(with((10, 100), cut, &now).unwrap(), Begin::At(40));
    // Shorter than it was.
    assert_eq!(label(with((10, 45), cut, &silent)), Standstill::RawAnew);
    assert_eq!(with((10, 45), cut, &now).unwrap(), Begin::At(40));
    // Nobody knows from where on it was written again.
    let unknown = Some(Cut { from: None });
    assert_eq!(label(with((10, 100), unknown, &now)), Standstill::RawCut);
    assert_eq!(label(with((10, 45), None, &now)), Standstill::RawAnew);
    // Unless the operator says it: of what there is, and no later than what was reached.
    let from = |from| accept(50, Some(from));
    assert_eq!(with((10, 100), unknown, &from(30)).unwrap(), Begin::At(30));
    assert_eq!(with((10, 100), cut, &from(30)).unwrap(), Begin::At(30));
    assert_eq!(with((10, 45), None, &from(45)).unwrap(), Begin::At(45));
    for wrong in [from(9), from(50), from(51), accept(49, Some(30))] {
        assert_eq!(label(with((10, 100), cut, &wrong)), Standstill::RawCut);
    }
    assert_eq!(label(with((10, 45), None, &from(46))), Standstill::RawAnew);
}

#[test]
fn a_state_behind_which_something_was_stripped_is_not_the_newest_that_there_was() {
    let day = |text| Some(Day::parse(text).unwrap());
    let meta = Meta {
        open_day: day("2026-11-29"),
        ..meta(50)
    };
    let silent = Accept::default();
    let with = |stripped_to, committed, accept: &Accept| {
        let facts = Facts {
            stripped_to,
            committed,
            ..facts(Some(&meta), accept)
        };
        facts.begin()
    };
    for agreeing in [None, day("2026-11-28"), day("2026-11-29")] {
        assert_eq!(with(agreeing, None, &silent).unwrap(), Begin::At(50));
    }
    // The topic of a later month is gone: with the offset of then, with one that was set to what is
    // left, and with none.
    let later = day("2026-12-01");
    for (committed, next) in [(Some(70), 70), (Some(50), 50), (None, 50)] {
        let refused = with(later, committed, &silent);
        assert_eq!(label(refused), Standstill::StateLost);
        let accept = Accept {
            lost_state: [(3, next)].into(),
            ..Accept::default()
        };
        let begun = with(later, committed, &accept).unwrap();
        assert_eq!(begun, Begin::Without(next));
    }
    // The topic of this month has lost its end, and what is left of it is in the way.
    let accept = Accept {
        lost_state: [(3, 70)].into(),
        ..Accept::default()
    };
    for accept in [&silent, &accept] {
        let refused = with(day("2026-11-30"), Some(70), accept);
        assert_eq!(label(refused), Standstill::StateIncomplete);
    }
}

proptest! {
    /// Whatever was read: where nothing was accepted, a lane that begins leaves out no record and
    /// repeats none.
    #[test]
    fn no_lane_begins_with_a_gap_or_a_repetition(
        next in prop::option::of(0..20_i64),
        committed in prop::option::of(0..20_i64),
        low in 0..20_i64,
        length in 0..20_i64,
        stripped in any::<bool>(),
        partitions in (3..6_i32, 3..6_i32),
    ) {
        let (meta, accept) = (next.map(meta), Accept::default());
        let facts = Facts {
            partition: 3,
            group: "g",
            partitions,
            committed,
            meta: meta.as_ref(),
            raw: (low, low + length),
            stripped,
            stripped_to: None,
            cut: None,
            accept: &accept,
        };
        match facts.begin() {
            Ok(Begin::Anew) => {
                prop_assert!(next.is_none() && committed.is_none() && !stripped && low == 0);
            }
            Ok(Begin::At(at)) => {
                prop_assert_eq!(Some(at), next);
                prop_assert!(committed.is_none_or(|committed| committed == at));
                prop_assert!(low <= at && at <= low + length);
                prop_assert_eq!(partitions, (4, 4));
            }
            Ok(Begin::Without(_) | Begin::Behind(_)) => prop_assert!(false, "nobody has accepted that"),
            Err(error) => prop_assert!(error.refusal().is_some()),
        }
    }
}
