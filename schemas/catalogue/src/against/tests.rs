//! Tests of what a change of the catalogue may not do.

use std::path::{Path, PathBuf};

use super::*;

const HEAD: &str = "app = \"maps\"\ntitle = \"Maps\"\nowner = \"o\"\nexpires = 2028-01-01\n";
const SHARE: &str =
    "[features.share]\ntitle = \"Share\"\ndescription = \"Shared a place\"\nowner = \"o\"\n";
const PROGRAM: &str = "version = 2\n[controller]\nname = \"A\"\ncontact = \"a\"\n\
                       [consent.1]\ntext = \"yes\"\n";

fn with(app: &str, program: &str) -> Catalogue {
    let files = [
        ("maps.toml", format!("{HEAD}{app}")),
        ("program.toml", program.to_owned()),
    ];
    let files = files.map(|(name, text)| (PathBuf::from(name), text));
    let (declared, program) =
        crate::load::read(Path::new("."), &files, Vec::new()).expect("a good catalogue");
    Catalogue::new(declared, program)
}

fn catalogue(app: &str) -> Catalogue {
    with(app, PROGRAM)
}

fn told(old: &Catalogue, new: &Catalogue) -> Vec<String> {
    let today = Day::parse("2026-11-24").expect("a day");
    check_against(old, new, today)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn what_is_added_prolonged_or_reworded_breaks_nobody() {
    let old = catalogue(SHARE);
    let new = catalogue(
        "[releases]\n\"4.2\" = 2026-10-05\n[features.share]\ntitle = \"Share\"\n\
         description = \"A place was shared\"\nowner = \"p\"\nexpires = 2026-11-25\n\
         [causes.slow]\ndescription = \"Slow\"\n",
    );
    assert_eq!(told(&old, &new), [""; 0]);
    assert_eq!(told(&old, &old), [""; 0]);
}

#[test]
fn a_name_that_is_gone_is_told_where_it_stood() {
    let old = catalogue(&format!(
        "[releases]\n\"4.2\" = 2026-10-05\n{SHARE}[causes.slow]\ndescription = \"Slow\"\n\
         [components.tiles]\ndescription = \"Tiles\"\n"
    ));
    let told = told(&old, &catalogue(""));
    assert_eq!(told.len(), 4, "{told:#?}");
    assert_eq!(
        told[0],
        "maps.toml:7:11: feature `share` of app `maps` is gone: published rollups hold the name; put \
         it back, and let it expire"
    );
    for (what, line) in [
        ("cause `slow`", 11),
        ("component `tiles`", 13),
        ("release `4.2`", 6),
    ] {
        let place = format!("maps.toml:{line}:");
        assert!(
            told.iter()
                .any(|l| l.starts_with(&place) && l.contains(what)),
            "{told:#?}"
        );
    }
    let elsewhere = Catalogue::sample();
    assert!(
        check_against(&elsewhere, &catalogue(""), Day::MIN)[0]
            .message
            .contains("music")
    );
}

#[test]
fn a_new_name_for_an_old_thing_is_recognised() {
    let new = catalogue(&SHARE.replace("features.share", "features.send"));
    let told = told(&catalogue(SHARE), &new);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("looks renamed to `send`"), "{told:#?}");
}

#[test]
fn another_meaning_under_an_old_name_is_refused() {
    let new = SHARE
        .replace("Share\"", "Split\"")
        .replace("Shared a place", "Split a bill");
    let told = told(&catalogue(SHARE), &catalogue(&new));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("maps.toml:5:11: feature `share`"),
        "{told:#?}"
    );
}

#[test]
fn an_expiry_can_be_brought_forward_to_tomorrow_and_no_further() {
    let old = catalogue(&format!("{SHARE}expires = 2027-01-01\n"));
    let moved = |to: &str| told(&old, &catalogue(&format!("{SHARE}expires = {to}\n")));
    assert_eq!(moved("2026-11-25"), [""; 0]);
    let today = moved("2026-11-24");
    assert_eq!(today.len(), 1);
    assert!(
        today[0].ends_with("the earliest day is 2026-11-25"),
        "{today:#?}"
    );
    let past = catalogue(&format!("{SHARE}expires = 2026-11-01\n"));
    assert_eq!(told(&past, &past), [""; 0], "it had expired before");
}

