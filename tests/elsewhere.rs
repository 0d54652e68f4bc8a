//! A broker that is reached on this machine and says that it is elsewhere: nobody goes on with it where
//! nothing protects what is sent, and the doctor says where it is.

use std::process::{Command, Output};

use kaiku_broker::Cluster;

use crate::support::kafka::{own, unique_prefix};
use crate::support::process::settings;

fn kaiku(folder: &std::path::Path, arguments: &[&str]) -> (bool, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(arguments)
        .args(["--config", "kaiku.toml"])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.success(), said)
}

#[test]
fn a_broker_that_says_that_it_is_elsewhere_is_refused_where_nothing_protects_what_is_sent() {
    let mut kafka = own();
    let folder = tempfile::tempdir().unwrap();
    let cluster: Cluster = kafka.cluster(&unique_prefix("elsewhere"));
    let file = settings(folder.path(), &cluster, "[telemetry]\nserve = false\n");
    let allowed = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, allowed.replace("insecure = true\n", "")).unwrap();
    std::fs::write(
        folder.path().join("line.jsonl"),
        include_str!("fixtures/line.jsonl"),
    )
    .unwrap();
    let (created, said) = kaiku(folder.path(), &["topics", "create"]);
    assert!(created, "{said}");
    let (published, said) = kaiku(folder.path(), &["publish", "line.jsonl"]);
    assert!(published, "{said}");

    // The system takes this for 127.0.0.1; to whoever reads it, it may be any machine's name.
    let elsewhere = kafka.bootstrap.replace("127.0.0.1", "127.1");
    kafka.advertise(&elsewhere);
    for verb in [
        &["publish", "line.jsonl"][..],
        &["topics", "check"],
        &["doctor"],
        &["enrich"],
        &["aggregate"],
    ] {
        let (succeeded, said) = kaiku(folder.path(), verb);
        assert!(!succeeded, "{verb:?}: {said}");
        assert!(said.contains(&elsewhere), "{verb:?}: {said}");
        assert!(said.contains("kafka.insecure = true"), "{verb:?}: {said}");
    }
}

#[test]
fn the_doctor_names_the_address_that_a_broker_advertises_and_that_nobody_reaches() {
    let mut kafka = own();
    let folder = tempfile::tempdir().unwrap();
    let cluster = kafka.cluster(&unique_prefix("nowhere"));
    settings(folder.path(), &cluster, "");
    let nowhere = "127.0.0.1:1";
    kafka.advertise(nowhere);
    let (succeeded, said) = kaiku(folder.path(), &["doctor"]);
    assert!(!succeeded, "{said}");
    let unreached = format!("a broker says that it is at {nowhere}, which can't be reached");
    assert!(said.contains(&unreached), "{said}");
}
