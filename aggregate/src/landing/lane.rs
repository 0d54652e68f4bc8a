//! One partition while it is landed: what was read behind the end of its log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use bytes::Bytes;
use kaiku_registry::Registry;
use kaiku_wire::{Day, Incident, Incidents};

use super::columns::{Counted, Read};
use super::decode::{Decoder, Pushed, Refused};
use super::entry::{Data, Entry, FORMAT, Happened, Last};
use super::log::End;
use super::marginals::{Definitions, merge};
use super::{Appended, Log, counts};
use crate::error::Error;
use crate::store::sha256;

/// Rows that are gathered before they are merged, so that memory grows with the number of
/// distinct cells and not with that of events.
const MERGE_ROWS: usize = 131_072;

/// One partition while it is landed.
pub(crate) struct Lane {
    log: Arc<Log>,
    definitions: Definitions,
    decoder: Decoder,
    open: Open,
    /// Of the open events, those that [`Lane::take_events`] has given already.
    reported: u64,
}

/// What was read behind the end of the log.
struct Open {
    sequence: u64,
    start: i64,
    end: i64,
    since: Option<Instant>,
    closed: Option<Day>,
    /// Records in front of the next one are lost, as somebody has accepted, and which days that concerns
    /// is not said yet. The first of them, where it is known.
    lost: Option<Option<Day>>,
    /// It was told to go on behind lost records.
    is_behind_loss: bool,
    /// Nothing was read yet behind a record that was rejected: the log would forget of it.
    is_at_loss: bool,
    /// The last record that was taken.
    last: Option<i64>,
    last_record: Vec<u8>,
    days: BTreeSet<Day>,
    incidents: BTreeSet<Happened>,
    bounds: BTreeSet<u32>,
    /// The cells so far, how many of them may stand there twice, and marked events that are not in them yet.
    cells: Vec<RecordBatch>,
    unmerged: usize,
    fresh: Vec<RecordBatch>,
    fresh_rows: usize,
    events: u64,
}

/// What a record asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// Nothing but the next record.
    Nothing,
    /// A day was closed: a roll would bring the seal nearer.
    DayClosed,
}

/// Whether a record may be offered again.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something else has to work first.
    Later(Error),
    /// The same, but it may never come: that is waited for only so long.
    Wait(Error),
    /// The partition has to stop.
    Stop(Error),
}

impl Lane {
    /// A lane that goes on where the log ends.
    pub(crate) fn new(
        log: Arc<Log>,
        definitions: Definitions,
        registry: Option<Arc<Registry>>,
    ) -> Lane {
        let open = Open::behind(&log);
        Lane {
            log,
            decoder: Decoder::new(registry, definitions.clone()),
            definitions,
            open,
            reported: 0,
        }
    }

    /// The partition.
    pub(crate) fn partition(&self) -> i32 {
        self.log.partition()
    }

    /// The next offset to be read.
    pub(crate) fn position(&self) -> i64 {
        self.open.end
    }

    /// The last day that is closed at the end of the log.
    pub(crate) fn landed_day(&self) -> Option<Day> {
        self.log.closed()
    }

    /// Goes on at an offset at or behind the end of the log: what stood in front of it is lost. `since`
    /// is the first day that may be concerned, where the log does not tell.
    pub(crate) fn skip_to(&mut self, offset: i64, since: Option<Day>) {
        let open = &mut self.open;
        open.end = offset;
        open.lost = Some(open.closed.map(Day::next).or(since));
        open.is_behind_loss = true;
    }

    /// Goes on behind a record that nobody can read. Until another was read, nothing is put: only that one
    /// tells up to which day the loss is.
    pub(crate) async fn reject(&mut self, offset: i64, since: Option<Day>) -> Result<(), Error> {
        // What stands before it is of days of its own.
        self.gather(offset - 1).await?;
        let open = &mut self.open;
        open.end = offset + 1;
        open.is_at_loss = true;
        let first = open.closed.map(Day::next).or_else(|| {
            let seen = open.days.first().copied();
            seen.into_iter().chain(since).min()
        });
        open.lost.get_or_insert(first);
        Ok(())
    }

