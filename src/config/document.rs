//! One TOML text and the environment over it, taken apart section by section so that every
//! error is found at once.

mod section;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use kaiku_wire::line_and_column;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::Problem;
use section::{Form, Override, Section, VIRTUAL};

/// What the names of environment variables begin with.
const PREFIX: &str = "KAIKU_";

/// Settings that were read and not yet understood.
pub(crate) struct Document<'a> {
    name: &'a str,
    text: &'a str,
    sections: BTreeMap<String, Section<'a>>,
    problems: Vec<Problem>,
    /// Whether the text is no TOML: what was made of the rest of it may be anything.
    is_broken: bool,
}

impl<'a> Document<'a> {
    /// Takes a TOML text. `name` is what errors call it.
    pub(crate) fn new(name: &'a str, text: &'a str) -> Document<'a> {
        let mut document = Document {
            name,
            text,
            sections: BTreeMap::new(),
            problems: Vec::new(),
            is_broken: false,
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            document.is_broken = true;
            document.problem(error.span(), error.message().to_owned());
        }
        for (key, value) in table.into_inner() {
            let span = key.span();
            let name = key.into_inner().into_owned();
            if let DeValue::Table(table) = value.into_inner() {
                document.sections.insert(
                    name,
                    Section {
                        span,
                        table,
                        overrides: Vec::new(),
                    },
                );
            } else {
                document.problem(
                    Some(span),
                    format!("`{name}` stands outside of any section"),
                );
            }
        }
        document
    }

    /// Lays variables named `KAIKU_<SECTION>__<KEY>` over the file; others are passed over. A
    /// value is read as TOML (`5`, `true`, `["a", "b"]`), and as plain text where it is none.
    pub(crate) fn overlay(&mut self, variables: &'a [(String, String)]) {
        for (variable, text) in variables {
            let path = variable
                .strip_prefix(PREFIX)
                .and_then(|rest| rest.split_once("__"));
            let Some((section, keys)) = path else {
                continue;
            };
            let keys = keys.split("__").map(str::to_ascii_lowercase).collect();
            let section = self
                .sections
                .entry(section.to_ascii_lowercase())
                .or_default();
            section.overrides.push(Override {
                variable,
                text,
                keys,
                form: Form::Toml,
            });
        }
    }

    /// Whether the section stands in the file or in the environment.
    pub(crate) fn has(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    /// Takes a section out; everything that is wrong with it goes to the problems, one entry
    /// after the other being left out. `None` where the rest is not enough to make it.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let mut section = self.sections.remove(name).unwrap_or_default();
        let mut left_out = false;
        loop {
            let error = match section.read::<T>() {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let span = error.span().unwrap_or(section.span.clone());
            if let Some(index) = span.start.checked_sub(VIRTUAL) {
                left_out |= self.leave_out(name, &mut section, index, error.message())?;
                continue;
            }
            let around = section.remove_around(&span).map(|path| (path, span));
            // Of a key that does not exist in a table within the section, nothing says where it stands.
            let found = around.or_else(|| section.remove_culprit::<T>(error.message()));
            if let Some((path, span)) = found {
                // What is missing may be missing only because it was wrong and left out.
                if !(left_out && error.message().starts_with("missing field")) {
                    self.problem(Some(span), about(name, &path, error.message()));
                }
                left_out = true;
            } else if let Some(index) = section.culprit_of_the_environment::<T>(error.message()) {
                section.overrides[index].form = Form::Text;
                left_out |= self.leave_out(name, &mut section, index, error.message())?;
            } else {
                // What is missing may be missing only because it was wrong and left out.
                if !left_out {
                    let text = format!("[{name}] {}", error.message());
                    self.problem(Some(section.span), text);
                }
                return None;
            }
        }
    }

    /// Understands a variable otherwise that is wrong, or not at all; says whether it is left out.
    fn leave_out(
        &mut self,
        name: &str,
        section: &mut Section<'_>,
        index: usize,
        message: &str,
    ) -> Option<bool> {
        let wrong = section.overrides.get_mut(index)?;
        wrong.form = wrong.form.next();
        let is_left_out = wrong.form == Form::LeftOut;
        if is_left_out {
            let text = format!("[{name}] {message}");
            self.problems.push(Problem::new(wrong.variable, text));
        }
        Some(is_left_out)
    }

    /// Ends the reading: sections that nobody took are problems too.
    pub(crate) fn finish(mut self, known: &[&str]) -> Vec<Problem> {
        let known = known
            .iter()
            .map(|name| format!("[{name}]"))
            .collect::<Vec<_>>()
            .join(", ");
        for (name, section) in std::mem::take(&mut self.sections) {
            if self.is_broken && !section.span.is_empty() {
                continue;
            }
            let text = format!("there is no section [{name}]; there are {known}");
            match section.overrides.first() {
                Some(first) if section.span.is_empty() => {
                    self.problems.push(Problem::new(first.variable, text));
                }
                _ => self.problem(Some(section.span), text),
            }
        }
        self.problems
    }

    fn problem(&mut self, span: Option<Range<usize>>, text: String) {
        let place = match span.filter(|span| !span.is_empty() || span.start > 0) {
            Some(span) => {
                let (line, column) = line_and_column(self.text, span.start);
                format!("{}:{line}:{column}", self.name)
            }
            None => self.name.to_owned(),
        };
        self.problems.push(Problem::new(place, text));
    }
}

/// The message without the names that this program's language has for numbers.
fn plain(message: &str) -> String {
    let Some((said, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    match expected {
        "i16" | "i32" | "i64" => format!("{said}, expected a whole number"),
        "u16" | "u32" | "u64" | "usize" => format!("{said}, expected a whole number from 0"),
        "f32" | "f64" => format!("{said}, expected a number"),
        _ => message.to_owned(),
    }
}

/// The message with the table and the key that it is about; where a key has no such name, the message
/// names it already.
fn about(section: &str, path: &[String], message: &str) -> String {
    let (key, tables) = match path.split_last() {
        Some((key, tables)) if !message.starts_with("unknown field") => (Some(key), tables),
        Some((_, tables)) => (None, tables),
        None => (None, path),
    };
    let head = [&[section.to_owned()], tables].concat().join(".");
    let message = plain(message);
    key.map_or_else(
        || format!("[{head}] {message}"),
        |key| format!("[{head}] {key}: {message}"),
    )
}
