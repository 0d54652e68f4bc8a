//! What a host's background job does, or the worker: look whether the owner agrees, get the key,
//! write down what was recorded.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use kaiku_wire::Day;

use crate::contents::{Contents, Loss, OpenSession};
use crate::disk::Disk;
use crate::failpoint::step;
use crate::memory::{Memory, Mode, Past, Recorded};
use crate::recommend::Taste;
use crate::shared::Shared;
use crate::side::{self, Handed};
use crate::tally::{Length, What};
use crate::view::{KeyState, Snapshot};
use crate::{Error, Hindrance, KeyAnswer, Level, limits};

/// How the work went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// Everything is written down.
    Done,
    /// The program is off: there is nothing to do.
    Off,
    /// The key can't be had yet.
    NoKey,
    /// The disk could not be written; what was recorded is kept in memory.
    Later,
}

impl Shared {
    /// Does all of it.
    pub(crate) fn work(&self) -> Worked {
        let result = self.try_work();
        if let Err(error) = &result {
            self.went_wrong(error);
        }
        result.unwrap_or(Worked::Later)
    }

    /// Counts an error. Its text holds nothing of what was recorded, and yet it is not kept.
    pub(crate) fn went_wrong(&self, error: &Error) {
        let mut memory = self.memory();
        match error {
            Error::Internal => memory.problems.internal += 1,
            _ => memory.problems.storage += 1,
        }
    }

    fn try_work(&self) -> Result<Worked, Error> {
        if self.is_kept_in_memory {
            return Ok(Worked::Done);
        }
        step!("device.work");
        let (looked, has_rest) = {
            let mut disk = self.disk();
            (self.look(&mut disk)?, disk.has_rest)
        };
        let Some(turns) = looked else {
            self.end_watch();
            if has_rest {
                self.destroy().map_err(Error::Destroy)?;
            }
            return Ok(Worked::Off);
        };
        if self.disk().key.is_none() {
            // The host's keystore may block: nothing else is held meanwhile.
            let (key, lost) = self.ask_for_key()?;
            let mut disk = self.disk();
            if self.look(&mut disk)? != Some(turns) {
                return Ok(Worked::Off);
            }
            let mut memory = self.memory();
            memory.snapshot.key = if key.is_some() {
                KeyState::Held
            } else {
                KeyState::NotYet
            };
            memory.has_key = key.is_some();
            if lost > 0 {
                *memory.recorded.lost.entry(Loss::KeyGone).or_default() += lost;
                memory.dirty(false);
            }
            if key.is_none() {
                return Ok(Worked::NoKey);
            }
            disk.key = key;
        }
        self.begin_watch();
        let place = self
            .place
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .mark();
        let mut disk = self.disk();
        if self.look(&mut disk)? != Some(turns) || disk.key.is_none() {
            return Ok(Worked::Off);
        }
        let is_written = match disk.open(place)? {
            true => self.write_down(&mut disk)?,
            false => self.hand_over(&disk)?,
        };
        self.show(&disk);
        drop(disk);
        if is_written {
            self.watch_written();
        }
        Ok(if is_written {
            Worked::Done
        } else {
            Worked::Later
        })
    }

    /// Whether the program is on, by the file and by the machine's policy; with it how often the
    /// switch was turned. Where it is off nothing stays.
    pub(crate) fn look(&self, disk: &mut Disk) -> Result<Option<u32>, Error> {
        let policy = Hindrance::of_files(&self.policy_files);
        let hindrance = policy.or(Hindrance::of(self.variables, self.environment));
        disk.look()?;
        let consent = &disk.consent;
        let mode = match hindrance {
            Some(hindrance) => Mode::Hindered(hindrance),
            None if consent.holds(&self.catalogue) => Mode::On(consent.level),
            None => Mode::Off,
        };
        // Withdrawn, or forbidden to the whole machine: what lies here goes. Of a variable that is
        // set for one run it stays as it is, and does not grow.
        let goes = !consent.given || policy.is_some();
        let turns = consent.turns;
        {
            let mut memory = self.memory();
            if !matches!(mode, Mode::On(_)) {
                memory.clear();
            }
            memory.mode = mode;
        }
        if matches!(mode, Mode::On(_)) {
            return Ok(Some(turns));
        }
        disk.close();
        // Withdrawn may be given again by another process before it is destroyed; a policy not.
        disk.is_to_go = policy.is_some();
        disk.has_rest = goes && disk.has_leftovers();
        self.show(disk);
        Ok(None)
    }

    /// The key, and how many events were lost with one that is gone.
    fn ask_for_key(&self) -> Result<(Option<crate::Key>, u64), Error> {
        // One question at a time: where another waits for the answer, there is no key yet.
        let Ok(mut source) = self.key.try_lock() else {
            return Ok((None, 0));
        };
        let answer = source.key();
        if self.destroy_key.swap(false, Ordering::SeqCst) {
            source.destroy().map_err(Error::Destroy)?;
            return Ok((None, 0));
        }
        match answer {
            KeyAnswer::Key(key) => Ok((Some(key), 0)),
            KeyAnswer::NotYet => Ok((None, 0)),
            KeyAnswer::Gone => {
                if self.disk().is_locked()? {
                    // Another process writes, and makes the key.
                    return Ok((None, 0));
                }
                let lost = self.disk().set_aside()?;
                match source.create() {
                    KeyAnswer::Key(key) => Ok((Some(key), lost)),
                    KeyAnswer::NotYet | KeyAnswer::Gone => Ok((None, lost)),
                }
            }
        }
    }

