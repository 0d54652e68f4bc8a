//! Tests of what is published, and of its manifests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use bytes::Bytes;
use kaiku_release::{Period, Unit};
use kaiku_wire::Day;
use object_store::path::Path;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::sample::{APPS, Sample, signer};
use super::{Chain, ManifestPaths, PublishedFile, is_signed};
use crate::error::Error;
use crate::testing::files;

const DAY: &str = "2026-11-24";

fn day() -> Day {
    Day::parse(DAY).unwrap()
}

async fn one_day(folder: &std::path::Path) -> Sample {
    let mut sample = Sample::new(folder);
    sample.seal_days(DAY, DAY).await;
    sample
}

#[tokio::test]
async fn each_listed_app_and_the_unlisted_ones_have_a_file_of_each_table_even_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let sample = one_day(folder.path()).await;
    for table in &sample.chain.manifests()[0].tables {
        let rows: BTreeMap<_, _> = table
            .files
            .iter()
            .map(|file| (file.path.split('/').nth(1).unwrap(), file.rows))
            .collect();
        assert_eq!(rows["app=idle"], 0);
        assert!(rows["app=maps"] > 0 && rows["app=unlisted"] > 0);
        assert_eq!(rows.len(), APPS.len() + 1);
        for file in &table.files {
            let standing = folder.path().join("rollups").join(&file.path);
            assert_eq!(standing.metadata().unwrap().len(), file.bytes);
        }
    }
}

#[tokio::test]
async fn a_file_has_its_dimensions_then_four_numbers_a_measure_none_of_them_null() {
    let folder = tempfile::tempdir().unwrap();
    let sample = one_day(folder.path()).await;
    let path = Path::from("features_daily/app=maps/day=2026-11-24/rollup.parquet");
    let bytes = sample.rollups.get(&path).await.unwrap().unwrap();
    let file = PublishedFile::read(path.as_ref(), bytes.clone()).unwrap();
    let names: Vec<&str> = file.fields().map(|field| field.name().as_str()).collect();
    let numbers =
        |name: &str| ["", "_lower", "_upper", "_estimate"].map(|end| format!("{name}{end}"));
    let mut expected = vec!["feature".to_owned()];
    for name in ["devices", "devices_2plus", "devices_5plus"] {
        expected.extend(numbers(name));
    }
    assert_eq!(names, expected);
    assert!(file.fields().all(|field| !field.is_nullable()));
    assert_eq!(
        file.fields()
            .filter(|field| *field.data_type() == DataType::Int64)
            .count(),
        12
    );
    let values = file.text("feature").unwrap();
    assert_eq!([values.value(0), values.value(1)], ["FI", "SE"]);
    let reader = SerializedFileReader::new(bytes).unwrap();
    let sorted = reader.metadata().row_group(0).sorting_columns().unwrap();
    assert_eq!(
        sorted.iter().map(|by| by.column_idx).collect::<Vec<_>>(),
        [0]
    );
}

#[tokio::test]
async fn a_file_tells_each_reader_what_its_columns_mean() {
    let folder = tempfile::tempdir().unwrap();
    let sample = one_day(folder.path()).await;
    let path = Path::from("activity_daily/app=maps/day=2026-11-24/rollup.parquet");
    let bytes = sample.rollups.get(&path).await.unwrap().unwrap();
    let file = PublishedFile::read(path.as_ref(), bytes).unwrap();
    for field in file.fields() {
        let comment = field.metadata().get("comment").unwrap();
        let footer = file.said(&format!("kaiku.column.{}", field.name()));
        assert_eq!(footer, Some(comment.as_str()));
    }
    let spark: serde_json::Value = serde_json::from_str(
        file.said("org.apache.spark.sql.parquet.row.metadata")
            .unwrap(),
    )
    .unwrap();
    assert_eq!(spark["fields"][0]["type"], "long");
    assert!(spark["fields"][0]["metadata"]["comment"].is_string());
    let figures = sample.policy.table("activity_daily").unwrap().measures()[0].figures();
    assert_eq!(
        file.said("kaiku.sigma.devices"),
        Some(&*figures.sigma.to_string())
    );
    assert_eq!(
        file.said("kaiku.tau.devices"),
        Some(&*figures.tau.unwrap().to_string())
    );
    let sums = file.said("kaiku.sums").unwrap();
    assert!(sums.contains("never over app, day"), "{sums}");
}

