//! `kaiku selftest` on a real broker: what the CI of our users runs.

use std::process::Command;

use kaiku_broker::Admin;

use crate::support::kafka::{broker, unique_prefix};

#[test]
fn the_selftest_passes_on_a_real_broker_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("kaiku.xml");
    let prefix = unique_prefix("selftest");
    let file = folder.path().join("kaiku.toml");
    // The broker of a hosted CI may have another name than localhost.
    std::fs::write(&file, "[kafka]\ninsecure = true\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args([
            "selftest",
            "--brokers",
            broker().bootstrap(),
            "--prefix",
            &prefix,
            "--junit",
        ])
        .arg(&junit)
        .arg("--config")
        .arg(&file)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report = std::fs::read_to_string(&junit).unwrap();
    assert!(
        report.contains("<testsuite") && !report.contains("<failure"),
        "{report}"
    );
    let admin = Admin::connect(&broker().cluster(&prefix)).unwrap();
    assert_eq!(admin.groups().unwrap(), [""; 0]);
    let left = admin.names().unwrap();
    assert!(
        left.iter().all(|name| !name.starts_with(&prefix)),
        "{left:?}"
    );
}
