//! One TOML text and the environment over it, taken apart section by section so that every
//! error is found at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use kaiku_wire::line_and_column;
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

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

#[derive(Default)]
struct Section<'a> {
    /// Where its head stands in the file; empty where only the environment names it.
    span: Range<usize>,
    /// What the file says.
    table: DeTable<'a>,
    /// What the environment lays over it.
    overrides: Vec<Override<'a>>,
}

/// An environment variable, and the path of keys that it sets.
struct Override<'a> {
    variable: &'a str,
    text: &'a str,
    keys: Vec<String>,
    form: Form,
}

/// How the text of a variable is understood.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// As a value of TOML where it is one.
    Toml,
    /// As it stands.
    Text,
    /// Not at all, for it was wrong.
    LeftOut,
}

/// Spans from here on lie in no file: they count the overrides of a section, and so lead an
/// error back to its variable.
const VIRTUAL: usize = usize::MAX / 2;

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
                    let place = path.split_last().map_or(&[][..], |(_, tables)| tables);
                    let head = [&[name.to_owned()], place].concat().join(".");
                    self.problem(Some(span), format!("[{head}] {}", error.message()));
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

impl<'a> Section<'a> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, toml::de::Error> {
        let mut table = self.table.clone();
        for (index, over) in self.overrides.iter().enumerate() {
            if over.form != Form::LeftOut {
                let span = VIRTUAL + index..VIRTUAL + index + 1;
                lay(&mut table, &over.keys, over.value(&span), &span);
            }
        }
        T::deserialize(Spanned::new(self.span.clone(), table).into_deserializer())
    }

    /// Takes out the key of the file in which an error lies, however deep, and gives its path; `None` where it
    /// lies in none.
    fn remove_around(&mut self, span: &Range<usize>) -> Option<Vec<String>> {
        let mut path = Vec::new();
        remove_around(&mut self.table, span, &mut path).then_some(path)
    }

    /// Takes out the key of the file without which the message would be another, and gives its path and place.
    fn remove_culprit<T: DeserializeOwned>(
        &mut self,
        message: &str,
    ) -> Option<(Vec<String>, Range<usize>)> {
        let mut leaves = Vec::new();
        collect_leaves(&self.table, &mut Vec::new(), &mut leaves);
        let before = self.table.clone();
        for (path, span) in leaves {
            remove(&mut self.table, &path);
            match self.read::<T>() {
                Err(error) if error.message() == message => self.table = before.clone(),
                _ => return Some((path, span)),
            }
        }
        None
    }

    /// The same for the variables of the environment: the place of one among them.
    fn culprit_of_the_environment<T: DeserializeOwned>(&mut self, message: &str) -> Option<usize> {
        (0..self.overrides.len()).find(|index| {
            let form = std::mem::replace(&mut self.overrides[*index].form, Form::LeftOut);
            let read = self.read::<T>();
            self.overrides[*index].form = form;
            form != Form::LeftOut && !read.is_err_and(|error| error.message() == message)
        })
    }
}

/// Takes out the innermost key in which, or in whose value, a span lies.
fn remove_around(table: &mut DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    let within = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    let keys: Vec<_> = table.keys().cloned().collect();
    for key in keys {
        let Some(value) = table.get_mut(&key) else {
            continue;
        };
        path.push(key.get_ref().to_string());
        let place = value.span();
        if let DeValue::Table(inner) = value.get_mut()
            && remove_around(inner, span, path)
        {
            return true;
        }
        if within(key.span()) || within(place) {
            table.remove(&key);
            return true;
        }
        path.pop();
    }
    false
}

/// The paths of all keys that hold no table, with the places of the keys.
fn collect_leaves(
    table: &DeTable<'_>,
    path: &mut Vec<String>,
    leaves: &mut Vec<(Vec<String>, Range<usize>)>,
) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => collect_leaves(inner, path, leaves),
            _ => leaves.push((path.clone(), key.span())),
        }
        path.pop();
    }
}

fn remove(table: &mut DeTable<'_>, path: &[String]) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        table.remove(first.as_str());
    } else if let Some(DeValue::Table(inner)) = table.get_mut(first.as_str()).map(Spanned::get_mut)
    {
        remove(inner, rest);
    }
}

impl<'a> Override<'a> {
    fn value(&self, span: &Range<usize>) -> Spanned<DeValue<'a>> {
        let parsed = DeValue::parse(self.text.trim())
            .ok()
            .map(Spanned::into_inner);
        let value = match parsed {
            Some(value) if self.form == Form::Toml => value,
            _ => DeValue::String(Cow::Borrowed(self.text)),
        };
        Spanned::new(span.clone(), respan(value, span))
    }
}

impl Form {
    /// What to try next: a number or a truth value may have been meant as text.
    fn next(self) -> Form {
        match self {
            Form::Toml => Form::Text,
            Form::Text | Form::LeftOut => Form::LeftOut,
        }
    }
}

/// Gives every part of a value the span of the variable that it comes from.
fn respan<'a>(value: DeValue<'a>, span: &Range<usize>) -> DeValue<'a> {
    let again =
        |value: Spanned<DeValue<'a>>| Spanned::new(span.clone(), respan(value.into_inner(), span));
    match value {
        DeValue::Array(array) => DeValue::Array(array.into_iter().map(again).collect()),
        DeValue::Table(table) => DeValue::Table(
            table
                .into_iter()
                .map(|(key, value)| (Spanned::new(span.clone(), key.into_inner()), again(value)))
                .collect(),
        ),
        plain => plain,
    }
}

