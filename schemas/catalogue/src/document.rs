//! One TOML file, read key by key, so that everything that is wrong with it is told at once.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use kaiku_wire::Day;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Place, Problem};

/// A file and what was found wrong with it so far.
pub(crate) struct Document<'a> {
    file: Arc<Path>,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

/// A table of a file, whose keys are asked for one by one.
pub(crate) struct Section<'a> {
    document: &'a Document<'a>,
    /// What it is, as a sentence has it.
    what: String,
    place: Place,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
}

/// A key of a table of named things, with what stands under it.
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) place: Place,
    value: &'a Spanned<DeValue<'a>>,
}

/// The longest text, in bytes.
const TEXT_BYTES: usize = 4_000;

impl<'a> Document<'a> {
    /// Reads a file, and hands its top-level table to `read`; `None` where it is no TOML.
    pub(crate) fn read<T>(
        file: &Path,
        text: &str,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(Section<'_>) -> Option<T>,
    ) -> Option<T> {
        let document = Document {
            file: Arc::from(file),
            text,
            problems: RefCell::default(),
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            document.tell(&document.place(at), error.message());
        }
        // Behind a duplicate the rest still reads well; behind another error it does not.
        let readable = errors
            .iter()
            .all(|error| error.message().contains("duplicate"));
        let made = readable.then(|| {
            read(Section {
                document: &document,
                what: "the file".to_owned(),
                place: Place::start_of(file),
                table: table.get_ref(),
                known: Vec::new(),
            })
        });
        problems.append(&mut document.problems.into_inner());
        made.flatten()
    }

    fn place(&self, offset: usize) -> Place {
        Place::in_text(&self.file, self.text, offset)
    }

    fn tell(&self, place: &Place, message: impl Into<String>) {
        self.problems.borrow_mut().push(place.problem(message));
    }
}

impl<'a> Section<'a> {
    /// Where the section begins.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Notes a problem.
    pub(crate) fn tell(&self, place: &Place, message: impl Into<String>) {
        self.document.tell(place, message);
    }

    /// A text that must be there and say something.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        let found = self.optional_text(key);
        if found.is_none() && !self.table.contains_key(key) {
            self.tell(&self.place, format!("{} has no `{key}`", self.what));
        }
        found
    }

