//! Kotlin on a Java machine: the compiler from Maven Central, and what it made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::host::{bindings, root, succeed};
use crate::support::kafka::bring;

/// The version in `tests/kotlin/pom.xml`.
const VERSION: &str = "2.2.20";

/// What is compiled, beside the generated source.
const SOURCES: [&str; 2] = ["examples/App.kt", "bench/Bench.kt"];

fn jars() -> &'static Path {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| {
        let brought = bring(&format!("kotlin-{VERSION}"), "tests/kotlin/pom.xml");
        brought.unwrap_or_else(|why| {
            panic!(
                "the examples in Kotlin need its compiler: install Java 17 or later and Maven (on \
                 Debian: apt-get install default-jdk-headless maven): {why}"
            )
        })
    })
}

/// Compiles sources together with the generated one, once for each state that they are in.
pub(crate) fn compile(sources: &[PathBuf]) -> PathBuf {
    let generated = bindings().join("kotlin/kaiku/kaiku.kt");
    let mut hash = blake3::Hasher::new();
    for source in sources.iter().chain([&generated]) {
        hash.update(&fs::read(source).unwrap());
    }
    let name = &hash.finalize().to_hex()[..16];
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kotlin-{name}.jar"));
    if made.is_file() {
        return made;
    }
    let partial = made.with_extension(format!("{}.jar", std::process::id()));
    let on_path = [
        format!("kotlin-stdlib-{VERSION}.jar"),
        "jna-5.17.0.jar".into(),
    ];
    let on_path: Vec<String> = on_path
        .iter()
        .map(|jar| jars().join(jar).display().to_string())
        .collect();
    let mut kotlinc = Command::new("java");
    kotlinc
        .args(["-Xmx1g", "-XX:+UseSerialGC", "-cp"])
        .arg(jars().join("*"))
        .arg("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler")
        .args(["-no-stdlib", "-no-reflect", "-nowarn", "-jvm-target", "17"])
        .args(["-cp", &on_path.join(":"), "-d"])
        .arg(&partial)
        .arg(generated)
        .args(sources);
    succeed(&mut kotlinc);
    fs::rename(&partial, &made).unwrap();
    made
}

/// A Java machine that runs `class` of the examples.
pub(crate) fn java(class: &str) -> Command {
    static JAR: OnceLock<PathBuf> = OnceLock::new();
    let of_package = |source| root().join("ingest/device/bindings/uniffi").join(source);
    let jar = JAR.get_or_init(|| compile(&SOURCES.map(of_package)));
    run_class(jar, class)
}

/// A Java machine that runs a class of a jar.
pub(crate) fn run_class(jar: &Path, class: &str) -> Command {
    let library = bindings().join("kotlin");
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!("-Djna.library.path={}", library.display()))
        .arg("-cp")
        .arg(format!("{}:{}", jar.display(), jars().join("*").display()))
        .arg(class);
    java
}
