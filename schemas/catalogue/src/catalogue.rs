//! The catalogue as a whole: it is asked in constant time, and without an allocation.

use std::path::Path;

use hashbrown::HashMap;
use kaiku_wire::Day;

use crate::declared::{Declared, DeclaredItem, DeclaredRelease, Info};
use crate::intern::UNLISTED;
use crate::listed::{self, Listed};
use crate::names::BUILT_IN_CAUSES;
use crate::problem::{Place, Problem};
use crate::program::Program;
use crate::values::{App, Cause, Component, Feature, Release, Value};
use crate::{Country, Model, Operator};
use crate::{hash, load};

/// What apps may report, who answers for it, and until when.
///
/// A look-up takes the day because what has expired is no longer listed: an entry with
/// `expires = 2027-06-01` is listed for the last time on 2027-05-31.
pub struct Catalogue {
    apps: HashMap<&'static str, (App, Day)>,
    /// In the order of their files.
    listed: Vec<App>,
    lines: Vec<Listed>,
    /// By the index of the app; the first one is that of apps which are not listed.
    tables: Vec<Option<Table>>,
    program: Program,
    hash: [u8; 32],
}

/// What one app may report.
struct Table {
    info: Option<Info>,
    /// The oldest first.
    releases: Vec<(Release, Day, Place)>,
    release_numbers: HashMap<&'static str, usize>,
    features: Entries<Feature>,
    causes: Entries<Cause>,
    components: Entries<Component>,
}

/// The entries of one kind.
struct Entries<T> {
    /// With the first day on which each counts as unlisted.
    by_name: HashMap<&'static str, (T, Day)>,
    /// What was declared, in the order of the file.
    declared: Vec<(T, Info)>,
}

impl Catalogue {
    /// Reads a folder: every file `*.toml` is that of an app, but `program.toml`. Hidden files,
    /// other files and folders are not looked at.
    ///
    /// # Errors
    /// Everything that is wrong with the files, each with its place, in the order of the files.
    pub fn load(dir: &Path) -> Result<Catalogue, Vec<Problem>> {
        load::folder(dir).map(|(declared, program)| Catalogue::new(declared, program))
    }

    /// The sample: a maps app and a music app, for the demo, the tests, and as an example.
    ///
    /// # Panics
    /// Where the files that are compiled in have a problem; a test reads them.
    pub fn sample() -> Catalogue {
        match load::sample() {
            Ok((declared, program)) => Catalogue::new(declared, program),
            Err(problems) => panic!("the sample catalogue has problems: {problems:?}"),
        }
    }

    pub(crate) fn new(declared: Vec<Declared>, program: Program) -> Catalogue {
        let mut catalogue = Catalogue {
            apps: HashMap::new(),
            listed: Vec::new(),
            lines: declared.iter().flat_map(listed::lines).collect(),
            tables: vec![Some(Table::unlisted())],
            hash: hash::of(&declared, &program),
            program,
        };
        for app in declared {
            let value = App::listed("", &app.name);
            catalogue
                .apps
                .insert(value.as_str(), (value, app.info.expires));
            catalogue.listed.push(value);
            if catalogue.tables.len() <= value.index() {
                catalogue.tables.resize_with(value.index() + 1, || None);
            }
            catalogue.tables[value.index()] = Some(Table::new(app));
        }
        catalogue
    }

    /// The app of this name, [`App::UNLISTED`] where there is none or it has expired.
    pub fn app(&self, name: &str, day: Day) -> App {
        match self.apps.get(name) {
            Some((app, expires)) if day < *expires => *app,
            _ => App::UNLISTED,
        }
    }

    /// The release of this name, [`Release::UNLISTED`] where the app has none or has expired. A
    /// release does not expire, and is listed before its date for those who try it.
    pub fn release(&self, app: App, name: &str, day: Day) -> Release {
        let table = self.table(app);
        let listed = table.info.as_ref().is_some_and(|info| day < info.expires);
        match table.release_numbers.get(name) {
            Some(number) if listed => table.releases[*number].0,
            _ => Release::UNLISTED,
        }
    }

    /// The feature of this name, [`Feature::UNLISTED`] where the app has none or it has expired.
    pub fn feature(&self, app: App, name: &str, day: Day) -> Feature {
        self.table(app)
            .features
            .find(name, day)
            .unwrap_or(Feature::UNLISTED)
    }

