//! The signed files that anybody may fetch, over real TLS.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kaiku_suggestions::{Expected, Feature, SigningKey, Suggestions};
use kaiku_wire::Day;

use super::{Answer, Door, PATIENCE, Request, contract};

fn key() -> SigningKey {
    SigningKey::from_seed([3; 32]).unwrap()
}

/// A signed file of an app.
fn file(app: &str, name: &str) -> Vec<u8> {
    let day = |text| Day::parse(text).unwrap();
    let feature = |name: &str| Feature {
        name: name.to_owned(),
        is_offered: true,
    };
    let features = vec![feature(name), feature("layer.traffic")];
    let (week, expires) = (day("2026-11-16").week(), day("2026-12-21"));
    let said = Suggestions::new(app, week, expires, features, [(0, 1, 0.4)]).unwrap();
    said.sign(&key()).unwrap()
}

/// A gateway with a folder of files, and the folder.
fn door(change: impl FnOnce(&mut crate::Config)) -> (Door, PathBuf) {
    let mut folder = PathBuf::new();
    let door = Door::with(|config| {
        let tokens = config.tokens_file.clone().unwrap();
        folder = tokens.with_file_name("suggestions");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("maps.suggestions"), file("maps", "route.car")).unwrap();
        std::fs::write(folder.join("README"), "not one of them").unwrap();
        config.recommendations_dir = Some(folder.clone());
        change(config);
    });
    (door, folder)
}

/// One fetch on a connection of its own, without a key; the answer is held against the description.
fn fetch(door: &Door, path: &str, more: &str) -> (Answer, Vec<u8>) {
    let mut stream = door.connect();
    let request = Request {
        method: "GET",
        path,
        token: None,
        content_type: None,
        more,
        ..Request::batch(b"")
    };
    stream.write_all(&request.bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let answer = Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    contract::assert_described("GET", path, &answer);
    (answer, body)
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    let mut lines = answer.head.lines();
    let start = format!("{name}: ");
    lines.find_map(|line| line.strip_prefix(&start).map(str::to_owned))
}

#[test]
fn anybody_may_fetch_the_file_of_an_app_and_it_is_what_was_signed() {
    let (door, _) = door(|_| {});
    let (answer, body) = fetch(&door, "/v1/recommendations/maps", "");
    assert_eq!(answer.status, 200);
    let expected = Expected {
        app: "maps",
        keys: &[key().public()],
        today: Day::parse("2026-11-24").unwrap(),
        last: None,
    };
    assert!(Suggestions::verify(&body, &expected).is_ok());
    assert_eq!(header(&answer, "etag"), Some(Suggestions::tag(&body)));
    let cached = header(&answer, "cache-control").unwrap();
    assert_eq!(cached, "public, max-age=86400");
    let kind = header(&answer, "content-type").unwrap();
    assert_eq!(kind, "application/vnd.kaiku.suggestions");
    assert_eq!(header(&answer, "set-cookie"), None);
    assert_eq!(door.kit.taken(), 0);
    // Whoever asks, and however: the same bytes.
    let other = fetch(
        &door,
        "/v1/recommendations/maps",
        "authorization: Bearer x\r\n",
    );
    assert_eq!(other.1, body);
}

#[test]
fn who_has_the_bytes_already_is_told_so_without_them() {
    let (door, _) = door(|_| {});
    let tag = Suggestions::tag(&file("maps", "route.car"));
    for (asked, status) in [
        (format!("if-none-match: {tag}\r\n"), 304),
        (format!("if-none-match: \"other\", W/{tag}\r\n"), 304),
        ("if-none-match: *\r\n".to_owned(), 304),
        ("if-none-match: \"other\"\r\n".to_owned(), 200),
    ] {
        let (answer, body) = fetch(&door, "/v1/recommendations/maps", &asked);
        assert_eq!(answer.status, status, "{asked}");
        assert_eq!(body.is_empty(), status == 304);
        assert_eq!(header(&answer, "etag"), Some(tag.clone()));
    }
}

#[test]
fn an_app_without_a_file_has_nothing_at_its_path_and_no_name_leads_out_of_the_folder() {
    let (door, folder) = door(|_| {});
    std::fs::write(
        folder.with_file_name("outside.suggestions"),
        file("maps", "x"),
    )
    .unwrap();
    for path in [
        "/v1/recommendations/music",
        "/v1/recommendations/README",
        "/v1/recommendations/..%2Foutside",
        "/v1/recommendations/maps.suggestions",
        "/v1/recommendations/%00",
    ] {
        let (answer, _) = fetch(&door, path, "");
        assert_eq!(
            (answer.status, answer.reason().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    let without = Door::open();
    let (answer, _) = fetch(&without, "/v1/recommendations/maps", "");
    assert_eq!(answer.status, 404);
}

#[test]
fn another_method_is_told_that_this_path_has_others() {
    let (door, _) = door(|_| {});
    let answer = door.ask(&Request {
        path: "/v1/recommendations/maps",
        method: "PUT",
        ..Request::batch(b"{}")
    });
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (405, "method_not_allowed")
    );
}

#[test]
fn fetches_count_in_the_share_of_their_address() {
    let (door, _) = door(|config| config.limits.requests_per_address = 3);
    let statuses: Vec<u16> = (0..5)
        .map(|_| fetch(&door, "/v1/recommendations/maps", "").0.status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[test]
fn a_new_file_is_served_within_seconds_and_one_that_is_none_changes_nothing() {
    let (door, folder) = door(|_| {});
    let is_served = |app: &str, wanted: Option<&[u8]>| {
        let (answer, body) = fetch(&door, &format!("/v1/recommendations/{app}"), "");
        match wanted {
            Some(bytes) => (answer.status, &*body) == (200, bytes),
            None => answer.status == 404,
        }
    };
    let until = |app: &str, wanted: Option<&[u8]>| {
        let start = Instant::now();
        while !is_served(app, wanted) {
            assert!(
                start.elapsed() < PATIENCE / 2,
                "the folder was not read again"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let put = |name: &str, bytes: &[u8]| {
        // As a file should come: whole.
        let made = folder.with_file_name("made");
        std::fs::write(&made, bytes).unwrap();
        std::fs::rename(made, folder.join(name)).unwrap();
    };
    let (music, maps) = (file("music", "play.song"), file("maps", "route.walk"));
    put("music.suggestions", &music);
    until("music", Some(&music));
    // That of another app, and none at all: what was read before stays in use.
    put("maps.suggestions", &music);
    put("music.suggestions", b"no file of suggestions");
    std::thread::sleep(Duration::from_secs(5));
    assert!(is_served("music", Some(&music)));
    put("maps.suggestions", &maps);
    put("music.suggestions", &music);
    until("maps", Some(&maps));
    std::fs::remove_file(folder.join("music.suggestions")).unwrap();
    until("music", None);
}

#[test]
fn a_gateway_does_not_start_with_a_folder_that_can_not_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = |folder: &Path| {
        let config = crate::Config {
            recommendations_dir: Some(folder.to_owned()),
            anonymous: true,
            ..crate::Config::default()
        };
        let wrong = config.unusable_files();
        wrong.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let gone = dir.path().join("gone");
    let said = format!("reading gateway.recommendations_dir ({})", gone.display());
    assert_eq!(wrong(&gone), [said]);
    assert_eq!(wrong(dir.path()), Vec::<String>::new());
    std::fs::write(dir.path().join("maps.suggestions"), file("music", "x")).unwrap();
    let said = ["gateway.recommendations_dir has a file that can't be used"];
    assert_eq!(wrong(dir.path()), said);
}
