//! Tests of what stands beside the rollups.
#![allow(clippy::unwrap_used)]

use std::path::Path as FsPath;

use kaiku_release::Period;
use kaiku_wire::Day;

use super::*;
use crate::rollups::sample::Sample;
use crate::testing::files;
use crate::verify::{Expected, verify};

const COPY: &str = "monthly/features_daily/app=maps/month=2026-11/rollup.parquet";

async fn refresh(sample: &Sample) {
    let catalogue = Catalogue::sample();
    let done = sample
        .rollups
        .refresh_aids(&sample.policy, &sample.chain, &catalogue);
    done.await.unwrap();
}

fn text(folder: &FsPath, name: &str) -> String {
    std::fs::read_to_string(folder.join("rollups").join(name)).unwrap()
}

#[tokio::test]
async fn before_the_first_seal_every_table_is_described_and_nothing_is_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::new(folder.path());
    refresh(&sample).await;
    let names: Vec<String> = files(&folder.path().join("rollups")).into_keys().collect();
    let expected = [
        "_latest.json",
        "catalogue.json",
        "tables.json",
        "tables.md",
        "views.sql",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        text(folder.path(), "_latest.json"),
        r#"{"day":null,"week":null,"number":null,"hash":null}"#
    );
    let views = text(folder.path(), "views.sql");
    assert!(
        !views.contains("FROM read_"),
        "nothing stands that could be read"
    );
    for table in sample.policy.tables() {
        let view = format!("CREATE OR REPLACE VIEW \"{}\" AS", table.name());
        assert!(views.contains(&view), "{view}");
    }
}

#[tokio::test]
async fn after_a_seal_the_views_read_what_stands_and_the_last_period_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::new(folder.path());
    sample.seal_days("2026-11-21", "2026-11-23").await;
    refresh(&sample).await;
    let latest: Latest = serde_json::from_str(&text(folder.path(), "_latest.json")).unwrap();
    let day = |text: &str| Some(Day::parse(text).unwrap());
    assert_eq!(
        (latest.day, latest.week),
        (day("2026-11-23"), day("2026-11-16"))
    );
    assert_eq!(
        (latest.number, latest.hash.as_deref()),
        (Some(4), sample.chain.last_hash())
    );
    let views = text(folder.path(), "views.sql");
    assert!(!views.contains("WHERE false"), "every table stands");
    assert!(views.contains("{'app': VARCHAR, 'day': DATE}"));
}

#[tokio::test]
async fn aids_that_have_not_changed_are_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::new(folder.path());
    refresh(&sample).await;
    let written = || {
        let file = folder.path().join("rollups/views.sql");
        let metadata = file.metadata().unwrap();
        std::os::unix::fs::MetadataExt::ino(&metadata)
    };
    let before = written();
    refresh(&sample).await;
    assert_eq!(written(), before);
}

#[tokio::test]
async fn a_month_is_copied_once_when_it_is_over_with_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::new(folder.path());
    sample.seal_days("2026-11-27", "2026-11-29").await;
    refresh(&sample).await;
    let copy = folder.path().join("rollups").join(COPY);
    assert!(!copy.exists(), "the 30th can still be sealed");
    sample.seal_days("2026-11-30", "2026-11-30").await;
    refresh(&sample).await;
    let bytes = std::fs::read(&copy).unwrap();
    let read = crate::rollups::PublishedFile::read(COPY, bytes.clone().into()).unwrap();
    let days = read.batch().column_by_name("day").unwrap();
    let first = Day::parse("2026-11-27").unwrap().days_since_epoch();
    let expected: Vec<i32> = (0..4).flat_map(|day| [first + day; 2]).collect();
    let expected = arrow::array::Date32Array::from(expected);
    assert_eq!(days.as_ref(), &expected as &dyn arrow::array::Array);
    // The week of the 30th belongs to November, and is not over.
    let weekly = COPY.replace("features_daily", "features_weekly");
    assert!(!folder.path().join("rollups").join(&weekly).exists());
    sample.seal_days("2026-12-01", "2026-12-06").await;
    refresh(&sample).await;
    assert!(folder.path().join("rollups").join(&weekly).exists());
    assert_eq!(
        std::fs::read(&copy).unwrap(),
        bytes,
        "the copy was made anew"
    );
    let verified = verify(&sample.rollups, &Expected::default()).await.unwrap();
    assert_eq!(verified.problems, []);
}

#[tokio::test]
async fn a_copy_keeps_what_all_its_files_say_of_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::new(folder.path());
    sample.seal_days("2026-11-29", "2026-11-29").await;
    let text = include_str!("../../../release/policies/small.toml");
    let other = text.replace("name = \"small\"", "name = \"other\"");
    sample.policy = Policy::parse(&other).unwrap();
    sample.seal_days("2026-11-30", "2026-11-30").await;
    refresh(&sample).await;
    let bytes = std::fs::read(folder.path().join("rollups").join(COPY)).unwrap();
    let read = crate::rollups::PublishedFile::read(COPY, bytes.into()).unwrap();
    assert_eq!(read.said("kaiku.table"), Some("features_daily"));
    assert_eq!(read.said("kaiku.policy"), None, "two policies in one month");
    assert!(
        read.fields()
            .all(|field| field.metadata().contains_key("comment"))
    );
}

/// Whoever takes a count away changes the files of its rows, what names them by their hashes, and
/// copies of these rows: nothing else.
#[tokio::test]
async fn nothing_but_rows_depends_on_counts() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut found = Vec::new();
    for (folder, devices) in folders.iter().zip([1_000, 999]) {
        let mut sample = Sample::new(folder.path());
        sample
            .seal(Period::Day(Day::parse("2026-11-30").unwrap()), devices)
            .await;
        refresh(&sample).await;
        found.push(files(&folder.path().join("rollups")));
    }
    let [one, other] = [&found[0], &found[1]];
    assert!(one.keys().eq(other.keys()));
    let differs: Vec<&String> = one
        .keys()
        .filter(|name| one[*name] != other[*name])
        .collect();
    let rows = |name: &&&String| name.ends_with("rollup.parquet") && !name.contains("app=idle");
    let by_hash = [
        "_latest.json",
        "manifests/day=2026-11-30.json",
        "manifests/day=2026-11-30.jsonl",
    ];
    let by_hash = [&by_hash[..], &["manifests/day=2026-11-30.sig"]].concat();
    let others: Vec<&str> = differs
        .iter()
        .filter(|name| !rows(name))
        .map(|name| name.as_str())
        .collect();
    assert_eq!(others, by_hash);
    let read = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        let bytes = &files["manifests/day=2026-11-30.json"];
        let mut manifest: crate::Manifest = serde_json::from_slice(bytes).unwrap();
        for file in manifest
            .tables
            .iter_mut()
            .flat_map(|table| &mut table.files)
        {
            // The hash and size of what is published.
            (file.sha256, file.bytes) = (String::new(), 0);
        }
        manifest
    };
    assert_eq!(read(one), read(other));
}
