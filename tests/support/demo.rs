//! One demo, for all tests that read its rollups.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::python::said;

/// A demo that was run. Nobody writes to its folder.
pub(crate) struct Demo {
    /// Where `kaiku-demo` lies.
    pub(crate) folder: PathBuf,
    /// The days that are sealed, in their order.
    pub(crate) days: Vec<String>,
}

/// The demo of the tests, run once.
pub(crate) fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        fs::create_dir_all(&folder).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
            // Two whole weeks, so that weekly tables stand there, and a month that is over.
            .args(["demo", "--devices", "6000", "--days", "14"])
            .current_dir(&folder)
            .output()
            .unwrap();
        let summary = said(&output);
        assert!(summary.contains("none of 6,0"), "{summary}");
        let manifests = fs::read_dir(folder.join("kaiku-demo/rollups/manifests")).unwrap();
        let mut days: Vec<String> = manifests
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| {
                name.strip_prefix("day=")?
                    .strip_suffix(".json")
                    .map(str::to_owned)
            })
            .collect();
        days.sort();
        assert_eq!(days.len(), 14);
        Demo { folder, days }
    })
}
