//! A broker that has lost the end of a partition, which has grown again since: as long as before, and
//! with other records in its place.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use kaiku_rehearsal::Sender;

use super::{QUIET, STOP, await_that};
use crate::support::folders::copy_folder;
use crate::support::kafka::{own, own_with_clock, unique_prefix};
use crate::support::process::Stage;
use crate::support::world::{World, seed};

const DAY: Duration = Duration::from_secs(86_400);

/// A copy of a partition's log as it is now.
pub(super) fn keep(log: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("log");
    copy_folder(log, &copy);
    (folder, copy)
}

/// Brings a partition's log back to what was kept of it.
pub(super) fn bring_back(copy: &Path, log: &Path) {
    std::fs::remove_dir_all(log).unwrap();
    copy_folder(copy, log);
}

#[test]
fn a_raw_partition_that_lost_its_end_and_grew_again_is_refused_and_gone_on_with_where_it_was_cut() {
    let mut kafka = own_with_clock();
    let world = World::on(kafka.cluster(&unique_prefix("cut")), 1, false);
    let kept = "delete_raw = false\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, kept, "");
    let log = kafka.log_of(&world.kafka.topics().raw(), 0);
    let mut feeder = world.feeder(2_000, seed(1_401));
    feeder.some(150);
    let cut = world.raw().len();
    kafka.kill();
    let (_folder, copy) = keep(&log);
    kafka.launch().unwrap();
    feeder.some(150);
    let first = world.enrich("first");
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let counted = world.raw();
    let mut oracle = world.oracle_of(&counted);
    world.assert_exact_as(&oracle);

    // What was acknowledged behind the cut is gone, and others are acknowledged in its place.
    kafka.kill();
    bring_back(&copy, &log);
    kafka.launch().unwrap();
    feeder.sender = Sender::onto(&world.kafka, 1).unwrap();
    assert_eq!(world.raw().len(), cut);
    feeder.some(300);
    assert!(world.raw().len() > counted.len() + 100);
    let deleting = "mix_longest = \"300ms\"\ndelete_every = \"500ms\"\ndelete_margin = 0\n";
    world.settings_with(&world.kafka, deleting, "");
    let refusing = world.enrich("refusing");
    world.await_log("enrich-refusing.log", "reason=\"raw_cut\"", QUIET);
    let next = counted.len();
    let said = format!("written again from {cut} on");
    world.await_log("enrich-refusing.log", &said, QUIET);
    let said = format!("--accept-cut 0:{next}");
    world.await_log("enrich-refusing.log", &said, QUIET);
    // Nothing of the new records is counted, and none is deleted.
    sleep(Duration::from_secs(2));
    world.assert_exact_as(&oracle);
    assert!(refusing.terminate(STOP).success());
    let new: Vec<_> = world.raw();
    let new: Vec<_> = new
        .into_iter()
        .filter(|one| one.offset >= cut as i64)
        .collect();
    assert_eq!(new.len(), 300, "all that was never counted is there");

    // An option of another time does not cover it.
    let folder = world.folder.path();
    let of_before = format!("--accept-cut=0:{}", next - 1);
    let refusing = Stage::start_as(folder, "enrich", "of-before", &[], &[&of_before]);
    world.await_log("enrich-of-before.log", "reason=\"raw_cut\"", QUIET);
    assert!(refusing.terminate(STOP).success());
    let option = format!("--accept-cut=0:{next}");
    let accepted = Stage::start_as(folder, "enrich", "accepted", &[], &[&option]);
    world.await_quiet(QUIET);
    new.iter().for_each(|record| oracle.take(record));
    world.assert_exact_as(&oracle);
    assert!(accepted.terminate(STOP).success());

    // Then it is a partition like any other, and the day says what happened to it.
    kafka.set_clock(DAY);
    let ahead = format!("clock.ahead=return({})", DAY.as_millis());
    let after = world.enrich_failing("after", &ahead);
    feeder.some(20);
    world.await_quiet(QUIET);
    assert!(after.terminate(STOP).success());
    let seen = crate::support::oracle::seen(&world.kafka);
    let said: Vec<_> = seen[&0].incidents.iter().map(|(_, what)| &**what).collect();
    assert_eq!(said, ["raw_lost"]);
}

#[test]
fn a_lane_that_runs_while_its_partition_loses_its_end_and_grows_again_notices_it() {
    let mut kafka = own();
    let world = World::on(kafka.cluster(&unique_prefix("cut-under")), 1, false);
    let enrich = "delete_raw = false\nmix_longest = \"300ms\"\ntransaction_timeout = \"5s\"\n";
    world.settings_with(&world.kafka, enrich, "");
    let log = kafka.log_of(&world.kafka.topics().raw(), 0);
    let mut feeder = world.feeder(2_000, seed(1_402));
    feeder.some(150);
    kafka.kill();
    let (_folder, copy) = keep(&log);
    kafka.launch().unwrap();
    feeder.some(50);
    let running = world.enrich("running");
    world.await_quiet(QUIET);
    let before = world.oracle();
    // It can't ask while the partition is written again.
    running.freeze();
    kafka.kill();
    bring_back(&copy, &log);
    kafka.launch().unwrap();
    feeder.sender = Sender::onto(&world.kafka, 1).unwrap();
    feeder.some(200);
    running.thaw();
    world.await_log("enrich-running.log", "reason=\"raw_cut\"", QUIET);
    world.assert_exact_as(&before);
    assert!(running.terminate(STOP).success());
}

#[test]
fn a_stripped_partition_that_lost_its_end_and_grew_again_is_not_landed_before_somebody_accepts_it()
{
    let mut kafka = own();
    let world = World::on(kafka.cluster(&unique_prefix("cut-landing")), 1, true);
    let lands = "[aggregate]\nroll_time = \"500ms\"\nretry = \"200ms\"\nseal_every = \"200ms\"\n\
                 delete_stripped = false\ndelete_landing = false\n";
    let enrich = "delete_raw = false\nmix_uploads = 40\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, lands);
    let stripped = world.kafka.topics().stripped();
    let log = kafka.log_of(&stripped, 0);
    let mut feeder = world.feeder(2_000, seed(1_403));
    let enriched = |name: &str| {
        let stage = world.enrich(name);
        world.await_quiet(QUIET);
        assert!(stage.terminate(STOP).success());
    };
    feeder.some(200);
    enriched("one");
    kafka.kill();
    let (_folder, copy) = keep(&log);
    kafka.launch().unwrap();
    feeder.some(200);
    enriched("two");
    let lander = world.aggregate("first", "");
    await_that("all has landed", || world.has_landed());
    assert!(lander.terminate(STOP).success());

    kafka.kill();
    bring_back(&copy, &log);
    kafka.launch().unwrap();
    feeder.some(700);
    enriched("three");
    let refusing = world.aggregate("refusing", "");
    let what = "is not the one that was landed";
    world.await_log("aggregate-refusing.log", what, QUIET);
    assert!(refusing.terminate(STOP).success());
    let end = crate::support::oracle::landing::landed(&world.folder.path().join("landing"))[&0].end;
    let said = format!("--accept-landing-gap 0:{end}");
    assert!(world.log("aggregate-refusing.log").contains(&said));

    let option = format!("--accept-landing-gap=0:{end}");
    let folder = world.folder.path();
    let accepted = Stage::start_as(folder, "aggregate", "accepted", &[], &[&option]);
    feeder.end_day();
    feeder.end_day();
    enriched("four");
    await_that("two days are sealed", || world.manifests() >= 2);
    assert!(accepted.terminate(STOP).success());
    assert_eq!(world.said_of_days(), [Some("stripped_lost"), None]);
}
