//! The catalogue as a whole: read, checked, and asked in constant time.

use std::fs;
use std::path::{Path, PathBuf};

use hashbrown::HashMap;
use kaiku_wire::Day;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::app_file::{AppFile, PlainEntry};
use crate::check::{Checker, Problem, Source};
use crate::program::Program;
use crate::reference::tables;
use crate::vocabulary::{App, Cause, Component, Country, Feature, Model, Operator, Release};

/// Causes that every app has.
const BUILT_IN: [&str; 7] = [
    "panic",
    "abort",
    "segfault",
    "out_of_memory",
    "not_responding",
    "unhandled",
    "ended_unexpectedly",
];

/// The catalogue as a whole.
#[derive(Debug)]
pub struct Catalogue {
    apps: HashMap<&'static str, Shelf>,
    /// The apps by key, for look-ups within one.
    names: HashMap<u64, &'static str>,
    built_in: HashMap<&'static str, Cause>,
    listed: Vec<Listed>,
    program: Program,
    hash: [u8; 32],
}

/// What one app may report.
#[derive(Debug)]
struct Shelf {
    app: App,
    expires: Day,
    /// With the day from which on it is there.
    releases: HashMap<&'static str, (Release, Day)>,
    /// With the day from which on each counts as unlisted.
    features: HashMap<&'static str, (Feature, Day)>,
    components: HashMap<&'static str, (Component, Day)>,
    causes: HashMap<&'static str, (Cause, Day)>,
}

/// One line of the catalogue, for whoever compares or shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// app, release, feature, component or cause.
    pub kind: &'static str,
    /// The app that it belongs to.
    pub app: String,
    /// Its name.
    pub name: String,
    /// What it is called where people read it.
    pub title: String,
    /// What it means.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// From when on it counts as unlisted.
    pub expires: Day,
    /// Releases: the day of the release.
    pub since: Option<Day>,
    /// Features: whether it may be recommended.
    pub recommend: bool,
    /// Where it stands.
    pub file: PathBuf,
    /// Line of its name, from 1.
    pub line: usize,
}

impl Listed {
    /// Whether both name the same thing.
    pub(crate) fn is_same(&self, other: &Listed) -> bool {
        (self.kind, &self.app, &self.name) == (other.kind, &other.app, &other.name)
    }
}

impl Catalogue {
    /// Reads every `*.toml` of a folder: `program.toml`, and one file an app.
    ///
    /// # Errors
    /// Everything that is wrong with the files, each with its place.
    pub fn load(dir: &Path) -> Result<Catalogue, Vec<Problem>> {
        let unreadable = |file: &Path, error: &std::io::Error| {
            let message = format!("can't be read: {error}");
            vec![Problem {
                file: file.to_owned(),
                line: 1,
                column: 1,
                message,
            }]
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(dir).map_err(|error| unreadable(dir, &error))? {
            let path = entry.map_err(|error| unreadable(dir, &error))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                files.push((path, text));
            }
        }
        files.sort();
        Catalogue::from_files(dir, &files)
    }