    /// A text that says something where it is there.
    pub(crate) fn optional_text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        self.as_text(value, &format!("`{key}`"))
    }

    /// A list of texts, each with the place where it stands; empty where it is left out.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<(String, Place)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            let place = self.document.place(value.span().start);
            let message = format!("`{key}` of {} must be a list of texts", self.what);
            self.tell(&place, message);
            return Vec::new();
        };
        list.iter()
            .filter_map(|one| {
                let text = self.as_text(one, &format!("an entry of `{key}`"))?;
                Some((text, self.document.place(one.span().start)))
            })
            .collect()
    }

    fn as_text(&self, value: &Spanned<DeValue<'a>>, key: &str) -> Option<String> {
        let what = format!("{key} of {}", self.what);
        let place = self.document.place(value.span().start);
        let Some(text) = value.get_ref().as_str() else {
            self.tell(&place, format!("{what} must be text in quotes"));
            return None;
        };
        let text = text.trim();
        if text.is_empty() {
            self.tell(&place, format!("{what} is empty"));
            return None;
        }
        if text.len() > TEXT_BYTES {
            self.tell(&place, format!("{what} is longer than {TEXT_BYTES} bytes"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A text that must be there, and the place where it stands.
    pub(crate) fn placed_text(&mut self, key: &'static str) -> Option<(String, Place)> {
        let text = self.text(key)?;
        let value = self.table.get(key)?;
        Some((text, self.document.place(value.span().start)))
    }

    /// A day that must be there.
    pub(crate) fn day(&mut self, key: &'static str) -> Option<Day> {
        let found = self.optional_day(key);
        if found.is_none() && !self.table.contains_key(key) {
            self.tell(&self.place, format!("{} has no `{key}`", self.what));
        }
        found
    }

    /// A day where it is there.
    pub(crate) fn optional_day(&mut self, key: &'static str) -> Option<Day> {
        let value = self.take(key)?;
        self.as_day(value, &format!("`{key}` of {}", self.what))
    }

    /// A number from 1 that must be there.
    pub(crate) fn count(&mut self, key: &'static str) -> Option<u32> {
        if !self.table.contains_key(key) {
            self.known.push(key);
            self.tell(&self.place, format!("{} has no `{key}`", self.what));
            return None;
        }
        self.optional_count(key)
    }

    /// A number from 1 where it is there.
    pub(crate) fn optional_count(&mut self, key: &'static str) -> Option<u32> {
        let value = self.take(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .filter(|number| number.radix() == 10);
        let number = number
            .and_then(|number| number.as_str().parse().ok())
            .filter(|n| *n > 0);
        if number.is_none() {
            let place = self.document.place(value.span().start);
            self.tell(
                &place,
                format!("`{key}` of {} must be a number from 1", self.what),
            );
        }
        number
    }

    /// True or false, and false where it is left out.
    pub(crate) fn flag(&mut self, key: &'static str) -> bool {
        let Some(value) = self.take(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            let place = self.document.place(value.span().start);
            self.tell(
                &place,
                format!("`{key}` of {} must be true or false", self.what),
            );
            false
        })
    }

    /// A section of this one that must be there.
    pub(crate) fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let Some((name, value)) = self.table.get_key_value(key) else {
            self.tell(
                &self.place,
                format!("{} has no section `[{key}]`", self.what),
            );
            return None;
        };
        self.known.push(key);
        self.open(
            Named {
                name: key,
                place: self.document.place(name.span().start),
                value,
            },
            "section",
        )
    }

    /// What stands under a key whose own keys are names, in the order of the file.
    pub(crate) fn named(&mut self, key: &'static str) -> Vec<Named<'a>> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            let place = self.document.place(value.span().start);
            self.tell(
                &place,
                format!("`{key}` of {} must be a section", self.what),
            );
            return Vec::new();
        };
        let mut names: Vec<_> = table.iter().collect();
        names.sort_by_key(|(name, _)| name.span().start);
        names
            .into_iter()
            .map(|(name, value)| Named {
                name: name.get_ref().as_ref(),
                place: self.document.place(name.span().start),
                value,
            })
            .collect()
    }

    /// Opens one of the named things as a section.
    pub(crate) fn open(&self, named: Named<'a>, kind: &str) -> Option<Section<'a>> {
        let Named { name, place, value } = named;
        let Some(table) = value.get_ref().as_table() else {
            self.tell(
                &place,
                format!("{kind} `{name}` must be a section of its own"),
            );
            return None;
        };
        Some(Section {
            document: self.document,
            what: format!("{kind} `{name}`"),
            place,
            table,
            known: Vec::new(),
        })
    }

    /// Reads one of the named things as a text that says something.
    pub(crate) fn text_of(&self, named: &Named<'a>, kind: &str) -> Option<String> {
        self.as_text(named.value, &format!("`{kind}.{}`", named.name))
    }

    /// Reads one of the named things as a day.
    pub(crate) fn day_of(&self, named: &Named<'a>, kind: &str) -> Option<Day> {
        self.as_day(named.value, &format!("{kind} `{}`", named.name))
    }

    /// Tells of every key that nobody asked for.
    pub(crate) fn finish(self) {
        let mut keys: Vec<_> = self.table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in keys {
            let name: &str = key.get_ref();
            if self.known.contains(&name) {
                continue;
            }
            let hint = match value.get_ref().as_table() {
                Some(_) => "; a name with a dot stands in quotes".to_owned(),
                None => format!("; known are {}", self.known.join(", ")),
            };
            let place = self.document.place(key.span().start);
            self.tell(&place, format!("`{name}` is no key of {}{hint}", self.what));
        }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table.get(key)
    }

    fn as_day(&self, value: &Spanned<DeValue<'a>>, what: &str) -> Option<Day> {
        let moment = value.get_ref().as_datetime();
        let date = moment
            .filter(|moment| moment.time.is_none())
            .and_then(|moment| moment.date);
        let day = date.and_then(|date| {
            Day::from_ymd(date.year.into(), date.month.into(), date.day.into()).ok()
        });
        if day.is_none() {
            let place = self.document.place(value.span().start);
            let hint = if value.get_ref().is_table() {
                "; a name with a dot stands in quotes"
            } else {
                ""
            };
            self.tell(
                &place,
                format!("{what} must be a date such as 2027-11-01, without quotes{hint}"),
            );
        }
        day
    }
}
