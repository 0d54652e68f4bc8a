//! The landing log of one partition: a dense row of entries, and nothing else says what was read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kaiku_stage::failpoint;
use kaiku_wire::Day;
use object_store::path::Path;

use super::entry::{self, Entry, Last, Named};
use super::look::{Listed, broken};
use crate::error::Error;
use crate::store::{Landing, Put};

/// How many entries without counts are kept at least, so that a slow writer can't put an old
/// range back under a name that has become free.
const KEEP: u64 = 1000;

/// So many of the newest entries are looked at by name where a listing shows them without counts: it
/// is no snapshot, and somebody may have put both meanwhile.
const RECENT: u64 = 4;

/// The log of one partition.
#[derive(Debug)]
pub(crate) struct Log {
    store: Landing,
    source: String,
    partition: i32,
    known: Mutex<Known>,
}

/// What is known of the log: it changes only when an entry was put, adopted or emptied.
#[derive(Debug, Default)]
struct Known {
    /// The first entry that still stands.
    first: u64,
    newest: Option<Entry>,
    /// The entries whose counts still stand.
    full: BTreeMap<u64, Entry>,
    /// Counts that stood behind the end when the log was opened: of a writer that died before its
    /// entry, or of one at work.
    strangers: BTreeMap<u64, Vec<Path>>,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The number of the next entry.
    pub(crate) sequence: u64,
    /// The offset at which it starts.
    pub(crate) start: i64,
    /// The last day that is closed.
    pub(crate) closed: Option<Day>,
    /// The last record that was landed, where it is known.
    pub(crate) last: Option<Last>,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It stands.
    Ours,
    /// Another one stands in its place, and the log goes on from there.
    Theirs(Box<Entry>),
}

impl Log {
    /// Reads what stands of the log of a partition of this source.
    pub(crate) async fn open(store: Landing, source: String, partition: i32) -> Result<Log, Error> {
        let listed = Listed::of(&store, partition).await?;
        let log = Log {
            store,
            source,
            partition,
            known: Mutex::new(Known::default()),
        };
        let range = listed.range(partition)?;
        let mut data = listed.data;
        let Some((first, last)) = range else {
            log.known().strangers = data;
            return Ok(log);
        };
        let mut full = BTreeMap::new();
        for sequence in listed.entries {
            let found = data.remove(&sequence).unwrap_or_default();
            let is_recent = sequence + RECENT > last;
            if found.is_empty() && !is_recent {
                continue;
            }
            let entry = log.read(sequence).await?;
            if let Some(path) = entry.data_path()
                && found.is_empty()
                && log.store.get(&path).await?.is_some()
            {
                full.insert(sequence, entry.clone());
            }
            for path in found {
                if entry.data_path().as_ref() == Some(&path) {
                    full.insert(sequence, entry.clone());
                } else {
                    // It lost the race for this entry.
                    log.store.delete(&path).await?;
                }
            }
        }
        let newest = log.read(last).await?;
        *log.known() = Known {
            first,
            newest: Some(newest),
            full,
            strangers: data.split_off(&last),
        };
        Ok(log)
    }

    /// The partition.
    pub(crate) fn partition(&self) -> i32 {
        self.partition
    }

    /// The [id](super::Source::id) of the topic that the log is of.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The number of the next entry, and the offset at which it starts.
    pub(crate) fn next(&self) -> (u64, i64) {
        let end = self.end();
        (end.sequence, end.start)
    }

    /// Where the log ends, at one moment.
    pub(crate) fn end(&self) -> End {
        let known = self.known();
        let newest = known.newest.as_ref();
        End {
            sequence: newest.map_or(1, |newest| newest.sequence + 1),
            start: newest.map_or(0, |newest| newest.end),
            closed: newest.and_then(|newest| newest.closed),
            last: newest.and_then(|newest| newest.last),
        }
    }

    /// The last day that is closed at the end of the log.
    pub(crate) fn closed(&self) -> Option<Day> {
        self.known()
            .newest
            .as_ref()
            .and_then(|newest| newest.closed)
    }

    /// The first day of which counts stand.
    pub(crate) fn first_day(&self) -> Option<Day> {
        let known = self.known();
        known
            .full
            .values()
            .flat_map(|entry| &entry.days)
            .min()
            .copied()
    }

    /// The entries that hold something of the days from `first` to `last`, in order.
    pub(crate) fn within(&self, first: Day, last: Day) -> Vec<Entry> {
        let known = self.known();
        let within = |entry: &&Entry| entry.days.iter().any(|day| (first..=last).contains(day));
        known.full.values().filter(within).cloned().collect()
    }

    /// Puts an entry with its counts. The counts are put first: where the entry stands, they do.
    pub(crate) async fn append(
        &self,
        entry: &Entry,
        data: Option<Bytes>,
    ) -> Result<Appended, Error> {
        if let (Some(path), Some(data)) = (entry.data_path(), data) {
            self.store.put_same(&path, data).await?;
        }
        failpoint("land.data");
        let path = entry.path();
        let put = self.store.put_if_absent(&path, entry.to_bytes()?).await?;
        failpoint("land.entry");
        let theirs = match put {
            Put::Created => None,
            Put::Exists(found) => {
                let found = self.parse(entry.sequence, &found)?;
                // The same entry stands there where an earlier try had an unknown outcome.
                Some(found).filter(|found| found != entry)
            }
        };
        let Some(theirs) = theirs else {
            self.adopt(entry.clone()).await;
            return Ok(Appended::Ours);
        };
        if theirs.start != entry.start {
            return Err(self.broken("an entry does not start where the one before it ends"));
        }
        let lost = entry.data_path();
        if let Some(lost) = lost.filter(|lost| theirs.data_path().as_ref() != Some(lost)) {
            self.store.delete(&lost).await?;
        }
        self.adopt(theirs.clone()).await;
        Ok(Appended::Theirs(Box::new(theirs)))
    }

