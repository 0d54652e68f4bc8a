//! Tests of reading, checking and asking a catalogue.

use std::fs;
use std::path::{Path, PathBuf};

use hashbrown::HashSet;

use super::*;
use crate::Problem;

const APP: &str =
    "app = \"maps\"\ntitle = \"Maps\"\nowner = \"m@example.com\"\nexpires = 2027-06-01\n";
const PROGRAM: &str = "version = 1\n[controller]\nname = \"A\"\ncontact = \"a@example.com\"\n\
                       [consent.1]\ntext = \"yes\"\n";

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

/// Reads files as if they lay in a folder.
fn read(files: &[(&str, &str)]) -> Result<Catalogue, Vec<Problem>> {
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (PathBuf::from(name), (*text).to_owned()))
        .collect();
    load::read(Path::new("."), &files, Vec::new())
        .map(|(declared, program)| Catalogue::new(declared, program))
}

/// Reads an app with these lines behind its head.
fn app(lines: &str) -> Result<Catalogue, Vec<Problem>> {
    read(&[
        ("maps.toml", &format!("{APP}{lines}")),
        ("program.toml", PROGRAM),
    ])
}

fn told(lines: &str) -> Vec<String> {
    let problems = app(lines).expect_err("a catalogue with problems");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_sample_lists_what_its_files_declare() {
    let sample = Catalogue::sample();
    let today = day("2026-11-24");
    let names: Vec<_> = sample.apps().map(App::as_str).collect();
    assert_eq!(names, ["maps", "music"]);
    for app in sample.apps() {
        assert_eq!(sample.app(app.as_str(), today), app);
        assert!(sample.features(app).count() >= 24 && sample.releases(app).len() >= 5);
        assert!(sample.causes(app).count() >= 8 && sample.components(app).count() >= 5);
        for feature in sample.features(app) {
            assert_eq!(sample.feature(app, feature.as_str(), today), feature);
        }
        for cause in sample.causes(app) {
            assert_eq!(sample.cause(app, cause.as_str(), today), cause);
        }
        for component in sample.components(app) {
            assert_eq!(sample.component(app, component.as_str(), today), component);
        }
        for (release, date) in sample.releases(app) {
            assert_eq!(sample.release(app, release.as_str(), today), release);
            assert_eq!(sample.release_date(app, release), Some(date));
        }
    }
}

#[test]
fn features_are_listed_in_the_order_of_their_file_and_releases_from_the_oldest_on() {
    let sample = Catalogue::sample();
    let maps = sample.app("maps", day("2026-11-24"));
    let first: Vec<_> = sample.features(maps).take(2).map(Feature::as_str).collect();
    assert_eq!(first, ["search.place", "search.nearby"]);
    let dates: Vec<_> = sample
        .releases(maps)
        .into_iter()
        .map(|(_, date)| date)
        .collect();
    assert!(dates.is_sorted());
}

#[test]
fn every_declaration_is_a_line_with_its_place() {
    let catalogue =
        app("[releases]\n\"4.2\" = 2026-10-05\n[causes.slow]\ndescription = \"Slow\"\n");
    let catalogue = catalogue.expect("a good catalogue");
    let lines: Vec<_> = catalogue
        .listed()
        .map(|line| {
            (
                line.kind,
                line.name.as_str(),
                line.line,
                line.owner.as_str(),
            )
        })
        .collect();
    let owner = "m@example.com";
    let expected = [
        ("app", "maps", 1, owner),
        ("release", "4.2", 6, owner),
        ("cause", "slow", 7, owner),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn one_feature_of_the_sample_shows_what_expiry_does_and_nothing_else_does_within_a_year() {
    let sample = Catalogue::sample();
    let soon: Vec<_> = sample
        .apps()
        .flat_map(|app| sample.features(app).map(move |feature| (app, feature)))
        .filter(|(app, feature)| {
            sample
                .feature(*app, feature.as_str(), day("2027-11-24"))
                .is_unlisted()
        })
        .collect();
    assert_eq!(soon.len(), 1, "{soon:?}");
}

#[test]
fn what_nobody_declares_is_unlisted() {
    let sample = Catalogue::sample();
    let today = day("2026-11-24");
    let maps = sample.app("maps", today);
    assert_eq!(sample.app("chess", today), App::UNLISTED);
    assert_eq!(sample.feature(maps, "play.song", today), Feature::UNLISTED);
    assert_eq!(
        sample.feature(App::UNLISTED, "search.place", today),
        Feature::UNLISTED
    );
    assert_eq!(sample.release(maps, "0.1", today), Release::UNLISTED);
    assert_eq!(sample.cause(maps, "boredom", today), Cause::UNLISTED);
    assert_eq!(
        sample.component(maps, "unlisted", today),
        Component::UNLISTED
    );
    assert_eq!(Feature::UNLISTED.as_str(), "unlisted");
}

#[test]
fn every_app_has_the_built_in_causes_even_one_that_is_not_listed() {
    let sample = Catalogue::sample();
    let today = day("2026-11-24");
    let apps: Vec<_> = sample.apps().chain([App::UNLISTED]).collect();
    let mut keys = HashSet::new();
    for app in apps {
        for (name, _) in BUILT_IN_CAUSES {
            let cause = sample.cause(app, name, today);
            assert_eq!(cause.as_str(), name);
            assert!(keys.insert(cause.key()), "{name} of {app} shares a key");
        }
    }
}

#[test]
fn an_entry_is_listed_until_the_day_before_its_expiry() {
    let catalogue = app(
        "[releases]\n\"4.2\" = 2026-10-05\n[features.share]\ntitle = \"Share\"\n\
         description = \"x\"\nowner = \"o\"\nexpires = 2027-01-01\n\
         [features.search]\ntitle = \"Search\"\ndescription = \"y\"\nowner = \"o\"\n\
         expires = 2029-01-01\n",
    )
    .expect("a good catalogue");
    let maps = catalogue.app("maps", day("2026-12-31"));
    assert_eq!(
        catalogue.feature(maps, "share", day("2026-12-31")).as_str(),
        "share"
    );
    assert!(
        catalogue
            .feature(maps, "share", day("2027-01-01"))
            .is_unlisted()
    );
    let (last, over) = (day("2027-05-31"), day("2027-06-01"));
    assert_eq!(catalogue.app("maps", last), maps);
    assert!(catalogue.app("maps", over).is_unlisted());
    assert_eq!(catalogue.release(maps, "4.2", last).as_str(), "4.2");
    assert!(catalogue.release(maps, "4.2", over).is_unlisted());
    assert!(catalogue.feature(maps, "search", over).is_unlisted());
    assert!(catalogue.cause(maps, "panic", over).is_unlisted());
}

#[test]
fn the_same_name_is_another_value_in_another_app_and_the_same_in_another_catalogue() {
    let (one, other) = (Catalogue::sample(), Catalogue::sample());
    let today = day("2026-11-24");
    let cause = |catalogue: &Catalogue, app| {
        catalogue.cause(catalogue.app(app, today), "network.timeout", today)
    };
    assert_eq!(cause(&one, "maps"), cause(&other, "maps"));
    assert_ne!(cause(&one, "maps"), cause(&one, "music"));
    assert_ne!(cause(&one, "maps").key(), cause(&one, "music").key());
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let told = told(
        "colour = \"red\"\n[releases]\n4.2 = 2026-10-05\n\"4.3\" = \"2026-10-05\"\n\
         [features.\"Bad Name\"]\ntitle = \"\"\ndescription = \"x\"\nowner = 3\n\
         [features.all]\ntitle = \"t\"\n\
         [features.route.bicycle]\ntitle = \"t\"\n\
         [causes.panic]\ndescription = \"x\"\nowners = \"o\"\n",
    );
    let expected = [
        "maps.toml:5:1: `colour` is no key of the file; known are app, title, titles, description, \
         owner, expires, releases, features, components, causes",
        "maps.toml:7:1: release `4` must be a date such as 2027-11-01, without quotes; a name with a \
         dot stands in quotes",
        "maps.toml:8:9: release `4.3` must be a date such as 2027-11-01, without quotes",
        "maps.toml:9:11: feature `Bad Name` may hold lower-case letters a to z, digits, `.`, `_` and \
         `-` only",
        "maps.toml:10:9: `title` of feature `Bad Name` is empty",
        "maps.toml:12:9: `owner` of feature `Bad Name` must be text in quotes",
        "maps.toml:13:11: feature `all` is reserved: published tables use it for what is not a value",
        "maps.toml:13:11: feature `all` has no `owner`",
        "maps.toml:13:11: feature `all` has no `description`",
        "maps.toml:15:11: feature `route` has no `title`",
        "maps.toml:15:11: feature `route` has no `owner`",
        "maps.toml:15:11: feature `route` has no `description`",
        "maps.toml:15:17: `bicycle` is no key of feature `route`; a name with a dot stands in quotes",
        "maps.toml:17:9: cause `panic` is built in: every app has it without declaring it",
        "maps.toml:19:1: `owners` is no key of cause `panic`; known are owner, title, titles, \
         description, expires",
    ];
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_name_that_stands_twice_is_told_where_it_stands_again_and_the_rest_is_read_on() {
    let twice =
        "[causes.slow]\ndescription = \"a\"\n[causes.slow]\ndescription = \"b\"\n[causes.X]\n";
    let told = told(twice);
    assert!(
        told.iter().any(|line| line.starts_with("maps.toml:7:")),
        "{told:#?}"
    );
    assert!(
        told.iter().any(|line| line.contains("cause `X`")),
        "{told:#?}"
    );
}

#[test]
fn every_error_of_the_toml_is_told_in_every_file() {
    let files = [
        ("maps.toml", "app = \nowner = [\n"),
        ("program.toml", "version = \"1\"\n"),
    ];
    let problems = read(&files).expect_err("no catalogue");
    let lines: Vec<_> = problems
        .iter()
        .map(|p| (p.file.display().to_string(), p.line))
        .collect();
    assert!(
        lines.contains(&("maps.toml".to_owned(), 1)),
        "{problems:#?}"
    );
    assert!(
        lines
            .iter()
            .filter(|(file, _)| file == "program.toml")
            .count()
            >= 3,
        "{problems:#?}"
    );
}

#[test]
fn an_app_stands_in_one_file_of_its_own_name() {
    let files = [
        ("maps.toml", APP),
        ("other.toml", APP),
        ("program.toml", PROGRAM),
    ];
    let problems = read(&files).expect_err("an app that stands twice");
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "other.toml:1:7: app `maps` must stand in a file of its own, `maps.toml`",
            "other.toml:1:7: app `maps` stands in maps.toml already",
        ]
    );
}

#[test]
fn a_program_names_its_controller_and_what_people_agree_to() {
    let bad =
        "version = 0\n[controller]\nname = \"A\"\n[consent.01]\ntext = \"yes\"\n[consent.2]\n";
    let problems = read(&[("maps.toml", APP), ("program.toml", bad)]).expect_err("no program");
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        "program.toml:1:1: the program has no consent text: give one for each version, as \
         `[consent.1]`",
        "program.toml:1:11: `version` of the file must be a number from 1",
        "program.toml:2:2: section `controller` has no `contact`",
        "program.toml:4:10: consent `01` must be called by its version, a number from 1",
        "program.toml:6:10: consent `2` has no `text`",
    ];
    assert_eq!(told, expected);
    let sample = Catalogue::sample();
    assert!(sample.program().consent.len() >= 2 && !sample.program().controller.name.is_empty());
}

#[test]
fn titles_in_other_languages_stand_beside_the_english_one() {
    let catalogue = app(
        "titles.de = \"Karten\"\n[features.share]\ntitle = \"Share\"\ndescription = \"x\"\n\
         owner = \"o\"\n[features.share.titles]\nde = \"Teilen\"\n\"pt-BR\" = \"Compartilhar\"\n",
    )
    .expect("a good catalogue");
    let maps = catalogue.app("maps", day("2026-11-24"));
    let share = catalogue.feature(maps, "share", day("2026-11-24"));
    let info = catalogue.feature_info(maps, share).expect("it is declared");
    assert_eq!(info.titles["pt-BR"], "Compartilhar");
    let of_app = catalogue.app_info(maps).expect("it is declared");
    assert_eq!(of_app.titles["de"], "Karten");
    let told = told(
        "titles.en = \"Maps\"\ntitles.German = \"Karten\"\n[causes.slow]\ndescription = \"x\"\n\
         titles.de = \"Langsam\"\ntitles.fr = 3\n",
    );
    let expected = [
        "maps.toml:5:8: `titles.en` is written as `title`",
        "maps.toml:6:8: `German` is no language: write a tag such as de, pt-BR or zh-Hant",
        "maps.toml:7:9: cause `slow` has titles but no `title`",
        "maps.toml:10:13: `titles.fr` of cause `slow` must be text in quotes",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_file_belongs_to_one_component() {
    let catalogue = app(
        "[components.map]\ndescription = \"x\"\npaths = [\"src/\", \"lib/map.c\"]\n\
         [components.tiles]\ndescription = \"x\"\npaths = [\"src/tiles/\"]\n",
    )
    .expect("a good catalogue");
    let maps = catalogue.app("maps", day("2026-11-24"));
    let paths: Vec<_> = catalogue
        .components(maps)
        .filter_map(|one| catalogue.component_info(maps, one))
        .flat_map(|info| &info.paths)
        .collect();
    assert_eq!(paths, ["src/", "lib/map.c", "src/tiles/"]);
    let told = told(
        "[components.map]\ndescription = \"x\"\npaths = [\"src/\", \"/src/\", 3]\n\
         [components.tiles]\ndescription = \"x\"\npaths = [\"src\", \"a/../b\"]\n\
         [components.store]\ndescription = \"x\"\npaths = \"src/store/\"\n\
         [features.share]\ntitle = \"t\"\ndescription = \"x\"\nowner = \"o\"\npaths = [\"src/\"]\n",
    );
    let expected = [
        "maps.toml:7:18: path `/src/` must be relative to the source of the app",
        "maps.toml:7:27: an entry of `paths` of component `map` must be text in quotes",
        "maps.toml:10:10: path `src` belongs to component `map` already",
        "maps.toml:10:17: path `a/../b` has an empty part, `.` or `..`",
        "maps.toml:13:9: `paths` of component `store` must be a list of texts",
        "maps.toml:18:1: `paths` is no key of feature `share`; known are title, owner, recommend, \
         titles, description, expires",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_folder_is_read_and_what_it_lacks_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let problems = Catalogue::load(dir.path()).expect_err("an empty folder");
    assert_eq!(problems.len(), 2, "{problems:?}");
    for (name, text) in [
        ("maps.toml", APP),
        ("program.toml", PROGRAM),
        ("notes.txt", "no toml"),
    ] {
        fs::write(dir.path().join(name), text).expect("a file");
    }
    let catalogue = Catalogue::load(dir.path()).expect("a good catalogue");
    assert_eq!(catalogue.apps().count(), 1);
    fs::write(dir.path().join("music.toml"), [0xFF, 0xFE]).expect("a file");
    let problems = Catalogue::load(dir.path()).expect_err("a file that is no text");
    assert_eq!((problems.len(), problems[0].line), (1, 1));
    assert!(Catalogue::load(&dir.path().join("missing")).is_err());
}

#[test]
fn the_hash_follows_what_is_declared_and_nothing_else() {
    let hash = |lines| app(lines).expect("a good catalogue").hash();
    assert_eq!(hash(""), hash("# a comment\n"));
    assert_ne!(hash(""), hash("[releases]\n\"4.2\" = 2026-10-05\n"));
    for (one, other) in [
        (
            "[releases]\n\"4.2\" = 2026-10-05\n",
            "[releases]\n\"4.2\" = 2026-10-06\n",
        ),
        ("", "titles.de = \"Karten\"\n"),
        ("titles.de = \"Karten\"\n", "titles.da = \"Karten\"\n"),
        (
            "[components.a]\ndescription = \"x\"\n",
            "[components.a]\ndescription = \"x\"\npaths = [\"src/\"]\n",
        ),
    ] {
        assert_ne!(hash(one), hash(other), "{other}");
    }
    let consent = |lines: &str| {
        let text = format!("{PROGRAM}{lines}");
        let catalogue = read(&[("maps.toml", APP), ("program.toml", &text)]);
        catalogue.expect("a good catalogue").hash()
    };
    for lines in [
        "texts.de = \"ja\"\n",
        "asks_for_more = true\n",
        "since = 2026-10-01\n",
    ] {
        assert_ne!(consent(""), consent(lines), "{lines}");
    }
}

mod program;

#[test]
fn what_has_expired_or_soon_will_is_told_with_its_place() {
    let feature = |name: &str, expires: &str| {
        format!(
            "[features.\"{name}\"]\ntitle = \"T\"\ndescription = \"D\"\nowner = \"o@example.com\"\nexpires = {expires}\n"
        )
    };
    let lines = [
        feature("gone", "2026-11-24"),
        feature("soon", "2026-12-01"),
        feature("later", "2027-03-01"),
    ];
    let catalogue = app(&lines.concat()).expect("a catalogue");
    assert_eq!(
        catalogue.warnings(day("2026-11-24"), 60),
        [
            "maps.toml:5: feature `gone` of maps has expired on 2026-11-24, and counts as `unlisted`",
            "maps.toml:10: feature `soon` of maps expires on 2026-12-01, in 7 days, and counts as `unlisted` from then on",
        ]
    );
    // Of an app that is over nothing else need be told, but what was over before.
    let over = catalogue.warnings(day("2027-06-01"), 60);
    assert_eq!(over.len(), 4);
    assert!(over[0].contains("app `maps` has expired"), "{over:?}");
}
