//! One section as it was read, the environment laid over it, and the search for the key that an error is
//! about.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

#[derive(Default)]
pub(super) struct Section<'a> {
    /// Where its head stands in the file; empty where only the environment names it.
    pub(super) span: Range<usize>,
    /// What the file says.
    pub(super) table: DeTable<'a>,
    /// What the environment lays over it.
    pub(super) overrides: Vec<Override<'a>>,
}

/// An environment variable, and the path of keys that it sets.
pub(super) struct Override<'a> {
    pub(super) variable: &'a str,
    pub(super) text: &'a str,
    pub(super) keys: Vec<String>,
    pub(super) form: Form,
}

/// How the text of a variable is understood.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// As a value of TOML where it is one.
    Toml,
    /// As it stands.
    Text,
    /// Not at all, for it was wrong.
    LeftOut,
}

/// Spans from here on lie in no file: they count the overrides of a section, and so lead an
/// error back to its variable.
pub(super) const VIRTUAL: usize = usize::MAX / 2;

impl<'a> Section<'a> {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, toml::de::Error> {
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
    pub(super) fn remove_around(&mut self, span: &Range<usize>) -> Option<Vec<String>> {
        let mut path = Vec::new();
        remove_around(&mut self.table, span, &mut path).then_some(path)
    }

    /// Takes out the key of the file without which the message would be another, and gives its path and place.
    pub(super) fn remove_culprit<T: DeserializeOwned>(
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
    pub(super) fn culprit_of_the_environment<T: DeserializeOwned>(
        &mut self,
        message: &str,
    ) -> Option<usize> {
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
    pub(super) fn next(self) -> Form {
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
