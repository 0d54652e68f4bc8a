//! A Python with some packages, made once in the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python of the environment `name`, with these packages in it.
pub(crate) fn environment(name: &str, packages: &[&str]) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Of the workspace, whichever of its packages asks.
    let root = own.ancestors().find(|one| one.join("Cargo.lock").exists());
    let folder = root.unwrap().join("target").join(name);
    let python = folder.join("bin/python");
    let done = folder.join("done");
    // The environment of an older list has other packages in it.
    let wanted = packages.join(" ");
    if !fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&folder)
            .output();
        assert!(
            made.is_ok_and(|made| made.status.success()),
            "no Python environment could be made: install python3 and python3-venv"
        );
        let pip = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(packages)
            .output()
            .unwrap();
        assert!(
            pip.status.success(),
            "{}",
            String::from_utf8_lossy(&pip.stderr)
        );
        fs::write(done, wanted).unwrap();
    }
    python
}