    /// Takes in the entries that others have put behind the end that this process knows of, and
    /// says whether there were any.
    pub(crate) async fn catch_up(&self) -> Result<bool, Error> {
        let mut found = false;
        loop {
            let (sequence, start) = self.next();
            let path = entry::entry_path(self.partition, sequence);
            let Some(bytes) = self.store.get(&path).await? else {
                return Ok(found);
            };
            let entry = self.parse(sequence, &bytes)?;
            if entry.start != start {
                return Err(self.broken("an entry does not start where the one before it ends"));
            }
            self.adopt(entry).await;
            found = true;
        }
    }

    /// Deletes the counts of the entries of which none of the days is needed any more, and those
    /// that belong to no entry, and gives the offset before which nothing is needed.
    pub(crate) async fn empty(&self, is_done: impl Fn(Day) -> bool) -> Result<i64, Error> {
        let (done, before) = {
            let known = self.known();
            let (done, kept): (Vec<_>, Vec<_>) = known
                .full
                .values()
                .cloned()
                .partition(|entry| entry.days.iter().all(|day| is_done(*day)));
            let end = known.newest.as_ref().map_or(0, |newest| newest.end);
            let before = kept.first().map_or(end, |entry| entry.start);
            (done, before)
        };
        for entry in done {
            if let Some(path) = entry.data_path() {
                self.store.delete(&path).await?;
                failpoint("land.emptied");
            }
            self.known().full.remove(&entry.sequence);
        }
        self.sweep().await?;
        self.prune().await?;
        Ok(before)
    }

    /// Deletes counts whose place in the log is another's: of a writer that died before its entry,
    /// or that came late. Behind the newest entry they may be those of a writer at work.
    async fn sweep(&self) -> Result<(), Error> {
        for path in self.store.list(&entry::folder(self.partition)).await? {
            let Some(Named::Data(sequence)) = entry::named(&path) else {
                continue;
            };
            let is_lost = {
                let known = self.known();
                let newest = known.newest.as_ref().map_or(0, |newest| newest.sequence);
                let stands = known.full.get(&sequence).and_then(Entry::data_path);
                sequence <= newest && stands.as_ref() != Some(&path)
            };
            if is_lost && !self.found_again(sequence, &path).await? {
                self.store.delete(&path).await?;
            }
        }
        Ok(())
    }

    /// Whether counts are those of their entry after all: a listing of a folder in which somebody
    /// writes may have shown the entry without them. Then they are known from now on.
    async fn found_again(&self, sequence: u64, path: &Path) -> Result<bool, Error> {
        let place = entry::entry_path(self.partition, sequence);
        let Some(bytes) = self.store.get(&place).await? else {
            return Ok(false);
        };
        let entry = self.parse(sequence, &bytes)?;
        let is_its_own = entry.data_path().as_ref() == Some(path);
        if is_its_own {
            self.known().full.insert(sequence, entry);
        }
        Ok(is_its_own)
    }

    /// Deletes entries that are old and empty.
    async fn prune(&self) -> Result<(), Error> {
        loop {
            let old = {
                let known = self.known();
                let newest = known.newest.as_ref().map_or(0, |newest| newest.sequence);
                let is_old = known.first + KEEP <= newest;
                let is_empty = known
                    .full
                    .keys()
                    .next()
                    .is_none_or(|full| *full > known.first);
                (is_old && is_empty).then_some(known.first)
            };
            let Some(old) = old else { return Ok(()) };
            let path = entry::entry_path(self.partition, old);
            self.store.delete(&path).await?;
            self.known().first = old + 1;
        }
    }

    async fn read(&self, sequence: u64) -> Result<Entry, Error> {
        let path = entry::entry_path(self.partition, sequence);
        let bytes = self.store.get(&path).await?;
        let bytes = bytes.ok_or_else(|| self.broken("an entry is gone"))?;
        self.parse(sequence, &bytes)
    }

    fn parse(&self, sequence: u64, bytes: &[u8]) -> Result<Entry, Error> {
        let entry = Entry::from_bytes(self.partition, sequence, bytes)?;
        if entry.is_of(&self.source) {
            return Ok(entry);
        }
        Err(self.broken("an entry is of another topic"))
    }

    /// Takes in the next entry, and deletes the counts that were put for its place by others and
    /// were found there: nobody can win it any more. What can't be deleted now the seal sweeps up.
    async fn adopt(&self, entry: Entry) {
        let (sequence, own) = (entry.sequence, entry.data_path());
        let strangers = {
            let mut known = self.known();
            if known.newest.is_none() {
                known.first = sequence;
            }
            // Another task of this process may have gone further already.
            let newest = known.newest.as_ref().map_or(0, |newest| newest.sequence);
            if sequence > newest {
                if entry.data.is_some() {
                    known.full.insert(sequence, entry.clone());
                }
                known.newest = Some(entry);
            }
            known.strangers.remove(&sequence).unwrap_or_default()
        };
        for path in strangers {
            if own.as_ref() == Some(&path) {
                continue;
            }
            if let Err(error) = self.store.delete(&path).await {
                tracing::warn!(partition = self.partition, %error, "counts of no entry stay for now");
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn broken(&self, reason: &str) -> Error {
        broken(self.partition, reason)
    }
}

#[cfg(test)]
mod tests;
