//! Brings Apache Kafka, and whatever else Maven has, into the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version in `tests/kafka/pom.xml`.
const VERSION: &str = "4.1.1";

/// The folder with Kafka's jars; brings them where they are missing. The error is a sentence for
/// the developer.
pub(super) fn jars() -> Result<PathBuf, String> {
    let brought = bring(&format!("kafka-{VERSION}"), "tests/kafka/pom.xml");
    brought.map_err(|why| what_to_install(&format!("Apache Kafka can't be had ({why})")))
}

/// The folder of this name under target, with what a pom depends on; Maven brings it where it is
/// missing, once, whoever of several test processes comes first.
pub(crate) fn bring(name: &str, pom: &str) -> Result<PathBuf, String> {
    bring_by("copy-dependencies", name, pom)
}

/// The same with what is in the archives that a pom depends on.
pub(crate) fn bring_unpacked(name: &str, pom: &str) -> Result<PathBuf, String> {
    bring_by("unpack-dependencies", name, pom)
}

fn bring_by(goal: &str, name: &str, pom: &str) -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo puts its tmp folder under target");
    let folder = target.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    // Held until the end of this function; the kernel takes it back from a process that dies.
    let lock = File::create(target.join(format!("{name}.lock")))
        .map_err(|error| in_the_way(&folder, &error))?;
    lock.lock().map_err(|error| in_the_way(&folder, &error))?;
    if folder.is_dir() {
        return Ok(folder);
    }
    // Under its final name only when it is complete.
    let partial = target.join(format!("{name}.partial"));
    if partial.is_dir() {
        fs::remove_dir_all(&partial).map_err(|error| in_the_way(&partial, &error))?;
    }
    run_maven(goal, pom, &partial)?;
    fs::rename(&partial, &folder).map_err(|error| in_the_way(&folder, &error))?;
    Ok(folder)
}

/// The sentence that says what to install.
pub(super) fn what_to_install(missing: &str) -> String {
    format!(
        "the integration tests need a Kafka broker, and {missing}: install Java 17 or later and \
         Maven (on Debian: apt-get install default-jdk-headless maven), or set \
         KAIKU_TEST_BROKERS=host:port to the address of a broker"
    )
}

fn run_maven(goal: &str, pom: &str, into: &Path) -> Result<(), String> {
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join(pom);
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .arg(format!("dependency:{goal}"))
        .arg(format!("-DoutputDirectory={}", into.display()))
        // What was unpacked is noted there, and not beside the pom.
        .arg(format!("-DmarkersDirectory={}/markers", into.display()))
        .stdin(Stdio::null())
        .output()
        .map_err(|_| "`mvn` can't be started".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let first = said
        .lines()
        .find(|line| line.contains("ERROR"))
        .unwrap_or("it did not say why");
    Err(format!("`mvn dependency:{goal}` failed: {first}"))
}

fn in_the_way(path: &Path, error: &std::io::Error) -> String {
    format!("the tests could not write {}: {error}", path.display())
}
