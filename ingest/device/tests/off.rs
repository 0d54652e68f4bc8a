//! On, off, and what is left.

use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, Environment, Error, Fatal, Forget, Hindrance, Key,
    KeyAnswer, KeyFile, KeySource, Level, Program, Settings, State, Transport, Upload, Variables,
    Worked,
};

use crate::support::*;

/// Every text and number of a device that must not stay: its identifier in bytes and in digits, its
/// key, and the names of what it recorded.
fn traces(program: &Program, key: [u8; 32]) -> Vec<Vec<u8>> {
    let export = program.export("en");
    let at = export.find("\"device\": \"").unwrap() + 11;
    let hex = &export[at..at + 32];
    let id = hex::decode(hex).unwrap();
    assert!(id.iter().any(|byte| *byte != 0));
    let mut traces: Vec<Vec<u8>> = vec![id, hex.as_bytes().to_vec(), key.to_vec()];
    traces.extend([&b"feature."[..], b"network.timeout", b"TA-1053"].map(<[u8]>::to_vec));
    traces
}

fn contains(bytes: &[u8], trace: &[u8]) -> bool {
    bytes.windows(trace.len()).any(|window| window == trace)
}

fn live(program: &Program, hand: &Hand) {
    program.started();
    for n in 0..30 {
        program.used(&format!("feature.{n:03}"));
    }
    program.failed("network.timeout", Some("tiles"), Fatal::No);
    program.work();
    hand.evening_after(1);
    program.used("feature.031");
    program.next_upload(Connection::Unmetered).unwrap();
}

#[test]
fn nothing_is_collected_before_the_owner_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open();
    program.started();
    program.used("feature.001");
    assert_eq!(program.work(), Worked::Off);
    assert_eq!(program.status().state, State::Off);
    program.used("feature.002");
    program.turn_on(Level::Both, 2, "de-AT").unwrap();
    program.used("feature.003");
    program.work();
    let waiting = program.waiting("de-AT");
    let texts: Vec<&str> = waiting.iter().map(|line| &*line.text).collect();
    assert_eq!(texts, ["Gestartet", "Funktion 3"]);
}

#[test]
fn before_the_first_look_nothing_of_a_program_that_is_off_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open();
    program.used("feature.001");
    program.turn_on(Level::Both, 2, "en").unwrap();
    program.work();
    assert_eq!(program.waiting("en"), []);
}

#[test]
fn after_it_is_turned_off_no_trace_is_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    live(&program, &bench.hand);
    let key = bench.keystore.key().unwrap();
    let traces = traces(&program, key);
    program.turn_off(Forget::No).unwrap();
    assert_eq!(bench.keystore.key(), None);
    let left = files(&bench.folder);
    let names: Vec<_> = left
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_owned())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name == "consent.json" || name == "lock" || name == "switch"),
        "{names:?}"
    );
    for (path, bytes) in left {
        for trace in &traces {
            assert!(!contains(&bytes, trace), "{} holds a trace", path.display());
        }
    }
    program.used("feature.001");
    assert_eq!(program.next_upload(Connection::Unmetered), None);
    assert_eq!(program.status().waiting, 0);
    drop(program);
    assert_eq!(bench.open().work(), Worked::Off);
}

#[test]
fn a_new_consent_is_a_new_device() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let mut server = Server::default();
    for _ in 0..2 {
        let program = bench.open_on();
        program.used("feature.001");
        program.send_now();
        assert_eq!(send_all(&program, &mut server, &bench.hand), 1);
        program.turn_off(Forget::No).unwrap();
        bench.hand.pass(HOUR);
    }
    assert_eq!(server.counted.len(), 2);
    assert_eq!(server.times("feature.001"), 2);
    assert_eq!(server.duplicates, 0);
}

