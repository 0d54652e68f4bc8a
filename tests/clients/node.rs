//! JavaScript: the programs run beside what `package-lock.json` pins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::outcome::{outcome, outcome_by_registry, registry};
use super::{altered, fail, made, succeed, text};
use crate::support::kafka::apache;

/// A folder with what the programs import, made once for each state of the lock file.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = made("clients-node");
        fs::create_dir_all(&folder).unwrap();
        let lock = text("node/package-lock.json");
        let done = folder.join("done");
        if !fs::read_to_string(&done).is_ok_and(|found| found == lock) {
            for file in ["package.json", "package-lock.json"] {
                fs::write(folder.join(file), text(&format!("node/{file}"))).unwrap();
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .arg("--prefix")
                .arg(&folder);
            succeed(&mut npm);
            fs::write(done, lock).unwrap();
        }
        folder
    })
}

/// A program of that text.
fn script(name: &str, text: &str) -> Command {
    let file = folder().join(name);
    fs::write(&file, text).unwrap();
    let mut node = Command::new("node");
    node.arg(file);
    node
}

/// A program of `docs/clients/node`.
fn program(name: &str) -> Command {
    script(name, &text(&format!("node/{name}")))
}

#[test]
fn kafkajs_with_avsc_counts_once() {
    outcome("kafkajs", &mut program("kafkajs_avsc.js")).assert_exact();
}

#[test]
fn kafkajs_with_a_registry_counts_once() {
    let url = registry().confluent_url();
    let mut program = program("kafkajs_registry.js");
    outcome_by_registry("kafkajssr", &mut program, &url).assert_exact();
}

#[test]
fn the_partitioner_that_kafkajs_advises_puts_most_records_into_a_wrong_partition() {
    let right = "Partitioners.DefaultPartitioner";
    let text = altered(
        "node/kafkajs_avsc.js",
        right,
        "Partitioners.LegacyPartitioner",
    );
    let mut program = script("legacy.js", &text);
    outcome("kafkajswrong", &mut program).assert_most_in_a_wrong_partition();
}

#[test]
fn a_misspelt_field_is_refused_before_it_is_sent() {
    for name in ["kafkajs_avsc.js", "kafkajs_registry.js"] {
        let text = altered(&format!("node/{name}"), "times: 2", "time: 2");
        let mut program = script(&format!("misspelt_{name}"), &text);
        let url = registry().confluent_url();
        let said = fail(program.args([apache().bootstrap.as_str(), "none", "1", url.as_str()]));
        assert!(said.contains("what stands at events.1 does not"), "{said}");
    }
}
