//! Processes that are taken for dead and are not: frozen, cut off, or with an answer still to come.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{Action, END_TXN, Side, apache, own_with_clock, unique_prefix};
use crate::support::oracle::Partition;
use crate::support::watch::OffsetWatch;
use crate::support::world::{World, is_full, seed};

#[test]
fn state_committed_behind_an_open_transaction_of_a_zombie_is_restored_too() {
    let world = World::new("zombie-open", 1);
    let mut feeder = world.feeder(200, seed(101));
    feeder.some(50);

    // A holds its second transaction open, with its state written, and is frozen in it. Once: when
    // it thaws, and perhaps is given the partition back, it goes on like any other.
    let a = world.enrich_failing("a", "lane.offsets=1*off->1*sleep(10000)->off");
    world.await_log("enrich-a.log", "partitions assigned", QUIET);
    sleep(Duration::from_secs(2));
    feeder.some(100);
    sleep(Duration::from_secs(2));
    a.freeze();
    // B takes over from A, and commits.
    let b = world.enrich("b");
    world.await_quiet(QUIET);

    // A late request of some producer opens a transaction on the state topic that nobody ends.
    let month = feeder.day.month();
    let topic = world.kafka.topics().state(month);
    let hanging: BaseProducer = world
        .kafka
        .client("test-hanging")
        .set("transactional.id", format!("{}-late", world.group))
        .set("transaction.timeout.ms", "12000")
        .set("socket.timeout.ms", "10000")
        .create()
        .unwrap();
    hanging.init_transactions(QUIET).unwrap();
    hanging.begin_transaction().unwrap();
    let record = BaseRecord::to(&topic)
        .partition(0)
        .key("meta")
        .payload("not committed");
    hanging.send(record).map_err(|(error, _)| error).unwrap();
    while hanging.in_flight_count() > 0 {
        hanging.poll(Duration::from_millis(50));
    }

    // B commits behind it, and is gone; C must see what B has committed.
    feeder.some(300);
    world.await_quiet(QUIET);
    b.kill();
    feeder.copies = 2;
    feeder.some(100);
    let c = world.enrich("c");
    world.await_quiet(QUIET);
    a.thaw();
    feeder.end_day();
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(c.terminate(STOP).success());
}

#[test]
fn a_process_that_is_frozen_and_thaws_commits_nothing_that_is_not_its_own() {
    let seed = seed(102);
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::new("zombie-frozen", 4);
    world.settings(&world.kafka, "poll_timeout = \"2s\"\n");
    let watch = OffsetWatch::over(&world.kafka, &world.group, 4);
    let mut feeder = world.feeder(2_000, seed);
    let points = [
        "lane.output",
        "lane.state",
        "lane.offsets",
        "lane.drained",
        "lane.took",
    ];
    // Each lingers at a step, so that it is frozen within it often.
    let start = |number: usize| {
        let point = points[number % points.len()];
        let failpoints = format!("{point}=20%sleep(150)");
        world.enrich_failing(&format!("p{number}"), &failpoints)
    };
    let processes = [
        start(seed as usize % 5),
        start((seed as usize + 1) % 5),
        start((seed as usize + 3) % 5),
    ];
    let rounds = if is_full() { 20 } else { 4 };
    for round in 0..rounds {
        let frozen = &processes[rng.random_range(0..processes.len())];
        for _ in 0..3 {
            feeder.some(rng.random_range(50..200));
            sleep(Duration::from_millis(rng.random_range(20..250)));
        }
        frozen.freeze();
        feeder.some(200);
        if feeder.left() == 0 || round % 2 == 1 {
            feeder.next_day();
        }
        // Past its session, and past its poll interval.
        sleep(Duration::from_millis(rng.random_range(2_500..4_000)));
        feeder.some(100);
        frozen.thaw();
        sleep(Duration::from_millis(rng.random_range(0..1_500)));
    }
    feeder.end_day();
    world.await_quiet(QUIET);
    watch.assert_never_back();
    world.assert_exact();
    for process in processes {
        assert!(process.terminate(STOP).success());
    }
}

