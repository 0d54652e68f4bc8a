//! The coupled audit, through the whole pipeline: two fleets that differ in one device-week, sealed
//! with the same seal keys. Every published number must differ by what the device has counted for
//! in that cell, and by nothing else; and all of it together may not cost more than is stated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use kaiku_broker::{MockBroker, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, Truth, Upload};
use kaiku_rehearsal::{Pipeline, Sender, wanted, with_ending};
use kaiku_release::{Policy, Unit};
use kaiku_stage::{Context, RandomSource};
use kaiku_wire::{Clock, Day, Month};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

const PARTITIONS: i32 = 2;
const DEVICES: u32 = 4_000;
/// Three weeks, the second of which holds the turn of a month.
const DAYS: u32 = 21;

/// What stands in one published number: table, first day of the period, dimensions, measure.
type Number = (String, Day, Vec<String>, String);

/// One world: what was published of it, its other public files, and what was counted.
struct World {
    numbers: BTreeMap<Number, i64>,
    manifests: BTreeMap<String, serde_json::Value>,
    counted: BTreeMap<Number, i64>,
}

#[test]
fn one_device_week_changes_its_own_cells_by_the_stated_price_and_nothing_else() {
    let uploads = uploads();
    let (victim, week) = busiest(&uploads);
    let with = world(uploads.iter().map(|(day, upload)| (*day, upload)));
    let others = uploads
        .iter()
        .filter(|(day, upload)| upload.device != victim || day.week().monday() != week);
    let without = world(others.map(|(day, upload)| (*day, upload)));

    let keys = |world: &World| world.counted.keys().cloned().collect::<BTreeSet<_>>();
    let difference = |key: &Number| {
        let count = |world: &World| world.counted.get(key).copied().unwrap_or(0);
        count(&with) - count(&without)
    };
    let touched: BTreeSet<_> = keys(&with).union(&keys(&without)).cloned().collect();
    let touched: BTreeSet<_> = touched
        .into_iter()
        .filter(|key| difference(key) != 0)
        .collect();
    assert!(touched.len() > 30, "{} numbers are touched", touched.len());
    let published: BTreeSet<_> = with.numbers.keys().chain(without.numbers.keys()).collect();
    let mut rho = 0.0;
    for key in published {
        match (with.numbers.get(key), without.numbers.get(key)) {
            (Some(one), Some(other)) => assert_eq!(one - other, difference(key), "{key:?}"),
            // A row appears by its first measure: the others come and go with it, also where they are the same.
            _ => assert!(
                touched
                    .iter()
                    .any(|one| (&one.0, one.1, &one.2) == (&key.0, key.1, &key.2)),
                "{key:?} appears in one world alone"
            ),
        }
    }
    let policy = Policy::small();
    for key in touched.iter().filter(|key| key.1.week().monday() == week) {
        let table = policy.table(&key.0).unwrap();
        let measure = table.measures().iter().find(|one| one.name() == key.3);
        let sigma = measure.unwrap().figures().sigma;
        rho += (difference(key) as f64 / sigma).powi(2) / 2.0;
    }
    let price = policy.week_share().value();
    println!(
        "audit: {} numbers touched, rho {rho:.4} of {price:.4} stated, {} published",
        touched.len(),
        with.numbers.len()
    );
    assert!(rho <= price, "{rho} of {price}");
    assert_eq!(
        with.manifests, without.manifests,
        "the manifests say the same"
    );
}

/// All uploads of the fleet, each with its day.
fn uploads() -> Vec<(Day, Upload)> {
    let catalogue = Catalogue::sample();
    let config = FleetConfig {
        devices: DEVICES,
        partitions: PARTITIONS,
        seed: 11,
        ..FleetConfig::default()
    };
    let mut day = config.first_day;
    let mut fleet = Fleet::new(config, &catalogue);
    let mut uploads = Vec::new();
    for _ in 0..DAYS {
        uploads.extend(fleet.day(day).map(|upload| (day, upload)));
        day = day.next();
    }
    uploads
}

/// The device with the most uploads in the second week, and the Monday of that week.
fn busiest(uploads: &[(Day, Upload)]) -> (u32, Day) {
    let week = uploads[0].0.plus(7).week().monday();
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for (day, upload) in uploads {
        if day.week().monday() == week {
            *counts.entry(upload.device).or_default() += 1;
        }
    }
    let busiest = counts.into_iter().max_by_key(|(_, count)| *count).unwrap();
    (busiest.0, week)
}

