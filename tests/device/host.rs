//! The library for other languages as `scripts/bindings` makes it, and programs that are run with
//! it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The longest that a program may take, on a busy machine; compilers are among them.
const RUN: Duration = Duration::from_secs(600);

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where the bindings of the tests are: the build of the tests, with steps at which it panics.
pub(crate) fn bindings() -> &'static Path {
    static BINDINGS: OnceLock<PathBuf> = OnceLock::new();
    BINDINGS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bindings");
        let made = Command::new(root().join("scripts/bindings"))
            .args(["--debug", "--failpoints", "--http"])
            .arg(&folder)
            .current_dir(root())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "scripts/bindings: {said}");
        folder
    })
}

/// What a program that ended has said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) is_success: bool,
    pub(crate) printed: String,
    pub(crate) complained: String,
}

/// Runs a program to its end, with what a user's session has in its environment and not what a CI
/// has.
pub(crate) fn run(command: &mut Command) -> Ended {
    run_with(command, Stdio::null())
}

/// The same with something to read.
pub(crate) fn run_with(command: &mut Command, input: Stdio) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = command
        .env_remove("CI")
        .env_remove("DO_NOT_TRACK")
        .stdin(input)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > RUN {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} did not end within {RUN:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    Ended {
        is_success: status.success(),
        printed: text(&out),
        complained: text(&err),
    }
}

/// The same for a program that must succeed; what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let ended = run(command);
    assert!(
        ended.is_success,
        "{command:?}\n{}{}",
        ended.printed, ended.complained
    );
    ended.printed
}

/// An example in one of the languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    C,
    Python,
    Kotlin,
}

impl Language {
    /// The example of this language, ready to be run with its arguments.
    pub(crate) fn example(self) -> Command {
        match self {
            Language::Rust => Command::new(rust_example()),
            Language::C => Command::new(c_example()),
            Language::Python => {
                let mut command = python();
                command.arg(root().join("ingest/device/bindings/uniffi/examples/app.py"));
                command
            }
            Language::Kotlin => super::kotlin::java("AppKt"),
        }
    }
}

/// A Python that finds the generated module.
pub(crate) fn python() -> Command {
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", bindings().join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Compiles a program in C against the header, with every warning an error.
pub(crate) fn compile_c(source: &Path, program: &Path, is_static: bool) {
    let library = bindings().join("c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-D_DEFAULT_SOURCE", "-O2"])
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(&library)
        .arg("-o")
        .arg(program)
        .arg(source);
    if is_static {
        gcc.arg(library.join("libkaiku_device_c.a"))
            .args(["-lpthread", "-ldl", "-lm"]);
    } else {
        let path = format!("-Wl,-rpath,{}", library.display());
        gcc.arg("-L")
            .arg(&library)
            .args(["-lkaiku_device_c", &path]);
    }
    succeed(&mut gcc);
}

fn rust_example() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .args(["build", "--quiet", "--locked", "-p", "kaiku-device-native"])
            .current_dir(root());
        let built = run(&mut cargo);
        assert!(built.is_success, "{}", built.complained);
        let folder = Path::new(env!("CARGO_BIN_EXE_kaiku")).parent().unwrap();
        folder.join("kaiku-device-native")
    })
}

fn c_example() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = bindings().join("c/app");
        let source = root().join("ingest/device/bindings/c/examples/app.c");
        compile_c(&source, &program, false);
        program
    })
}
