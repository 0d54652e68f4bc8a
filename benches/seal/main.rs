//! How long the seal of an ISO week takes, and how much memory, where the fleet has 100,000,000
//! devices: with the policy `large`, from the landing objects of 64 partitions and seven days.
//!
//! The objects are written here, in the shape of those that landing writes: each holds a sample of the
//! cells, popular ones in all of them and rare ones in few. What is measured is the stage itself, from
//! its start to the week's manifest, seven days included.
//!
//! `cargo bench --bench seal` takes 64 partitions with 50,000 cells an object, `-- --test` 4 with 2,000.
//! It needs Linux for its `/proc`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use kaiku_broker::{Cluster, MockBroker, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_rehearsal::Pipeline;
use kaiku_release::{Dimension, Policy, Table, Unit};
use kaiku_stage::Context;
use kaiku_stripped::{DayClosed, Encoder, Record};
use kaiku_wire::{Day, Incidents};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sha2::{Digest, Sha256};

/// A Monday.
const MONDAY: &str = "2026-10-19";

/// How many values each dimension has.
fn values(dimension: Dimension) -> usize {
    match dimension {
        Dimension::App => 20,
        Dimension::Release | Dimension::Component => 12,
        Dimension::Feature | Dimension::A | Dimension::B => 60,
        Dimension::Cause => 40,
        Dimension::Length => 7,
        Dimension::Country => 200,
        Dimension::Brand => 150,
        Dimension::Model => 4_000,
        Dimension::Operator => 900,
    }
}

/// How large it is to be.
struct Size {
    partitions: i32,
    cells: usize,
}

