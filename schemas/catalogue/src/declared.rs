//! What the owner of an app declares, as it is read from the app's file.

use std::collections::BTreeMap;
use std::path::Path;

use kaiku_wire::Day;

use crate::document::{Document, Named, Section};
use crate::language;
use crate::names;
use crate::paths::Paths;
use crate::problem::{Place, Problem};

/// What is said of an app, a feature, a cause or a component.
#[derive(Clone, Debug)]
pub struct Info {
    /// What it is called where people read it.
    pub title: Option<String>,
    /// The same in other languages than English, by their tags.
    pub titles: BTreeMap<String, String>,
    /// What it means; each has one but an app, which may leave it out.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// The first day on which it counts as unlisted.
    pub expires: Day,
    /// Whether it may be recommended to those who do not use it; features only.
    pub recommend: bool,
    /// Where its source lies, relative to that of the app; components only. A failure in a file is
    /// one of the component with the longest path that the file's begins with.
    pub paths: Vec<String>,
    pub(crate) place: Place,
}

/// One app's file.
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) info: Info,
    pub(crate) releases: Vec<DeclaredRelease>,
    pub(crate) features: Vec<DeclaredItem>,
    pub(crate) components: Vec<DeclaredItem>,
    pub(crate) causes: Vec<DeclaredItem>,
}

pub(crate) struct DeclaredItem {
    pub(crate) name: String,
    pub(crate) info: Info,
}

pub(crate) struct DeclaredRelease {
    pub(crate) name: String,
    pub(crate) date: Day,
    pub(crate) place: Place,
}

/// What its items take from the app where they are silent.
struct Defaults {
    owner: String,
    expires: Day,
}

impl Declared {
    /// Reads the file of one app; what is wrong with it is added to `problems`.
    pub(crate) fn read(file: &Path, text: &str, problems: &mut Vec<Problem>) -> Option<Declared> {
        Document::read(file, text, problems, |top| read(top, file))
    }
}

fn read(mut top: Section<'_>, file: &Path) -> Option<Declared> {
    let name = top.placed_text("app");
    if let Some((name, place)) = &name {
        check_name(&top, "app", name, place);
        let stem = file.file_stem().and_then(|stem| stem.to_str());
        if stem != Some(name) {
            top.tell(
                place,
                format!("app `{name}` must stand in a file of its own, `{name}.toml`"),
            );
        }
    }
    let title = top.text("title");
    let titles = language::texts(&mut top, "titles", "title");
    let description = top.optional_text("description");
    let owner = top.text("owner");
    let expires = top.day("expires");
    // Stand-ins let the rest be checked; the file is refused all the same.
    let defaults = Defaults {
        owner: owner.clone().unwrap_or_default(),
        expires: expires.unwrap_or(Day::MAX),
    };
    let releases = releases(&mut top);
    let features = items(&mut top, "features", "feature", &defaults);
    let components = items(&mut top, "components", "component", &defaults);
    let causes = items(&mut top, "causes", "cause", &defaults);
    let place = name
        .as_ref()
        .map_or_else(|| top.place().clone(), |(_, place)| place.clone());
    top.finish();
    Some(Declared {
        name: name?.0,
        info: Info {
            title: Some(title?),
            titles,
            description,
            owner: owner?,
            expires: expires?,
            recommend: false,
            paths: Vec::new(),
            place,
        },
        releases,
        features,
        components,
        causes,
    })
}

fn releases(top: &mut Section<'_>) -> Vec<DeclaredRelease> {
    let mut releases = Vec::new();
    for named in top.named("releases") {
        check_name(top, "release", named.name, &named.place);
        let Some(date) = top.day_of(&named, "release") else {
            continue;
        };
        releases.push(DeclaredRelease {
            name: named.name.to_owned(),
            date,
            place: named.place,
        });
    }
    releases
}

fn items(
    top: &mut Section<'_>,
    key: &'static str,
    kind: &'static str,
    defaults: &Defaults,
) -> Vec<DeclaredItem> {
    let mut paths = Paths::default();
    let named = top.named(key);
    named
        .into_iter()
        .filter_map(|named| item(top, named, kind, defaults, &mut paths))
        .collect()
}

fn item(
    top: &Section<'_>,
    named: Named<'_>,
    kind: &'static str,
    defaults: &Defaults,
    paths: &mut Paths,
) -> Option<DeclaredItem> {
    let (name, place) = (named.name.to_owned(), named.place.clone());
    check_name(top, kind, &name, &place);
    if kind == "cause" && names::is_built_in_cause(&name) {
        top.tell(
            &place,
            format!("cause `{name}` is built in: every app has it without declaring it"),
        );
    }
    let mut section = top.open(named, kind)?;
    let is_feature = kind == "feature";
    let (title, owner, recommend) = if is_feature {
        (
            section.text("title"),
            section.text("owner"),
            section.flag("recommend"),
        )
    } else {
        let owner = section.optional_text("owner");
        (
            section.optional_text("title"),
            owner.or(Some(defaults.owner.clone())),
            false,
        )
    };
    let titles = language::texts(&mut section, "titles", "title");
    if title.is_none() && !titles.is_empty() && !is_feature {
        section.tell(&place, format!("{kind} `{name}` has titles but no `title`"));
    }
    let paths = match kind {
        "component" => paths.read(&mut section, &name),
        _ => Vec::new(),
    };
    let description = section.text("description");
    let expires = section.optional_day("expires").unwrap_or(defaults.expires);
    section.finish();
    let info = Info {
        title,
        titles,
        description,
        owner: owner.unwrap_or_default(),
        expires,
        recommend,
        paths,
        place,
    };
    Some(DeclaredItem { name, info })
}

fn check_name(section: &Section<'_>, kind: &str, name: &str, place: &Place) {
    if let Some(fault) = names::fault(kind, name) {
        section.tell(place, format!("{kind} `{name}` {fault}"));
    }
}
