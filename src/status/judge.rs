//! What of the numbers needs a hand, the worst first. Pure.

use std::collections::BTreeSet;

use kaiku_aggregate::{DayStatus, LandingStatus};
use kaiku_enrich::{Known, OtherState, RawPartition, RawStatus};
use serde::Serialize;

use super::moment::{DAY, minute, span};
use super::{Facts, Part};
use crate::output::count;

/// Less than this until the first record that waits is deleted needs a hand.
const LEAST_HEADROOM: i64 = DAY;
/// A partition whose first record has waited for longer stands still, whatever else is said of it.
const LONGEST_WAIT: i64 = DAY / 24;

/// What is wrong: a closed list, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// Raw records were deleted before they were counted.
    RawGap,
    /// More raw records were counted than there are.
    RawAnew,
    /// The group's offset is not the one of the state.
    OffsetMoved,
    /// Records were counted, and there is no state for them.
    StateLost,
    /// The landing log and the topic do not meet.
    LandingGap,
    /// Records that wait are about to be deleted.
    Headroom,
    /// Aggregate does not start, or a log can't be read.
    Landing,
    /// A period is not sealed in time.
    SealOverdue,
    /// Records wait, and no process has their partition.
    NotOwned,
    /// Records have waited for long.
    StandsStill,
    /// A key can't be opened, or what is over is still there.
    Months,
}

/// Something that needs a hand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Finding {
    pub(crate) what: What,
    pub(crate) part: Part,
    /// The partitions that it is about, the worst first; empty where it is about none.
    pub(crate) partitions: Vec<i32>,
    pub(crate) text: String,
}

/// Everything that needs a hand, the worst first.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(raw) = &facts.raw {
        judge_raw(facts, raw, &mut found);
    }
    if let Some(landing) = &facts.landing {
        judge_landing(landing, &mut found);
    }
    let about = |what, part, text: &String| Finding {
        what,
        part,
        partitions: Vec::new(),
        text: text.clone(),
    };
    let wrong = facts.wrong.iter();
    found.extend(wrong.map(|text| about(What::Landing, Part::Stripped, text)));
    // Of days that are replayed no clock says when they should have been sealed.
    if let Some(days) = facts.days.as_ref().filter(|_| !facts.replay) {
        found.extend(overdue(facts, days));
    }
    let months = facts.months.iter().flat_map(|months| &months.wrong);
    found.extend(months.map(|text| about(What::Months, Part::Months, text)));
    found.sort_by_key(|one| one.what);
    found
}

fn judge_raw(facts: &Facts, raw: &RawStatus, found: &mut Vec<Finding>) {
    let mut about = |what, partitions, text| {
        found.push(Finding {
            what,
            part: Part::Raw,
            partitions,
            text,
        });
    };
    let mut gone = BTreeSet::new();
    for one in &raw.partitions {
        if let Some((what, text)) = lost(one) {
            gone.insert(one.partition);
            about(what, vec![one.partition], text);
        }
    }
    let waiting = |one: &&RawPartition| one.lag() > Some(0) && !gone.contains(&one.partition);
    let rest: Vec<&RawPartition> = raw.partitions.iter().filter(waiting).collect();
    let (no_owner, owned): (Vec<_>, Vec<_>) = rest
        .iter()
        .copied()
        .partition(|one| one.is_owned == Some(false));
    if !no_owner.is_empty() {
        let text = not_owned(raw.members, &raw.group, "kaiku enrich", no_owner.len());
        about(What::NotOwned, numbers(&no_owner), text);
    }
    // The times of what is replayed are those of then.
    if facts.replay {
        return;
    }
    let (mut near, _) = split(&rest, |one| {
        one.headroom.is_some_and(|left| left < LEAST_HEADROOM)
    });
    near.sort_by_key(|one| one.headroom);
    if let Some(first) = near.first() {
        about(
            What::Headroom,
            numbers(&near),
            headroom(raw, first, near.len()),
        );
    }
    let stood = |one: &RawPartition| one.waits_since.map_or(0, |since| facts.now - since);
    let (mut still, _) = split(&owned, |one| stood(one) > LONGEST_WAIT);
    still.sort_by_key(|one| one.waits_since);
    if let Some(first) = still.first() {
        let text = format!(
            "{} for more than {}, the longest for {}, in partition {}: the log of its process and \
             kaiku_lane_stopped say why, or it is catching up and their age falls (runbook: Enrich pauses)",
            have("records have waited", still.len()),
            span(LONGEST_WAIT),
            span(stood(first)),
            first.partition
        );
        about(What::StandsStill, numbers(&still), text);
    }
}