    /// The last record that was landed, as long as what comes behind it is not behind lost ones.
    pub(crate) fn last(&self) -> Option<Last> {
        let end = self.log.end();
        end.last.filter(|_| !self.open.is_behind_loss)
    }

    /// Takes a record; returns once it waits in memory. Markers of transactions leave holes
    /// between the offsets.
    pub(crate) async fn take(&mut self, offset: i64, record: &[u8]) -> Result<Took, Failure> {
        let partition = self.partition();
        let pushed = self.decoder.push(record).map_err(|refused| match refused {
            Refused::Malformed => Failure::Stop(Error::Decode { partition, offset }),
            Refused::UnknownSchema => Failure::Stop(Error::UnknownSchema { partition, offset }),
            Refused::Unregistered => Failure::Wait(Error::UnknownSchema { partition, offset }),
            Refused::Later(error) => Failure::Later(error),
        })?;
        self.open.end = offset + 1;
        self.open.is_at_loss = false;
        self.open.last = Some(offset);
        self.open.last_record.clear();
        self.open.last_record.extend_from_slice(record);
        self.open.since.get_or_insert_with(Instant::now);
        match pushed {
            Pushed::Waits => Ok(Took::Nothing),
            Pushed::Full => {
                self.gather(offset).await.map_err(Failure::Stop)?;
                Ok(Took::Nothing)
            }
            Pushed::DayClosed(day, incidents) => {
                self.gather(offset).await.map_err(Failure::Stop)?;
                self.open.close(day, incidents);
                Ok(Took::DayClosed)
            }
        }
    }

    /// Whether what is open is old or large enough to be put.
    pub(crate) fn is_due(&self, roll_time: Duration, roll_events: u64) -> bool {
        let old = self
            .open
            .since
            .is_some_and(|since| since.elapsed() >= roll_time);
        !self.open.is_at_loss && (old || self.open.events >= roll_events)
    }

    /// Events that were taken since the log's end, and were not given by a call before.
    pub(crate) fn take_events(&mut self) -> u64 {
        let events = self.open.events - self.reported;
        self.reported = self.open.events;
        events
    }

    /// The entry of all that is open, with its counts. It changes nothing: where putting it
    /// fails, it is put again.
    pub(crate) async fn close(&mut self) -> Result<(Entry, Option<Bytes>), Error> {
        self.gather(self.open.end - 1).await?;
        self.open.merge(&self.definitions).await?;
        let open = &self.open;
        let mut entry = Entry {
            format: FORMAT,
            source: self.log.source().to_owned(),
            partition: self.log.partition(),
            sequence: open.sequence,
            start: open.start,
            end: open.end,
            closed: open.closed,
            days: open.days.iter().copied().collect(),
            incidents: open.incidents.iter().copied().collect(),
            bounds: open.bounds.iter().copied().collect(),
            definitions: self.definitions.hashes(),
            last: open.last.map(|offset| Last::of(offset, &open.last_record)),
            data: None,
        };
        let rows: usize = open.cells.iter().map(RecordBatch::num_rows).sum();
        // What happened is kept as long as counts are: an object without a row stands for it.
        if rows == 0 && open.incidents.is_empty() {
            return Ok((entry, None));
        }
        let bytes = counts::of_entry(&entry, &open.cells)?;
        entry.data = Some(Data {
            sha256: sha256(&bytes),
            rows: rows as u64,
            events: open.events,
        });
        Ok((entry, Some(bytes)))
    }

    /// Puts what [`Lane::close`] gave, and goes on behind it: or behind the entry of who was
    /// first, in which case the position has changed.
    pub(crate) async fn roll(
        &mut self,
        entry: &Entry,
        data: Option<Bytes>,
    ) -> Result<Appended, Error> {
        let appended = self.log.append(entry, data).await?;
        self.begin_behind();
        Ok(appended)
    }

    /// Turns what waits in the decoder into columns: where nothing more comes for now, it is
    /// counted and checked all the same.
    pub(crate) async fn settle(&mut self) -> Result<(), Error> {
        self.gather(self.open.end - 1).await
    }

