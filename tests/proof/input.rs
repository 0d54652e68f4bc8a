//! Input that is broken, unreadable for now, lopsided, or comes again by another way.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use kaiku_fleet::{FleetConfig, What};
use kaiku_ingest::Framer;
use kaiku_raw::{DeviceId, Reason, partition_of};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{apache, unique_prefix};
use crate::support::process::{Stage, free_address};
use crate::support::registry::SmallRegistry;
use crate::support::world::{Feeder, World, seed};

#[test]
fn broken_records_of_every_kind_and_a_key_with_most_of_the_traffic_cost_no_event() {
    let seed = seed(1_151);
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::new("input", 3);
    let mut feeder = world.feeder(2_000, seed);
    let framer = Framer::single_object();
    let mut process = world.enrich("a");
    for round in 0..3 {
        for upload in feeder.batches(400) {
            let What::Batch(batch) = &upload.what else {
                continue;
            };
            let record = framer.batch(batch, feeder.day).unwrap();
            let (key, valid) = (*batch.device.id.as_bytes(), record.payload());
            let millis = feeder.day.start_millis() + 1;
            let mut broken = valid.to_vec();
            match rng.random_range(0..8) {
                0 => broken.truncate(rng.random_range(0..valid.len())),
                1 => {
                    let bit = rng.random_range(0..valid.len() * 8);
                    broken[bit / 8] ^= 1 << (bit % 8);
                }
                // A fingerprint that nobody knows.
                2 => broken[2..10].copy_from_slice(&rng.random::<[u8; 8]>()),
                // Larger than any record may be, and smaller than the topic's limit.
                3 => broken = (0..300_000).map(|_| rng.random::<u8>()).collect(),
                4 => broken.extend([0; 200_000]),
                _ => broken.clear(),
            }
            feeder.sender.bytes(&key, &broken, None, millis).unwrap();
            feeder.sender.upload(&upload, millis).unwrap();
        }
        // One device sends nine tenths of all there is.
        let mut loud = feeder.batches(1);
        let Some(What::Batch(batch)) = loud.pop().map(|upload| upload.what) else {
            panic!()
        };
        for number in 0..8_000_i64 {
            let mut batch = batch.clone();
            batch.device.id = DeviceId::new([9; 16]);
            batch.first_sequence = batch
                .stream
                .map(|_| (number / 2) * batch.events.len() as i64);
            let record = framer.batch(&batch, feeder.day).unwrap();
            let millis = feeder.day.start_millis() + 2;
            let bytes = record.payload();
            feeder.sender.bytes(&[9; 16], bytes, None, millis).unwrap();
        }
        feeder.sender.flush().unwrap();
        if round == 1 {
            process.kill();
            process = world.enrich("b");
        }
        feeder.next_day();
    }
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    let rejected: u64 = oracle
        .partitions
        .iter()
        .flat_map(|one| one.truth.totals().rejected.values())
        .sum();
    assert!(rejected > 500, "{rejected} rejected");
    assert!(process.terminate(STOP).success());
}

