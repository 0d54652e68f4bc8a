//! Settings: every error at once, the environment over the file, and every sample that we ship.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::folders::copy_folder;

/// Runs `kaiku doctor --settings-only` on a file, with nothing but these variables set.
fn doctor(file: &Path, variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["doctor", "--settings-only", "--config"])
        .arg(file)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts")
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a temporary file");
    fs::write(file.path(), text).expect("the file can be written");
    file
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_error_of_form_is_reported_at_once_with_its_line() {
    let file = written(
        "[kafka]\nbroker = \"a:1\"\ninsecure = \"yes\"\n\n[topics]\npartitions = \"many\"\n\n[telemetrie]\nlog = \"info\"\n",
    );
    let output = doctor(file.path(), &[("KAIKU_ENRICH__GRUOP", "x")]);
    assert!(!output.status.success());
    let said = stderr(&output);
    for expected in [
        ":2:1: [kafka] unknown field `broker`",
        ":3:12: [kafka] insecure: invalid type",
        ":6:14: [topics] partitions: invalid type",
        ":8:2: there is no section [telemetrie]",
        "KAIKU_ENRICH__GRUOP: [enrich] unknown field `gruop`",
    ] {
        assert!(said.contains(expected), "{expected} is not in:\n{said}");
    }
}

#[test]
fn every_error_of_meaning_is_reported_at_once() {
    let file = written(
        "[kafka]\nbrokers = \"kafka.example.com:9092\"\n[topics]\npartitions = 0\n[telemetry]\nlog = \"a=b=c\"\n",
    );
    let output = doctor(file.path(), &[]);
    assert!(!output.status.success());
    let said = stdout(&output);
    for expected in [
        "there is no TLS",
        "topics.partitions must be",
        "telemetry.log is",
    ] {
        assert!(said.contains(expected), "{expected} is not in:\n{said}");
    }
}

