//! What the spool holds, as plain structures; each becomes one sealed row, or is one.

use std::collections::BTreeMap;

use kaiku_wire::Day;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::book::{Book, Paid};
use crate::recommend::Taste;
use crate::seal::Kind;
use crate::tally::{Tally, What};
use crate::{Error, Random};

/// Everything in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) identity: Identity,
    pub(crate) state: State,
    /// By the number of their row.
    pub(crate) tallies: BTreeMap<i64, Tally>,
    /// In the order in which they leave.
    pub(crate) outgoing: BTreeMap<i64, Outgoing>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) taste: Taste,
}

/// Who the device is to the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) device: [u8; 16],
    pub(crate) stream: [u8; 8],
    /// Number of the next event in the stream.
    pub(crate) next: i64,
    /// The place to which it belongs.
    pub(crate) place: Option<[u8; 32]>,
    /// Minute of the UTC day at which a day that is over leaves.
    pub(crate) minute: u16,
}

/// What is remembered beside totals and uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) book: Book,
    /// Events that were lost and not told yet.
    pub(crate) losses: Losses,
    /// All that were ever lost, for the owner.
    pub(crate) lost: Losses,
    /// The day on which the last day of use left.
    pub(crate) left: Option<i32>,
    /// Nothing leaves before this moment.
    pub(crate) quiet_until: Option<i64>,
    /// The silence is for want of an answer, and its owner may end it.
    pub(crate) is_unanswered: bool,
    /// How often an upload was tried in vain.
    pub(crate) tries: u32,
    /// Number of the last row.
    pub(crate) rows: i64,
    /// The session that goes on.
    pub(crate) session: Option<OpenSession>,
    /// Side files that were taken over and may still lie there.
    pub(crate) taken: Vec<i64>,
    /// Runs whose end was recorded and that may be told of once more.
    pub(crate) runs: Vec<u64>,
}

/// A session as it was when it was last written down: so much of it is counted if the process
/// is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenSession {
    pub(crate) release: String,
    pub(crate) since: i64,
    pub(crate) seen: i64,
}

/// Why an event was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Loss {
    /// Over the device's own bounds.
    Bounded,
    /// Waited for 14 days.
    TooOld,
    /// The spool was full.
    SpoolFull,
    /// What was sealed has lost its key.
    KeyGone,
    /// There was no key yet, and no more room in memory.
    NoKey,
    /// A server refused it.
    Refused,
    /// What was stored could not be read.
    Unreadable,
}

/// How many events were left out, by reason.
pub(crate) type Losses = BTreeMap<Loss, u64>;

/// An upload on its way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    /// The day of use.
    pub(crate) day: i32,
    pub(crate) release: String,
    /// Number of its first event.
    pub(crate) first: i64,
    pub(crate) events: Vec<(What, u32)>,
    pub(crate) losses: Losses,
    /// Consent under which it was made: version and day.
    pub(crate) consent: (i32, i32),
    /// The very bytes, the same each time.
    pub(crate) body: Vec<u8>,
    /// It was cut once already.
    pub(crate) is_cut: bool,
    /// Days on which it may be counted.
    pub(crate) handed: Vec<i32>,
    /// The places of the weeks that it has paid for.
    pub(crate) paid: Paid,
}

/// What is left of an upload that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The day of use.
    pub day: Day,
    /// The day on which it left.
    pub sent: Day,
    /// How many bytes it had.
    pub bytes: u32,
    /// How many events it told of.
    pub events: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
}

/// How many receipts are kept.
pub(crate) const RECEIPTS: usize = 90;

/// How many ends of runs are remembered: more than are told of at one start.
const RUNS: usize = 32;

/// Minutes around midnight at which no day leaves: the server's clock may show another day there.
pub(crate) const MIDNIGHT: u32 = 15;

impl Identity {
    /// A new one, drawn.
    pub(crate) fn draw(random: &Random, place: Option<[u8; 32]>) -> Result<Identity, Error> {
        let minute = MIDNIGHT + random.below(1_440 - 2 * MIDNIGHT)?;
        Ok(Identity {
            device: random.bytes()?,
            stream: random.bytes()?,
            next: 0,
            place,
            minute: u16::try_from(minute).unwrap_or(720),
        })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outgoing")
    }
}

impl Outgoing {
    pub(crate) fn day(&self) -> Day {
        Day::from_days_since_epoch(self.day).unwrap_or(Day::MIN)
    }

