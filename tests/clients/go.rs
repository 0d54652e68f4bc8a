//! Go: all programs are built once, with what `go.sum` pins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::outcome::{outcome, outcome_by_registry, registry};
use super::{altered, made, path, succeed};

/// Builds the module in a folder into another.
fn build(module: &Path, into: &Path) {
    let mut go = Command::new("go");
    // A Go that is older than go.mod demands fetches the one that it names.
    go.env("GOTOOLCHAIN", "auto")
        .arg("-C")
        .arg(module)
        .args(["build", "-buildvcs=false", "-o"])
        // With a slash at its end, for a folder that is to be made.
        .arg(into.join(""))
        .arg("./...");
    succeed(&mut go);
}

/// A program of `docs/clients/go`.
pub(super) fn program(name: &str) -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let into = made("clients-go");
        build(&path("go"), &into);
        into
    });
    Command::new(built.join(name))
}

/// The folder of a module with only one program in it, to be altered.
fn copy(name: &str) -> PathBuf {
    let folder = made(&format!("clients-go-{name}"));
    for part in ["raw", name] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    let main = format!("{name}/main.go");
    for file in ["go.mod", "go.sum", "raw/raw.go", main.as_str()] {
        fs::copy(path("go").join(file), folder.join(file)).unwrap();
    }
    folder
}

/// A program with something else in it.
fn wrong(name: &str, from: &str, to: &str) -> Command {
    let folder = copy(name);
    let text = altered(&format!("go/{name}/main.go"), from, to);
    fs::write(folder.join(name).join("main.go"), text).unwrap();
    build(&folder, &folder.join("built"));
    Command::new(folder.join("built").join(name))
}

#[test]
fn franz_go_with_hamba_counts_once() {
    outcome("franz", &mut program("franz")).assert_exact();
}

#[test]
fn franz_go_with_a_registry_counts_once() {
    let url = registry().confluent_url();
    outcome_by_registry("franzsr", &mut program("franzsr"), &url).assert_exact();
}

#[test]
fn sarama_with_goavro_counts_once() {
    outcome("sarama", &mut program("sarama")).assert_exact();
}

#[test]
fn kafka_go_with_hamba_counts_once() {
    outcome("kafkago", &mut program("kafkago")).assert_exact();
}

#[test]
fn sarama_by_default_puts_most_records_into_a_wrong_partition() {
    let line = "config.Producer.Partitioner = sarama.NewMurmur2Partitioner\n";
    let mut program = wrong("sarama", line, "");
    outcome("saramawrong", &mut program).assert_most_in_a_wrong_partition();
}

#[test]
fn kafka_go_by_default_puts_most_records_into_a_wrong_partition() {
    let mut program = wrong("kafkago", "Balancer: kafka.Murmur2Balancer{},\n", "");
    outcome("kafkagowrong", &mut program).assert_most_in_a_wrong_partition();
}