#[test]
fn a_file_of_the_gateway_that_is_wrong_or_open_to_everybody_is_named_and_not_repeated() {
    use std::os::unix::fs::PermissionsExt;
    let set = |file: &tempfile::NamedTempFile, mode| {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let (keys, switches) = (written("[apps.maps]\nkeys = [\"hunter2\"]\n"), written(""));
    set(&keys, 0o640);
    set(&switches, 0o666);
    let file = written(&format!(
        "[gateway]\nkeys_file = {:?}\nswitches_file = {:?}\n",
        keys.path(),
        switches.path()
    ));
    let said = stdout(&doctor(file.path(), &[]));
    for expected in [
        "gateway.keys_file: a key stands there as its BLAKE3 hash",
        "gateway.switches_file",
        "may be written by every user",
    ] {
        assert!(said.contains(expected), "{expected} is not in:\n{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    let hash = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    fs::write(keys.path(), format!("[apps.maps]\nkeys = [\"{hash}\"]\n")).expect("keys");
    set(&switches, 0o644);
    let said = stdout(&doctor(file.path(), &[]));
    assert!(said.contains("its files can be used"), "{said}");
}

#[test]
fn what_is_wrong_with_the_registry_is_told_without_asking_it() {
    let file = written(
        "[registry]\nurl = \"http://registry.example.com\"\nusername = \"u\"\npassword_file = \"/nowhere/password\"\n",
    );
    let output = doctor(file.path(), &[]);
    assert!(!output.status.success());
    let said = stdout(&output);
    for expected in [
        "registry url is plain http to another machine",
        "registry password_file can't be read (No such file",
    ] {
        assert!(said.contains(expected), "{expected} is not in:\n{said}");
    }
    let file = written("[registry]\nurl = \"http://localhost:1\"\n");
    let said = stdout(&doctor(file.path(), &[]));
    assert!(!said.contains("registry"), "{said}");
}

#[test]
fn the_keys_of_the_state_may_not_lie_where_a_store_is_read() {
    let within = |keys: &str| {
        let file = written(&format!(
            "[enrich]\nkeys_dir = {keys:?}\n[aggregate]\nlanding = \"/data/landing\"\nrollups = \"/data/rollups\"\n"
        ));
        stdout(&doctor(file.path(), &[]))
    };
    for (keys, store) in [
        ("/data/rollups/keys", "aggregate.rollups"),
        ("/data/rollups", "aggregate.rollups"),
        ("/data/./landing//keys", "aggregate.landing"),
    ] {
        let (said, told) = (within(keys), format!("enrich.keys_dir lies in {store}"));
        assert!(said.contains(&told), "{told:?} is not in:\n{said}");
    }
    let said = within("/data/keys");
    assert!(!said.contains("keys_dir lies in"), "{said}");
}

#[test]
fn the_environment_lies_over_the_file() {
    let file = written("[kafka]\nbrokers = \"kafka.example.com:9092\"\n");
    let over = [
        ("KAIKU_KAFKA__BROKERS", "127.0.0.1:9092"),
        ("KAIKU_TOPICS__PARTITIONS", "0"),
    ];
    let said = stdout(&doctor(file.path(), &over));
    assert!(!said.contains("there is no TLS"), "{said}");
    assert!(said.contains("topics.partitions must be"), "{said}");
}

#[test]
fn a_password_in_the_settings_is_refused_and_not_repeated() {
    let file =
        written("[kafka.sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword = \"hunter2\"\n");
    let output = doctor(file.path(), &[("KAIKU_KAFKA__SASL__PASSWORD", "hunter3")]);
    let said = stderr(&output) + &stdout(&output);
    assert!(!output.status.success());
    assert!(said.contains("unknown field `password`"), "{said}");
    assert!(!said.contains("hunter"), "{said}");
}

#[test]
fn a_file_that_is_named_must_exist() {
    let output = doctor(Path::new("/nowhere/kaiku.toml"), &[]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("/nowhere/kaiku.toml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn every_sample_of_settings_has_the_right_form() {
    let mut samples = Vec::new();
    for entry in fs::read_dir(root().join("docker/config"))
        .expect("docker/config")
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            samples.push((
                path.display().to_string(),
                fs::read_to_string(&path).expect("a sample"),
            ));
        }
    }
    assert!(!samples.is_empty(), "docker/config holds no sample");
    for document in ["README.md", "docs/configuration.md"] {
        let text = fs::read_to_string(root().join(document)).expect(document);
        samples.extend(settings_in(&text).map(|sample| (document.to_owned(), sample)));
    }
    for (name, sample) in samples {
        let file = written(&sample);
        let said = stderr(&doctor(file.path(), &[]));
        assert!(
            !said.contains("can't be used"),
            "{name} holds settings that can't be read:\n{said}\n{sample}"
        );
    }
}

#[test]
fn the_settings_of_the_readme_serve_every_stage_once_their_files_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let sample = settings_in(&readme).next().expect("settings");
    let mut settings = sample;
    for (place, name) in [
        ("/etc/kaiku", "etc"),
        ("/run/secrets", "secrets"),
        ("/var/lib/kaiku", "lib"),
        ("/srv/kaiku", "srv"),
    ] {
        let here = folder.path().join(name);
        fs::create_dir(&here).expect("a folder");
        settings = settings.replace(place, here.to_str().expect("a path"));
    }
    let etc = folder.path().join("etc");
    let secrets = folder.path().join("secrets");
    copy_folder(
        &root().join("schemas/catalogue/sample"),
        &etc.join("catalogue"),
    );
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(etc.join("ca.pem"), made.cert.pem()).expect("written");
    fs::write(etc.join("gateway.pem"), made.cert.pem()).expect("written");
    for (name, text) in [
        ("gateway.key", made.signing_key.serialize_pem()),
        ("kafka-password", "secret\n".to_owned()),
        ("gateway-tokens", format!("{}\n", "5".repeat(64))),
    ] {
        let path = secrets.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its rights");
    }
    let file = folder.path().join("kaiku.toml");
    fs::write(&file, settings).expect("written");
    let output = doctor(&file, &[]);
    let said = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

/// Every block of TOML in a document that holds settings, and not a file of the catalogue.
fn settings_in(document: &str) -> impl Iterator<Item = String> {
    document
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| !block.lines().any(|line| line.starts_with("app = ")))
        .map(str::to_owned)
}
