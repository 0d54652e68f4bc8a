//! What the generated sources call.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use crate::*;

const CATALOGUE: &str = r#"{"format":1,"app":"maps","consent":{"version":2,
    "texts":{"en":"We count."}},"features":[{"name":"route.bicycle"}],
    "causes":[{"name":"network.timeout"}]}"#;

/// A keystore that throws.
struct Throws;

impl KeyStore for Throws {
    fn key(&self) -> Result<KeyAnswer, KeyStoreError> {
        Err(KeyStoreError::Unusable)
    }

    fn create(&self) -> Result<KeyAnswer, KeyStoreError> {
        Err(KeyStoreError::Unusable)
    }

    fn erase(&self) -> Result<(), KeyStoreError> {
        Err(KeyStoreError::Unusable)
    }
}

/// A keystore that panics, as a broken binding would have it.
struct Panics;

impl KeyStore for Panics {
    fn key(&self) -> Result<KeyAnswer, KeyStoreError> {
        panic!("a keystore of a test")
    }

    fn create(&self) -> Result<KeyAnswer, KeyStoreError> {
        panic!("a keystore of a test")
    }

    fn erase(&self) -> Result<(), KeyStoreError> {
        panic!("a keystore of a test")
    }
}

fn settings(folder: &std::path::Path, keys: Option<Arc<dyn KeyStore>>) -> Settings {
    Settings {
        folder: folder.to_str().unwrap().to_owned(),
        catalogue: CATALOGUE.to_owned(),
        release: "4.2".to_owned(),
        app_key: "app key".to_owned(),
        device: DeviceFacts {
            brand: "Nokia".to_owned(),
            model: "TA-1053".to_owned(),
            mcc: None,
            mnc: None,
            country: None,
        },
        keys,
        place: Some(vec![7; 32]),
        is_test: true,
        unmetered_only: false,
        suggestion_keys: Vec::new(),
    }
}

#[test]
fn a_program_of_tests_shows_what_was_recorded() {
    let program = Program::for_tests(CATALOGUE.to_owned()).unwrap();
    program.used("route.bicycle");
    kaiku_quick_used(program.clone().number("route.bicycle").unwrap());
    program.failed("network.timeout", None, true);
    let recorded = program.recorded();
    let used = Recorded::Used {
        feature: "route.bicycle".to_owned(),
        times: 2,
    };
    assert!(recorded.contains(&used), "{recorded:?}");
    assert_eq!(recorded.len(), 2);
    assert_eq!(program.recorded(), []);
}

#[test]
fn a_number_of_a_feature_counts_for_the_program_that_gave_it_and_for_no_other() {
    let for_tests = || Program::for_tests(CATALOGUE.to_owned()).unwrap();
    let (one, other) = (for_tests(), for_tests());
    assert_eq!(one.clone().number("route.rocket"), None);
    let number = one.clone().number("route.bicycle").unwrap();
    let of_other = other.clone().number("route.bicycle").unwrap();
    assert_ne!(number, of_other);
    for _ in 0..3 {
        kaiku_quick_used(number);
    }
    // No feature, and no program.
    kaiku_quick_used(number + 1);
    kaiku_quick_used(u64::MAX);
    let three = Recorded::Used {
        feature: "route.bicycle".to_owned(),
        times: 3,
    };
    assert_eq!(one.recorded(), [three]);
    assert_eq!(one.status().unknown_names, 1);
    assert_eq!(other.recorded(), []);
    // A number that outlives its program finds nobody, and no other program comes to its place.
    drop(one);
    let later = for_tests();
    let of_later = later.clone().number("route.bicycle").unwrap();
    assert_ne!(of_later, number);
    kaiku_quick_used(number);
    assert_eq!((later.recorded(), other.recorded()), (vec![], vec![]));
}

#[test]
fn settings_that_are_wrong_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = settings(folder.path(), None);
    wrong.place = Some(vec![7; 31]);
    assert!(matches!(Program::new(wrong), Err(KaikuError::BadPlace)));
    let mut wrong = settings(folder.path(), None);
    wrong.catalogue = "{".to_owned();
    let refused = Program::new(wrong);
    assert!(matches!(refused, Err(KaikuError::BadCatalogue(_))));
    for keys in [vec!["7".repeat(64)], vec!["7".repeat(64), "7".repeat(63)]] {
        let mut wrong = settings(folder.path(), None);
        wrong.suggestion_keys = keys;
        let refused = Program::new(wrong);
        assert!(matches!(refused, Err(KaikuError::BadSuggestionKeys)));
    }
}

#[test]
fn a_keystore_that_throws_or_panics_is_one_that_has_no_key_yet() {
    let keystores: [Arc<dyn KeyStore>; 2] = [Arc::new(Throws), Arc::new(Panics)];
    for keys in keystores {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new(settings(folder.path(), Some(keys))).unwrap();
        program.turn_on(Level::Both, 2, "en".to_owned()).unwrap();
        program.used("route.bicycle");
        assert_eq!(program.work(), Worked::Later);
        assert!(program.next_upload(Connection::Unmetered).is_none());
        let status = program.status();
        assert_eq!((status.state, status.has_key), (State::On, false));
        assert_eq!(status.waiting, 1);
        // The key can't be destroyed, and yet it is off.
        assert!(program.turn_off().is_err());
        assert_eq!(program.status().state, State::Off);
        program.finish();
    }
}

#[test]
fn what_was_recorded_leaves_when_its_owner_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(settings(folder.path(), None)).unwrap();
    let consent = program.consent("de");
    assert_eq!((consent.version, &*consent.text), (2, "We count."));
    program
        .turn_on(Level::Both, consent.version, "en".to_owned())
        .unwrap();
    program.used("route.bicycle");
    program.send_now();
    let upload = program.next_upload(Connection::Unmetered).unwrap();
    assert_eq!(upload.path, "/v1/batch");
    program.uploaded(upload.id, Some(202), None);
    assert_eq!(program.receipts().len(), 1);
    assert!(program.waiting("en").is_empty());
    assert!(program.forget_upload().unwrap().is_some());
    program.turn_off().unwrap();
    assert_eq!(program.status().state, State::Off);
}