#[tokio::test]
async fn a_file_that_stands_is_adopted_where_it_has_the_same_rows_and_refused_where_not() {
    let folder = tempfile::tempdir().unwrap();
    one_day(folder.path()).await;
    let before = files(folder.path());
    // The same counts and noise once more.
    one_day(folder.path()).await;
    assert_eq!(files(folder.path()), before);
    let root = folder.path().join("rollups");
    let from = root.join("activity_daily/app=idle/day=2026-11-24/rollup.parquet");
    std::fs::copy(
        from,
        root.join("activity_daily/app=maps/day=2026-11-24/rollup.parquet"),
    )
    .unwrap();
    let sample = Sample::new(folder.path());
    let table = sample.policy.table("activity_daily").unwrap();
    let noise = kaiku_release::SealNoise::new([1; 32], [2; 32]);
    let cells = vec![kaiku_release::Cell {
        dims: vec!["maps".to_owned()],
        counts: vec![1_000; table.marks().len()],
    }];
    let released = kaiku_release::release(table, Period::Day(day()), cells, &noise).unwrap();
    let refused = sample
        .rollups
        .publish(&released, "maps", table, &sample.policy)
        .await;
    assert!(matches!(refused, Err(Error::Altered { .. })));
}

#[tokio::test]
async fn a_manifest_is_signed_and_stands_in_one_line_beside_itself() {
    let folder = tempfile::tempdir().unwrap();
    let sample = one_day(folder.path()).await;
    let paths = ManifestPaths::of(Period::Day(day()));
    let get = async |path: &Path| sample.rollups.get(path).await.unwrap().unwrap();
    let (json, line) = (get(&paths.json).await, get(&paths.line).await);
    assert!(is_signed(
        &json,
        &get(&paths.signature).await,
        &signer().public()
    ));
    let read = |bytes: &Bytes| serde_json::from_slice::<super::Manifest>(bytes).unwrap();
    assert_eq!(read(&json), read(&line));
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert!(paths.json.as_ref().starts_with("manifests/day=2026-11-24"));
}

#[tokio::test]
async fn a_manifest_that_was_begun_is_ended_by_the_same_key_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::new(folder.path());
    let period = Period::Day(day());
    let manifest = sample.manifest(period, Vec::new());
    sample
        .rollups
        .seal(period, &manifest, &signer())
        .await
        .unwrap();
    let json = folder.path().join("rollups/manifests/day=2026-11-24.json");
    let before = std::fs::read(&json).unwrap();
    std::fs::remove_file(&json).unwrap();
    let other = super::Signer::from_seed([9; 32]).unwrap();
    let refused = sample.rollups.seal(period, &manifest, &other).await;
    assert!(matches!(refused, Err(Error::Changed { .. })));
    assert!(!json.exists());
    sample
        .rollups
        .seal(period, &manifest, &signer())
        .await
        .unwrap();
    assert_eq!(std::fs::read(&json).unwrap(), before);
}

#[tokio::test]
async fn a_chain_is_read_back_as_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::new(folder.path());
    sample.seal_days("2026-11-21", "2026-11-23").await;
    let read = Chain::load(&sample.rollups).await.unwrap();
    assert_eq!(read.manifests(), sample.chain.manifests());
    assert_eq!(read.last_hash(), sample.chain.last_hash());
    assert_eq!(read.first().unwrap().first_day.to_string(), "2026-11-21");
    assert_eq!(read.last_day().unwrap().to_string(), "2026-11-23");
    let week = Period::Week(Day::parse("2026-11-22").unwrap().week());
    assert_eq!(read.last_of(Unit::Week), Some(week));
    assert!(read.has(week) && !read.has(Period::Day(day())));
    // Two days of one policy, its week, and the day behind it.
    let spent = read.spent();
    assert_eq!(spent.len(), 4);
    let expected = kaiku_release::Spent::of(&sample.policy, week);
    assert_eq!(
        (spent[2].rho, spent[2].week_rho),
        (expected.rho, expected.week_rho)
    );
    assert_eq!(spent[2].policy, expected.policy);
    assert!((spent[2].week_delta - expected.week_delta).abs() < 1e-20);
    let expected = kaiku_release::Spent::of(&sample.policy, Period::Day(day()));
    assert_eq!(
        (spent[0].rho, spent[0].week_rho),
        (expected.rho, expected.week_rho)
    );
    assert!((spent[0].week_delta - expected.week_delta).abs() < 1e-20);
}

#[tokio::test]
async fn rollups_of_the_first_format_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let sample = one_day(folder.path()).await;
    let old = folder.path().join("rollups/_manifests");
    std::fs::create_dir(&old).unwrap();
    std::fs::write(old.join("day=2026-11-01.json"), r#"{"format":1}"#).unwrap();
    let refused = Chain::load(&sample.rollups).await.unwrap_err().to_string();
    assert!(
        refused.contains("name a new folder for the rollups"),
        "{refused}"
    );
    std::fs::remove_dir_all(&old).unwrap();
    let later = folder.path().join("rollups/manifests/day=2026-11-25.json");
    std::fs::write(later, r#"{"format":3,"something":"new"}"#).unwrap();
    let refused = Chain::load(&sample.rollups).await.unwrap_err();
    assert!(matches!(refused, Error::ManifestFormat { format: 3, .. }));
}

#[tokio::test]
async fn a_folder_is_opened_to_read_only_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("rollup");
    let refused = super::Rollups::open_to_read(place.to_str().unwrap());
    assert!(matches!(refused, Err(Error::Place { .. })));
    assert!(files(folder.path()).is_empty() && !place.exists());
}
