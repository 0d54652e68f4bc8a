//! Tests of reading, checking and asking the catalogue.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::check::check_against;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

const PROGRAM: &str =
    "version = 1\n[controller]\nname = \"A\"\ncontact = \"a@b\"\n[consent.1]\ntext = \"yes\"\n";
const APP: &str =
    "app = \"maps\"\ntitle = \"Maps\"\nowner = \"m@example.com\"\nexpires = 2027-01-01\n";

fn load(app: &str) -> Result<Catalogue, Vec<Problem>> {
    let files = [("maps.toml", app), ("program.toml", PROGRAM)];
    let files = files.map(|(name, text)| (PathBuf::from(name), text.to_owned()));
    Catalogue::from_files(Path::new("."), &files)
}

#[test]
fn the_sample_is_asked_by_name_and_day() {
    let sample = Catalogue::sample();
    let today = day("2026-11-24");
    let maps = sample.app("maps", today);
    assert_eq!(maps.as_str(), "maps");
    assert_eq!(
        sample.feature(maps, "route.bicycle", today).as_str(),
        "route.bicycle"
    );
    assert_eq!(sample.feature(maps, "play.song", today), Feature::UNLISTED);
    assert_eq!(sample.cause(maps, "panic", today).as_str(), "panic");
    assert_eq!(
        sample.cause(maps, "network.timeout", today).as_str(),
        "network.timeout"
    );
    assert_eq!(sample.component(maps, "tiles", today).as_str(), "tiles");
    assert_eq!(sample.app("chess", today), App::UNLISTED);
    assert_eq!(
        sample.feature(App::UNLISTED, "route.bicycle", today),
        Feature::UNLISTED
    );
    assert!(sample.features(maps).count() >= 25);
    assert_eq!(sample.releases(maps)[0].0.as_str(), "4.0");
}

#[test]
fn what_has_expired_is_unlisted_from_that_day_on() {
    let sample = Catalogue::sample();
    let maps = sample.app("maps", day("2026-11-29"));
    assert!(
        !sample
            .feature(maps, "labs.street_view", day("2026-11-29"))
            .is_unlisted()
    );
    assert!(
        sample
            .feature(maps, "labs.street_view", day("2026-11-30"))
            .is_unlisted()
    );
    assert!(sample.app("maps", day("2028-11-01")).is_unlisted());
}

#[test]
fn a_release_is_listed_from_its_eve_on() {
    let sample = Catalogue::sample();
    let maps = sample.app("maps", day("2026-11-01"));
    assert!(sample.release(maps, "4.4", day("2026-11-07")).is_unlisted());
    assert!(!sample.release(maps, "4.4", day("2026-11-08")).is_unlisted());
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = format!(
        "{APP}[features.\"Bad Name\"]\ntitle = \"\"\ndescription = \"x\"\n\n[features.all]\ntitle = \"a\"\ndescription = \" \"\nowner = \"nobody\"\n[causes.panic]\ndescription = \"x\"\n"
    );
    let problems = load(&text).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(
        told[0].starts_with("maps.toml:5:11: feature \"Bad Name\""),
        "{told:#?}"
    );
    assert!(
        told[1].starts_with("maps.toml:6:9: title is empty"),
        "{told:#?}"
    );
    assert!(told.iter().any(|line| line.contains("panic")), "{told:#?}");
}

#[test]
fn a_file_that_is_no_toml_is_told_with_line_and_column() {
    let problems = load("app = \"maps\"\ntitle =\n").unwrap_err();
    assert_eq!((problems[0].line, problems.len()), (2, 1), "{problems:?}");
    let problems = load(&format!("{APP}colour = \"red\"\n")).unwrap_err();
    assert!(problems[0].to_string().contains("colour"), "{problems:?}");
    assert_eq!(problems[0].line, 5);
}

#[test]
fn a_catalogue_without_a_program_is_refused() {
    let files = [(PathBuf::from("maps.toml"), APP.to_owned())];
    let problems = Catalogue::from_files(Path::new("."), &files).unwrap_err();
    assert!(problems[0].to_string().contains("program.toml"));
}

#[test]
fn a_change_that_breaks_readers_is_refused() {
    let feature = "[features.share]\ntitle = \"Share\"\ndescription = \"x\"\n";
    let old = load(&format!("{APP}{feature}")).unwrap();
    let today = day("2026-11-24");
    let same = load(&format!("{APP}{feature}expires = 2026-11-25\n")).unwrap();
    assert_eq!(check_against(&old, &same, today), []);
    let past = load(&format!("{APP}{feature}expires = 2026-11-24\n")).unwrap();
    assert_eq!(check_against(&old, &past, today).len(), 1);
    let gone = check_against(&old, &load(APP).unwrap(), today);
    assert!(
        gone[0]
            .message
            .contains("\"share\" of app \"maps\" is gone"),
        "{gone:?}"
    );
}

#[test]
fn a_catalogue_is_read_from_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("maps.toml"), APP).unwrap();
    fs::write(dir.path().join("program.toml"), PROGRAM).unwrap();
    fs::write(dir.path().join("notes.txt"), "not read").unwrap();
    let catalogue = Catalogue::load(dir.path()).unwrap();
    assert_eq!(catalogue.apps().count(), 1);
    assert_ne!(catalogue.hash(), Catalogue::sample().hash());
    assert!(Catalogue::load(&dir.path().join("missing")).is_err());
}