/// The image of a file system, to which the folder was written while the program was on.
#[test]
fn after_it_is_turned_off_no_trace_is_on_the_disk() {
    let place = tempfile::tempdir().unwrap();
    let (image, mount) = (place.path().join("disk.img"), place.path().join("disk"));
    std::fs::create_dir(&mount).unwrap();
    std::fs::File::create(&image)
        .unwrap()
        .set_len(16 << 20)
        .unwrap();
    run(Command::new("mkfs.ext4").arg("-q").arg(&image));
    run(Command::new("mount")
        .args(["-o", "loop"])
        .arg(&image)
        .arg(&mount));
    let unmount = Unmount(&mount);
    let mut bench = Bench::new(&mount);
    bench.folder = mount.join("kaiku");
    let mut settings = bench.settings();
    let key_file = bench.folder.join("key");
    settings.key = Box::new(KeyFile::new(&key_file));
    let program = Program::open(settings);
    program.turn_on(Level::Both, 2, "en").unwrap();
    program.work();
    live(&program, &bench.hand);
    let key = std::fs::read(&key_file).unwrap().try_into().unwrap();
    let traces = traces(&program, key);
    // What is looked for can be found: the key lies on the disk now.
    run(&mut Command::new("sync"));
    assert!(contains(&std::fs::read(&image).unwrap(), &key));
    program.turn_off(Forget::No).unwrap();
    drop(program);
    drop(unmount);
    let disk = std::fs::read(&image).unwrap();
    for (number, trace) in traces.iter().enumerate() {
        assert!(!contains(&disk, trace), "trace {number} is on the disk");
    }
}

struct Unmount<'a>(&'a std::path::Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        run(Command::new("umount").arg(self.0));
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} (it needs root and loop devices): {said}"
    );
}

/// A way to the server that notes what it is asked.
#[derive(Default)]
struct Noting(Mutex<Vec<(String, Vec<u8>, Duration)>>);

impl Transport for Noting {
    fn send(&self, upload: &Upload, within: Duration) -> Answer {
        let mut noted = self.0.lock().unwrap();
        noted.push((upload.path.to_owned(), upload.body.clone(), within));
        Answer::none()
    }
}

#[test]
fn the_server_is_asked_to_forget_first_and_it_is_off_whatever_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    live(&program, &bench.hand);
    let id = traces(&program, [9; 32])[1].clone();
    let noting = Noting::default();
    program.turn_off(Forget::First(&noting)).unwrap();
    let noted = noting.0.lock().unwrap();
    assert_eq!(noted.len(), 1);
    let (path, body, within) = &noted[0];
    assert_eq!((&**path, *within), ("/v1/forget", Duration::from_secs(5)));
    assert_eq!(*body, [br#"{"device_id":""#, &*id, br#""}"#].concat());
    assert_eq!(program.status().state, State::Off);
}

#[test]
fn a_device_that_never_sent_anything_need_not_be_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let program = Bench::new(folder.path()).open_on();
    program.used("feature.001");
    program.work();
    let noting = Noting::default();
    program.turn_off(Forget::First(&noting)).unwrap();
    assert!(noting.0.lock().unwrap().is_empty());
}

#[test]
fn a_host_that_sends_by_itself_gets_the_request_and_is_off_already() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    live(&program, &bench.hand);
    let forget = program.forget_upload().unwrap().unwrap();
    assert_eq!(forget.path, "/v1/forget");
    program.used("feature.001");
    assert_eq!(program.next_upload(Connection::Unmetered), None);
    program.turn_off(Forget::No).unwrap();
    assert_eq!(bench.keystore.key(), None);
}

#[test]
fn a_text_that_asks_for_more_asks_again_and_one_that_does_not_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    drop(program);
    bench.catalogue = DeviceCatalogue::parse(&catalogue_json(40, 3, 2)).unwrap();
    let program = bench.open();
    assert_eq!(program.work(), Worked::Done);
    drop(program);
    bench.catalogue = DeviceCatalogue::parse(&catalogue_json(40, 4, 4)).unwrap();
    let program = bench.open();
    assert_eq!(program.work(), Worked::Off);
    assert_eq!(program.status().state, State::AsksAgain);
    program.used("feature.002");
    bench.hand.evening_after(1);
    assert_eq!(program.next_upload(Connection::Unmetered), None);
    let refused = program.turn_on(Level::Both, 3, "en");
    assert!(matches!(
        refused,
        Err(Error::OtherConsent {
            given: 3,
            current: 4
        })
    ));
    program.turn_on(Level::Both, 4, "en").unwrap();
    program.work();
    // What was recorded under the old text, and nothing of the time without one.
    let mut server = Server::default();
    send_all(&program, &mut server, &bench.hand);
    assert_eq!(server.times("feature.001"), 1);
    assert_eq!(server.times("feature.002"), 0);
}

