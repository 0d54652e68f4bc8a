//! The whole of it: one object for programs, and lines for people. Pure.

use serde::Serialize;

use super::judge::{Finding, judge};
use super::lines;
use super::moment::rfc3339;
use super::views::{Days, Raw, Rejected, Stripped};
use super::{Facts, Part, Said};
use crate::output::count;

/// The form of the JSON object: another number is another form.
const FORMAT: u32 = 1;

/// What is said. As JSON it is the object that docs/runbook.md describes.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    format: u32,
    at: String,
    /// Whether something needs a hand.
    needs_hand: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) unread: Vec<Said>,
    pub(super) notes: Vec<Said>,
    pub(super) raw: Option<Raw>,
    pub(super) stripped: Option<Stripped>,
    pub(super) days: Option<Days>,
    pub(super) rejections: Option<Rejected>,
}

impl Report {
    /// What these numbers say.
    pub(crate) fn of(facts: &Facts) -> Report {
        let findings = judge(facts);
        let landing = facts.landing.as_ref();
        Report {
            format: FORMAT,
            at: rfc3339(facts.now),
            needs_hand: !findings.is_empty(),
            findings,
            unread: facts.unread.clone(),
            notes: notes(facts),
            raw: facts.raw.as_ref().map(|raw| Raw::of(raw, facts.now)),
            stripped: landing.map(Stripped::of),
            days: facts.days.as_ref().map(|days| Days::of(facts, days)),
            rejections: facts.rejections.as_ref().map(Rejected::of),
        }
    }

    /// Whether nothing needs a hand, and everything could be read.
    pub(crate) fn is_fine(&self) -> bool {
        self.findings.is_empty() && self.unread.is_empty()
    }

    /// The lines for people, the worst first.
    pub(crate) fn lines(&self) -> Vec<String> {
        lines::lines(self)
    }

    /// The last line.
    pub(crate) fn summary(&self) -> String {
        let hand = match self.findings.len() {
            0 => "nothing needs a hand".to_owned(),
            1 => "1 thing needs a hand".to_owned(),
            many => format!("{many} things need a hand"),
        };
        match self.unread.len() {
            0 => hand,
            unread => format!("{hand}; {} could not be read", count(unread, "thing")),
        }
    }
}

/// What somebody should know of, and need not act upon.
fn notes(facts: &Facts) -> Vec<Said> {
    let mut notes = facts.notes.clone();
    let mut note = |part, text| notes.push(Said { part, text });
    // Where records wait it is a finding.
    if let Some(raw) = facts.raw.as_ref().filter(|raw| raw.members == Some(0)) {
        let text = format!(
            "no process is in the group `{}`: enrich does not run",
            raw.group
        );
        note(Part::Raw, text);
    }
    let landing = facts.landing.as_ref();
    if let Some(landing) = landing.filter(|landing| landing.members == Some(0)) {
        let group = &landing.group;
        let text = format!("no process is in the group `{group}`: aggregate does not run");
        note(Part::Stripped, text);
    }
    if let Some(rejections) = &facts.rejections {
        if rejections.is_cut {
            let text =
                "not all of `events.rejected` was read: the counts are the least that there were";
            note(Part::Rejections, text.to_owned());
        }
        if rejections.unreadable > 0 {
            let text = format!(
                "{} of `events.rejected` can't be read by this version",
                count(
                    usize::try_from(rejections.unreadable).unwrap_or(usize::MAX),
                    "record"
                )
            );
            note(Part::Rejections, text);
        }
    }
    let months = facts.months.iter().flat_map(|months| &months.notes);
    for text in months {
        note(Part::Months, text.clone());
    }
    notes
}