    /// The cause of this name, built in or declared, [`Cause::UNLISTED`] where there is none or it
    /// has expired. An app that is not listed has the built-in ones.
    pub fn cause(&self, app: App, name: &str, day: Day) -> Cause {
        self.table(app)
            .causes
            .find(name, day)
            .unwrap_or(Cause::UNLISTED)
    }

    /// The component of this name, [`Component::UNLISTED`] where the app has none or it has
    /// expired.
    pub fn component(&self, app: App, name: &str, day: Day) -> Component {
        self.table(app)
            .components
            .find(name, day)
            .unwrap_or(Component::UNLISTED)
    }

    /// The model by what the device says of itself: its brand, whatever the case of its ASCII
    /// letters, and its code, exactly. A code that is known under one brand alone is found whatever the
    /// brand is.
    pub fn model(&self, brand: &str, code: &str) -> Model {
        Model::find(brand, code)
    }

    /// The brand of a model, or `unlisted`.
    pub fn brand_of(&self, model: Model) -> &'static str {
        model.brand()
    }

    /// The operator by the codes of its network, as text: `01` is not `001`.
    pub fn operator(&self, mcc: &str, mnc: &str) -> Operator {
        Operator::find(mcc, mnc)
    }

    /// The country that a mcc stands for, `None` where it is not listed or international.
    pub fn country_of_mcc(&self, mcc: &str) -> Option<Country> {
        Operator::country_of_mcc(mcc)
    }

    /// The operator and the country of a device, by the codes of its SIM's network and the country that it
    /// names. The country is that of the network; where countries share it, or its mcc, the one of them
    /// that the device names, else the first. What names no network is where it says that it is. An
    /// operator that has a country is in it.
    pub fn place(
        &self,
        mcc: Option<&str>,
        mnc: Option<&str>,
        named: Option<&str>,
    ) -> (Operator, Country) {
        let named = named.map_or(Country::UNKNOWN, Country::find);
        let operator = match (mcc, mnc) {
            (Some(mcc), Some(mnc)) => Operator::find_in(mcc, mnc, named),
            _ => Operator::UNLISTED,
        };
        let own = Some(operator.country()).filter(|country| *country != Country::UNKNOWN);
        let of_mcc = || mcc.and_then(|mcc| Operator::country_within_mcc(mcc, named));
        (operator, own.or_else(of_mcc).unwrap_or(named))
    }

    /// The country of an ISO 3166-1 alpha-2 code in upper-case letters, [`Country::UNKNOWN`] where
    /// it is none.
    pub fn country(&self, code: &str) -> Country {
        Country::find(code)
    }

    /// What its owner should know of on a day, each a sentence with its place: what has expired or will within
    /// so many days, of an app that has expired itself only the app; and a program that nobody can join yet.
    pub fn warnings(&self, today: Day, within: u32) -> Vec<String> {
        let apps = self.listed().filter(|one| one.kind == "app");
        let of_apps: Vec<(&str, Day)> = apps.map(|one| (&*one.app, one.expires)).collect();
        // What goes with its app is not told beside it.
        let is_own =
            |one: &&Listed| one.kind == "app" || !of_apps.contains(&(&*one.app, one.expires));
        let own = self.listed().filter(is_own);
        let mut warnings: Vec<_> = own.filter_map(|one| one.expiry(today, within)).collect();
        warnings.extend(self.program.no_text_yet(today));
        warnings
    }

    /// Every app, expired ones included, in the order of their files.
    pub fn apps(&self) -> impl Iterator<Item = App> + use<'_> {
        self.listed.iter().copied()
    }

    /// Every release of an app and its date, the oldest first.
    pub fn releases(&self, app: App) -> Vec<(Release, Day)> {
        self.table(app)
            .releases
            .iter()
            .map(|(release, date, _)| (*release, *date))
            .collect()
    }

    /// The date of a release; `None` where the app has no such release.
    pub fn release_date(&self, app: App, release: Release) -> Option<Day> {
        let found = self
            .table(app)
            .releases
            .iter()
            .find(|(other, ..)| *other == release);
        found.map(|(_, date, _)| *date)
    }

    /// Every feature of an app, expired ones included, in the order of its file.
    pub fn features(&self, app: App) -> impl Iterator<Item = Feature> + use<'_> {
        self.table(app)
            .features
            .declared
            .iter()
            .map(|(feature, _)| *feature)
    }

    /// Every cause that an app declares, expired ones included, in the order of its file. The
    /// built-in ones are not among them: see [`BUILT_IN_CAUSES`].
    pub fn causes(&self, app: App) -> impl Iterator<Item = Cause> + use<'_> {
        self.table(app)
            .causes
            .declared
            .iter()
            .map(|(cause, _)| *cause)
    }

    /// Every component of an app, expired ones included, in the order of its file.
    pub fn components(&self, app: App) -> impl Iterator<Item = Component> + use<'_> {
        self.table(app)
            .components
            .declared
            .iter()
            .map(|(component, _)| *component)
    }

    /// What is said of an app; `None` where this catalogue does not list it.
    pub fn app_info(&self, app: App) -> Option<&Info> {
        self.table(app).info.as_ref()
    }

    /// What is said of a feature; `None` where the app has no such feature.
    pub fn feature_info(&self, app: App, feature: Feature) -> Option<&Info> {
        self.table(app).features.info(feature)
    }

    /// What is said of a cause; `None` where the app declares no such cause.
    pub fn cause_info(&self, app: App, cause: Cause) -> Option<&Info> {
        self.table(app).causes.info(cause)
    }

    /// What is said of a component; `None` where the app has no such component.
    pub fn component_info(&self, app: App, component: Component) -> Option<&Info> {
        self.table(app).components.info(component)
    }

    /// Every declaration, app by app.
    pub fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.lines.iter()
    }

    /// Who runs the program, and what its participants agree to.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// SHA-256 of all that is declared, in the order of the files, and of the reference tables.
    /// What is no declaration, such as a comment, does not enter.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Where the date of a release stands.
    pub(crate) fn release_places(&self, app: App) -> &[(Release, Day, Place)] {
        &self.table(app).releases
    }

    fn table(&self, app: App) -> &Table {
        let found = self.tables.get(app.index()).and_then(Option::as_ref);
        // Unwrap safety: `new` puts the first one there.
        found
            .or(self.tables[0].as_ref())
            .expect("there is a table of the unlisted")
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue")
            .field("apps", &self.listed)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// That of every app which is not listed.
    fn unlisted() -> Table {
        Table {
            info: None,
            releases: Vec::new(),
            release_numbers: HashMap::new(),
            features: Entries::new("", Vec::new(), Day::MAX),
            causes: Entries::new("", Vec::new(), Day::MAX).with_built_in(UNLISTED, Day::MAX),
            components: Entries::new("", Vec::new(), Day::MAX),
        }
    }

    fn new(declared: Declared) -> Table {
        let Declared {
            name: app,
            info,
            releases,
            features,
            components,
            causes,
        } = declared;
        let expires = info.expires;
        let mut releases: Vec<_> = releases
            .into_iter()
            .map(|DeclaredRelease { name, date, place }| {
                (Release::listed(&app, &name), date, place)
            })
            .collect();
        releases.sort_by_key(|(_, date, _)| *date);
        let numbers = releases
            .iter()
            .enumerate()
            .map(|(at, (release, ..))| (release.as_str(), at));
        Table {
            info: Some(info),
            release_numbers: numbers.collect(),
            releases,
            features: Entries::new(&app, features, expires),
            causes: Entries::new(&app, causes, expires).with_built_in(&app, expires),
            components: Entries::new(&app, components, expires),
        }
    }
}

impl<T: Value> Entries<T> {
    /// The entries of an app that expires on a day, and they with it.
    fn new(app: &str, items: Vec<DeclaredItem>, expires: Day) -> Entries<T> {
        let mut entries = Entries {
            by_name: HashMap::new(),
            declared: Vec::new(),
        };
        for DeclaredItem { name, info } in items {
            let value = T::listed(app, &name);
            entries
                .by_name
                .insert(value.text(), (value, info.expires.min(expires)));
            entries.declared.push((value, info));
        }
        entries
    }

    /// With the causes that every app has.
    fn with_built_in(mut self, app: &str, expires: Day) -> Entries<T> {
        for (name, _) in BUILT_IN_CAUSES {
            let value = T::listed(app, name);
            self.by_name.insert(value.text(), (value, expires));
        }
        self
    }

    fn find(&self, name: &str, day: Day) -> Option<T> {
        let (value, expires) = self.by_name.get(name)?;
        (day < *expires).then_some(*value)
    }

    fn info(&self, value: T) -> Option<&Info> {
        self.declared
            .iter()
            .find(|(other, _)| *other == value)
            .map(|(_, info)| info)
    }
}

#[cfg(test)]
mod tests;
