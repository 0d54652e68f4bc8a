//! The functions called as C calls them.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use kaiku_suggestions::{Feature, SigningKey, Suggestions};
use kaiku_wire::Clock;

use crate::outcome::KaikuResult;
use crate::program::*;
use crate::recommend::*;
use crate::record::*;
use crate::settings::KaikuSettings;
use crate::text::kaiku_free;
use crate::uploads::*;
use crate::view::*;

const CATALOGUE: &CStr = c"{\"format\":1,\"app\":\"maps\",\"consent\":{\"version\":2,\
    \"texts\":{\"en\":\"We count.\"}},\"features\":[{\"name\":\"route.bicycle\"}],\
    \"causes\":[{\"name\":\"network.timeout\"}],\"components\":[{\"name\":\"tiles\"}]}";

/// What a function returned, as text; it is freed.
fn taken(text: *mut c_char) -> String {
    assert!(!text.is_null());
    let copy = unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
    unsafe { kaiku_free(text) };
    copy
}

/// A program of tests.
fn for_tests() -> *mut KaikuProgram {
    let mut program = ptr::null_mut();
    let opened = unsafe { kaiku_open_for_tests(CATALOGUE.as_ptr(), &raw mut program) };
    assert_eq!(opened, KaikuResult::Ok);
    program
}

fn settings(folder: &CStr) -> KaikuSettings {
    // SAFETY: null and zero are what every field may be.
    let mut settings: KaikuSettings = unsafe { std::mem::zeroed() };
    settings.size = size_of::<KaikuSettings>();
    settings.folder = folder.as_ptr();
    settings.catalogue = CATALOGUE.as_ptr();
    settings.release = c"4.2".as_ptr();
    settings.app_key = c"app key".as_ptr();
    settings.environment = 1;
    settings
}

fn open(settings: &KaikuSettings) -> (KaikuResult, *mut KaikuProgram) {
    let mut program = ptr::null_mut();
    let result = unsafe { kaiku_open(settings, &raw mut program) };
    (result, program)
}

#[test]
fn what_is_recorded_is_seen_by_the_tests_of_an_app() {
    let program = for_tests();
    unsafe {
        kaiku_started(program);
        kaiku_used(program, c"route.bicycle".as_ptr());
        kaiku_used(program, c"route.bicycle".as_ptr());
        kaiku_used(program, c"route.rocket".as_ptr());
        kaiku_failed(program, c"network.timeout".as_ptr(), c"tiles".as_ptr(), 0);
        kaiku_failed(program, c"network.timeout".as_ptr(), ptr::null(), 1);
    }
    let recorded = taken(unsafe { kaiku_recorded(program) });
    let recorded: Vec<serde_json::Value> = serde_json::from_str(&recorded).unwrap();
    let wanted = serde_json::json!([
        { "happened": "started", "times": 1 },
        { "happened": "used", "feature": "route.bicycle", "times": 2 },
        { "happened": "failed", "cause": "network.timeout", "component": "tiles", "fatal": false,
          "times": 1 },
        { "happened": "failed", "cause": "network.timeout", "component": null, "fatal": true,
          "times": 1 },
    ]);
    for line in wanted.as_array().unwrap() {
        assert!(recorded.contains(line), "no {line} in {recorded:?}");
    }
    assert_eq!(recorded.len(), 4);
    let status = taken(unsafe { kaiku_status(program) });
    assert!(status.contains("\"unknown_names\":1"), "{status}");
    unsafe { kaiku_close(program) };
}

