//! Rows that no gate makes, written by hand into a file.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;

use super::*;
use crate::rollups::PublishedFile;

/// What is said of a file of `features_daily` with these rows: a feature, then for each of the
/// three measures its value, ends and estimate.
async fn found(rows: &[(&str, [i64; 12])]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::new(folder.path());
    sample.seal_days("2026-11-21", "2026-11-21").await;
    let manifest = &sample.chain.manifests()[0];
    let table = manifest
        .tables
        .iter()
        .find(|table| table.name == "features_daily")
        .unwrap();
    let bytes = std::fs::read(folder.path().join("rollups").join(FILE)).unwrap();
    let file = PublishedFile::read(FILE, bytes.into()).unwrap();
    let said: Vec<_> = file.all_said().clone().into_iter().collect();
    let schema = file.batch().schema_ref().as_ref().clone();
    let schema: Schema = schema.with_metadata(said.iter().cloned().collect());
    let names: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.0)).collect::<StringArray>());
    let numbers = (0..12).map(|at| -> ArrayRef {
        Arc::new(rows.iter().map(|row| row.1[at]).collect::<Int64Array>())
    });
    let columns = [names].into_iter().chain(numbers).collect();
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let properties = crate::object::properties().unwrap().build();
    let bytes = crate::object::write(&batch, properties).unwrap();
    let file = PublishedFile::read(FILE, bytes).unwrap();
    let mut found = Verified::default();
    super::super::rows::check(FILE, &file, manifest, table, rows.len() as u64, &mut found);
    let texts = found.problems.iter().map(ToString::to_string);
    texts.map(|text| text.replace(FILE, "file")).collect()
}

const GOOD: [i64; 12] = [500, 450, 550, 500, 400, 330, 470, 400, 300, 230, 370, 300];

fn with(changes: &[(usize, i64)]) -> [i64; 12] {
    let mut row = GOOD;
    changes.iter().for_each(|(at, value)| row[*at] = *value);
    row
}

#[tokio::test]
async fn good_rows_are_right() {
    let rows = [("a", GOOD), ("b", with(&[(4, -20), (8, 900)]))];
    assert_eq!(found(&rows).await, [] as [String; 0]);
}

#[tokio::test]
async fn each_wrong_row_is_named_with_what_is_wrong() {
    let cases: [([i64; 12], &str); 7] = [
        (with(&[(0, 60)]), "devices 60 is under its threshold"),
        (
            with(&[(1, 560)]),
            "devices_lower 560 is above devices_upper 550",
        ),
        (
            with(&[(3, 551)]),
            "devices_estimate 551 is outside of its interval, 450 to 550",
        ),
        (with(&[(1, 49)]), "devices_lower 49 is under 50"),
        (with(&[(9, -1)]), "devices_5plus_lower -1 is under 0"),
        (
            with(&[(6, 600), (7, 501)]),
            "devices_2plus_estimate 501 is above devices_estimate 500",
        ),
        (
            with(&[(10, 600), (11, 401)]),
            "devices_5plus_estimate 401 is above devices_2plus_estimate 400",
        ),
    ];
    for (row, text) in cases {
        let found = found(&[("a", GOOD), ("b", row)]).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(&format!("file, row 2: {text}")),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn rows_out_of_order_and_twice_are_named() {
    let found = found(&[("b", GOOD), ("a", GOOD), ("a", GOOD)]).await;
    let expected = [
        "file, row 2: is not sorted by its dimensions",
        "file, row 3: has the dimensions of the row before it",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn of_many_wrong_rows_some_are_named_and_the_rest_counted() {
    let rows: Vec<_> = (0..30).map(|_| ("a", GOOD)).collect();
    let found = found(&rows).await;
    assert_eq!(found.len(), 21);
    assert_eq!(found[20], "file: 9 more of its rows are wrong");
}