    pub(crate) fn from_files(
        dir: &Path,
        files: &[(PathBuf, String)],
    ) -> Result<Catalogue, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut program = None;
        let mut catalogue = Builder::default();
        let mut hash = Sha256::new();
        for (file, text) in files {
            let name = file.file_name().unwrap_or_default();
            for part in [name.as_encoded_bytes(), text.as_bytes()] {
                hash.update(part.len().to_be_bytes());
                hash.update(part);
            }
            let source = Source { file, text };
            if name == "program.toml" {
                match Program::parse(&source) {
                    Ok(parsed) => program = Some(parsed),
                    Err(problem) => problems.push(problem),
                }
            } else {
                catalogue.add(source, &mut problems);
            }
        }
        let missing = |message: &str| Problem {
            file: dir.join("program.toml"),
            line: 1,
            column: 1,
            message: message.to_owned(),
        };
        if program.is_none() && problems.is_empty() {
            problems.push(missing(
                "is missing: it names the controller and the consent texts",
            ));
        }
        if catalogue.apps.is_empty() && problems.is_empty() {
            problems.push(missing("stands alone: put one file an app beside it"));
        }
        problems.sort();
        match program {
            Some(program) if problems.is_empty() => {
                Ok(catalogue.finish(program, hash.finalize().into()))
            }
            _ => Err(problems),
        }
    }

    /// The app of this name on a day.
    pub fn app(&self, name: &str, day: Day) -> App {
        self.apps
            .get(name)
            .filter(|shelf| day < shelf.expires)
            .map_or(App::UNLISTED, |shelf| shelf.app)
    }

    /// The release of this name; one is listed from the eve of its day on, for those who test it.
    pub fn release(&self, app: App, name: &str, day: Day) -> Release {
        self.shelf(app)
            .and_then(|shelf| shelf.releases.get(name))
            .filter(|(_, since)| day.next() >= *since)
            .map_or(Release::UNLISTED, |(release, _)| *release)
    }

    /// The feature of this name on a day.
    pub fn feature(&self, app: App, name: &str, day: Day) -> Feature {
        self.shelf(app)
            .and_then(|shelf| live(&shelf.features, name, day))
            .unwrap_or(Feature::UNLISTED)
    }

    /// The cause of this name on a day, of the app's own or built in.
    pub fn cause(&self, app: App, name: &str, day: Day) -> Cause {
        self.built_in.get(name).copied().unwrap_or_else(|| {
            self.shelf(app)
                .and_then(|shelf| live(&shelf.causes, name, day))
                .unwrap_or(Cause::UNLISTED)
        })
    }

    /// The component of this name on a day.
    pub fn component(&self, app: App, name: &str, day: Day) -> Component {
        self.shelf(app)
            .and_then(|shelf| live(&shelf.components, name, day))
            .unwrap_or(Component::UNLISTED)
    }

    /// The model by brand and code; the brand may stand in another case.
    pub fn model(&self, brand: &str, code: &str) -> Model {
        tables().find_model(brand, code)
    }

    /// The operator of a network.
    pub fn operator(&self, mcc: &str, mnc: &str) -> Operator {
        tables().find_operator(mcc, mnc)
    }

    /// The country of a network by its country code; `None` for international networks.
    pub fn country_of_mcc(&self, mcc: &str) -> Option<Country> {
        tables().country_of(mcc)
    }

    /// The country of an ISO 3166-1 alpha-2 code, [`Country::UNKNOWN`] where there is none.
    pub fn country(&self, code: &str) -> Country {
        tables().find_country(code)
    }

    /// Every app, expired or not.
    pub fn apps(&self) -> impl Iterator<Item = App> + use<'_> {
        self.apps.values().map(|shelf| shelf.app)
    }

    /// Every feature of an app, expired or not.
    pub fn features(&self, app: App) -> impl Iterator<Item = Feature> + use<'_> {
        self.shelf(app)
            .into_iter()
            .flat_map(|shelf| shelf.features.values().map(|(one, _)| *one))
    }

    /// Every release of an app with its day, oldest first.
    pub fn releases(&self, app: App) -> Vec<(Release, Day)> {
        let mut releases: Vec<_> = self
            .shelf(app)
            .into_iter()
            .flat_map(|shelf| shelf.releases.values().copied())
            .collect();
        releases.sort_by_key(|(release, since)| (*since, release.as_str()));
        releases
    }

    /// Every line of the catalogue.
    pub fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.listed.iter()
    }

    /// Who runs the program, and the consent texts.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// SHA-256 over the names and contents of all files.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    fn shelf(&self, app: App) -> Option<&Shelf> {
        self.apps.get(self.names.get(&app.key())?)
    }
}

fn live<T: Copy>(entries: &HashMap<&'static str, (T, Day)>, name: &str, day: Day) -> Option<T> {
    entries
        .get(name)
        .filter(|(_, expires)| day < *expires)
        .map(|(entry, _)| *entry)
}

impl Shelf {
    /// Takes in what the app's file lists.
    fn fill(&mut self, file: &AppFile, checker: &mut Checker<'_>, lines: &mut Lines<'_>) {
        let (app_name, expires) = (lines.app, self.expires);
        for (name, date) in &file.releases {
            checker.release(name);
            let since = checker.day("a release's day", date);
            let release = Release::entry(app_name, name.get_ref());
            self.releases.insert(release.as_str(), (release, since));
            lines.push(checker, "release", name, |line| line.since = Some(since));
        }
        for (name, entry) in &file.features {
            let inner = entry.get_ref();
            checker.name("feature", name);
            checker.filled("title", &inner.title);
            checker.filled("description", &inner.description);
            inner.owner.iter().for_each(|owner| checker.owner(owner));
            let until = inner
                .expires
                .as_ref()
                .map_or(expires, |date| checker.day("expires", date));
            let feature = Feature::entry(app_name, name.get_ref());
            self.features.insert(feature.as_str(), (feature, until));
            lines.push(checker, "feature", name, |line| {
                line.title.clone_from(inner.title.get_ref());
                line.description.clone_from(inner.description.get_ref());
                line.expires = until;
                line.recommend = inner.recommend;
                inner
                    .owner
                    .iter()
                    .for_each(|owner| line.owner.clone_from(owner.get_ref()));
            });
        }
        for (name, entry) in &file.components {
            let until = checker.plain("component", name, entry, lines);
            let component = Component::entry(app_name, name.get_ref());
            self
                .components
                .insert(component.as_str(), (component, until));
        }
        for (name, entry) in &file.causes {
            if BUILT_IN.contains(&name.get_ref().as_str()) {
                checker.at(
                    name,
                    format!("cause {:?} is one that every app has", name.get_ref()),
                );
            }
            let until = checker.plain("cause", name, entry, lines);
            let cause = Cause::entry(app_name, name.get_ref());
            self.causes.insert(cause.as_str(), (cause, until));
        }
    }
}

