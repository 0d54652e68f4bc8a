//! Runs within this process: their markers, and their end.

use super::kit::Kit;
use crate::failures::{ExitReason, Settings, Verdict, Watch};

#[test]
fn the_first_run_has_nobody_before_it_and_the_second_hears_of_the_first() {
    let kit = Kit::new();
    let (watch, ended) = kit.begin();
    assert_eq!(ended, []);
    kit.pass(90);
    watch.flushed();
    watch.clean_stop();
    drop(watch);
    let (_watch, ended) = kit.begin();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].verdict, Verdict::Clean);
    assert_eq!(ended[0].release, "4.2");
    assert_eq!(ended[0].session_seconds, 90);
    assert_eq!(ended[0].last_seen, 1_800_000_090);
}

#[test]
fn a_run_is_told_of_until_that_is_settled_and_always_alike() {
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    watch.clean_stop();
    drop(watch);
    let (watch, first) = kit.begin();
    drop(watch);
    let (watch, second) = kit.begin();
    assert_eq!(second.len(), 2);
    assert!(second.contains(&first[0]));
    watch.settled();
    drop(watch);
    let (watch, third) = kit.begin();
    assert_eq!(third.len(), 1);
    assert!(!second.contains(&third[0]), "another run, another number");
    watch.settled();
    watch.clean_stop();
}

#[test]
fn only_the_last_runs_are_told_of_and_their_files_are_bounded() {
    let kit = Kit::new();
    for _ in 0..80 {
        drop(kit.begin());
        kit.pass(1);
    }
    let (watch, ended) = kit.begin();
    assert_eq!(ended.len(), 16);
    assert_eq!(ended.last().unwrap().last_seen, 1_800_000_079);
    assert_eq!(kit.files(), 65);
    watch.settled();
    assert_eq!(kit.files(), 1);
}

#[test]
fn a_process_that_lives_is_not_judged() {
    let kit = Kit::new();
    let (_living, _) = kit.begin();
    let (_other, ended) = kit.begin();
    assert_eq!(ended, []);
}

#[test]
fn a_marker_is_overwritten_before_it_is_removed() {
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    let link = kit.folder.path().join("link");
    std::fs::hard_link(kit.file(), &link).unwrap();
    watch.erase();
    let left = std::fs::read(&link).unwrap();
    assert!(left.iter().all(|byte| *byte == b' '), "{left:?}");
}

#[test]
fn a_file_that_is_no_marker_is_removed_and_nobody_judged() {
    let kit = Kit::new();
    drop(kit.begin());
    let path = kit.file();
    let whole = std::fs::read(&path).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let newer = String::from_utf8(whole.clone()).unwrap();
    let newer = newer.replace("\"format\":1", "\"format\":2");
    for damaged in [
        Vec::new(),
        whole[..100].to_vec(),
        vec![0; whole.len()],
        with(0, b'!'),
        newer.into_bytes(),
    ] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, damaged).unwrap();
        let (watch, ended) = kit.begin();
        assert_eq!(ended, []);
        watch.erase();
    }
}

#[test]
fn a_damaged_mark_is_no_signal() {
    let kit = Kit::new();
    drop(kit.begin());
    let path = kit.file();
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[1024..end].fill(b's');
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(kit.begin().1[0].verdict, Verdict::Clean);
}

#[test]
fn a_release_of_any_characters_comes_back_as_it_was() {
    let kit = Kit::new();
    let mut settings = kit.settings();
    settings.release = "4.2-\u{1f5fa}\"\\\n".into();
    drop(Watch::begin(settings));
    assert_eq!(kit.begin().1[0].release, "4.2-\u{1f5fa}\"\\\n");
}

#[test]
fn a_watch_that_can_write_nothing_says_why_and_does_nothing() {
    let kit = Kit::new();
    let file = kit.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (watch, ended) = Watch::begin(Settings::new(file.join("runs"), "4.2"));
    assert_eq!(ended, []);
    assert!(watch.trouble().is_some());
    watch.foreground();
    watch.flushed();
    watch.background();
    watch.settled();
    watch.erase();

    let (watch, _) = Watch::begin(Settings::new(kit.folder.path(), "4".repeat(2000)));
    assert_eq!(watch.trouble(), Some(std::io::ErrorKind::FileTooLarge));
}

#[test]
fn the_host_may_tell_of_a_run_what_the_marker_can_not_know() {
    let kit = Kit::new();
    drop(kit.begin());
    let (_watch, ended) = kit.begin();
    let told = ended[0].told_by_host(ExitReason::MemoryPressure);
    assert_eq!(told.verdict, Verdict::OutOfMemory);
    assert_eq!(told.id, ended[0].id);
}

#[test]
fn an_app_that_goes_on_after_it_stopped_is_running_again() {
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    watch.clean_stop();
    watch.foreground();
    // As a process that ends without a word leaves it: nothing is dropped.
    let path = kit.file();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("\"stopped\":false"), "{text}");
}
