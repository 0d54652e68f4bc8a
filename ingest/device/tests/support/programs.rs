//! The programs that tests start as processes of their own, the package's examples. Who tests the package has them built; who
//! tests one target alone does not, and then cargo builds them here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::SystemTime;

/// One test builds, the others wait.
static BUILDING: Mutex<()> = Mutex::new(());

/// The folder in which these programs lie, of whose sources some are in `sources`.
pub(crate) fn programs(sources: &str, names: &[&str]) -> PathBuf {
    let _building = BUILDING.lock().unwrap();
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().join("examples");
    let target = test.ancestors().nth(3).unwrap();
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let changed = ["src", sources, "Cargo.toml"].map(|path| newest(&package.join(path)));
    let changed = changed.into_iter().max();
    let is_built = |name: &&str| {
        let built = folder.join(name).metadata();
        built.is_ok_and(|built| Some(built.modified().unwrap()) > changed)
    };
    if !names.iter().all(is_built) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(package)
            .args(["build", "--quiet", "--examples", "--features", "signals"])
            .arg("--target-dir")
            .arg(target);
        let built = cargo.output().unwrap();
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{said}");
    }
    folder
}

/// When anything under this path changed last.
fn newest(path: &Path) -> SystemTime {
    let own = path.metadata().unwrap().modified().unwrap();
    let below = std::fs::read_dir(path).into_iter().flatten();
    below
        .map(|entry| newest(&entry.unwrap().path()))
        .fold(own, SystemTime::max)
}
