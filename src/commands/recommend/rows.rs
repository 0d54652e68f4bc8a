//! The rows of two released tables, of one app, as the rollups have them.

use anyhow::{Context, Result};
use kaiku_aggregate::{Error, Rollups, Selection, export};
use kaiku_recommend::{FeatureRow, PairRow};
use kaiku_wire::{Day, Week};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Feature {
    first_day: String,
    feature: String,
    devices_lower: f64,
    devices_estimate: f64,
}

#[derive(Deserialize)]
struct Pair {
    first_day: String,
    a: String,
    b: String,
    devices_lower: f64,
    devices_estimate: f64,
}

/// What is published of the features of an app, each sealed week.
///
/// # Errors
/// Where the rollups are not what was sealed.
pub(super) async fn features(rollups: &Rollups, app: &str) -> Result<Vec<FeatureRow>> {
    let rows = rows::<Feature>(rollups, "features_weekly", app).await?;
    let rows = rows.into_iter().map(|row| {
        Ok(FeatureRow {
            week: week(&row.first_day)?,
            feature: row.feature,
            lower: row.devices_lower,
            estimate: row.devices_estimate,
        })
    });
    rows.collect()
}

/// What is published of its pairs of features.
///
/// # Errors
/// As [`features`].
pub(super) async fn pairs(rollups: &Rollups, app: &str) -> Result<Vec<PairRow>> {
    let rows = rows::<Pair>(rollups, "feature_pairs_weekly", app).await?;
    let rows = rows.into_iter().map(|row| {
        Ok(PairRow {
            week: week(&row.first_day)?,
            a: row.a,
            b: row.b,
            lower: row.devices_lower,
            estimate: row.devices_estimate,
        })
    });
    rows.collect()
}

/// The rows of a table; none where it was never published for the app.
async fn rows<T: DeserializeOwned>(rollups: &Rollups, table: &str, app: &str) -> Result<Vec<T>> {
    let selection = Selection {
        table: Some(table.to_owned()),
        app: Some(app.to_owned()),
        ..Selection::default()
    };
    let mut text = Vec::new();
    match export(rollups, &selection, &mut text).await {
        Ok(_) => {}
        Err(Error::Unpublished { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    let mut reader = csv::Reader::from_reader(&text[..]);
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.with_context(|| format!("{table} has other columns than this version knows"))
}

fn week(first_day: &str) -> Result<Week> {
    Week::from_monday(Day::parse(first_day)?).context("a week begins on a Monday")
}