#[test]
fn a_record_with_a_schema_id_that_no_device_has_sent_holds_up_nobody() {
    let world = World::new("nobody", 2);
    // A fleet whose records are all right: what is rejected is what is sent here.
    let fleet = FleetConfig {
        devices: 300,
        seed: seed(61),
        partitions: 2,
        garbage: 0.0,
        ..FleetConfig::default()
    };
    let mut feeder = Feeder::new(&world.kafka, fleet);
    feeder.some(50);
    let topic = world.kafka.topics().raw();
    let producer: BaseProducer = world.kafka.client("test").create().unwrap();
    let framed = |id: u32| [&[0][..], &id.to_be_bytes(), &[1; 40]].concat();
    let send = |partition: i32, key: Option<&[u8]>, value: &[u8]| {
        let record = BaseRecord::<[u8], [u8]>::to(&topic).partition(partition);
        let record = record
            .payload(value)
            .timestamp(feeder.day.start_millis() + 3);
        let record = match key {
            Some(key) => record.key(key),
            None => record,
        };
        producer.send(record).map_err(|(error, _)| error).unwrap();
    };
    for partition in 0..2 {
        // Six bytes by anybody; ids that are none; one that may be; other people's keys.
        send(partition, None, &[0; 6]);
        send(partition, None, &framed(7));
        send(partition, Some(b"user-1"), &framed(7));
        send(partition, Some(b""), &framed(7));
        let mine = |byte: &u8| partition_of(&[*byte; 16], 2) == partition;
        let key = [(1..).find(mine).unwrap(); 16];
        send(1 - partition, Some(&key), &framed(7));
        for id in [0, 1 << 31, u32::MAX] {
            send(partition, Some(&key), &framed(id));
        }
        // Bare Avro of a device whose identifier begins with a zero, and Apicurio's ids of eight bytes.
        let bare = |byte: &u8| partition_of(&zero_first(*byte), 2) == partition;
        let key = zero_first((1..).find(bare).unwrap());
        send(partition, Some(&key), &[&key[..], &[7; 60]].concat());
        let eight = [&[0][..], &7_u64.to_be_bytes(), &[1; 40]].concat();
        send(partition, Some(&key), &eight);
    }
    producer.flush(QUIET).unwrap();
    feeder.some(200);
    let process = world.enrich("a");
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    let rejected = |reason: Reason| -> u64 {
        let all = oracle.partitions.iter();
        all.filter_map(|one| one.truth.totals().rejected.get(&reason))
            .sum()
    };
    assert_eq!(rejected(Reason::KeyMismatch), 2 * 3);
    assert_eq!(rejected(Reason::WrongPartition), 2);
    assert_eq!(rejected(Reason::BadSchemaId), 2 * 5);
    assert_eq!(rejected(Reason::NotAvro), 2);
    assert!(process.terminate(STOP).success());
}

/// An identifier that begins with a zero, and then with what is no id that could not be.
fn zero_first(byte: u8) -> [u8; 16] {
    let mut id = [byte; 16];
    (id[0], id[1]) = (0, byte & 0x7F);
    id
}

#[test]
fn a_crash_while_a_day_is_committed_is_not_put_down_to_the_first_record_of_the_next() {
    let world = World::new("crash", 1);
    let mut feeder = world.feeder(300, seed(1_153));
    feeder.some(30);
    // Its first record is an upload, and has the day of before committed.
    feeder.skip_day();
    feeder.some(30);
    let process = world.enrich_failing("a", "lane.begun=3*panic");
    world.await_quiet(QUIET);
    assert!(process.terminate(STOP).success());
    let crashes = world.log("enrich-a.log").matches("lane crashed").count();
    assert_eq!(crashes, 3);
    world.assert_exact();
}

#[test]
fn with_a_registry_every_record_waits_for_its_schema_and_none_is_rejected_for_it() {
    let registry = SmallRegistry::start();
    let kafka = apache().cluster(&unique_prefix("registry"));
    let mut world = World::on(kafka, 2, true);
    let sections = format!(
        "[registry]\nurl = \"{}\"\ntimeout = \"1s\"\n",
        registry.url()
    );
    let enrich = "delete_raw = false\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, &sections);
    let pushed = std::process::Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["schemas", "push", "--config"])
        .arg(world.folder.path().join("kaiku.toml"))
        .output()
        .unwrap();
    assert!(
        pushed.status.success(),
        "{}",
        String::from_utf8_lossy(&pushed.stderr)
    );
    let learn = |world: &mut World| {
        let raw = kaiku_raw::schemas::raw().into_iter();
        let known: Vec<_> = raw.chain(kaiku_stripped::schemas::stripped()).collect();
        let fingerprint = |text: &str| known.iter().find(|schema| schema.text() == text);
        world.ids = registry
            .all()
            .iter()
            .filter_map(|(id, text)| Some((*id, fingerprint(text)?.fingerprint())))
            .collect();
        assert!(world.ids.len() >= 6, "{:?}", registry.all());
    };
    learn(&mut world);
    let id_of = |schema: &kaiku_wire::Schema| {
        let all = registry.all();
        all.iter()
            .find(|(_, text)| text == schema.text())
            .unwrap()
            .0
    };
    let (batch, forget, tick) = (
        id_of(&kaiku_raw::schemas::RAW_BATCH),
        id_of(&kaiku_raw::schemas::FORGET),
        id_of(&kaiku_raw::schemas::TICK),
    );
    let mut feeder = world.feeder(400, seed(1_152));
    feeder.sender.framer = Framer::confluent(batch, forget, tick);
    feeder.some(100);
    let process = world.enrich("a");
    world.await_quiet(QUIET);
    world.assert_exact();

    // A schema that the registry does not know yet, and then a registry that is away.
    feeder.sender.framer = Framer::confluent(900, forget, tick);
    feeder.some(100);
    world.await_log("enrich-a.log", "reason=\"unknown_schema\"", QUIET);
    registry.set_away(true);
    world.await_log("enrich-a.log", "reason=\"registry_away\"", QUIET);
    registry.put(900, "kaiku.RawBatch", kaiku_raw::schemas::RAW_BATCH.text());
    sleep(Duration::from_secs(1));
    registry.set_away(false);
    world.await_log("enrich-a.log", "lane goes on", QUIET);
    feeder.end_day();
    world.await_quiet(QUIET);
    learn(&mut world);
    world.assert_exact();

    // Another team's record, and the union that is recommended for several kinds on one topic: neither
    // will ever be one of these.
    let order = r#"{"type": "record", "name": "shop.Order", "fields": []}"#;
    registry.put(901, "shop.Order", order);
    registry.put(902, "all", &format!("[{order}]"));
    for id in [901, 902] {
        feeder.sender.framer = Framer::confluent(id, forget, tick);
        feeder.some(30);
    }
    feeder.sender.framer = Framer::confluent(batch, forget, tick);
    feeder.some(30);
    world.ids.extend([(901, 0), (902, 0)]);
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    let rejected = oracle.partitions.iter().filter_map(|one| {
        let rejected = &one.truth.totals().rejected;
        rejected.get(&Reason::ForeignSchema)
    });
    assert!(rejected.sum::<u64>() > 20);
    assert!(process.terminate(STOP).success());
}