/// Sends the uploads through both stages, and reads what came of it.
fn world<'a>(uploads: impl Iterator<Item = (Day, &'a Upload)>) -> World {
    let catalogue = Arc::new(Catalogue::sample());
    let policy = Policy::small();
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let mut truth = Truth::of(&catalogue, PARTITIONS, wanted(&policy));
    let time = Arc::new(AtomicI64::new(0));
    let first = FleetConfig::default().first_day;
    let broker = MockBroker::new(PARTITIONS, &months(first)).unwrap();
    let context = |random| {
        let time = Arc::clone(&time);
        let topics = TopicsConfig {
            partitions: PARTITIONS,
            replay: true,
            ..TopicsConfig::default()
        };
        Context {
            clock: Clock::from_fn(move || time.load(Ordering::Relaxed)),
            random,
            ..Context::new(broker.cluster().clone(), topics, Arc::clone(&catalogue))
        }
    };
    let mut enrich = Pipeline::new(context(RandomSource::system()))
        .enrich(kaiku_enrich::Config {
            keys_dir: folder.path().join("keys"),
            create_keys: true,
            ..kaiku_enrich::Config::default()
        })
        .unwrap();
    // The same seal keys in every world.
    let mut aggregate = Pipeline::new(context(RandomSource::seeded(5)))
        .aggregate(kaiku_aggregate::Config {
            landing: place("landing"),
            rollups: place("rollups"),
            threads: 1,
            ..kaiku_aggregate::Config::default()
        })
        .unwrap();
    let mut sender = Sender::onto(broker.cluster(), PARTITIONS).unwrap();
    let mut today = first;
    let mut turn = |sender: &mut Sender, from: Day, to: Day| {
        let mut day = from;
        while day < to {
            day = day.next();
            time.store(day.start_millis(), Ordering::Relaxed);
            sender.tick(day).unwrap();
            enrich.await_committed().unwrap();
            let sealed = day.prev();
            aggregate.await_sealed(sealed, |_| {}).unwrap();
        }
    };
    time.store(first.start_millis(), Ordering::Relaxed);
    for (day, upload) in uploads {
        turn(&mut sender, today, day);
        today = day;
        truth.sent(upload, day);
        sender.upload(upload, day.start_millis() + 1_000).unwrap();
    }
    turn(&mut sender, today, first.plus(DAYS));
    sender.close().unwrap();
    aggregate.stop().unwrap();
    enrich.stop().unwrap();
    read(&folder.path().join("rollups"), &policy, &truth)
}

fn months(first: Day) -> Vec<Month> {
    let mut months: Vec<Month> = (0..=DAYS + 1).map(|n| first.plus(n).month()).collect();
    months.dedup();
    months
}

/// Reads what was published, and what was counted beside it.
fn read(rollups: &Path, policy: &Policy, truth: &Truth<'_>) -> World {
    let mut numbers = BTreeMap::new();
    for path in with_ending(rollups, "parquet").unwrap() {
        let within = path.strip_prefix(rollups).unwrap();
        let parts: Vec<&str> = within.iter().map(|part| part.to_str().unwrap()).collect();
        // What has another shape is a monthly copy.
        let [table, app, period, _] = parts[..] else {
            assert_eq!(parts[0], "monthly");
            continue;
        };
        let app = app.strip_prefix("app=").unwrap();
        let first = Day::parse(period.split_once('=').unwrap().1).unwrap();
        let file = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        for row in file.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let mut dimensions = vec![app.to_owned()];
            for (name, field) in row.get_column_iter() {
                match field {
                    Field::Str(text) => dimensions.push(text.clone()),
                    Field::Long(value) if is_value(name) => {
                        let key = (table.to_owned(), first, dimensions.clone(), name.clone());
                        numbers.insert(key, *value);
                    }
                    _ => {}
                }
            }
        }
    }
    let mut counted = BTreeMap::new();
    for (table, cells) in policy.tables().iter().zip(truth.tables()) {
        for (first, cells) in cells {
            for (dimensions, counts) in cells {
                for measure in table.measures() {
                    let mark = measure.figures().mark;
                    let place = table.marks().iter().position(|one| *one == mark).unwrap();
                    let dimensions = dimensions.iter().map(|one| (*one).to_owned()).collect();
                    let name = measure.name().to_owned();
                    let key = (table.name().to_owned(), *first, dimensions, name);
                    counted.insert(key, i64::try_from(counts[place]).unwrap());
                }
            }
        }
    }
    World {
        numbers,
        manifests: manifests(rollups),
        counted,
    }
}

fn is_value(name: &str) -> bool {
    let ends = ["_lower", "_upper", "_estimate"];
    !ends.iter().any(|end| name.ends_with(end))
}

/// The manifests without what must differ where a file does: the hashes of files and manifests, and
/// the numbers of rows.
fn manifests(rollups: &Path) -> BTreeMap<String, serde_json::Value> {
    let mut found = BTreeMap::new();
    for path in with_ending(&rollups.join("manifests"), "json").unwrap() {
        let text = std::fs::read(&path).unwrap();
        let mut value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        value["previous"] = serde_json::Value::Null;
        for table in value["tables"].as_array_mut().unwrap() {
            table["rows"] = serde_json::Value::Null;
            for file in table["files"].as_array_mut().unwrap() {
                for name in ["sha256", "bytes", "rows"] {
                    file[name] = serde_json::Value::Null;
                }
            }
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        found.insert(name, value);
    }
    assert!(found.len() > usize::try_from(DAYS).unwrap());
    assert!(
        Policy::small()
            .tables()
            .iter()
            .any(|table| table.unit() == Unit::Week)
    );
    found
}