/// Puts the catalogue together, file by file.
#[derive(Default)]
struct Builder {
    apps: HashMap<&'static str, Shelf>,
    listed: Vec<Listed>,
}

impl Builder {
    fn add(&mut self, source: Source<'_>, problems: &mut Vec<Problem>) {
        let file = match AppFile::parse(&source) {
            Ok(file) => file,
            Err(problem) => return problems.push(problem),
        };
        let mut checker = Checker {
            source,
            problems: Vec::new(),
        };
        checker.name("app", &file.app);
        checker.filled("title", &file.title);
        checker.owner(&file.owner);
        let expires = checker.day("expires", &file.expires);
        let app = App::entry("", file.app.get_ref());
        let mut shelf = Shelf {
            app,
            expires,
            releases: HashMap::new(),
            features: HashMap::new(),
            components: HashMap::new(),
            causes: HashMap::new(),
        };
        let owner = file.owner.get_ref().clone();
        let app_name = file.app.get_ref().clone();
        let mut lines = Lines {
            app: &app_name,
            owner: &owner,
            expires,
            listed: &mut self.listed,
        };
        lines.push(&checker, "app", &file.app, |line| {
            line.title.clone_from(file.title.get_ref())
        });
        shelf.fill(&file, &mut checker, &mut lines);
        if self.apps.contains_key(app.as_str()) {
            checker.at(
                &file.app,
                format!("app {app_name:?} stands in another file already"),
            );
        }
        problems.append(&mut checker.problems);
        self.apps.insert(app.as_str(), shelf);
    }

    fn finish(self, program: Program, hash: [u8; 32]) -> Catalogue {
        Catalogue {
            names: self
                .apps
                .iter()
                .map(|(name, shelf)| (shelf.app.key(), *name))
                .collect(),
            apps: self.apps,
            built_in: BUILT_IN
                .iter()
                .map(|name| (*name, Cause::entry("", name)))
                .collect(),
            listed: self.listed,
            program,
            hash,
        }
    }
}

/// Gathers the lines of one app.
struct Lines<'a> {
    app: &'a str,
    owner: &'a str,
    expires: Day,
    listed: &'a mut Vec<Listed>,
}

impl Lines<'_> {
    fn push(
        &mut self,
        checker: &Checker<'_>,
        kind: &'static str,
        name: &Spanned<String>,
        fill: impl FnOnce(&mut Listed),
    ) {
        let place = checker.source.problem(name.span().start, String::new());
        let mut line = Listed {
            kind,
            app: self.app.to_owned(),
            name: name.get_ref().clone(),
            title: name.get_ref().clone(),
            description: String::new(),
            owner: self.owner.to_owned(),
            expires: self.expires,
            since: None,
            recommend: false,
            file: place.file,
            line: place.line,
        };
        fill(&mut line);
        self.listed.push(line);
    }
}

impl Checker<'_> {
    fn release(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
        if text.is_empty() || text.len() > 32 || !text.bytes().all(plain) {
            let message = format!(
                "release {text:?}: a release has 1 to 32 characters of letters, digits, '.', '_', '-' and '+'"
            );
            self.at(name, message);
        } else if text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        {
            self.name("release", name);
        }
    }

    fn plain(
        &mut self,
        kind: &'static str,
        name: &Spanned<String>,
        entry: &Spanned<PlainEntry>,
        lines: &mut Lines<'_>,
    ) -> Day {
        let inner = entry.get_ref();
        self.name(kind, name);
        self.filled("description", &inner.description);
        inner.owner.iter().for_each(|owner| self.owner(owner));
        let until = inner
            .expires
            .as_ref()
            .map_or(lines.expires, |date| self.day("expires", date));
        lines.push(self, kind, name, |line| {
            line.description.clone_from(inner.description.get_ref());
            line.expires = until;
            inner
                .owner
                .iter()
                .for_each(|owner| line.owner.clone_from(owner.get_ref()));
        });
        until
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
