//! Months that are over: what is left of them, on the brokers and on this host, and what of it may
//! go. It asks what is there and not what was done: so what was missed is made up for, by whoever
//! looks next, and each host deletes its own file whoever has deleted the topic.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_broker::{Admin, Cluster};
use kaiku_stage::failpoint;
use kaiku_wire::{Day, Month};

use super::Trouble;
use super::tails::newest_months;
use crate::error::Error;
use crate::keys::KeyRing;

/// What is asked, and what is deleted.
pub(crate) struct Months<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) admin: &'a Admin,
    pub(crate) keys: &'a KeyRing,
    pub(crate) partitions: i32,
}

/// What is there of months that are over, and should be gone. A part is `None` where it could not
/// be looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// State topics.
    pub(crate) topics: BTreeSet<Month>,
    /// Sealed keys on `enrich.keys`.
    pub(crate) records: Option<BTreeSet<Month>>,
    /// Key-encryption keys of this host.
    pub(crate) files: Option<BTreeSet<Month>>,
    /// Keys in the memory of this process.
    pub(crate) known: BTreeSet<Month>,
    /// Partitions that have not come far enough for all of it to go, each with the newest month in
    /// which it has committed.
    pub(crate) behind: BTreeMap<i32, Option<Month>>,
}

impl Due {
    pub(crate) fn is_empty(&self) -> bool {
        let gone = |part: &Option<BTreeSet<Month>>| part.as_ref().is_some_and(BTreeSet::is_empty);
        self.topics.is_empty() && gone(&self.records) && gone(&self.files) && self.known.is_empty()
    }

    /// The newest of the months.
    fn newest(&self) -> Option<Month> {
        let parts = [self.records.as_ref(), self.files.as_ref()];
        let parts = parts.into_iter().flatten();
        let all = parts.chain([&self.topics, &self.known]);
        all.filter_map(|months| months.last().copied()).max()
    }

    /// Whether no partition needs a month any more. Each needs the newest month in which it has
    /// committed, and the one before that.
    pub(crate) fn goes(&self, month: Month) -> bool {
        let mut reached = self.behind.values();
        reached.all(|reached| reached.is_some_and(|newest| month < newest.prev()))
    }

    /// Those of these months that no partition needs.
    fn going(&self, months: &BTreeSet<Month>) -> BTreeSet<Month> {
        let months = months.iter().copied();
        months.filter(|month| self.goes(*month)).collect()
    }
}

impl Months<'_> {
    /// What should be gone on a day: all of the month before last, and of those before it.
    pub(crate) fn due(&self, today: Day, trouble: &mut Trouble) -> Result<Due, Error> {
        let old = today.month().prev().prev();
        let over = |months: BTreeSet<Month>| -> BTreeSet<Month> {
            let months = months.into_iter();
            months.filter(|month| *month <= old).collect()
        };
        let listed = self.admin.months();
        let listed = listed.map_err(Error::broker("listing the state topics"))?;
        let mut due = Due {
            topics: over(listed.iter().copied().collect()),
            records: trouble.take(self.keys.records()).map(over),
            files: trouble.take(self.keys.files()).map(over),
            known: over(self.keys.remembered()),
            behind: BTreeMap::new(),
        };
        if let Some(newest) = due.newest() {
            let reached = newest_months(self.cluster, &listed, self.partitions)?;
            let all = (0..self.partitions).map(|one| (one, reached.get(&one).copied()));
            let behind = |month: Option<Month>| month.is_none_or(|month| month.prev() <= newest);
            due.behind = all.filter(|(_, month)| behind(*month)).collect();
        }
        Ok(due)
    }

    /// Destroys what no partition needs any more, and gives what is left.
    pub(crate) fn destroy(&self, mut due: Due, trouble: &mut Trouble) -> Due {
        for month in due.going(&due.known) {
            self.keys.forget(month);
        }
        // Asked, as all else here is, and not taken for done.
        let known = self.keys.remembered();
        due.known.retain(|month| known.contains(month));
        if let Some(files) = due.files.take() {
            let going = due.going(&files);
            due.files = Some(destroy_each(files, &going, trouble, |month| {
                self.keys.destroy_file(month)
            }));
        }
        if let Some(mut records) = due.records.take() {
            let going = due.going(&records);
            if !going.is_empty() && trouble.note(self.keys.destroy_records(self.admin, &going)) {
                records.retain(|month| !going.contains(month));
                failpoint("months.records");
            }
            due.records = Some(records);
        }
        let topics = std::mem::take(&mut due.topics);
        let going = due.going(&topics);
        due.topics = destroy_each(topics, &going, trouble, |month| {
            let topic = self.cluster.topics().state(month);
            let deleted = self.admin.delete_topic(&topic);
            deleted.map_err(Error::broker("deleting a month's state topic"))
        });
        due
    }
}

/// Destroys something of each of the months that go, and gives the months that are left.
fn destroy_each(
    mut months: BTreeSet<Month>,
    going: &BTreeSet<Month>,
    trouble: &mut Trouble,
    destroy: impl Fn(Month) -> Result<(), Error>,
) -> BTreeSet<Month> {
    for month in going {
        if trouble.note(destroy(*month)) {
            months.remove(month);
        }
    }
    months
}

#[cfg(test)]
mod tests;
