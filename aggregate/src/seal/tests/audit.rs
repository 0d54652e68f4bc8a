//! The coupled audit of bytes: two histories that differ in one device-week are sealed under the
//! same randomness, and everything that differs under `rollups/` must be the device's own cells.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use kaiku_stage::RandomSource;
use kaiku_wire::{KindName, Mark};
use proptest::prelude::*;

use super::*;
use crate::testing::{Event, events, pair};

const MONDAY: &str = "2026-11-23";

/// What one device does in the week, by its marks: within the bounds, in two apps.
fn device(generator: &mut impl rand::Rng) -> Vec<(u32, Event)> {
    let mut events = Vec::new();
    for day in 0..7 {
        if generator.random_bool(0.4) {
            continue;
        }
        for app in ["maps", "music"] {
            if generator.random_bool(0.5) {
                events.extend(uses(app, day, generator));
            }
        }
    }
    events
}

/// What the device does in an app on a day: at most eight marks of any family.
fn uses(app: &'static str, day: u32, generator: &mut impl rand::Rng) -> Vec<(u32, Event)> {
    let mut found = Vec::new();
    let items = ["route.bicycle", "share", "search", "route.car"];
    for (place, item) in items.into_iter().enumerate() {
        let mut marks = vec![Mark::FirstItemDay];
        if place == 0 {
            marks.extend([Mark::FirstAppDay, Mark::FirstReleaseDay]);
        }
        if generator.random_bool(0.3) {
            marks.push(Mark::SecondUseDay);
        }
        if day == 0 {
            marks.push(Mark::FirstItemWeek);
            marks.extend((place == 0).then_some(Mark::FirstAppWeek));
        }
        let kind = KindName::FeatureUsed;
        found.push((day, crate::testing::used(app, item, &marks).of_kind(kind)));
    }
    if generator.random_bool(0.2) {
        let marks = [Mark::FirstFatalDay, Mark::FirstFatalReleaseDay];
        let failed = crate::testing::used(app, "panic", &marks);
        found.push((day, failed.of_kind(KindName::Failed)));
    }
    found
}

/// Lands and seals a week of these events on two partitions; every published file with its bytes.
async fn published(
    folder: &Path,
    crowd: usize,
    extra: &[(u32, Event)],
) -> BTreeMap<String, Vec<u8>> {
    for partition in 0..2 {
        let log = log(folder, partition).await;
        let mut hand = Hand::new(&log);
        for number in 0..7 {
            let of = day(MONDAY).plus(number);
            for app in ["maps", "music"] {
                hand.take(&fleet(of, app, crowd)).await.unwrap();
            }
            let own = extra.iter().filter(|(day, _)| *day == number);
            let own: Vec<Event> = own.map(|(_, event)| event.clone()).collect();
            if partition == 0 && !own.is_empty() {
                hand.take(&events(of, own)).await.unwrap();
            }
            hand.take(&pair(of, "maps", "route.bicycle", "share"))
                .await
                .unwrap();
            hand.take(&closed(of)).await.unwrap();
            hand.roll().await;
        }
    }
    let mut sealer = sealer(folder, 2, Policy::small()).await;
    sealer.random = RandomSource::seeded(1);
    while let Some(due) = sealer.due() {
        sealer.seal(due).await.unwrap();
        clean(&sealer, true).await.unwrap();
    }
    files(&folder.join("rollups"))
}

/// The values of the rows of a file, by the row's dimensions and the measure.
fn values(name: &str, bytes: &[u8]) -> BTreeMap<(String, String), i64> {
    let mut found = BTreeMap::new();
    for batch in object::read(name, bytes.to_vec().into()).unwrap() {
        let schema = batch.schema();
        let text = |row| {
            let columns = batch.columns().iter();
            let texts = columns.filter_map(|column| column.as_string_opt::<i32>());
            texts
                .map(|one| one.value(row))
                .collect::<Vec<_>>()
                .join("/")
        };
        for field in schema.fields() {
            let is_value = !["_lower", "_upper", "_estimate"]
                .iter()
                .any(|end| field.name().ends_with(end));
            let column = batch.column_by_name(field.name()).unwrap();
            let Some(column) = column.as_primitive_opt::<Int64Type>() else {
                continue;
            };
            for row in (0..batch.num_rows()).filter(|_| is_value) {
                found.insert((text(row), field.name().clone()), column.value(row));
            }
        }
    }
    found
}

/// The app, the table and the period that a published file is about.
fn place(name: &str) -> (String, String, String) {
    let mut parts = name.split('/').map(str::to_owned);
    let mut next = || parts.next().unwrap();
    (next(), next(), next())
}

/// Holds two published worlds beside each other: what they differ in, as ρ.
fn difference(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> f64 {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(one), names(other), "the same files stand in both");
    let policy = Policy::small();
    let mut rho = 0.0;
    for (name, bytes) in one {
        if !name.ends_with("rollup.parquet") || *bytes == other[name] {
            continue;
        }
        let (table, _, _) = place(name);
        let table = policy.table(&table).unwrap();
        let (ours, theirs) = (values(name, bytes), values(name, &other[name]));
        let keys = |values: &BTreeMap<(String, String), i64>| values.keys().cloned().collect();
        let rows: BTreeSet<_> = keys(&ours);
        assert_eq!(rows, keys(&theirs), "no cell stands at its threshold here");
        for key in &rows {
            let (one, other) = (ours[key], theirs[key]);
            let measure = table.measures().iter().find(|one| one.name() == key.1);
            let figures = measure.unwrap().figures();
            let step = (one - other) as f64;
            rho += step * step / (2.0 * figures.sigma * figures.sigma);
        }
    }
    rho
}

/// A manifest without what must differ where a file does: hashes of files, and of manifests.
fn without_hashes(bytes: &[u8]) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    value["previous"] = serde_json::Value::Null;
    for table in value["tables"].as_array_mut().unwrap() {
        table["rows"] = serde_json::Value::Null;
        for file in table["files"].as_array_mut().unwrap() {
            for name in ["sha256", "bytes", "rows"] {
                file[name] = serde_json::Value::Null;
            }
        }
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn one_device_week_changes_its_own_cells_by_the_stated_price_and_nothing_else(seed in any::<u64>()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut generator = RandomSource::seeded(seed).generator();
        let own = device(&mut generator);
        let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let with = runtime.block_on(published(with.path(), 400, &own));
        let without = runtime.block_on(published(without.path(), 400, &[]));
        let price = Policy::small().week_share().value();
        let rho = difference(&with, &without);
        prop_assert!(rho <= price, "{rho} of {price}");
        for (name, bytes) in with.iter().filter(|(name, _)| name.ends_with(".json")) {
            prop_assert_eq!(without_hashes(bytes), without_hashes(&without[name]), "{}", name);
        }
        // What the device did not touch is the same to the last byte.
        let touched: BTreeSet<String> = own.iter().map(|(_, event)| format!("app={}", event.app)).collect();
        for (name, bytes) in &with {
            if name.ends_with("rollup.parquet") && !touched.contains(&place(name).1) {
                prop_assert_eq!(bytes, &without[name], "{}", name);
            }
        }
    }
}