/// Sets the value at a path of keys, making tables on the way.
fn lay<'a>(
    table: &mut DeTable<'a>,
    keys: &[String],
    value: Spanned<DeValue<'a>>,
    span: &Range<usize>,
) {
    let [first, rest @ ..] = keys else { return };
    let key = Spanned::new(span.clone(), Cow::Owned(first.clone()));
    if rest.is_empty() {
        table.remove(&key);
        table.insert(key, value);
        return;
    }
    if !table
        .get(&key)
        .is_some_and(|value| value.get_ref().is_table())
    {
        table.remove(&key);
        table.insert(
            key.clone(),
            Spanned::new(span.clone(), DeValue::Table(DeTable::new())),
        );
    }
    if let Some(DeValue::Table(inner)) = table.get_mut(&key).map(Spanned::get_mut) {
        lay(inner, rest, value, span);
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        name: String,
        size: u32,
        names: Vec<String>,
        inner: Inner,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        on: bool,
        file: String,
    }

    fn variables(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    fn lines(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_error_of_every_section_is_found_with_its_place() {
        let text = "[a]\nname = 3\nsize = \"x\"\nnmae = 1\n\n[b]\nsize = -1\n[d]\n";
        let mut document = Document::new("file", text);
        assert_eq!(document.take::<Sample>("a"), Some(Sample::default()));
        assert_eq!(document.take::<Sample>("b"), Some(Sample::default()));
        assert_eq!(document.take::<Sample>("c"), Some(Sample::default()));
        let mut problems = lines(&document.finish(&["a", "b", "c"]));
        problems.sort();
        let starts = [
            "file:2:8: [a] ",
            "file:3:8: [a] ",
            "file:4:1: [a] ",
            "file:7:8: [b] ",
            "file:8:2: ",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:#?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(
                problem.starts_with(start),
                "{problem} does not start with {start}"
            );
        }
    }

    #[test]
    fn every_error_of_a_table_within_a_section_is_found_with_its_place() {
        let text = "[a]\nsize = 1\n[a.inner]\non = 3\nfoo = 1\nfile = 2\nbar = 2\n";
        let mut document = Document::new("file", text);
        assert!(document.take::<Sample>("a").is_some());
        let mut problems = lines(&document.finish(&["a"]));
        problems.sort();
        let starts = [
            "file:4:6: [a.inner] ",
            "file:5:1: [a.inner] unknown field `foo`",
            "file:6:8: [a.inner] ",
            "file:7:1: [a.inner] unknown field `bar`",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:#?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{problem}: {start}");
        }
    }

    #[test]
    fn a_variable_of_a_table_within_a_section_that_does_not_exist_is_named() {
        let list = variables(&[("KAIKU_A__INNER__FOO", "1"), ("KAIKU_A__INNER__ON", "true")]);
        let mut document = Document::new("file", "");
        document.overlay(&list);
        let sample = document.take::<Sample>("a").unwrap_or_default();
        assert!(sample.inner.on);
        let problems = lines(&document.finish(&["a"]));
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(
            problems[0].starts_with("KAIKU_A__INNER__FOO: "),
            "{problems:#?}"
        );
    }

    #[test]
    fn what_is_no_toml_is_told_alone() {
        let document = Document::new("file", "[kafka\nbrokers = 1\n");
        let problems = lines(&document.finish(&["kafka"]));
        assert_eq!(problems.len(), 1, "{problems:#?}");
    }

    #[test]
    fn syntax_errors_are_all_reported() {
        let document = Document::new("file", "[a]\nname = \nsize = 3 4\n");
        assert!(document.finish(&[]).len() >= 2);
    }

    #[test]
    fn a_variable_lies_over_the_file_and_may_be_deep() {
        let list = variables(&[
            ("KAIKU_A__SIZE", "7"),
            ("KAIKU_A__NAME", "12"),
            ("KAIKU_A__NAMES", "[\"x\", \"y\"]"),
            ("KAIKU_A__INNER__FILE", "/etc/true"),
            ("KAIKU_CONFIG", "other"),
            ("PATH", "x"),
        ]);
        let mut document = Document::new("file", "[a]\nname = \"n\"\n[a.inner]\non = true\n");
        document.overlay(&list);
        let sample: Option<Sample> = document.take("a");
        assert_eq!(lines(&document.finish(&["a"])), Vec::<String>::new());
        let expected = Sample {
            name: "12".into(),
            size: 7,
            names: vec!["x".into(), "y".into()],
            inner: Inner {
                on: true,
                file: "/etc/true".into(),
            },
        };
        assert_eq!(sample, Some(expected));
    }

    #[test]
    fn an_error_of_a_variable_names_the_variable() {
        let list = variables(&[
            ("KAIKU_A__SIZE", "many"),
            ("KAIKU_A__SIEZ", "1"),
            ("KAIKU_B__SIZE", "1"),
        ]);
        let mut document = Document::new("file", "");
        document.overlay(&list);
        assert_eq!(document.take::<Sample>("a"), Some(Sample::default()));
        let problems = lines(&document.finish(&["a"]));
        assert_eq!(problems.len(), 3, "{problems:#?}");
        for name in ["KAIKU_A__SIZE", "KAIKU_A__SIEZ", "KAIKU_B__SIZE"] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(name)),
                "{problems:#?}"
            );
        }
    }
}