#[test]
fn a_null_handle_is_a_program_that_is_off() {
    let none = ptr::null_mut();
    let mut upload = ptr::null_mut();
    unsafe {
        kaiku_started(none);
        kaiku_background(none);
        kaiku_foreground(none);
        kaiku_stopped(none);
        kaiku_used(none, c"route.bicycle".as_ptr());
        kaiku_failed(none, c"network.timeout".as_ptr(), ptr::null(), 0);
        kaiku_send_now(none);
        kaiku_uploaded(none, 0, 202, -1);
        assert_eq!(kaiku_work(none), KaikuResult::Nothing);
        assert_eq!(kaiku_start_worker(none), KaikuResult::Nothing);
        assert_eq!(kaiku_turn_off(none), KaikuResult::Nothing);
        assert_eq!(
            kaiku_turn_on(none, 2, 2, c"en".as_ptr()),
            KaikuResult::BadArgument
        );
        assert_eq!(kaiku_forget(none, &raw mut upload), KaikuResult::Nothing);
        assert_eq!(
            kaiku_next_upload(none, 2, &raw mut upload),
            KaikuResult::Nothing
        );
        assert!(upload.is_null());
        assert_eq!(kaiku_next_due(none), -1);
        assert_eq!(kaiku_state(none), KaikuState::Off);
        assert!(kaiku_status(none).is_null());
        assert!(kaiku_waiting(none, c"en".as_ptr()).is_null());
        assert_eq!(
            kaiku_next_fetch(none, 2, &raw mut upload),
            KaikuResult::Nothing
        );
        assert_eq!(
            kaiku_fetched(none, 200, ptr::null(), 0),
            KaikuFetched::Unwanted
        );
        assert!(kaiku_recommend(none, c"en".as_ptr(), 1).is_null());
        kaiku_shown(none, c"route.bicycle".as_ptr());
        kaiku_dismiss(none, c"route.bicycle".as_ptr());
        kaiku_want_suggestions(none, 0);
        kaiku_upload_free(ptr::null_mut());
        kaiku_free(ptr::null_mut());
        kaiku_close(none);
    }
}

#[test]
fn settings_that_are_wrong_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let folder = CString::new(folder.path().to_str().unwrap()).unwrap();
    let refused = |change: &dyn Fn(&mut KaikuSettings)| {
        let mut settings = settings(&folder);
        change(&mut settings);
        let (result, program) = open(&settings);
        assert!(program.is_null());
        result
    };
    let bad = KaikuResult::BadArgument;
    assert_eq!(refused(&|settings| settings.size = 8), bad);
    assert_eq!(refused(&|settings| settings.folder = ptr::null()), bad);
    assert_eq!(
        refused(&|settings| settings.release = c"\xff".as_ptr()),
        bad
    );
    assert_eq!(refused(&|settings| settings.environment = 7), bad);
    let of_catalogue =
        |text: &'static CStr| refused(&|settings| settings.catalogue = text.as_ptr());
    assert_eq!(of_catalogue(c"{"), KaikuResult::BadCatalogue);
    assert_eq!(
        of_catalogue(c"{\"format\":2,\"app\":\"maps\",\"consent\":{\"version\":1}}"),
        KaikuResult::BadCatalogue
    );
    // One key is not enough, and this is none.
    let key = c"0707070707070707070707070707070707070707070707070707070707070707";
    assert_eq!(
        refused(&|settings| settings.suggestion_keys[1] = key.as_ptr()),
        bad
    );
    assert_eq!(
        refused(&|settings| settings.suggestion_keys = [key.as_ptr(), c"07".as_ptr()]),
        bad
    );
    let mut program = ptr::null_mut();
    assert_eq!(unsafe { kaiku_open(ptr::null(), &raw mut program) }, bad);
    assert_eq!(
        unsafe { kaiku_open(&settings(&folder), ptr::null_mut()) },
        bad
    );
}

#[test]
fn settings_of_a_header_that_knows_no_suggestions_are_taken_and_nothing_behind_them_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = CString::new(folder.path().to_str().unwrap()).unwrap();
    let mut settings = settings(&folder);
    settings.size = std::mem::offset_of!(KaikuSettings, suggestion_keys);
    // What lies there is no field of theirs.
    settings.suggestion_keys = [ptr::without_provenance(1); 2];
    let (result, program) = open(&settings);
    assert_eq!(result, KaikuResult::Ok);
    unsafe { kaiku_close(program) };
}

