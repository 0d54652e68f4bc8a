//! `catalogue.json`: what the names in the tables mean.

use kaiku_wire::Day;
use serde::Deserialize;

use crate::model::Program;
use crate::words;

/// The public part of the catalogue.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Catalogue {
    #[serde(default)]
    pub(crate) program: Option<Program>,
    #[serde(default)]
    pub(crate) built_in_causes: Vec<Named>,
    #[serde(default)]
    pub(crate) apps: Vec<CatalogueApp>,
}

/// One app.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CatalogueApp {
    pub(crate) name: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) releases: Vec<CatalogueRelease>,
    #[serde(default)]
    pub(crate) features: Vec<Named>,
    #[serde(default)]
    pub(crate) components: Vec<Named>,
    #[serde(default)]
    pub(crate) causes: Vec<Named>,
}

/// A name and what it means.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Features: whether it may be recommended.
    #[serde(default)]
    pub(crate) recommend: bool,
    /// Features: the first day on which it counts as unlisted, where the catalogue says it.
    #[serde(default)]
    pub(crate) expires: Option<Day>,
}

/// A release and its day.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CatalogueRelease {
    pub(crate) name: String,
    pub(crate) date: Option<Day>,
}

impl Catalogue {
    /// An app, where it is listed.
    pub(crate) fn app(&self, name: &str) -> Option<&CatalogueApp> {
        self.apps.iter().find(|app| app.name == name)
    }

    /// What a name of a dimension of an app means; none where nothing is said of it.
    pub(crate) fn title(&self, app: &str, dimension: &str, name: &str) -> Option<&str> {
        if name == UNLISTED {
            return Some(words::NOT_LISTED);
        }
        let of_app = self.app(app);
        let list = match dimension {
            "app" => return self.app(name).map(|app| app.title.as_str()),
            "feature" | "a" | "b" => &of_app?.features,
            "component" => &of_app?.components,
            "cause" => {
                let own = of_app.map(|app| app.causes.as_slice()).unwrap_or_default();
                let all = own.iter().chain(&self.built_in_causes);
                return title_in(all, name);
            }
            _ => return None,
        };
        title_in(list, name)
    }
}

/// What stands for everything that is in no list.
pub(crate) const UNLISTED: &str = "unlisted";

fn title_in<'a>(list: impl IntoIterator<Item = &'a Named>, name: &str) -> Option<&'a str> {
    let found = list.into_iter().find(|named| named.name == name);
    found.map(|named| named.title.as_str())
}
