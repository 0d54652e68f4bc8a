//! `program.toml`: who runs the program, and what its participants agree to.

use std::collections::BTreeMap;
use std::path::Path;

use kaiku_wire::Day;

use crate::document::{Document, Named, Section};
use crate::language;
use crate::problem::{Place, Problem};

/// The name of the file.
pub(crate) const FILE: &str = "program.toml";

/// The improvement program as a whole.
#[derive(Clone, Debug)]
pub struct Program {
    /// Version of this file, counted up by its owner from 1.
    pub version: u32,
    /// Who answers for the program.
    pub controller: Controller,
    /// The texts that participants agree to, by their version.
    pub consent: BTreeMap<u32, ConsentText>,
    /// The oldest version whose consent still counts, where the program says it.
    pub lowest_accepted: Option<u32>,
    pub(crate) place: Place,
}

/// Who answers for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Name of the organisation.
    pub name: String,
    /// Where to reach it.
    pub contact: String,
}

/// One version of the text that participants agree to.
#[derive(Clone, Debug)]
pub struct ConsentText {
    /// The text as it is shown, in English.
    pub text: String,
    /// The same in other languages, by their tags.
    pub texts: BTreeMap<String, String>,
    /// Whether it asks for more than the version before, so that those who agreed to that one must
    /// be asked anew.
    pub asks_for_more: bool,
    /// The first day on which it could be agreed to.
    pub since: Option<Day>,
    pub(crate) place: Place,
}

/// Why a consent does not count with this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRefused {
    /// There is no such version.
    #[error("the catalogue has no text of this version")]
    UnknownText,
    /// Its version is below `lowest_accepted`.
    #[error("the catalogue does not accept a text as old as this any more")]
    NoLongerAccepted,
    /// It was given before the text was there.
    #[error(
        "it was given before the catalogue has the text: `since` of the text says from which day on"
    )]
    BeforeItsText,
}

impl Program {
    /// Whether a consent to this version, given on this day, is one that can have been given and
    /// that still counts: its text is one of the program's, no older than the lowest that is
    /// accepted, and its day is not before the text was there.
    ///
    /// A day is let pass: where the device is, it may have been the day before.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn accepts(&self, version: u32, given: Day) -> Result<(), ConsentRefused> {
        if !self.consent.contains_key(&version) {
            return Err(ConsentRefused::UnknownText);
        }
        if version < self.lowest_accepted() {
            return Err(ConsentRefused::NoLongerAccepted);
        }
        if given.next() < self.first_day(version) {
            return Err(ConsentRefused::BeforeItsText);
        }
        Ok(())
    }

    /// A sentence with its place where no text that counts is there yet on this day.
    pub(crate) fn no_text_yet(&self, today: Day) -> Option<String> {
        let counts = || self.consent.range(self.lowest_accepted()..);
        let first = counts()
            .map(|(version, _)| self.first_day(*version))
            .min()?;
        let (_, text) = counts().next()?;
        let place = &text.place;
        // Where a device is, it may be the day after already.
        (today.next() < first).then(|| {
            let text = "no text that counts is there before";
            let meanwhile = "until then every upload is rejected (bad_consent)";
            place
                .problem(format!("{text} {first}: {meanwhile}"))
                .to_string()
        })
    }

    /// The first day on which a text could be agreed to: its own, else that of the newest text
    /// before it that says one, else 2020-01-01, when there was no such program.
    fn first_day(&self, version: u32) -> Day {
        let said = self.consent.range(..=version).rev();
        said.into_iter()
            .find_map(|(_, text)| text.since)
            .unwrap_or_else(|| Day::from_ymd(2020, 1, 1).unwrap_or(Day::MIN))
    }

    /// The oldest version whose consent still counts; the oldest that there is, where the program
    /// does not say it.
    pub fn lowest_accepted(&self) -> u32 {
        let oldest = self.consent.keys().next().copied();
        self.lowest_accepted.or(oldest).unwrap_or(1)
    }

    /// The newest text, and its version.
    pub fn newest(&self) -> Option<(u32, &ConsentText)> {
        let newest = self.consent.last_key_value();
        newest.map(|(version, text)| (*version, text))
    }

    /// The version from which on a consent holds on a device: those before it were asked for less,
    /// or are not accepted any more.
    pub fn asks_for_more_since(&self) -> u32 {
        let more = self
            .consent
            .iter()
            .rev()
            .find(|(_, text)| text.asks_for_more);
        let more = more.map_or(0, |(version, _)| *version);
        more.max(self.lowest_accepted())
    }

    /// Reads the file; what is wrong with it is added to `problems`.
    pub(crate) fn read(file: &Path, text: &str, problems: &mut Vec<Problem>) -> Option<Program> {
        Document::read(file, text, problems, read)
    }
}

fn read(mut top: Section<'_>) -> Option<Program> {
    let version = top.count("version");
    let controller = top.section("controller").and_then(|mut section| {
        let (name, contact) = (section.text("name"), section.text("contact"));
        section.finish();
        Some(Controller {
            name: name?,
            contact: contact?,
        })
    });
    let lowest_accepted = top.optional_count("lowest_accepted");
    let mut consent = BTreeMap::new();
    for named in top.named("consent") {
        consent.extend(consent_text(&top, named));
    }
    let place = top.place().clone();
    if consent.is_empty() {
        top.tell(
            &place,
            "the program has no consent text: give one for each version, as `[consent.1]`",
        );
    }
    if let Some(version) = lowest_accepted.filter(|version| !consent.contains_key(version)) {
        let message =
            format!("`lowest_accepted` is {version}, but there is no `[consent.{version}]`");
        top.tell(&place, message);
    }
    in_order(&top, &consent);
    top.finish();
    Some(Program {
        version: version?,
        controller: controller?,
        consent,
        lowest_accepted,
        place,
    })
}

/// One text that is agreed to, and its version.
fn consent_text(top: &Section<'_>, named: Named<'_>) -> Option<(u32, ConsentText)> {
    let (name, place) = (named.name, named.place.clone());
    let version = name.parse().ok().filter(|version: &u32| *version > 0);
    // `01` would be a second name of version 1.
    let version = version.filter(|version| version.to_string() == name);
    if version.is_none() {
        top.tell(
            &place,
            format!("consent `{name}` must be called by its version, a number from 1"),
        );
    }
    let mut section = top.open(named, "consent")?;
    let text = section.text("text");
    let texts = language::texts(&mut section, "texts", "text");
    let asks_for_more = section.flag("asks_for_more");
    let since = section.optional_day("since");
    section.finish();
    let text = ConsentText {
        text: text?,
        texts,
        asks_for_more,
        since,
        place,
    };
    Some((version?, text))
}

/// A newer text was not there before an older one.
fn in_order(top: &Section<'_>, consent: &BTreeMap<u32, ConsentText>) {
    let mut before: Option<(u32, Day)> = None;
    for (version, text) in consent {
        let Some(since) = text.since else { continue };
        if let Some((older, day)) = before.filter(|(_, day)| since < *day) {
            let message = format!(
                "consent {version} is there since {since}, and consent {older} only since {day}"
            );
            top.tell(&text.place, message);
        }
        before = Some((*version, since));
    }
}