    /// Writes what was recorded into the spool, in one transaction.
    fn write_down(&self, disk: &mut Disk) -> Result<bool, Error> {
        let (now, today) = (self.now(), self.today());
        let files = side::files(&disk.folder);
        let sealer = disk.sealer().ok_or(Error::Unseal)?;
        let level = disk.consent.level;
        let (recorded, session) = self.take_out(now);
        let Some(spool) = disk.spool.as_mut() else {
            return Ok(false);
        };
        let is_first = !std::mem::replace(&mut disk.is_running, true);
        let written = spool.change(|contents| {
            step!("device.write");
            if is_first {
                end_session(contents);
            }
            side::take_over(&files, &sealer, contents);
            self.add(contents, &recorded);
            contents.state.session = session.map(|(since, seen)| OpenSession {
                release: self.release.clone(),
                since,
                seen,
            });
            keep_level(contents, level);
            limits::expire(contents, today);
            self.remember(contents, &recorded, level, today);
            Ok(())
        });
        if let Err(error) = written {
            disk.is_running = !is_first;
            self.memory().put_back(recorded);
            self.show(disk);
            return Err(error);
        }
        side::remove(&files);
        if !recorded.is_empty() {
            self.ring();
        }
        Ok(true)
    }

    /// What was recorded, and the session that is open: its beginning and now.
    fn take_out(&self, now: i64) -> (Recorded, Option<(i64, i64)>) {
        let mut memory = self.memory();
        let turn = memory.sessions.tick(now);
        memory.turned(turn, now);
        let has_usage = matches!(memory.mode, Mode::On(level) if level.has_usage());
        let open = memory.sessions.open().filter(|_| has_usage);
        let session = open.map(|(since, background)| (since, background.unwrap_or(now)));
        let recorded = memory.take();
        // It waits on, while it is written down.
        memory.snapshot.add(&recorded);
        (recorded, session)
    }

    fn add(&self, contents: &mut Contents, recorded: &Recorded) {
        for (day, release, what, times) in recorded.named(&self.catalogue, &self.release) {
            contents.tally(day, &release).add(what, times);
        }
        for past in &recorded.past {
            contents.run_ended(past.run, past.day, &past.release, past.what.clone());
        }
        for (reason, events) in &recorded.lost {
            contents.lose(*reason, *events);
        }
    }

    /// What suggestions need, and nothing where there are none.
    fn remember(&self, contents: &mut Contents, recorded: &Recorded, level: Level, today: Day) {
        if self.recommend.is_none() || !level.has_usage() {
            contents.taste = Taste::default();
            return;
        }
        recorded
            .acts
            .iter()
            .for_each(|act| contents.taste.apply(act));
        contents.learn(today, &self.catalogue);
    }

    /// Leaves what was recorded for the process that writes.
    fn hand_over(&self, disk: &Disk) -> Result<bool, Error> {
        let sealer = disk.sealer().ok_or(Error::Unseal)?;
        let (mut recorded, _) = self.take_out(self.now());
        // The one that writes is the one that suggests: until this one is it, it keeps them.
        let acts = std::mem::take(&mut recorded.acts);
        self.memory().recorded.acts.splice(0..0, acts);
        if recorded.is_empty() {
            return Ok(true);
        }
        let named = recorded.named(&self.catalogue, &self.release);
        let counts = named
            .into_iter()
            .map(|(day, release, what, times)| (day.days_since_epoch(), release, what, times));
        let past = recorded.past.iter().map(|past| {
            let Past {
                run,
                day,
                release,
                what,
            } = past.clone();
            (run, day.days_since_epoch(), release, what)
        });
        let handed = Handed {
            counts: counts.collect(),
            past: past.collect(),
            lost: recorded.lost.clone(),
        };
        let left = side::leave(&disk.folder, &sealer, &self.random, &handed);
        if !matches!(left, Ok(true)) {
            self.memory().put_back(recorded);
            self.show(disk);
        }
        left
    }

    /// Takes note of what is on disk, for who asks without waiting.
    pub(crate) fn show(&self, disk: &Disk) {
        let mut memory = self.memory();
        let key = memory.snapshot.key;
        memory.snapshot = Snapshot::of(disk, key);
    }
}

/// The session of a run that did not stop ended when it was last written down.
fn end_session(contents: &mut Contents) {
    let Some(session) = contents.state.session.take() else {
        return;
    };
    let OpenSession {
        release,
        since,
        seen,
    } = session;
    let length = Length::of_millis((seen - since).max(0));
    let tally = contents.tally(Day::from_millis(seen), &release);
    tally.add(What::Stopped(length), 1);
}

/// What its owner does not agree to any more does not wait either.
fn keep_level(contents: &mut Contents, level: Level) {
    if level == Level::Both {
        return;
    }
    for tally in contents.tallies.values_mut() {
        tally.counts.retain(|what, _| match what.is_failure() {
            true => level.has_failures(),
            false => level.has_usage(),
        });
    }
    contents.tallies.retain(|_, tally| !tally.counts.is_empty());
}

impl Memory {
    /// Marks the open session so that the next work writes it down.
    pub(crate) fn session_moved(&mut self, is_urgent: bool) -> bool {
        match self.mode {
            Mode::On(_) | Mode::Unknown => self.dirty(is_urgent),
            Mode::Off | Mode::Hindered(_) => false,
        }
    }
}