#[test]
fn a_day_that_closes_on_an_idle_partition_while_its_process_is_frozen_closes_once() {
    let kafka = own_with_clock();
    let world = World::on(kafka.cluster(&unique_prefix("zombie-idle")), 2, false);
    world.settings_with(
        &world.kafka,
        "delete_raw = false\ngrace = \"2s\"\nmix_longest = \"500ms\"\n",
        "",
    );
    let mut feeder = world.feeder(100, seed(103));
    let until_midnight = || {
        let millis = chrono::Utc::now().timestamp_millis();
        86_400_000 - millis.rem_euclid(86_400_000)
    };
    // The broker's clock, and those of the processes, show some seconds before midnight.
    let ahead = until_midnight() - 16_000;
    let midnight = Instant::now() + Duration::from_millis(16_000);
    kafka.set_clock(Duration::from_millis(u64::try_from(ahead).unwrap()));
    let clock = format!("clock.ahead=return({ahead})");
    feeder.some(200);
    let a = world.enrich_failing("a", &clock);
    world.await_log("enrich-a.log", "partitions assigned", QUIET);
    world.await_quiet(QUIET);
    let b = world.enrich_failing("b", &clock);
    world.await_log("enrich-b.log", "partitions assigned", QUIET);
    sleep(
        midnight
            .saturating_duration_since(Instant::now())
            .saturating_sub(Duration::from_secs(1)),
    );
    a.freeze();
    // The partition that was A's closes by B; B's own by itself.
    await_that("somebody asks the broker for the time", || {
        let closed = |partition: &Partition| !partition.closed.is_empty();
        world.oracle().partitions.iter().all(closed)
    });
    world.await_quiet(QUIET);
    a.thaw();
    sleep(Duration::from_secs(4));
    feeder.some(200);
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    for partition in &oracle.partitions {
        assert_eq!(partition.closed.len(), 1, "one midnight, one close");
        assert!(partition.ticks > 0, "the day was closed by a tick");
    }
    assert!(a.terminate(STOP).success());
    assert!(b.terminate(STOP).success());
}

#[test]
fn whatever_becomes_of_the_end_of_a_transaction_output_offset_and_state_agree() {
    let world = World::new("zombie-end", 1);
    let proxy = &apache().proxy;
    let proxied = world.behind(proxy);
    world.settings(&proxied, "transaction_timeout = \"3s\"\n");
    let watch = OffsetWatch::over(&world.kafka, &world.group, 1);
    let mut feeder = world.feeder(500, seed(105));
    let process = world.enrich("a");
    feeder.some(100);
    world.await_quiet(QUIET);
    let rounds = if is_full() { 10 } else { 1 };
    for (side, action) in [
        (Side::Answer, Action::Hold),
        (Side::Answer, Action::Drop),
        (Side::Answer, Action::Cut),
        (Side::Request, Action::Hold),
        (Side::Request, Action::Cut),
        (Side::Answer, Action::Delay(Duration::from_millis(2_500))),
    ]
    .repeat(rounds)
    {
        let rule = proxy.rule(1, END_TXN, &world.group, side, action);
        feeder.some(120);
        await_that("a transaction ends", || rule.hits() > 0);
        if action == Action::Hold {
            // Past the timeout of the transaction, at the client and at the broker.
            sleep(Duration::from_secs(5));
            rule.release();
        }
        feeder.some(50);
        world.await_quiet(QUIET);
        world.assert_exact();
        if feeder.left() < 200 {
            feeder.end_day();
        }
    }
    world.await_quiet(QUIET);
    watch.assert_never_back();
    world.assert_exact();
    let log = world.log("enrich-a.log");
    assert!(log.contains("asking what became of it"), "{log}");
    assert!(process.terminate(STOP).success());
}

#[test]
fn a_lane_whose_transactions_all_fail_stops_when_it_is_told_to() {
    let world = World::new("zombie-stop", 1);
    let proxy = &apache().proxy;
    let proxied = world.behind(proxy);
    // It tries ten times, which is longer than a stop may take.
    world.settings(&proxied, "transaction_timeout = \"10s\"\n");
    let process = world.enrich("a");
    let mut feeder = world.feeder(200, seed(106));
    feeder.some(50);
    world.await_quiet(QUIET);
    let never = proxy.rule(
        usize::MAX,
        END_TXN,
        &world.group,
        Side::Request,
        Action::Drop,
    );
    feeder.some(50);
    world.await_log("enrich-a.log", "asking what became of it", QUIET);
    assert!(process.terminate(STOP).success());
    assert!(never.hits() > 0);
    // Whoever does not come that way goes on.
    world.settings(&world.kafka, "");
    let next = world.enrich("b");
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(next.terminate(STOP).success());
}