    /// Goes on behind what others have landed meanwhile; false where there is nothing.
    pub(crate) async fn catch_up(&mut self) -> Result<bool, Error> {
        self.log.catch_up().await?;
        // The seal of this process takes in what others have landed, too.
        let found = self.log.next() != (self.open.sequence, self.open.start);
        if found {
            self.begin_behind();
        }
        Ok(found)
    }

    fn begin_behind(&mut self) {
        self.decoder.clear();
        self.open = Open::behind(&self.log);
        self.reported = 0;
    }

    /// Moves what the decoder holds into the open columns.
    async fn gather(&mut self, offset: i64) -> Result<(), Error> {
        let (reads, events) = self.decoder.take()?;
        self.open.events += events;
        for read in reads {
            self.open.add(read, self.log.partition(), offset)?;
        }
        if self.open.fresh_rows + self.open.unmerged >= MERGE_ROWS {
            self.open.merge(&self.definitions).await?;
        }
        Ok(())
    }
}

impl Open {
    fn behind(log: &Log) -> Open {
        let End {
            sequence,
            start,
            closed,
            last: _,
        } = log.end();
        Open {
            sequence,
            start,
            end: start,
            since: None,
            closed,
            lost: None,
            is_behind_loss: false,
            is_at_loss: false,
            last: None,
            last_record: Vec::new(),
            days: BTreeSet::new(),
            incidents: BTreeSet::new(),
            bounds: BTreeSet::new(),
            cells: Vec::new(),
            unmerged: 0,
            fresh: Vec::new(),
            fresh_rows: 0,
            events: 0,
        }
    }

    /// Closes the days up to one. What happened may concern each of them.
    fn close(&mut self, day: Day, incidents: Incidents) {
        self.say_lost(day);
        let first = self.closed.map_or(day, Day::next).min(day);
        self.closed = self.closed.max(Some(day));
        if incidents.is_empty() {
            return;
        }
        let days = std::iter::successors(Some(first), |one| Some(one.next()));
        for day in days.take_while(|one| *one <= day) {
            let happened = |incident: Incident| Happened { day, incident };
            self.incidents.extend(incidents.iter().map(happened));
            self.days.insert(day);
        }
    }

    /// The first record behind lost ones is of this day: so they may have been of every day from the
    /// first that is concerned up to it.
    fn say_lost(&mut self, day: Day) {
        let Some(since) = self.lost.take() else {
            return;
        };
        let since = since.unwrap_or(day);
        let (first, last) = (since.min(day), since.max(day));
        let days = std::iter::successors(Some(first), |one| Some(one.next()));
        for day in days.take_while(|one| *one <= last) {
            let incident = Incident::StrippedLost;
            self.incidents.insert(Happened { day, incident });
            self.days.insert(day);
        }
    }

    fn add(&mut self, read: Read, partition: i32, offset: i64) -> Result<(), Error> {
        if let Some(first) = read.days.first() {
            self.say_lost(*first);
        }
        for day in read.days {
            if self.closed.is_some_and(|closed| day <= closed) {
                return Err(Error::ClosedDay {
                    partition,
                    first: self.start,
                    offset,
                    day,
                });
            }
            self.days.insert(day);
        }
        self.bounds.extend(read.bounds);
        match read.counted {
            Counted::Rows(rows) => {
                self.fresh_rows += rows.num_rows();
                self.fresh.push(rows);
            }
            Counted::Cells(cells) => {
                self.unmerged += cells.iter().map(RecordBatch::num_rows).sum::<usize>();
                self.cells.extend(cells);
            }
        }
        Ok(())
    }

    async fn merge(&mut self, definitions: &Definitions) -> Result<(), Error> {
        if self.fresh_rows == 0 && self.unmerged == 0 {
            return Ok(());
        }
        let fresh = definitions.cells(self.fresh.clone()).await?;
        let cells = self.cells.iter().cloned().chain(fresh);
        self.cells = merge(cells.collect()).await?;
        self.fresh.clear();
        (self.fresh_rows, self.unmerged) = (0, 0);
        Ok(())
    }
}
