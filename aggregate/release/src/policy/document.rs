//! A TOML document that is read value by value, so that each thing that is wrong has its place.

use kaiku_wire::line_and_column;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::content::Problem;
use crate::Rho;

/// What was found wrong so far in a text.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<(usize, String)>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// The entries of one TOML table, and where it begins.
pub(super) struct Fields<'a> {
    table: &'a DeTable<'a>,
    pub(super) at: usize,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Problems<'a> {
        Problems {
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, at: usize, text: impl Into<String>) {
        self.found.push((at, text.into()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of the text.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.found.sort();
        let problem = |(at, text): (usize, String)| {
            let (line, column) = line_and_column(self.text, at);
            Problem {
                place: format!("line {line}, column {column}"),
                text,
            }
        };
        self.found.into_iter().map(problem).collect()
    }
}

impl<'a> Fields<'a> {
    /// The entries of a TOML table, of which none may have another name than these.
    pub(super) fn new(
        table: &'a DeTable<'a>,
        at: usize,
        names: &[&str],
        problems: &mut Problems<'_>,
    ) -> Fields<'a> {
        for key in table.keys() {
            if !names.contains(&key.get_ref().as_ref()) {
                problems.add(
                    key.span().start,
                    format!("`{}` is none of {}", key.get_ref(), names.join(", ")),
                );
            }
        }
        Fields { table, at }
    }

    /// A text that must be there.
    pub(super) fn text(&self, name: &str, problems: &mut Problems<'_>) -> Option<At<String>> {
        let value = self.needed(name, problems)?;
        as_text(name, value, problems)
    }

    /// A text that may be missing.
    pub(super) fn optional_text(
        &self,
        name: &str,
        problems: &mut Problems<'_>,
    ) -> Option<At<String>> {
        as_text(name, self.table.get(name)?, problems)
    }

    /// A whole number that must be there.
    pub(super) fn whole(&self, name: &str, problems: &mut Problems<'_>) -> Option<At<u64>> {
        let value = self.needed(name, problems)?;
        let number = match value.get_ref() {
            DeValue::Integer(whole) => u64::from_str_radix(whole.as_str(), whole.radix()).ok(),
            _ => None,
        };
        expect(number, value, problems, || {
            format!("`{name}` is a whole number, not below 0")
        })
    }

    /// A number that must be there.
    pub(super) fn number(&self, name: &str, problems: &mut Problems<'_>) -> Option<At<f64>> {
        let value = self.needed(name, problems)?;
        let number = match value.get_ref() {
            DeValue::Integer(whole) if whole.radix() == 10 => whole.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        expect(number, value, problems, || format!("`{name}` is a number"))
    }

    /// A list of texts that must be there.
    pub(super) fn texts(&self, name: &str, problems: &mut Problems<'_>) -> Option<Vec<At<String>>> {
        let value = self.needed(name, problems)?;
        let Some(array) = value.get_ref().as_array() else {
            problems.add(value.span().start, format!("`{name}` is a list of texts"));
            return None;
        };
        let texts = array.iter().map(|one| as_text(name, one, problems));
        Some(texts.collect::<Vec<_>>().into_iter().flatten().collect())
    }

    /// The TOML tables of a list of them.
    pub(super) fn tables(
        &self,
        name: &str,
        names: &[&str],
        problems: &mut Problems<'_>,
    ) -> Vec<Fields<'a>> {
        let Some(value) = self.needed(name, problems) else {
            return Vec::new();
        };
        let parts: Option<Vec<_>> = value.get_ref().as_array().and_then(|array| {
            let part = |one: &'a Spanned<DeValue<'a>>| {
                let table = one.get_ref().as_table()?;
                Some((table, one.span().start))
            };
            array.iter().map(part).collect()
        });
        let Some(parts) = parts else {
            problems.add(value.span().start, format!("`{name}` is a list of tables"));
            return Vec::new();
        };
        let fields = parts
            .into_iter()
            .map(|(table, at)| Fields::new(table, at, names, problems));
        fields.collect()
    }

    fn needed(&self, name: &str, problems: &mut Problems<'_>) -> Option<&'a Spanned<DeValue<'a>>> {
        let value = self.table.get(name);
        if value.is_none() {
            problems.add(self.at, format!("`{name}` is missing"));
        }
        value
    }
}

fn as_text(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
) -> Option<At<String>> {
    let text = value.get_ref().as_str().map(str::to_owned);
    expect(text, value, problems, || format!("`{name}` is a text"))
}

fn expect<T>(
    found: Option<T>,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems<'_>,
    text: impl FnOnce() -> String,
) -> Option<At<T>> {
    let at = value.span().start;
    if found.is_none() {
        problems.add(at, text());
    }
    found.map(|value| At { value, at })
}

/// The entry `name`, which is a plain word.
pub(super) fn read_name(fields: &Fields<'_>, problems: &mut Problems<'_>) -> String {
    let Some(name) = fields.text("name", problems) else {
        return String::new();
    };
    if !is_name(&name.value) {
        problems.add(
            name.at,
            "a name has 1 to 40 small letters, digits and underscores, a letter first",
        );
    }
    name.value
}

/// A share of the budget, at most `most`.
pub(super) fn read_rho(
    fields: &Fields<'_>,
    name: &str,
    most: Rho,
    problems: &mut Problems<'_>,
) -> At<Rho> {
    let Some(number) = fields.number(name, problems) else {
        return At {
            value: Rho::from_millionths(1),
            at: fields.at,
        };
    };
    let rho = Rho::from_number(number.value).filter(|rho| *rho <= most);
    let value = rho.unwrap_or_else(|| {
        problems.add(
            number.at,
            format!("`{name}` is a number above 0 and at most {most}, with at most six decimals"),
        );
        Rho::from_millionths(1)
    });
    At {
        value,
        at: number.at,
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