    /// How many events it tells of.
    pub(crate) fn told(&self) -> u64 {
        self.events.iter().map(|(_, times)| u64::from(*times)).sum()
    }
}

/// Rows as they are sealed.
pub(crate) type Rows = BTreeMap<(Kind, i64), Vec<u8>>;

impl Contents {
    /// An empty spool of a new device.
    pub(crate) fn new(identity: Identity) -> Contents {
        Contents {
            identity,
            state: State::default(),
            tallies: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            receipts: Vec::new(),
            taste: Taste::default(),
        }
    }

    /// The totals of a day and release, begun where there are none yet.
    pub(crate) fn tally(&mut self, day: Day, release: &str) -> &mut Tally {
        let number = day.days_since_epoch();
        let is_it = |tally: &Tally| tally.day == number && tally.release == release;
        let found = self.tallies.iter().find(|(_, tally)| is_it(tally));
        let row = match found {
            Some((row, _)) => *row,
            None => self.next_row(),
        };
        let tally = self.tallies.entry(row);
        tally.or_insert_with(|| Tally::new(day, release))
    }

    /// Counts the failure in which a run ended, once.
    pub(crate) fn run_ended(&mut self, run: u64, day: Day, release: &str, what: What) {
        let runs = &mut self.state.runs;
        if runs.contains(&run) {
            return;
        }
        runs.push(run);
        let over = runs.len().saturating_sub(RUNS);
        runs.drain(..over);
        self.tally(day, release).add(what, 1);
    }

    pub(crate) fn next_row(&mut self) -> i64 {
        self.state.rows += 1;
        self.state.rows
    }

    /// Counts events as lost, to be told with the next upload.
    pub(crate) fn lose(&mut self, reason: Loss, events: u64) {
        if events > 0 {
            *self.state.losses.entry(reason).or_default() += events;
            *self.state.lost.entry(reason).or_default() += events;
        }
    }

    /// Events that wait.
    pub(crate) fn waiting(&self) -> u64 {
        let tallies = self.tallies.values().map(Tally::events);
        tallies
            .chain(self.outgoing.values().map(Outgoing::told))
            .sum()
    }

    /// Each row in its bytes.
    pub(crate) fn rows(&self) -> Result<Rows, Error> {
        let mut rows = Rows::new();
        rows.insert((Kind::Identity, 0), encode(&self.identity)?);
        rows.insert((Kind::State, 0), encode(&self.state)?);
        rows.insert((Kind::Receipts, 0), encode(&self.receipts)?);
        if self.taste != Taste::default() {
            rows.insert((Kind::Taste, 0), encode(&self.taste)?);
        }
        for (row, tally) in &self.tallies {
            rows.insert((Kind::Tally, *row), encode(tally)?);
        }
        for (row, outgoing) in &self.outgoing {
            rows.insert((Kind::Outgoing, *row), encode(outgoing)?);
        }
        Ok(rows)
    }

    /// What was read; `None` where it does not say who the device is. The number is that of the
    /// rows that could not be read beside.
    pub(crate) fn of_rows(rows: &Rows) -> Option<(Contents, u64)> {
        let identity = decode(rows.get(&(Kind::Identity, 0))?)?;
        let mut contents = Contents::new(identity);
        let mut unread = 0;
        for ((kind, row), bytes) in rows {
            let is_read = match kind {
                Kind::Identity | Kind::Side => true,
                Kind::State => put(&mut contents.state, decode(bytes)),
                Kind::Taste => put(&mut contents.taste, decode(bytes)),
                Kind::Receipts => put(&mut contents.receipts, decode(bytes)),
                Kind::Tally => {
                    let tally = decode(bytes).map(|tally| contents.tallies.insert(*row, tally));
                    tally.is_some()
                }
                Kind::Outgoing => {
                    let out = decode(bytes).map(|out| contents.outgoing.insert(*row, out));
                    out.is_some()
                }
            };
            unread += u64::from(!is_read);
        }
        // A state that was lost must not hand a row's number out again.
        let last = rows.keys().map(|(_, row)| *row).max().unwrap_or(0);
        contents.state.rows = contents.state.rows.max(last);
        Some((contents, unread))
    }
}

fn put<T>(place: &mut T, value: Option<T>) -> bool {
    value.map(|value| *place = value).is_some()
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    postcard::to_stdvec(value).map_err(|_| Error::Encode)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}