#[test]
fn the_file_of_suggestions_is_fetched_behind_an_upload_and_what_is_picked_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let folder = CString::new(folder.path().to_str().unwrap()).unwrap();
    let key = SigningKey::from_seed([7; 32]).unwrap();
    let public = CString::new(key.public().to_string()).unwrap();
    let mut settings = settings(&folder);
    settings.catalogue = SUGGESTING.as_ptr();
    settings.suggestion_keys = [public.as_ptr(); 2];
    let (_, program) = open(&settings);
    unsafe {
        kaiku_turn_on(program, 2, 2, c"en".as_ptr());
        kaiku_used(program, c"route.bicycle".as_ptr());
        kaiku_send_now(program);
        let mut request = ptr::null_mut();
        kaiku_next_upload(program, 2, &raw mut request);
        kaiku_uploaded(program, (*request).id, 202, -1);
        kaiku_upload_free(request);
        let fetch = kaiku_next_fetch(program, 2, &raw mut request);
        assert_eq!(fetch, KaikuResult::Ok);
        assert_eq!(CStr::from_ptr((*request).method), c"GET");
        assert_eq!(CStr::from_ptr((*request).path), c"/v1/recommendations/maps");
        assert_eq!(((*request).headers_count, (*request).body_size), (0, 0));
        kaiku_upload_free(request);
        let file = file_of(&key);
        let fetched = kaiku_fetched(program, 200, file.as_ptr(), file.len());
        assert_eq!(fetched, KaikuFetched::Accepted);
        let recommended = || taken(kaiku_recommend(program, c"en".as_ptr(), 3));
        assert_eq!(
            recommended(),
            r#"[{"feature":"route.walk","title":"route.walk","because":"You use “route.bicycle”","because_feature":"route.bicycle"}]"#
        );
        kaiku_shown(program, c"route.walk".as_ptr());
        // One a day.
        assert_eq!(recommended(), "[]");
        kaiku_want_suggestions(program, 0);
        kaiku_want_suggestions(program, 1);
        kaiku_dismiss(program, c"route.walk".as_ptr());
        assert_eq!(recommended(), "[]");
        kaiku_turn_off(program);
        kaiku_close(program);
    }
}

const SUGGESTING: &CStr = c"{\"format\":1,\"app\":\"maps\",\"consent\":{\"version\":2},\
    \"features\":[{\"name\":\"route.bicycle\"},{\"name\":\"route.walk\",\"recommend\":true}]}";

/// Who uses the one uses the other.
fn file_of(key: &SigningKey) -> Vec<u8> {
    let week = Clock::system().today().minus(7).week();
    let features = ["route.bicycle", "route.walk"].map(|name| Feature {
        name: name.to_owned(),
        is_offered: true,
    });
    let expires = week.sunday().plus(30);
    let said = Suggestions::new("maps", week, expires, features.to_vec(), [(0, 1, 0.5)]);
    said.unwrap().sign(key).unwrap()
}

#[test]
fn a_consent_to_another_text_or_of_no_level_is_refused_and_the_right_one_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let text = CString::new(folder.path().join("kaiku").to_str().unwrap()).unwrap();
    let (result, program) = open(&settings(&text));
    assert_eq!(result, KaikuResult::Ok);
    unsafe {
        let consent = taken(kaiku_consent(program, c"de".as_ptr()));
        assert!(consent.contains("\"version\":2"), "{consent}");
        assert!(consent.contains("We count."), "{consent}");
        let on = |level, version| kaiku_turn_on(program, level, version, c"en".as_ptr());
        assert_eq!(on(2, 1), KaikuResult::OtherConsent);
        assert_eq!(on(3, 2), KaikuResult::BadArgument);
        assert_eq!(kaiku_state(program), KaikuState::NotLookedYet);
        assert_eq!(on(2, 2), KaikuResult::Ok);
        assert_eq!(kaiku_state(program), KaikuState::On);
        kaiku_used(program, c"route.bicycle".as_ptr());
        assert_eq!(kaiku_work(program), KaikuResult::Ok);
        kaiku_send_now(program);
        let mut upload = ptr::null_mut();
        let next = |upload: &mut *mut KaikuUpload| kaiku_next_upload(program, 2, upload);
        assert_eq!(next(&mut upload), KaikuResult::Ok);
        let given = &*upload;
        assert_eq!(CStr::from_ptr(given.path), c"/v1/batch");
        assert!(given.headers_count >= 3 && given.body_size.is_multiple_of(256));
        kaiku_uploaded(program, given.id, 202, -1);
        kaiku_upload_free(upload);
        assert_eq!(next(&mut upload), KaikuResult::Nothing);
        let receipts = taken(kaiku_receipts(program));
        assert!(receipts.contains("\"events\":"), "{receipts}");
        let mut request = ptr::null_mut();
        assert_eq!(kaiku_forget(program, &raw mut request), KaikuResult::Ok);
        assert_eq!(CStr::from_ptr((*request).path), c"/v1/forget");
        kaiku_upload_free(request);
        assert_eq!(kaiku_turn_off(program), KaikuResult::Ok);
        assert_eq!(kaiku_state(program), KaikuState::Off);
        kaiku_close(program);
    }
}
