//! The settings page in a terminal, against the gateway: the session that docs/sdk.md shows.
//!
//! With `UPDATE_SESSION=1` the document's session is written anew.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use super::door::{APP_KEY, Door};
use super::host::{root, run_with};

const DOCUMENT: &str = "docs/sdk.md";
const FENCE: &str = "```session\n";

const TYPED: &str = "\
status
on
start
use route.bicycle
use route.bicycle
use search.place
fail network.timeout tiles
waiting
send
sent
use route.car
status
forget
status
waiting
use route.car
send
quit
";

/// Without what is another each time: days and hashes.
fn without_days(session: &str) -> String {
    let mut words = String::new();
    for word in session.split_inclusive([' ', '\n', ':', ',']) {
        let bare = word.trim_end_matches([' ', '\n', ':', ',']);
        let is_day = bare.len() == 10 && bare.chars().filter(|c| *c == '-').count() == 2;
        let is_hash = bare.len() == 16 && bare.chars().all(|c| c.is_ascii_hexdigit());
        words.push_str(match (is_day, is_hash) {
            (true, _) => "DAY",
            (_, true) => "HASH",
            _ => bare,
        });
        words.push_str(&word[bare.len()..]);
    }
    words
}

/// What the program prints, and what arrived behind the gateway.
fn session(door: &Door) -> String {
    let folder = tempfile::tempdir().unwrap();
    let typed = folder.path().join("typed");
    fs::write(&typed, TYPED).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_kaiku"));
    let mut page = Command::new(program.with_file_name("examples").join("settings_page"));
    page.arg(folder.path().join("kaiku"))
        .arg(root().join("ingest/device/bindings/examples/maps.json"))
        .arg(door.url())
        .arg(door.ca())
        .arg(APP_KEY);
    let ended = run_with(&mut page, File::open(&typed).unwrap().into());
    assert!(ended.is_success, "{ended:?}");
    ended.printed
}

#[test]
fn the_settings_page_does_what_the_document_shows_and_nothing_leaves_once_it_is_off() {
    let door = Door::open("page");
    let session = session(&door);
    let said = door.said();
    assert!(!said.is_empty(), "{session}");
    let events: Vec<&str> = said[0].events.iter().map(String::as_str).collect();
    let wanted = [
        "failed network.timeout/tiles x1",
        "feature_used route.bicycle x2",
        "feature_used search.place x1",
        "started  x1",
    ];
    assert_eq!(events, wanted);
    // The last thing is that it is to be forgotten: what waited then, and what was used behind it, never left.
    let heads: Vec<&str> = said.iter().map(|said| said.head.as_str()).collect();
    assert_eq!(heads, ["maps 4.2 Nokia TA-1053", "forget"]);

    let file = root().join(DOCUMENT);
    let document = fs::read_to_string(&file).unwrap();
    let (before, rest) = document.split_once(FENCE).unwrap();
    let (shown, after) = rest.split_once("```").unwrap();
    if std::env::var_os("UPDATE_SESSION").is_some() {
        fs::write(&file, format!("{before}{FENCE}{session}\n```{after}")).unwrap();
        return;
    }
    assert_eq!(without_days(shown).trim(), without_days(&session).trim());
}
