//! Uploads handed out, one at a time, and what becomes of them.

use std::time::Duration;

use kaiku_wire::Day;
use sha2::{Digest, Sha256};

use crate::answer::{Verdict, judge};
use crate::contents::{Contents, Loss, MIDNIGHT, Outgoing, RECEIPTS, Receipt};
use crate::debug;
use crate::disk::Disk;
use crate::failpoint::step;
use crate::leave::Leaver;
use crate::shared::Shared;
use crate::tally::{Tally, What};
use crate::{Answer, Environment, Error};

/// An upload that was not answered is handed out again after so many milliseconds.
const UNANSWERED: i64 = 10 * 60_000;
/// No silence is longer: what says more was written under a clock that was wrong.
const LONGEST_SILENCE: i64 = 36 * 3_600_000;
/// A request in which a device is to be forgotten takes no longer.
pub(crate) const FORGET_WITHIN: Duration = Duration::from_secs(5);

/// What the host knows of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// There is none.
    None,
    /// There is one that costs its owner by the byte.
    Metered,
    /// There is one.
    Unmetered,
}

/// A request that the host is to make, exactly as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// By which the answer is told, see [`crate::Program::uploaded`].
    pub id: i64,
    /// `POST`.
    pub method: &'static str,
    /// Path at the gateway.
    pub path: &'static str,
    /// Headers, names in small letters. The host adds `host` and `content-length`.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upload")
    }
}

impl Shared {
    pub(crate) fn next_upload(&self, connection: Connection) -> Result<Option<Upload>, Error> {
        self.work();
        step!("device.next_upload");
        let mut disk = self.disk();
        if self.is_kept_in_memory || self.look(&mut disk)?.is_none() {
            return Ok(None);
        }
        let now = self.now();
        if !self.is_connected(connection) || !is_due(&disk, now) {
            return Ok(None);
        }
        let is_asked = std::mem::take(&mut disk.is_asked);
        let consent = disk.consent.under(self.today());
        let leaver = self.leaver(now, consent, is_asked);
        let Some(spool) = disk.spool.as_mut() else {
            return Ok(None);
        };
        // Numbers and stream are on disk before a byte of them leaves.
        let next = spool.change(|contents| {
            if contents.outgoing.is_empty() {
                leaver.make(contents)?;
            }
            Ok(hand_out(contents, now))
        })?;
        let Some(outgoing) = next else {
            self.show(&disk);
            return Ok(None);
        };
        step!("device.numbered");
        disk.handed = Some((outgoing.first, now));
        self.show(&disk);
        if self.variables.debug {
            debug::print(&outgoing);
        }
        Ok(Some(self.request(outgoing)))
    }

    /// Whether a connection may be used.
    pub(crate) fn is_connected(&self, connection: Connection) -> bool {
        match connection {
            Connection::None => false,
            Connection::Metered => self.metered,
            Connection::Unmetered => true,
        }
    }

    /// When something can leave next.
    pub(crate) fn next_due(&self) -> Option<i64> {
        let disk = self.disk();
        let contents = disk.spool.as_ref()?.contents();
        let now = self.now();
        let quiet = contents.state.quiet_until.unwrap_or(now);
        let handed = disk.handed.map_or(now, |(_, since)| since + UNANSWERED);
        let earliest = now.max(quiet.min(now + LONGEST_SILENCE)).max(handed);
        let is_fatal = |tally: &Tally| tally.counts.keys().any(What::is_fatal);
        if !contents.outgoing.is_empty() || contents.tallies.values().any(is_fatal) {
            return Some(earliest);
        }
        // The drawn minute of the first day on which the oldest day is over and none has left.
        let oldest = contents.tallies.values().map(Tally::day).min()?;
        let mut day = oldest.next().max(Day::from_millis(earliest));
        if contents.state.left == Some(day.days_since_epoch()) {
            day = day.next();
        }
        // On a later one it need not be waited for, see `Leaver::due`.
        let is_late = oldest.next() < day;
        let minute = if is_late {
            MIDNIGHT
        } else {
            contents.identity.minute.into()
        };
        Some((day.start_millis() + i64::from(minute) * 60_000).max(earliest))
    }

