//! Problems of catalogue files, each with its line and column; and what a change may not do.

use std::fmt;
use std::path::{Path, PathBuf};

use kaiku_wire::Day;
use toml::Spanned;
use toml::value::Datetime;

use crate::Catalogue;

/// The longest name, in bytes.
const NAME: usize = 64;
/// Words that mean something else in the published tables.
const RESERVED: [&str; 7] = ["unlisted", "folded", "all", "older", "none", "other", "zz"];

/// One thing that is wrong with a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file.display(),
            self.line,
            self.column,
            self.message
        )
    }
}

impl std::error::Error for Problem {}

/// A file and its text, to point into.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// A problem at a byte offset.
    pub(crate) fn problem(&self, at: usize, message: String) -> Problem {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Problem {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
        }
    }
}

/// Gathers the problems of one file.
pub(crate) struct Checker<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) problems: Vec<Problem>,
}

impl Checker<'_> {
    pub(crate) fn at<T>(&mut self, place: &Spanned<T>, message: String) {
        self.problems
            .push(self.source.problem(place.span().start, message));
    }

    /// A name of the closed vocabularies: short, plain, and no reserved word.
    pub(crate) fn name(&mut self, what: &str, name: &Spanned<String>) {
        let text = name.get_ref();
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        };
        if text.is_empty() || text.len() > NAME || !text.bytes().all(plain) {
            let message = format!(
                "{what} {text:?}: a name has 1 to {NAME} characters of a-z, 0-9, '.', '_' and '-'"
            );
            self.at(name, message);
        } else if RESERVED.contains(&text.as_str()) {
            self.at(
                name,
                format!("{what} {text:?}: the word has a meaning of its own in the tables"),
            );
        }
    }

    pub(crate) fn filled(&mut self, what: &str, text: &Spanned<String>) {
        if text.get_ref().trim().is_empty() {
            self.at(text, format!("{what} is empty: say it in a few words"));
        }
    }

    pub(crate) fn owner(&mut self, owner: &Spanned<String>) {
        if !owner.get_ref().contains('@') {
            self.at(
                owner,
                "owner is no mail address: name somebody who answers".to_owned(),
            );
        }
    }

    /// A plain date; [`Day::MAX`] where it is none, and a problem.
    pub(crate) fn day(&mut self, what: &str, date: &Spanned<Datetime>) -> Day {
        let value = date.get_ref();
        let day = match (value.date, value.time) {
            (Some(date), None) => Day::from_ymd(
                i32::from(date.year),
                u32::from(date.month),
                u32::from(date.day),
            )
            .ok(),
            _ => None,
        };
        day.unwrap_or_else(|| {
            self.at(date, format!("{what} must be a date such as 2027-11-01"));
            Day::MAX
        })
    }
}

/// What in `new` breaks those who read what was published under `old`: names that are gone, or that
/// have expired before `today` although the old catalogue let them live.
///
/// A name that is not to be used any more gets an earlier `expires`, from tomorrow on, and stays.
pub fn check_against(old: &Catalogue, new: &Catalogue, today: Day) -> Vec<Problem> {
    let mut problems = Vec::new();
    for before in old.listed() {
        let name = &before.name;
        let what = format!("{} {name:?} of app {:?}", before.kind, before.app);
        let mut tell = |line: usize, message: String| {
            problems.push(Problem {
                file: before.file.clone(),
                line,
                column: 1,
                message,
            });
        };
        match new.listed().find(|after| after.is_same(before)) {
            None => tell(
                before.line,
                format!("{what} is gone: set its expires to a day from tomorrow on, and keep it"),
            ),
            Some(after) if after.expires <= today && before.expires > today => tell(
                after.line,
                format!(
                    "{what} now expires on {}: the earliest day is tomorrow",
                    after.expires
                ),
            ),
            Some(after) if after.since != before.since => tell(
                after.line,
                format!("{what} has another date than before: the order of releases is published"),
            ),
            Some(_) => {}
        }
    }
    problems
}
