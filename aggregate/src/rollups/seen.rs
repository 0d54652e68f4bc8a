//! Which features the rollups of the last sealed days show.

use std::collections::BTreeSet;

use arrow::array::Array;
use kaiku_release::{Dimension, Period};
use kaiku_wire::Day;
use object_store::path::Path;

use super::{Chain, ManifestFile, Place, PublishedFile, Rollups};
use crate::error::Error;
use crate::store::sha256;

/// What the rollups of the last sealed days show of features. What they do not show was below what
/// is published, and not nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFeatures {
    /// The earliest day that was looked at.
    pub first: Day,
    /// The last sealed day.
    pub last: Day,
    /// How many days of these are sealed.
    pub days: usize,
    /// The tables in which features stand.
    pub tables: BTreeSet<String>,
    /// App and feature.
    pub features: BTreeSet<(String, String)>,
}

impl SeenFeatures {
    /// Reads the tables of the last `days` sealed days, and of each sealed week that has one of
    /// them; `None` where no day is sealed.
    ///
    /// # Errors
    /// Where the chain is broken, or a file is not the one that was published.
    pub async fn of_last(rollups: &Rollups, days: usize) -> Result<Option<SeenFeatures>, Error> {
        let chain = Chain::load(rollups).await?;
        let periods = chain.manifests().iter().filter_map(|one| one.period());
        let sealed: BTreeSet<Day> = periods
            .filter_map(|period| match period {
                Period::Day(day) => Some(day),
                Period::Week(_) => None,
            })
            .collect();
        let looked_at: BTreeSet<Day> = sealed.iter().rev().take(days).copied().collect();
        let (Some(first), Some(last)) = (looked_at.first(), looked_at.last()) else {
            return Ok(None);
        };
        let mut seen = SeenFeatures {
            first: *first,
            last: *last,
            days: looked_at.len(),
            tables: BTreeSet::new(),
            features: BTreeSet::new(),
        };
        for manifest in chain.manifests() {
            let has_one = |period: Period| {
                let mut range = looked_at.range(period.first_day()..=period.last_day());
                range.next().is_some()
            };
            if !manifest.period().is_some_and(has_one) {
                continue;
            }
            for file in manifest.tables.iter().flat_map(|table| &table.files) {
                seen.look_at(rollups, file).await?;
            }
        }
        Ok(Some(seen))
    }

    async fn look_at(&mut self, rollups: &Rollups, file: &ManifestFile) -> Result<(), Error> {
        let Some(place) = Place::of(&file.path) else {
            return Ok(());
        };
        let bytes = rollups.get(&Path::from(file.path.as_str())).await?;
        let bytes = bytes.unwrap_or_default();
        if sha256(&bytes) != file.sha256 {
            return Err(Error::Altered {
                path: file.path.clone(),
            });
        }
        let read = PublishedFile::read(&file.path, bytes)?;
        for dimension in [Dimension::Feature, Dimension::A, Dimension::B] {
            let Some(column) = read.text(dimension.as_str()) else {
                continue;
            };
            self.tables.insert(place.table.to_owned());
            let names = (0..column.len()).map(|row| column.value(row));
            self.features
                .extend(names.map(|name| (place.app.to_owned(), name.to_owned())));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::rollups::sample::Sample;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[tokio::test]
    async fn the_features_of_the_last_sealed_days_are_seen_and_those_before_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut sample = Sample::new(folder.path());
        assert_eq!(
            SeenFeatures::of_last(&sample.rollups, 28).await.unwrap(),
            None
        );
        sample.seal_days("2026-11-23", "2026-11-24").await;
        // Too few devices for anything to appear.
        for later in ["2026-11-25", "2026-11-26"] {
            sample.seal(Period::Day(day(later)), 1).await;
        }
        let seen = |days| SeenFeatures::of_last(&sample.rollups, days);
        let all = seen(28).await.unwrap().unwrap();
        assert_eq!(
            (all.first, all.last, all.days),
            (day("2026-11-23"), day("2026-11-26"), 4)
        );
        assert!(all.tables.contains("features_daily"), "{all:?}");
        assert!(all.features.contains(&("maps".to_owned(), "FI".to_owned())));
        let last = seen(2).await.unwrap().unwrap();
        assert_eq!((last.first, last.days), (day("2026-11-25"), 2));
        assert!(last.features.is_empty(), "{last:?}");
    }

    #[tokio::test]
    async fn a_week_with_one_of_the_days_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let mut sample = Sample::new(folder.path());
        sample.seal_days("2026-11-16", "2026-11-22").await;
        let seen = SeenFeatures::of_last(&sample.rollups, 1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((seen.first, seen.days), (day("2026-11-22"), 1));
        assert!(seen.tables.contains("features_weekly"), "{seen:?}");
    }
}
