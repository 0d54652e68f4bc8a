//! What stands of the log of a partition, looked at without anything being changed.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_wire::Day;
use object_store::path::Path;

use super::entry::{self, Entry, Named};
use crate::error::Error;
use crate::store::Landing;

/// The objects of a log, by the numbers of the entries that they belong to.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The entries that stand.
    pub(super) entries: BTreeSet<u64>,
    /// Counts: of the entry, or of one that lost the race for it.
    pub(super) data: BTreeMap<u64, Vec<Path>>,
}

impl Listed {
    /// Lists the log of a partition.
    pub(super) async fn of(store: &Landing, partition: i32) -> Result<Listed, Error> {
        let mut listed = Listed::default();
        for path in store.list(&entry::folder(partition)).await? {
            match entry::named(&path) {
                Some(Named::Entry(sequence)) => {
                    listed.entries.insert(sequence);
                }
                Some(Named::Data(sequence)) => {
                    listed.data.entry(sequence).or_default().push(path);
                }
                None => {}
            }
        }
        Ok(listed)
    }

    /// The numbers of the first entry and of the last; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Log`] where one between them is missing.
    pub(super) fn range(&self, partition: i32) -> Result<Option<(u64, u64)>, Error> {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return Ok(None);
        };
        if last - first + 1 != self.entries.len() as u64 {
            return Err(broken(partition, "an entry is missing"));
        }
        Ok(Some((*first, *last)))
    }
}

/// Where the log of a partition ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The first offset that is not in it.
    pub(crate) end: i64,
    /// The last day that is closed.
    pub(crate) closed: Option<Day>,
    /// The days of which counts stand, where that was asked for.
    pub(crate) days: BTreeSet<Day>,
}

/// Looks at the log of a partition of a source; where it `is_deep`, at every entry whose counts stand.
///
/// # Errors
/// Where the store fails, and [`Error::Log`] where the log can't be read on by anybody.
pub(crate) async fn look(
    store: &Landing,
    source: &str,
    partition: i32,
    is_deep: bool,
) -> Result<Looked, Error> {
    let listed = Listed::of(store, partition).await?;
    let Some((_, last)) = listed.range(partition)? else {
        return Ok(Looked::default());
    };
    let newest = read(store, source, partition, last).await?;
    let newest = newest.ok_or_else(|| broken(partition, "an entry is gone"))?;
    let mut days = BTreeSet::new();
    for (sequence, found) in listed.data.into_iter().filter(|_| is_deep) {
        // What was pruned since it was listed holds nothing.
        let entry = match listed.entries.contains(&sequence) {
            true => read(store, source, partition, sequence).await?,
            false => None,
        };
        let is_its_own =
            |entry: &Entry| entry.data_path().is_some_and(|path| found.contains(&path));
        let entry = entry.filter(is_its_own);
        days.extend(entry.into_iter().flat_map(|entry| entry.days));
    }
    Ok(Looked {
        end: newest.end,
        closed: newest.closed,
        days,
    })
}

async fn read(
    store: &Landing,
    source: &str,
    partition: i32,
    sequence: u64,
) -> Result<Option<Entry>, Error> {
    let path = entry::entry_path(partition, sequence);
    let Some(bytes) = store.get(&path).await? else {
        return Ok(None);
    };
    let entry = Entry::from_bytes(partition, sequence, &bytes)?;
    if entry.is_of(source) {
        return Ok(Some(entry));
    }
    Err(broken(partition, "an entry is of another topic"))
}

pub(super) fn broken(partition: i32, reason: &str) -> Error {
    Error::Log {
        partition,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::{Hand, closed, day, files, fleet, landing, log};

    #[tokio::test]
    async fn a_log_is_looked_at_as_it_would_be_opened_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (monday, log) = (day("2026-11-23"), log(folder.path(), 3).await);
        let mut hand = Hand::new(&log);
        hand.take(&fleet(monday, "maps", 3)).await.unwrap();
        hand.take(&closed(monday)).await.unwrap();
        hand.roll().await;
        hand.take(&fleet(monday.next(), "maps", 3)).await.unwrap();
        hand.roll().await;
        let store = landing(folder.path());
        // Of a writer that lost the race: whoever opens the log deletes it.
        let lost = entry::folder(3).join("0000000001-0123456789abcdef.parquet");
        store.put_if_absent(&lost, "x".into()).await.unwrap();
        let before = files(folder.path());
        let looked = look(&store, log.source(), 3, true).await.unwrap();
        let expected = Looked {
            end: log.next().1,
            closed: log.closed(),
            days: [monday, monday.next()].into(),
        };
        assert_eq!(looked, expected);
        assert_eq!((looked.end, looked.closed), (3, Some(monday)));
        assert!(
            look(&store, log.source(), 3, false)
                .await
                .unwrap()
                .days
                .is_empty()
        );
        assert_eq!(
            look(&store, log.source(), 4, true).await.unwrap(),
            Looked::default()
        );
        assert_eq!(files(folder.path()), before);
        assert!(look(&store, "another", 3, false).await.is_err());
    }
}