/// Whether records of a partition, or what was counted of them, are lost, so that nobody goes on there.
fn lost(one: &RawPartition) -> Option<(What, String)> {
    let ((low, high), (next, known)) = (one.held, one.next?);
    let partition = one.partition;
    if known == Known::Nothing && low > 0 {
        let text = format!(
            "partition {partition} begins at {low} and was never handled: enrich refuses to begin there, and its \
             log names the option to go on with (runbook: raw_gap)"
        );
        return Some((What::RawGap, text));
    }
    if next < low {
        let text = format!(
            "raw records {next} to {} of partition {partition} were deleted before they were counted: enrich \
             refuses to run there, and its log names the option to go on without them (runbook: raw_gap)",
            low - 1
        );
        return Some((What::RawGap, text));
    }
    if next > high {
        let text = format!(
            "{next} raw records of partition {partition} were counted, and the topic has only {high}: it was made \
             anew, or a broker has lost its end (runbook: raw_anew)"
        );
        return Some((What::RawAnew, text));
    }
    match one.state? {
        OtherState::At(stood) => {
            let text = format!(
                "offset {next} is committed for partition {partition}, and its state stands at {stood}: the offset was \
                 moved, or a state topic was deleted or has lost its end; enrich refuses to start there, and its log \
                 says which and what to do (runbook: offset_moved, state_lost)"
            );
            Some((What::OffsetMoved, text))
        }
        OtherState::Gone => {
            let text = format!(
                "offset {next} is committed for partition {partition}, and there is no state for it: enrich refuses to \
                 start there, and its log names the option to go on without it (runbook: state_lost)"
            );
            Some((What::StateLost, text))
        }
    }
}

fn headroom(raw: &RawStatus, first: &RawPartition, partitions: usize) -> String {
    format!(
        "{} that will be deleted in less than {}, the first of partition {} in {}: bring enrich to work there; \
         until then raise retention.ms of `{}` (runbook: Retention comes near)",
        have("records wait", partitions),
        span(LEAST_HEADROOM),
        first.partition,
        span(first.headroom.unwrap_or(0)),
        raw.topic
    )
}

fn judge_landing(landing: &LandingStatus, found: &mut Vec<Finding>) {
    let mut no_owner = Vec::new();
    for one in &landing.partitions {
        if let Some(gap) = &one.gap {
            found.push(Finding {
                what: What::LandingGap,
                part: Part::Stripped,
                partitions: vec![one.partition],
                text: gap.clone(),
            });
        // The mark of the last transaction is no record, and nobody lands it.
        } else if one.is_owned == Some(false) && one.lag() > Some(1) {
            no_owner.push(one.partition);
        }
    }
    if !no_owner.is_empty() {
        let LandingStatus { members, group, .. } = landing;
        let text = not_owned(*members, group, "kaiku aggregate", no_owner.len());
        found.push(Finding {
            what: What::NotOwned,
            part: Part::Stripped,
            partitions: no_owner,
            text,
        });
    }
}

fn not_owned(members: Option<usize>, group: &str, verb: &str, partitions: usize) -> String {
    let waiting = have("records wait", partitions);
    match members {
        Some(0) => format!("{waiting}, and no process is in the group `{group}`: start `{verb}`"),
        _ => format!(
            "{waiting} that no process has, though some are in the group `{group}`: look at their logs, and \
             whether all of them have the same topics"
        ),
    }
}

/// The period that should be sealed by now, and what it waits for.
fn overdue(facts: &Facts, days: &DayStatus) -> Option<Finding> {
    let next = days.next.filter(|_| days.overdue > 0)?;
    let last = next.last_day();
    let open = |closed: Option<kaiku_wire::Day>| closed.is_none_or(|closed| closed < last);
    let logs = facts.landing.iter().flat_map(|landing| &landing.partitions);
    let logs = logs.filter(|one| one.end.is_some() && open(one.closed));
    let partitions: Vec<i32> = logs.map(|one| one.partition).collect();
    let due = last.next().start_millis() + facts.seal_within;
    let why = if days.is_closed {
        "every partition has closed it: the log of aggregate says why it is not sealed (runbook: A seal is late)"
            .to_owned()
    } else if partitions.is_empty() {
        "the landing logs could not be read, which would say what it waits for".to_owned()
    } else {
        format!(
            "it waits for {} that have not closed it in the landing log: look at these first, in enrich and in \
             aggregate",
            count(partitions.len(), "partition")
        )
    };
    Some(Finding {
        what: What::SealOverdue,
        part: Part::Days,
        partitions,
        text: format!(
            "the {} {next} should have been sealed by {}, {} ago; {why}",
            next.unit(),
            minute(due),
            span(days.overdue)
        ),
    })
}

fn split<'a>(
    all: &[&'a RawPartition],
    is_one: impl Fn(&RawPartition) -> bool,
) -> (Vec<&'a RawPartition>, Vec<&'a RawPartition>) {
    all.iter().copied().partition(|one| is_one(one))
}

fn numbers(partitions: &[&RawPartition]) -> Vec<i32> {
    partitions.iter().map(|one| one.partition).collect()
}

fn have(what: &str, partitions: usize) -> String {
    format!("{what} in {}", count(partitions, "partition"))
}

#[cfg(test)]
mod tests;