/// Uploads a body; the status, or `None` where no answer comes.
fn upload(address: SocketAddr, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn an_upload_repeated_at_another_gateway_after_the_first_died_before_its_answer_counts_once() {
    let kafka = apache().cluster(&unique_prefix("gateways"));
    let world = World::on(kafka, 2, false);
    let gateway = |name: &str, failpoints: &str| {
        let address = free_address();
        let enrich = "delete_raw = false\nmix_longest = \"300ms\"\n";
        let sections = format!("[gateway]\nlisten = \"{address}\"\nanonymous = true\n");
        world.settings_with(&world.kafka, enrich, &sections);
        let variables = [("FAILPOINTS", failpoints.to_owned())];
        let stage = Stage::start_with(world.folder.path(), "gateway", name, &variables);
        await_that("the gateway listens", || {
            TcpStream::connect(address).is_ok()
        });
        (stage, address)
    };
    let batch = |device: usize, sequence: usize| {
        format!(
            "{{\"device\":{{\"id\":\"1{device:031x}\",\"brand\":\"Nokia\",\"model\":\"TA-1053\"}},\
             \"app\":\"maps\",\"release\":\"4.2\",\"consent\":{{\"version\":1,\"since\":\"2026-01-01\"}},\
             \"stream\":\"{device:016x}\",\"first_sequence\":{sequence},\"events\":[{{\"type\":\"started\"}},\
             {{\"type\":\"feature_used\",\"feature\":\"route.car\"}}]}}"
        )
    };
    let steady = gateway("steady", "");
    let (devices, uploads) = (10, 4);
    let (mut died, mut given_up) = (0, 0);
    for sequence in 0..uploads {
        for device in 0..devices {
            let body = batch(device, sequence * 2);
            // Most gateways live for a few requests, and die between the append and the answer.
            if device % 2 == 0 {
                let (dying, address) = gateway("dying", "gateway.appended=return");
                assert_eq!(upload(address, &body), None, "it died before it answered");
                died += 1;
                drop(dying);
            }
            let answer = upload(steady.1, &body);
            given_up += u32::from(answer != Some(202));
        }
    }
    assert_eq!(given_up, 0);
    let enrich = world.enrich("a");
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    let sequenced = (devices * uploads * 2) as u64;
    let sum = |of: fn(&kaiku_fleet::Totals) -> u64| -> u64 {
        oracle
            .partitions
            .iter()
            .map(|one| of(one.truth.totals()))
            .sum()
    };
    assert_eq!(
        sum(|totals| totals.accepted + totals.bounded),
        sequenced,
        "each event once"
    );
    assert_eq!(
        sum(|totals| totals.duplicates),
        died * 2,
        "what was appended by those that died"
    );
    assert!(enrich.terminate(STOP).success());
    assert!(steady.0.terminate(STOP).success());
}
