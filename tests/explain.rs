//! `kaiku explain` on a real broker: why a record is refused, by its place, and nothing of what is in it.

use std::path::Path;
use std::process::Command;

use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, What};
use kaiku_rehearsal::Sender;

use crate::support::kafka::{Isolation, apache, read, unique_prefix};
use crate::support::process::settings;
use crate::support::replay::make_topics;

const PARTITIONS: i32 = 4;

fn explain(folder: &Path, record: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["explain", record, "--config", "kaiku.toml"])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn every_refused_record_of_a_topic_is_explained_by_its_place_and_no_identifier_is_shown() {
    let kafka = apache().cluster(&unique_prefix("explain"));
    make_topics(&kafka, PARTITIONS);
    let folder = tempfile::tempdir().unwrap();
    settings(folder.path(), &kafka, "");
    let catalogue = Catalogue::sample();
    let config = FleetConfig {
        devices: 400,
        garbage: 0.3,
        partitions: PARTITIONS,
        ..FleetConfig::default()
    };
    let day = config.first_day;
    let uploads: Vec<_> = Fleet::new(config, &catalogue).day(day).take(60).collect();
    let mut sender = Sender::onto(&kafka, PARTITIONS).unwrap();
    for upload in &uploads {
        sender.upload(upload, day.start_millis() + 1).unwrap();
    }
    sender.flush().unwrap();

    let mut refused = 0;
    let raw = read(&kafka, &kafka.topics().raw(), Isolation::Uncommitted);
    let spoilt: Vec<_> = uploads
        .iter()
        .filter_map(|upload| match &upload.what {
            What::Garbage(garbage) => Some(garbage),
            _ => None,
        })
        .collect();
    for record in raw {
        let place = format!(
            "{}:{}:{}",
            kafka.topics().raw(),
            record.partition,
            record.offset
        );
        let (code, said) = explain(folder.path(), &place);
        let value = record.value.unwrap();
        let key = record.key.unwrap_or_default();
        let found = spoilt.iter().find(|garbage| {
            (&garbage.bytes, &garbage.key[..], garbage.partition)
                == (&value, &key[..], record.partition)
        });
        match found {
            Some(garbage) => {
                refused += 1;
                assert_eq!(code, Some(1), "{said}");
                let verdict = format!("verdict: rejected, {}", garbage.reason.as_str());
                assert!(said.contains(&verdict), "{said}");
            }
            None => assert_eq!(code, Some(0), "{said}"),
        }
        let key = hex::encode(key);
        assert!(key.is_empty() || !said.contains(&key), "{said}");
    }
    assert!(refused > 5, "{refused}");
    let (code, said) = explain(folder.path(), "0:123456789");
    assert_eq!(code, Some(1));
    assert!(said.contains("has the offsets 0 to"), "{said}");
}
