//! An app's catalogue as source of the language that the app is written in: a name for each feature,
//! cause and component, so that a misspelt one does not compile, and the catalogue itself.
//!
//! What is written depends on the catalogue and on nothing else: the same bytes every time.

mod c;
mod identifier;
mod kotlin;
mod python;
mod rust;
mod swift;

use crate::catalogue::Catalogue;
use crate::device::DeviceCatalogue;
use crate::values::App;
use identifier::{Case, Names};

/// A language that names are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// A header for C and C++.
    C,
    /// Python.
    Python,
    /// Kotlin.
    Kotlin,
    /// Swift.
    Swift,
    /// What a device library reads, alone.
    Json,
}

/// Why nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// The catalogue does not list the app.
    #[error("the catalogue lists no app `{app}`; it lists {known}")]
    UnknownApp {
        /// The name that was asked for.
        app: String,
        /// Those that there are.
        known: String,
    },
    /// Two names become one.
    #[error(
        "{kind} `{first}` and {kind} `{second}` are both `{identifier}` in {language}: give one another name"
    )]
    Collision {
        /// feature, cause or component.
        kind: &'static str,
        /// The one that stands first in the file.
        first: String,
        /// The other.
        second: String,
        /// What both become.
        identifier: String,
        /// Where.
        language: &'static str,
    },
}

impl Language {
    /// What the language is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Python => "python",
            Language::Kotlin => "kotlin",
            Language::Swift => "swift",
            Language::Json => "json",
        }
    }

    fn case(self) -> Case {
        match self {
            Language::Rust => Case::Camel,
            Language::Swift => Case::LowerCamel,
            Language::C | Language::Python | Language::Kotlin | Language::Json => Case::Upper,
        }
    }
}

/// Names of one kind, each with what it says.
struct Group<'a> {
    /// feature, cause or component.
    kind: &'static str,
    /// The type that has them: Feature, Cause or Component.
    name: &'static str,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    name: &'static str,
    identifier: String,
    /// One line.
    says: std::borrow::Cow<'a, str>,
}

/// What a language writes.
struct Source<'a> {
    app: &'static str,
    language: Language,
    groups: Vec<Group<'a>>,
    json: String,
}

/// The source for an app, to be built into it; it ends with a line break.
///
/// # Errors
/// Where the catalogue does not list the app, or two names become one.
pub fn generate(
    catalogue: &Catalogue,
    app: &str,
    language: Language,
) -> Result<String, GenerateError> {
    let device = DeviceCatalogue::of(catalogue, listed(catalogue, app)?);
    let json = device.json();
    if language == Language::Json {
        return Ok(json + "\n");
    }
    let source = Source {
        app: device.app,
        language,
        groups: groups(&device, language)?,
        json,
    };
    Ok(match language {
        Language::Rust => rust::write(&source),
        Language::C => c::write(&source),
        Language::Python => python::write(&source),
        Language::Kotlin => kotlin::write(&source),
        Language::Swift => swift::write(&source),
        Language::Json => source.json,
    })
}

/// The app of this name.
pub(crate) fn listed(catalogue: &Catalogue, app: &str) -> Result<App, GenerateError> {
    let found = catalogue.apps().find(|one| one.as_str() == app);
    found.ok_or_else(|| {
        let names: Vec<_> = catalogue.apps().map(App::as_str).collect();
        GenerateError::UnknownApp {
            app: app.to_owned(),
            known: names.join(", "),
        }
    })
}

/// As few number signs as it takes for a raw string of this text, in which they give these characters
/// a meaning.
fn signs(text: &str, meaning: &[char]) -> String {
    let mut signs = "#".to_owned();
    while meaning
        .iter()
        .any(|one| text.contains(&format!("{one}{signs}")))
    {
        signs.push('#');
    }
    signs
}

/// What there is of each kind; a kind of which there is nothing is left out, since some languages
/// have no empty enumerations.
fn groups<'a>(
    device: &'a DeviceCatalogue<'a>,
    language: Language,
) -> Result<Vec<Group<'a>>, GenerateError> {
    let features = device.features.iter();
    let features = features.map(|one| (one.name, one.description));
    let titled = |titles: &'a std::collections::BTreeMap<&'a str, &'a str>| {
        titles.get("en").copied().unwrap_or_default()
    };
    let causes = device.causes.iter();
    let causes = causes.map(|one| (one.name, titled(&one.titles)));
    let components = device.components.iter();
    let components = components.map(|one| (one.name, titled(&one.titles)));
    let mut groups = vec![
        group("feature", "Feature", features, language)?,
        group("cause", "Cause", causes, language)?,
        group("component", "Component", components, language)?,
    ];
    groups.retain(|group| !group.items.is_empty());
    Ok(groups)
}

fn group<'a>(
    kind: &'static str,
    name: &'static str,
    named: impl Iterator<Item = (&'static str, &'a str)>,
    language: Language,
) -> Result<Group<'a>, GenerateError> {
    let mut names = Names::default();
    let mut items = Vec::new();
    for (name, says) in named {
        let identifier = identifier::of(name, language.case());
        if let Some(first) = names.insert(&identifier, name) {
            return Err(GenerateError::Collision {
                kind,
                first: first.to_owned(),
                second: name.to_owned(),
                identifier,
                language: language.as_str(),
            });
        }
        items.push(Item {
            name,
            identifier,
            says: one_line(says),
        });
    }
    Ok(Group { kind, name, items })
}

/// A comment is a line, and no text of the catalogue ends it early.
fn one_line(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(|c: char| c.is_control() || c == '*' || c == '\\' || is_break(c)) {
        let plain = |c: char| match c {
            '*' | '\\' => ' ',
            c if c.is_control() || is_break(c) => ' ',
            c => c,
        };
        text.chars().map(plain).collect::<String>().into()
    } else {
        text.into()
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

impl Source<'_> {
    /// How the file was made, as the first comment says it.
    fn made_by(&self) -> [String; 2] {
        [
            format!("What {} may report.", self.app),
            format!(
                "Made by `kaiku catalogue generate --lang {} --app {}`; change the catalogue, not this file.",
                self.language.as_str(),
                self.app
            ),
        ]
    }

    /// The catalogue in pieces of at most so many bytes, none of which cuts a character.
    fn pieces(&self, bytes: usize) -> Vec<&str> {
        let mut pieces = Vec::new();
        let mut rest = self.json.as_str();
        while rest.len() > bytes {
            let mut at = bytes;
            while !rest.is_char_boundary(at) {
                at -= 1;
            }
            let (piece, behind) = rest.split_at(at);
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        pieces
    }
}

#[cfg(test)]
mod tests;
