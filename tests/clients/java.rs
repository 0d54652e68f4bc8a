//! Java: each producer is one file, which `java` compiles and runs; what it needs comes by Maven.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::outcome::{outcome, outcome_by_registry, registry};
use super::{altered, fail, path, text};
use crate::support::kafka::{apache, bring};

/// What the programs need; another pom has a folder of its own.
fn jars() -> &'static Path {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| {
        let hash = blake3::hash(text("java/pom.xml").as_bytes()).to_hex();
        let name = format!("clients-java-{}", &hash[..16]);
        bring(&name, "docs/clients/java/pom.xml").unwrap_or_else(|why| {
            panic!(
                "the producers in Java need Java 17 or later and Maven (on Debian: apt-get \
                 install default-jdk-headless maven): {why}"
            )
        })
    })
}

/// A program of `docs/clients/java`.
pub(super) fn program(name: &str) -> Command {
    source(&path("java").join(name))
}

fn source(file: &Path) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .arg("-cp")
        .arg(jars().join("*"))
        .arg(file);
    java
}

#[test]
fn kafka_clients_with_apache_avro_counts_once() {
    outcome("java", &mut program("AvroProducer.java")).assert_exact();
}

#[test]
fn apicurios_serializer_counts_once() {
    let url = registry().own_url();
    let mut program = program("ApicurioProducer.java");
    outcome_by_registry("apicurio", &mut program, &url).assert_exact();
}

#[test]
fn kafka_clients_that_ignore_the_key_put_most_records_into_a_wrong_partition() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("AvroProducer.java");
    let setting = "\"bootstrap.servers\", arguments[0]";
    let wrong = format!("{setting}, \"partitioner.ignore.keys\", true");
    fs::write(&file, altered("java/AvroProducer.java", setting, &wrong)).unwrap();
    outcome("javawrong", &mut source(&file)).assert_most_in_a_wrong_partition();
}

#[test]
fn apache_avro_refuses_a_misspelt_field_and_one_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("AvroProducer.java");
    let mistakes = [
        ("\"feature\", \"route", "\"featur\", \"route", "featur"),
        ("event.put(\"times\", times);", "", "times"),
    ];
    for (right, wrong, named) in mistakes {
        fs::write(&file, altered("java/AvroProducer.java", right, wrong)).unwrap();
        let mut program = source(&file);
        let said = fail(program.args([apache().bootstrap.as_str(), "none", "1"]));
        assert!(said.contains(named), "{said}");
    }
}