#[test]
fn a_level_lets_through_what_it_says_and_no_more() {
    for (level, usage, failures) in [
        (Level::Usage, 2, 0),
        (Level::Failures, 0, 1),
        (Level::Both, 2, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench::new(folder.path());
        let program = bench.open();
        program.turn_on(level, 2, "en").unwrap();
        program.started();
        program.used("feature.001");
        program.failed("disk.full", None, Fatal::No);
        assert_eq!(program.status().waiting, usage + failures, "{level:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let program = Bench::new(folder.path()).open_on();
    program.used("feature.001");
    program.failed("disk.full", None, Fatal::No);
    program.work();
    program.turn_on(Level::Failures, 2, "en").unwrap();
    program.work();
    assert_eq!(program.status().waiting, 1);
}

#[test]
fn a_consent_that_cannot_be_read_for_a_moment_loses_nothing_and_destroys_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.work();
    let consent = bench.folder.join("consent.json");
    let aside = folder.path().join("aside");
    std::fs::rename(&consent, &aside).unwrap();
    // What stands in its place can't be read, whoever asks.
    std::fs::create_dir(&consent).unwrap();
    program.used("feature.002");
    assert_eq!(program.work(), Worked::Later);
    assert!(bench.folder.join("spool.db").exists());
    std::fs::remove_dir(&consent).unwrap();
    std::fs::rename(&aside, &consent).unwrap();
    assert_eq!(program.work(), Worked::Done);
    assert_eq!(program.status().waiting, 2);
}

#[test]
fn a_policy_of_the_machine_beats_the_app_and_what_was_stored_goes() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.used("feature.001");
    program.work();
    std::fs::write(&bench.policy, "").unwrap();
    assert_eq!(program.work(), Worked::Off);
    assert_eq!(
        program.status().state,
        State::Hindered(Hindrance::PolicyFile)
    );
    assert!(!bench.folder.join("spool.db").exists());
    let refused = program.turn_on(Level::Both, 2, "en");
    assert!(matches!(
        refused,
        Err(Error::Hindered(Hindrance::PolicyFile))
    ));
}

#[test]
fn do_not_track_and_ci_turn_it_off_and_a_test_runs_in_ci() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(folder.path());
    drop(bench.open_on());
    bench.variables = Variables {
        do_not_track: true,
        ..Variables::default()
    };
    let program = bench.open();
    program.used("feature.001");
    assert_eq!(program.work(), Worked::Off);
    assert_eq!(
        program.status().state,
        State::Hindered(Hindrance::DoNotTrack)
    );
    assert_eq!(program.status().waiting, 0);
    drop(program);
    bench.variables = Variables {
        ci: true,
        ..Variables::default()
    };
    assert_eq!(bench.open().work(), Worked::Off);
    let mut settings = bench.settings();
    settings.environment = Environment::Test;
    let program = Program::open(settings);
    program.used("feature.001");
    assert_eq!(program.work(), Worked::Done);
    program.send_now();
    let upload = program.next_upload(Connection::Unmetered).unwrap();
    assert!(
        upload
            .headers
            .contains(&("kaiku-environment", "test".to_owned()))
    );
}

#[test]
fn the_turns_of_the_switch_are_noted_for_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    program.turn_off(Forget::No).unwrap();
    program.turn_on(Level::Failures, 2, "fi").unwrap();
    let export: serde_json::Value = serde_json::from_str(&program.export("en")).unwrap();
    let turns = export["consent"].as_array().unwrap();
    assert_eq!(turns.len(), 3);
    assert_eq!(turns[1]["given"], false);
    assert_eq!(turns[2]["level"], "failures");
    assert_eq!(turns[2]["language"], "fi");
    assert_eq!(turns[2]["day"], "2026-11-23");
}

/// A keystore that panics whatever it is asked, once it has given its key.
struct Brittle(Keystore);

impl KeySource for Brittle {
    fn key(&mut self) -> KeyAnswer {
        match self.0.key() {
            Some(key) => KeyAnswer::Key(Key::new(key)),
            None => KeyAnswer::Gone,
        }
    }

    fn create(&mut self) -> KeyAnswer {
        KeySource::create(&mut self.0)
    }

    fn destroy(&mut self) -> std::io::Result<()> {
        panic!("the keystore is out of order")
    }
}

#[test]
fn a_keystore_that_panics_keeps_nothing_on_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = Program::open(Settings {
        key: Box::new(Brittle(bench.keystore.clone())),
        ..bench.settings()
    });
    program.turn_on(Level::Both, 2, "en").unwrap();
    program.used("feature.001");
    program.work();
    assert!(
        program.turn_off(Forget::No).is_err(),
        "its key is still there"
    );
    assert_eq!(program.status().state, State::Off);
    assert_eq!(program.next_upload(Connection::Unmetered), None);
}
