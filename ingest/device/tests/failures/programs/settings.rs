//! What the programs of the tests begin a run with.

use std::path::Path;
use std::time::Duration;

use kaiku_device::failures::signals::Signals;
use kaiku_device::failures::{Component, Settings};

/// The release of every program.
pub(crate) const RELEASE: &str = "4.2";

/// A run in this folder, with a file there for the boot, in a process that outlives a failure after this many seconds.
pub(crate) fn settings(folder: &Path, signals: Signals, outlives: u64) -> Settings {
    let mut settings = Settings::new(folder.join("runs"), RELEASE);
    settings.system.boot_id = folder.join("boot");
    settings.system.outlives = Duration::from_secs(outlives);
    settings.signals = signals;
    settings.components = vec![Component {
        name: "tiles".into(),
        paths: vec!["ingest/device/tests/failures/programs/".into()],
    }];
    settings
}