    fn leaver(&self, now: i64, consent: (i32, i32), is_asked: bool) -> Leaver<'_> {
        Leaver {
            catalogue: &self.catalogue,
            device: &self.device,
            random: &self.random,
            now,
            consent,
            is_asked,
        }
    }

    fn request(&self, outgoing: Outgoing) -> Upload {
        let mut headers = vec![
            (
                "content-type",
                "application/vnd.kaiku.batch+avro".to_owned(),
            ),
            ("content-encoding", "gzip".to_owned()),
            ("authorization", format!("Bearer {}", self.app_key)),
        ];
        self.say_test(&mut headers);
        Upload {
            id: outgoing.first,
            method: "POST",
            path: "/v1/batch",
            headers,
            body: outgoing.body,
        }
    }

    fn say_test(&self, headers: &mut Vec<(&'static str, String)>) {
        if self.environment == Environment::Test {
            headers.push(("kaiku-environment", "test".to_owned()));
        }
    }

    /// The request by which the server is to forget this device; `None` where nothing of it
    /// ever left.
    pub(crate) fn forget_request(&self, disk: &Disk) -> Option<Upload> {
        let identity = &disk.spool.as_ref()?.contents().identity;
        if identity.next == 0 {
            return None;
        }
        let body = format!(r#"{{"device_id":"{}"}}"#, hex::encode(identity.device));
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Bearer {}", self.app_key)),
        ];
        self.say_test(&mut headers);
        Some(Upload {
            id: -1,
            method: "POST",
            path: "/v1/forget",
            headers,
            body: body.into_bytes(),
        })
    }

    pub(crate) fn uploaded(&self, id: i64, answer: Answer) -> Result<(), Error> {
        step!("device.uploaded");
        let mut disk = self.disk();
        if self.look(&mut disk)?.is_none() || disk.handed.is_none_or(|(handed, _)| handed != id) {
            return Ok(());
        }
        let now = self.now();
        let consent = disk.consent.under(self.today());
        let leaver = self.leaver(now, consent, false);
        let Some(spool) = disk.spool.as_mut() else {
            return Ok(());
        };
        let verdict = spool.change(|contents| {
            let verdict = judge(answer, contents.state.tries, &self.random)?;
            match verdict {
                Verdict::Delivered => deliver(contents, id, now),
                Verdict::Refused => refuse(contents, id, &leaver)?,
                Verdict::Wait(millis) => {
                    contents.state.tries = contents.state.tries.saturating_add(1);
                    contents.state.quiet_until = Some(now.saturating_add(millis));
                    contents.state.is_unanswered = answer.status.is_none();
                }
            }
            Ok(verdict)
        })?;
        disk.handed = None;
        disk.may_fetch = verdict == Verdict::Delivered;
        self.show(&disk);
        Ok(())
    }
}

/// Whether anything may leave at this moment.
fn is_due(disk: &Disk, now: i64) -> bool {
    let Some(spool) = &disk.spool else {
        return false;
    };
    let state = &spool.contents().state;
    let until = state.quiet_until.unwrap_or(i64::MIN);
    let is_quiet = now < until && until - now <= LONGEST_SILENCE;
    if is_quiet && !(state.is_unanswered && disk.is_asked) {
        return false;
    }
    let waits_for_answer = |(_, since): (i64, i64)| (since..since + UNANSWERED).contains(&now);
    !disk.handed.is_some_and(waits_for_answer)
}

/// The upload that is next, with its places taken for this day.
pub(crate) fn hand_out(contents: &mut Contents, now: i64) -> Option<Outgoing> {
    let mut first = contents.outgoing.first_entry()?;
    if first.get_mut().hand_out(&mut contents.state.book, now) {
        // It leaves on another day than it was made for: this day has had its day of use.
        contents.state.left = Some(Day::from_millis(now).days_since_epoch());
    }
    Some(first.get().clone())
}

pub(crate) fn deliver(contents: &mut Contents, id: i64, now: i64) {
    let Some(outgoing) = contents.outgoing.remove(&id) else {
        return;
    };
    let state = &mut contents.state;
    if outgoing.handed.len() == 1 {
        state.book.settle(&outgoing.paid);
    }
    (state.tries, state.quiet_until, state.is_unanswered) = (0, None, false);
    contents.receipts.push(Receipt {
        day: outgoing.day(),
        sent: Day::from_millis(now),
        bytes: u32::try_from(outgoing.body.len()).unwrap_or(u32::MAX),
        events: outgoing.told(),
        hash: hex::encode(Sha256::digest(&outgoing.body)),
    });
    let over = contents.receipts.len().saturating_sub(RECEIPTS);
    contents.receipts.drain(..over);
}

/// Cuts an upload in half, or drops it where it was cut before.
pub(crate) fn refuse(contents: &mut Contents, id: i64, leaver: &Leaver<'_>) -> Result<(), Error> {
    let Some(outgoing) = contents.outgoing.remove(&id) else {
        return Ok(());
    };
    let halves = match outgoing.is_cut {
        true => None,
        false => leaver.halves(contents, &outgoing),
    };
    match halves {
        Some((one, other)) => {
            for mut half in [one, other] {
                if half.events.is_empty() {
                    continue;
                }
                half.is_cut = true;
                leaver.write(contents, &mut half)?;
                contents.outgoing.insert(half.first, half);
            }
        }
        _ => {
            for (reason, events) in &outgoing.losses {
                *contents.state.losses.entry(*reason).or_default() += events;
            }
            contents.lose(Loss::Refused, outgoing.told());
        }
    }
    Ok(())
}
