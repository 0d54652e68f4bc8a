//! What goes wrong inside does not reach the host.

use std::process::Command;

/// The steps at which the library can be made to panic.
const STEPS: [&str; 8] = [
    "device.session",
    "device.used",
    "device.failed",
    "device.work",
    "device.write",
    "device.next_upload",
    "device.numbered",
    "device.uploaded",
];

#[test]
fn a_panic_at_any_step_does_not_reach_the_host() {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let host = path.join("examples").join("host");
    for step in STEPS {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(&host)
            .arg(folder.path())
            .env("FAILPOINTS", format!("{step}=panic"))
            .output()
            .expect("the example is built");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{step}: {said}");
        assert!(
            said.starts_with("the host came to its end; went wrong inside: "),
            "{step}: {said}"
        );
        assert!(!said.contains("inside: 0"), "{step} was never reached");
    }
}