fn main() {
    let asked = |argument: &str| std::env::args().any(|given| given == argument);
    // Only `cargo bench` says so; `cargo test --benches` says nothing.
    let size = if asked("--bench") && !asked("--test") {
        Size {
            partitions: 64,
            cells: 50_000,
        }
    } else {
        Size {
            partitions: 4,
            cells: 2_000,
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let broker = MockBroker::new(size.partitions, &[]).unwrap();
    let policy = Policy::large();
    // Every partition closes a day, so that each has an entry to take the others' shape from.
    close(broker.cluster(), size.partitions);
    let before = start(folder.path(), broker.cluster(), size.partitions);
    wait(&before, |progress| {
        (0..size.partitions).all(|partition| progress.landed(partition) > 0)
    });
    before.stop().unwrap();
    let (rows, bytes) = fill(&folder.path().join("landing"), &policy, &size);
    println!(
        "landing     {} objects, {rows} rows, {} MB",
        7 * size.partitions,
        bytes / 1_000_000
    );
    let begun = Instant::now();
    let stage = start(folder.path(), broker.cluster(), size.partitions);
    wait(&stage, |progress| progress.weeks_sealed() == 1);
    let published = stage.aggregated.rows_published();
    println!(
        "sealed      7 days and their week in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    stage.stop().unwrap();
    println!("published   {published} rows");
    println!("memory      {} MB at most", peak_kilobytes() / 1_000);
}

/// A day before the week is closed on every partition.
fn close(cluster: &Cluster, partitions: i32) {
    let producer: BaseProducer = cluster.client("bench").create().unwrap();
    let topic = cluster.topics().stripped();
    let closed = DayClosed {
        day: Day::parse(MONDAY).unwrap().prev(),
        incidents: Incidents::default(),
    };
    let mut bytes = Vec::new();
    Encoder::single_object().encode(Record::DayClosed(closed), &mut bytes);
    for partition in 0..partitions {
        let record = BaseRecord::<(), [u8]>::to(&topic)
            .partition(partition)
            .payload(&bytes);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn start(folder: &Path, cluster: &Cluster, partitions: i32) -> Pipeline {
    let place = |name: &str| folder.join(name).display().to_string();
    let topics = TopicsConfig {
        partitions,
        ..TopicsConfig::default()
    };
    let catalogue = Arc::new(Catalogue::sample());
    Pipeline::new(Context::new(cluster.clone(), topics, catalogue))
        .aggregate(kaiku_aggregate::Config {
            landing: place("landing"),
            rollups: place("rollups"),
            policy: Some(PathBuf::from("large")),
            seal_every: Duration::from_millis(200),
            ..kaiku_aggregate::Config::default()
        })
        .unwrap()
}

/// Waits, however long a step takes.
fn wait(pipeline: &Pipeline, is_so: impl Fn(&kaiku_aggregate::Progress) -> bool) {
    while !is_so(&pipeline.aggregated) {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Writes an entry a partition and day; gives the rows and bytes of all of them.
fn fill(landing: &Path, policy: &Policy, size: &Size) -> (usize, u64) {
    let monday = Day::parse(MONDAY).unwrap();
    let (mut rows, mut bytes) = (0, 0);
    for partition in 0..size.partitions {
        let folder = landing.join(format!("partition={partition}"));
        let entry = fs::read(folder.join("0000000001.json")).unwrap();
        let entry: serde_json::Value = serde_json::from_slice(&entry).unwrap();
        for number in 0..7 {
            let day = monday.plus(number);
            let mut generator = StdRng::seed_from_u64(u64::from(number) << 32 | partition as u64);
            let batch = cells(policy, day, size.cells, &mut generator);
            let object = object(&batch);
            let hash = hex::encode(Sha256::digest(&object));
            let sequence = u64::from(number) + 2;
            let mut next = entry.clone();
            next["sequence"] = sequence.into();
            next["start"] = entry["end"].clone();
            next["closed"] = serde_json::to_value(day).unwrap();
            next["days"] = serde_json::to_value([day]).unwrap();
            next["data"] = serde_json::json!({
                "sha256": hash, "rows": batch.num_rows(), "events": batch.num_rows()
            });
            let name = format!("{sequence:010}-{}.parquet", &hash[..16]);
            fs::write(folder.join(name), &object).unwrap();
            let text = serde_json::to_vec_pretty(&next).unwrap();
            fs::write(folder.join(format!("{sequence:010}.json")), text).unwrap();
            rows += batch.num_rows();
            bytes += object.len() as u64;
        }
    }
    (rows, bytes)
}

fn object(batch: &RecordBatch) -> Vec<u8> {
    let level = ZstdLevel::try_new(3).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The cells of a partition on a day, those of the weekly tables for the most part.
fn cells(policy: &Policy, day: Day, count: usize, generator: &mut StdRng) -> RecordBatch {
    let mut seen = BTreeSet::new();
    let mut columns: [Vec<String>; 5] = Default::default();
    let mut counts: [Vec<i64>; 3] = Default::default();
    let mut periods = Vec::new();
    let tables = policy.tables();
    for _ in 0..count {
        let table = &tables[generator.random_range(0..tables.len())];
        let dims = dims(table, generator);
        if !seen.insert((table.name(), dims.clone())) {
            continue;
        }
        let first = match table.unit() {
            Unit::Day => day,
            Unit::Week => day.week().monday(),
        };
        periods.push(first.days_since_epoch());
        columns[0].push(table.name().to_owned());
        let mut dims = dims.into_iter();
        for column in &mut columns[1..] {
            column.push(dims.next().unwrap_or_default());
        }
        let devices = generator.random_range(1..400);
        counts[0].push(devices);
        counts[1].push(if table.marks().len() > 1 {
            devices / 10
        } else {
            0
        });
        counts[2].push(if table.marks().len() > 2 {
            devices / 20
        } else {
            0
        });
    }
    let text = |values: &Vec<String>| -> ArrayRef { Arc::new(StringArray::from(values.clone())) };
    let number = |values: &Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values.clone())) };
    let named: Vec<(&str, ArrayRef)> = vec![
        ("table", text(&columns[0])),
        ("period", Arc::new(Date32Array::from(periods))),
        ("app", text(&columns[1])),
        ("d1", text(&columns[2])),
        ("d2", text(&columns[3])),
        ("d3", text(&columns[4])),
        ("c0", number(&counts[0])),
        ("c1", number(&counts[1])),
        ("c2", number(&counts[2])),
    ];
    RecordBatch::try_from_iter(named).unwrap()
}

/// The values of a cell: a few of each dimension are in most objects, most in few.
fn dims(table: &Table, generator: &mut StdRng) -> Vec<String> {
    let each = table.dimensions().iter().map(|dimension| {
        let most = values(*dimension) as f64;
        // Log-uniform: the n-th value is as rare as 1/n.
        let value = (most.powf(generator.random_range(0.0..1.0)) - 1.0) as usize;
        format!("{dimension}{value}")
    });
    each.collect()
}

/// The most memory that this process has had.
fn peak_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
