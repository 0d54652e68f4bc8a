//! On and off.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kaiku_wire::Day;

use crate::consent::{self, Consent};
use crate::failpoint::step;
use crate::memory::Mode;
use crate::shared::Shared;
use crate::uploads::FORGET_WITHIN;
use crate::{Answer, Error, Hindrance, Level, Upload};

/// Whether the server is to forget the device when the program is turned off.
pub enum Forget<'a> {
    /// No: what was counted stays counted, and nothing more comes.
    No,
    /// First, by this way, within five seconds; whether it worked or not, the program is off.
    First(&'a dyn Transport),
}

/// How a host makes a request.
pub trait Transport {
    /// Makes it, and gives up after so long.
    fn send(&self, upload: &Upload, within: Duration) -> Answer;
}

impl Shared {
    pub(crate) fn turn_on(&self, level: Level, version: i32, language: &str) -> Result<(), Error> {
        let policy = Hindrance::of_files(&self.policy_files);
        if let Some(hindrance) = policy.or(Hindrance::of(self.variables, self.environment)) {
            return Err(Error::Hindered(hindrance));
        }
        let current = self.catalogue.consent().version;
        if version != current {
            return Err(Error::OtherConsent {
                given: version,
                current,
            });
        }
        let folder = self.disk().folder.clone();
        let _switch = consent::lock(&folder).map_err(Error::Folder)?;
        let has_leftovers = {
            let mut disk = self.disk();
            disk.look()?;
            !disk.consent.given && disk.has_leftovers()
        };
        if has_leftovers {
            // What was not destroyed when it was turned off belongs to nobody now.
            self.destroy_held().map_err(Error::Destroy)?;
        }
        let mut disk = self.disk();
        disk.look()?;
        let was_on = disk.consent.holds(&self.catalogue);
        let next = disk
            .consent
            .turned_on(self.today(), level, version, language);
        step!("device.turn_on");
        disk.is_to_go = false;
        consent::write(&disk.folder, &next).map_err(Error::WriteConsent)?;
        disk.consent = next;
        let now = self.now();
        let mut memory = self.memory();
        if !was_on {
            // Nothing from before the consent counts; the session that goes on begins now.
            memory.clear();
        }
        memory.mode = Mode::On(level);
        memory.has_key = disk.key.is_some();
        if !was_on && memory.sessions.open().is_some() {
            memory.sessions.forget();
            let turn = memory.sessions.start(now);
            memory.turned(turn, now);
        }
        memory.dirty(true);
        drop(memory);
        self.show(&disk);
        self.wake.notify_all();
        self.ring();
        Ok(())
    }

    /// Turned off, on disk, before anything else: killed at any step after this it is off.
    fn withdraw(&self, disk: &mut crate::disk::Disk) -> Result<(), Error> {
        let _switch = consent::lock(&disk.folder).map_err(Error::Folder)?;
        // One that can't be read may have been given.
        let consent = match consent::read(&disk.folder) {
            Ok(consent) if !consent.given => return Ok(()),
            read => read.unwrap_or_else(|_| disk.consent.clone()),
        };
        let off = consent.turned_off(self.today());
        let written = consent::write(&disk.folder, &off);
        let written = written.or_else(|_| consent::remove(&disk.folder));
        written.map_err(Error::WriteConsent)?;
        // What is open here still belongs to the device that is to be forgotten.
        disk.consent = off;
        // A job of another thread may have looked just before this was written.
        let mut memory = self.memory();
        memory.clear();
        memory.mode = Mode::Off;
        drop(memory);
        self.cut();
        Ok(())
    }

    /// Nothing is recorded from now on, and what is on its way is cut.
    fn silence(&self) {
        let mut memory = self.memory();
        memory.clear();
        memory.mode = Mode::Off;
        drop(memory);
        self.cut();
    }

    pub(crate) fn forget_upload(&self) -> Result<Option<Upload>, Error> {
        self.silence();
        let mut disk = self.disk();
        let request = self.forget_request(&disk);
        self.withdraw(&mut disk)?;
        Ok(request)
    }

    pub(crate) fn turn_off(&self, forget: &Forget<'_>) -> Result<(), Error> {
        if matches!(forget, Forget::First(_)) && self.disk().spool.is_none() {
            // Who is to be forgotten stands in the spool.
            self.work();
        }
        self.silence();
        step!("device.turn_off");
        let request = {
            let mut disk = self.disk();
            let request = self.forget_request(&disk);
            self.withdraw(&mut disk)?;
            request
        };
        step!("device.withdrawn");
        if let (Forget::First(transport), Some(request)) = (forget, request) {
            transport.send(&request, FORGET_WITHIN);
        }
        self.disk().is_to_go = true;
        self.destroy().map_err(Error::Destroy)
    }

    /// Destroys key and files of a program that is off.
    pub(crate) fn destroy(&self) -> io::Result<()> {
        let folder = self.disk().folder.clone();
        let _switch = consent::lock(&folder)?;
        if !self.disk().is_to_go && consent::read(&folder)?.given {
            // Another process turned it on meanwhile.
            return Ok(());
        }
        self.destroy_held()
    }

    /// The same for who holds the switch.
    fn destroy_held(&self) -> io::Result<()> {
        self.end_watch();
        // The key first: without it what lies there is noise.
        let key = match self.key.try_lock() {
            Ok(mut source) => source.destroy(),
            Err(std::sync::TryLockError::Poisoned(source)) => {
                PoisonError::into_inner(source).destroy()
            }
            // The keystore is busy with a question of ours: who waits for it destroys the key.
            Err(std::sync::TryLockError::WouldBlock) => {
                self.destroy_key.store(true, Ordering::SeqCst);
                Ok(())
            }
        };
        step!("device.key_destroyed");
        let mut disk = self.disk();
        let destroyed = match disk.is_to_go || !disk.consent.given {
            true => disk.destroy(),
            // It was turned on again meanwhile, by another thread: what lies there is new.
            false => Ok(()),
        };
        disk.is_to_go = false;
        let read = consent::read(&disk.folder).map(|consent| disk.consent = consent);
        self.show(&disk);
        key.and(destroyed).and(read)
    }
}

impl Consent {
    /// The version of a consent that holds, and the day on which it was given, or today, where the
    /// clock was ahead when it was.
    pub(crate) fn under(&self, today: Day) -> (i32, i32) {
        (self.version, self.since.min(today).days_since_epoch())
    }
}
