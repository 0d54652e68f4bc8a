//! Exactly once across the strip, on a real broker, with real processes and a real SIGKILL.

use std::time::Duration;

use kaiku_catalogue::Catalogue;
use kaiku_fleet::FleetConfig;

use crate::support::kafka::{broker, unique_prefix};
use crate::support::oracle::{assert_is_truth, rejected};
use crate::support::process::{Stage, settings};
use crate::support::replay::{await_committed, make_topics, replay};

const PARTITIONS: i32 = 6;
const DEVICES: u32 = 5_000;
const DAYS: u32 = 6;

#[test]
fn every_event_counts_once_though_all_came_twice_and_a_process_was_killed() {
    let kafka = broker().cluster(&unique_prefix("once"));
    make_topics(&kafka, PARTITIONS);
    let folder = tempfile::tempdir().unwrap();
    let group = format!("{}enrich", kafka.prefix());
    settings(
        folder.path(),
        &kafka,
        &format!(
            "[topics]\nreplay = true\n\n[enrich]\ngroup = \"{group}\"\nkeys_dir = \"keys\"\ndelete_raw = false\n\
             mix_uploads = 50\nmix_time = \"20ms\"\nmix_longest = \"1s\"\n\n[telemetry]\nserve = false\n"
        ),
    );
    let catalogue = Catalogue::sample();
    let fleet = FleetConfig {
        devices: DEVICES,
        partitions: PARTITIONS,
        ..FleetConfig::default()
    };

    let steady = Stage::start(folder.path(), "enrich", "steady");
    let killed = Stage::start(folder.path(), "enrich", "killed");
    let (truth, records) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| replay(&kafka, fleet, DAYS, 2, &catalogue));
        // Somewhere in the middle of it, more than once.
        let mut killed = killed;
        for life in 0..3 {
            std::thread::sleep(Duration::from_millis(2_500));
            killed.kill();
            killed = Stage::start(folder.path(), "enrich", &format!("life-{life}"));
        }
        let sent = sender.join().unwrap();
        await_committed(&kafka, &group, Duration::from_secs(180));
        assert!(killed.terminate(Duration::from_secs(20)).success());
        sent
    });
    assert!(steady.terminate(Duration::from_secs(20)).success());

    let totals = truth.totals();
    assert!(
        totals.events > 200_000,
        "{} events in {records} records",
        totals.events
    );
    assert!(totals.duplicates > totals.events / 3, "all came twice");
    assert_is_truth(&kafka, &truth, PARTITIONS, DAYS);
    let rejected: u64 = rejected(&kafka).values().flat_map(|one| one.values()).sum();
    assert_eq!(
        rejected,
        totals.rejected.values().sum::<u64>(),
        "records that were rejected"
    );
    println!(
        "{records} records, {} events: {} counted, {} duplicates, {} bounded, {rejected} records rejected",
        totals.events, totals.accepted, totals.duplicates, totals.bounded
    );
}
