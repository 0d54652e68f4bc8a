//! The catalogue of one app as it is built into the app: what its device library reads, as JSON.

use std::collections::BTreeMap;

use kaiku_wire::Day;
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::declared::Info;
use crate::language::ENGLISH;
use crate::names::BUILT_IN_CAUSES;
use crate::values::App;

/// The version of the form. A device refuses another one, and passes over fields that it does not
/// know.
const FORMAT: u32 = 1;

/// Texts by language, English among them.
type Texts<'a> = BTreeMap<&'a str, &'a str>;

/// What a device has to know of an app's catalogue.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceCatalogue<'a> {
    format: u32,
    pub(crate) app: &'static str,
    titles: Texts<'a>,
    controller: Controller<'a>,
    consent: Consent<'a>,
    pub(crate) features: Vec<Feature<'a>>,
    pub(crate) causes: Vec<Cause<'a>>,
    pub(crate) components: Vec<Component<'a>>,
}

#[derive(Debug, Serialize)]
struct Controller<'a> {
    name: &'a str,
    contact: &'a str,
}

#[derive(Debug, Serialize)]
struct Consent<'a> {
    version: u32,
    asks_for_more_since: u32,
    texts: Texts<'a>,
}

/// A feature, as a device and its owner see it.
#[derive(Debug, Serialize)]
pub(crate) struct Feature<'a> {
    pub(crate) name: &'static str,
    pub(crate) titles: Texts<'a>,
    pub(crate) description: &'a str,
    recommend: bool,
    pub(crate) expires: String,
}

/// A cause, built in or declared.
#[derive(Debug, Serialize)]
pub(crate) struct Cause<'a> {
    pub(crate) name: &'static str,
    pub(crate) titles: Texts<'a>,
    fatal_only: bool,
}

/// A component, and where its source lies.
#[derive(Debug, Serialize)]
pub(crate) struct Component<'a> {
    pub(crate) name: &'static str,
    pub(crate) titles: Texts<'a>,
    paths: &'a [String],
}

impl<'a> DeviceCatalogue<'a> {
    /// What the catalogue says of an app that it lists.
    pub(crate) fn of(catalogue: &'a Catalogue, app: App) -> DeviceCatalogue<'a> {
        let of_app = catalogue.app_info(app);
        let until = of_app.map_or(Day::MAX, |info| info.expires);
        let program = catalogue.program();
        let newest = program.newest();
        let mut texts = newest.map_or_else(Texts::new, |(_, text)| by_language(&text.texts));
        texts.extend(newest.map(|(_, text)| (ENGLISH, text.text.as_str())));
        let features = catalogue.features(app).filter_map(|feature| {
            let info = catalogue.feature_info(app, feature)?;
            Some(Feature {
                name: feature.as_str(),
                titles: titles(info, feature.as_str()),
                description: info.description.as_deref().unwrap_or_default(),
                recommend: info.recommend,
                expires: info.expires.min(until).to_string(),
            })
        });
        let declared = catalogue.causes(app).filter_map(|cause| {
            Some(Cause {
                name: cause.as_str(),
                titles: titles(catalogue.cause_info(app, cause)?, cause.as_str()),
                fatal_only: false,
            })
        });
        let components = catalogue.components(app).filter_map(|component| {
            let info = catalogue.component_info(app, component)?;
            Some(Component {
                name: component.as_str(),
                titles: titles(info, component.as_str()),
                paths: &info.paths,
            })
        });
        DeviceCatalogue {
            format: FORMAT,
            app: app.as_str(),
            titles: of_app.map_or_else(Texts::new, |info| titles(info, app.as_str())),
            controller: Controller {
                name: &program.controller.name,
                contact: &program.controller.contact,
            },
            consent: Consent {
                version: newest.map_or(1, |(version, _)| version),
                asks_for_more_since: program.asks_for_more_since(),
                texts,
            },
            features: features.collect(),
            causes: BUILT_IN_CAUSES
                .iter()
                .map(built_in)
                .chain(declared)
                .collect(),
            components: components.collect(),
        }
    }

    /// The one line that is built into the app.
    pub(crate) fn json(&self) -> String {
        // Unwrap safety: texts, numbers and lists of them are always JSON.
        serde_json::to_string(self).expect("plain values")
    }
}

fn built_in<'a>((name, title): &(&'static str, &'static str)) -> Cause<'a> {
    Cause {
        name,
        titles: Texts::from([(ENGLISH, *title)]),
        // The others may be caught, and the app goes on.
        fatal_only: matches!(
            *name,
            "abort" | "segfault" | "not_responding" | "ended_unexpectedly"
        ),
    }
}

/// What it is called, in each language; where it has no title, what is said of it, else its name.
fn titles<'a>(info: &'a Info, name: &'a str) -> Texts<'a> {
    let mut titles = by_language(&info.titles);
    let english = info.title.as_deref().or(info.description.as_deref());
    titles.insert(ENGLISH, english.unwrap_or(name));
    titles
}

fn by_language(texts: &BTreeMap<String, String>) -> Texts<'_> {
    let pairs = texts.iter();
    pairs
        .map(|(language, text)| (language.as_str(), text.as_str()))
        .collect()
}
