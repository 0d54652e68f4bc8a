//! Python: the programs run in an environment with what `requirements.txt` pins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::outcome::{outcome, outcome_by_registry, registry};
use super::{altered, fail, path, root, succeed, text};
use crate::support::kafka::apache;

/// A Python with what the programs import, made once for each state of the requirements.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = root().join("target/clients-python");
        let python = folder.join("bin/python");
        let wanted = text("python/requirements.txt");
        let done = folder.join("done");
        if !fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
            let mut venv = Command::new("python3");
            succeed(venv.args(["-m", "venv", "--clear"]).arg(&folder));
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet", "-r"])
                .arg(path("python/requirements.txt"));
            succeed(&mut pip);
            fs::write(done, wanted).unwrap();
        }
        python
    })
}

/// A program of `docs/clients/python`.
fn program(name: &str) -> Command {
    let mut program = Command::new(python());
    program.arg(path("python").join(name));
    program
}

/// The same with something else in it.
fn wrong(name: &str, from: &str, to: &str) -> Command {
    let mut program = Command::new(python());
    let code = altered(&format!("python/{name}"), from, to);
    program.args(["-c", &code]);
    program
}

#[test]
fn confluent_kafka_with_fastavro_counts_once() {
    outcome("confluent", &mut program("confluent_fastavro.py")).assert_exact();
}

#[test]
fn confluent_kafka_with_a_registry_counts_once() {
    let url = registry().confluent_url();
    let mut program = program("confluent_registry.py");
    outcome_by_registry("confluentsr", &mut program, &url).assert_exact();
}

#[test]
fn kafka_python_with_fastavro_counts_once() {
    outcome("kafkapython", &mut program("kafka_python.py")).assert_exact();
}

#[test]
fn confluent_kafka_by_default_puts_most_records_into_a_wrong_partition() {
    let line = "\"partitioner\": \"murmur2_random\",\n";
    let mut program = wrong("confluent_fastavro.py", line, "\n");
    outcome("confluentwrong", &mut program).assert_most_in_a_wrong_partition();
}

#[test]
fn a_key_in_hexadecimal_digits_is_rejected() {
    let (right, wrong_key) = ("send(device_id, record)", "send(device_id.hex(), record)");
    let mut program = wrong("confluent_fastavro.py", right, wrong_key);
    let outcome = outcome("hexkey", &mut program);
    assert_eq!(outcome.rejected["key_mismatch"], 400, "{outcome:?}");
}

#[test]
fn a_misspelt_field_is_refused_before_it_is_sent() {
    for name in [
        "confluent_fastavro.py",
        "confluent_registry.py",
        "kafka_python.py",
    ] {
        let mut program = wrong(name, "\"times\": 2", "\"time\": 2");
        let url = registry().confluent_url();
        let said = fail(program.args([apache().bootstrap.as_str(), "none", "1", url.as_str()]));
        assert!(said.contains("more fields than"), "{name}: {said}");
    }
}