#[test]
fn the_order_of_releases_stays_as_it_was() {
    let releases = |dates: [&str; 3]| {
        let lines: Vec<_> = ["4.1", "4.2", "4.3"]
            .iter()
            .zip(dates)
            .map(|(name, date)| format!("\"{name}\" = {date}\n"))
            .collect();
        catalogue(&format!("[releases]\n{}", lines.concat()))
    };
    let old = releases(["2026-01-01", "2026-02-01", "2026-03-01"]);
    assert_eq!(
        told(&old, &releases(["2026-01-05", "2026-02-05", "2026-03-05"])),
        [""; 0]
    );
    let turned = told(&old, &releases(["2026-02-02", "2026-02-01", "2026-03-01"]));
    assert_eq!(turned.len(), 1, "{turned:#?}");
    assert!(
        turned[0].starts_with("maps.toml:7:1: release `4.2`"),
        "{turned:#?}"
    );
}

#[test]
fn what_people_agreed_to_is_never_changed() {
    let old = catalogue("");
    let changed = told(&old, &with("", &PROGRAM.replace("yes", "yes, and more")));
    assert!(
        changed[0].starts_with("program.toml:5:10: consent text 1 has changed"),
        "{changed:?}"
    );
    let gone = told(&old, &with("", &PROGRAM.replace("consent.1", "consent.2")));
    assert!(
        gone[0].starts_with("program.toml:5:10: consent text 1 is gone"),
        "{gone:?}"
    );
    let back = told(
        &old,
        &with("", &PROGRAM.replace("version = 2", "version = 1")),
    );
    assert!(back[0].contains("goes back from 2 to 1"), "{back:?}");
    assert_eq!(
        told(
            &old,
            &with("", &format!("{PROGRAM}[consent.2]\ntext = \"more\"\n"))
        ),
        [""; 0]
    );
}

#[test]
fn a_consent_text_may_gain_a_translation_and_an_earlier_day_and_nothing_else() {
    let program = |lines: &str| with("", &format!("{PROGRAM}{lines}"));
    let german = program("since = 2026-05-01\ntexts.de = \"ja\"\n");
    let fine = [
        "since = 2026-05-01\ntexts = { de = \"ja\", fr = \"oui\" }\n",
        "since = 2026-04-01\ntexts.de = \"ja\"\n",
        "texts.de = \"ja\"\n",
    ];
    for lines in fine {
        assert_eq!(told(&german, &program(lines)), [""; 0], "{lines}");
    }
    assert_eq!(told(&program(""), &german), [""; 0]);
    for (lines, expected) in [
        ("since = 2026-05-01\n", "consent text 1 has changed"),
        ("texts.de = \"jawohl\"\n", "consent text 1 has changed"),
        (
            "texts.de = \"ja\"\nasks_for_more = true\n",
            "`asks_for_more` of consent 1 has changed",
        ),
        (
            "texts.de = \"ja\"\nsince = 2026-06-01\n",
            "who agreed between would be rejected",
        ),
    ] {
        let told = told(&german, &program(lines));
        assert!(told.len() == 1 && told[0].contains(expected), "{told:#?}");
    }
}

#[test]
fn titles_in_other_languages_and_paths_change_as_they_like() {
    let component = "[components.tiles]\ndescription = \"Tiles\"\n";
    let old = catalogue(&format!(
        "{SHARE}titles.de = \"Teilen\"\n{component}paths = [\"src/\"]\n"
    ));
    let new = catalogue(&format!(
        "{SHARE}titles.de = \"Senden\"\n{component}paths = [\"lib/\"]\n"
    ));
    assert_eq!(told(&old, &new), [""; 0]);
    assert_eq!(
        told(&old, &catalogue(&format!("{SHARE}{component}"))),
        [""; 0]
    );
}
