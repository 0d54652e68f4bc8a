//! The public part of the catalogue: what the names in the tables mean, and who answers for the
//! program. Who owns an entry, and how to reach them, is not in it.

use kaiku_catalogue::{BUILT_IN_CAUSES, Catalogue, Listed};
use kaiku_wire::Day;
use serde::Serialize;

/// The public part of a catalogue.
#[derive(Serialize)]
struct Public<'a> {
    hash: String,
    program: PublicProgram<'a>,
    built_in_causes: Vec<PublicName<'a>>,
    apps: Vec<PublicApp<'a>>,
}

/// What participants are told of the program.
#[derive(Serialize)]
struct PublicProgram<'a> {
    controller: &'a str,
    contact: &'a str,
    /// The newest text that they agree to.
    consent: Option<&'a str>,
}

/// One app.
#[derive(Serialize)]
struct PublicApp<'a> {
    #[serde(flatten)]
    app: PublicName<'a>,
    /// The oldest first.
    releases: Vec<PublicRelease<'a>>,
    features: Vec<PublicFeature<'a>>,
    components: Vec<PublicName<'a>>,
    causes: Vec<PublicName<'a>>,
}

/// A name that stands in tables, and what it means.
#[derive(Serialize)]
struct PublicName<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
}

/// A feature, and whether it may be recommended.
#[derive(Serialize)]
struct PublicFeature<'a> {
    #[serde(flatten)]
    name: PublicName<'a>,
    recommend: bool,
    /// The first day on which it counts as unlisted.
    expires: Day,
}

/// A release and its day.
#[derive(Serialize)]
struct PublicRelease<'a> {
    name: &'a str,
    date: Option<Day>,
}

/// The public part of a catalogue, as JSON.
pub(super) fn public(catalogue: &Catalogue) -> serde_json::Result<String> {
    let lines: Vec<&Listed> = catalogue.listed().collect();
    let of = |kind: &'static str, app: &'static str| {
        let lines = lines.iter().copied();
        lines.filter(move |line| line.kind == kind && line.app == app)
    };
    let apps = catalogue.apps().filter_map(|app| {
        let app = app.as_str();
        let names = |kind| of(kind, app).map(name).collect();
        let mut releases: Vec<_> = of("release", app).map(release).collect();
        releases.sort_by_key(|release| release.date);
        Some(PublicApp {
            app: of("app", app).map(name).next()?,
            releases,
            features: of("feature", app).map(feature).collect(),
            components: names("component"),
            causes: names("cause"),
        })
    });
    let built_in = BUILT_IN_CAUSES
        .iter()
        .map(|(name, description)| PublicName {
            name,
            title: name,
            description,
        });
    let program = catalogue.program();
    serde_json::to_string_pretty(&Public {
        hash: hex::encode(catalogue.hash()),
        program: PublicProgram {
            controller: &program.controller.name,
            contact: &program.controller.contact,
            consent: program
                .consent
                .values()
                .next_back()
                .map(|newest| newest.text.as_str()),
        },
        built_in_causes: built_in.collect(),
        apps: apps.collect(),
    })
}

fn name(line: &Listed) -> PublicName<'_> {
    PublicName {
        name: &line.name,
        title: &line.title,
        description: &line.description,
    }
}

fn feature(line: &Listed) -> PublicFeature<'_> {
    PublicFeature {
        name: name(line),
        recommend: line.recommend,
        expires: line.expires,
    }
}

fn release(line: &Listed) -> PublicRelease<'_> {
    PublicRelease {
        name: &line.name,
        date: line.since,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;

    #[test]
    fn it_says_who_answers_for_the_program() {
        let catalogue = Catalogue::sample();
        let read: Value = serde_json::from_str(&public(&catalogue).unwrap()).unwrap();
        let program = catalogue.program();
        assert_eq!(read["program"]["controller"], *program.controller.name);
        assert_eq!(read["program"]["contact"], *program.controller.contact);
        let (_, newest) = program.consent.last_key_value().unwrap();
        assert_eq!(read["program"]["consent"], *newest.text);
    }

    #[test]
    fn it_says_what_names_mean_and_nothing_of_their_owners() {
        let catalogue = Catalogue::sample();
        let text = public(&catalogue).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        for line in catalogue.listed() {
            assert!(line.owner.contains('@') && !text.contains(&line.owner));
            let apps = read["apps"].as_array().unwrap();
            let app = apps.iter().find(|app| app["name"] == *line.app).unwrap();
            if line.kind == "app" {
                assert_eq!(app["title"], *line.title);
                continue;
            }
            let of_kind = app[format!("{}s", line.kind)].as_array().unwrap();
            let found = of_kind.iter().find(|entry| entry["name"] == *line.name);
            let found = found.unwrap();
            match line.since {
                Some(day) => assert_eq!(found["date"], day.to_string()),
                None => assert_eq!(found["description"], *line.description),
            }
            if line.kind == "feature" {
                assert_eq!(found["recommend"], line.recommend);
                assert_eq!(found["expires"], line.expires.to_string());
            }
        }
    }
}
