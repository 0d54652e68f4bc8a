//! The folder: who holds the lock, whether the owner agreed, the open spool and its key.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use crate::consent::{self, Consent};
use crate::contents::{Contents, Identity, Loss};
use crate::key::wipe;
use crate::recommend;
use crate::seal::Sealer;
use crate::side;
use crate::spool::{self, Spool, Unopened};
use crate::{Error, Key, Random};

/// What is known of the folder, behind one lock.
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    vfs: Option<String>,
    random: Random,
    pub(crate) consent: Consent,
    pub(crate) key: Option<Key>,
    /// The lock; whoever has it writes the spool.
    writer: Option<File>,
    pub(crate) spool: Option<Spool>,
    /// The upload that was handed out last, and when.
    pub(crate) handed: Option<(i64, i64)>,
    /// The owner asked for an upload now.
    pub(crate) is_asked: bool,
    /// An upload arrived, and the file of suggestions may be asked for on its connection.
    pub(crate) may_fetch: bool,
    /// It was handed out, and not answered yet.
    pub(crate) is_fetching: bool,
    /// What lies here is to be destroyed, whatever the consent says by then.
    pub(crate) is_to_go: bool,
    /// The program is off, and something lies here.
    pub(crate) has_rest: bool,
    /// This run has written already: the session that stands there is its own.
    pub(crate) is_running: bool,
}

impl Disk {
    pub(crate) fn new(folder: PathBuf, vfs: Option<String>, random: Random) -> Disk {
        Disk {
            folder,
            vfs,
            random,
            consent: Consent::none(),
            key: None,
            writer: None,
            spool: None,
            handed: None,
            is_asked: false,
            may_fetch: false,
            is_fetching: false,
            is_to_go: false,
            has_rest: false,
            is_running: false,
        }
    }

    /// Reads the consent. Where another process turned the switch meanwhile, what is open here
    /// belongs to what was. Where it can't be read, nothing is decided.
    pub(crate) fn look(&mut self) -> Result<(), Error> {
        let consent = consent::read(&self.folder).map_err(Error::Folder)?;
        if consent.turns != self.consent.turns || !consent.given {
            self.close();
        }
        self.consent = consent;
        Ok(())
    }

    /// Lets go of spool, key and lock.
    pub(crate) fn close(&mut self) {
        self.spool = None;
        self.key = None;
        self.writer = None;
        self.handed = None;
        self.may_fetch = false;
        self.is_fetching = false;
        self.is_running = false;
    }

    pub(crate) fn sealer(&self) -> Option<Sealer> {
        let key = self.key.as_ref()?;
        Some(Sealer::new(key, self.random.clone()))
    }

    /// Opens the spool where it is not open and no other process has it. Whether this one writes.
    pub(crate) fn open(&mut self, place: Option<[u8; 32]>) -> Result<bool, Error> {
        self.spool.take_if(|spool| spool.is_spoilt);
        if self.spool.is_some() {
            return Ok(true);
        }
        if self.is_locked()? {
            return Ok(false);
        }
        let random = self.random.clone();
        let opened = self.open_file(place)?;
        let mut spool = match opened {
            Ok(spool) => spool,
            Err((reason, lost)) => {
                self.destroy_spool().map_err(Error::Folder)?;
                let Ok(mut spool) = self.open_file(place)? else {
                    return Err(Error::Unseal);
                };
                spool.change(|contents| {
                    contents.lose(reason, lost);
                    Ok(())
                })?;
                spool
            }
        };
        let stored = spool.contents().identity.place;
        if stored.is_some() && place.is_some() && stored != place {
            // A copy: what lies here is the other's, and will leave there.
            side::remove(&side::files(&self.folder));
            spool.change(|contents| {
                *contents = Contents::new(Identity::draw(&random, place)?);
                Ok(())
            })?;
        }
        self.spool = Some(spool);
        Ok(true)
    }

    fn open_file(&self, place: Option<[u8; 32]>) -> Result<Result<Spool, (Loss, u64)>, Error> {
        let sealer = self.sealer().ok_or(Error::Unseal)?;
        let fresh = || Identity::draw(&self.random, place);
        match Spool::open(&self.folder, self.vfs.as_deref(), sealer, fresh) {
            Ok(spool) => Ok(Ok(spool)),
            Err(Unopened::Foreign(reason, lost)) => Ok(Err((reason, lost))),
            Err(Unopened::Failed(error)) => Err(error),
        }
    }

    /// Sets aside a spool whose key is gone: it is destroyed. How many events were in it.
    pub(crate) fn set_aside(&mut self) -> Result<u64, Error> {
        self.spool = None;
        if !spool::file(&self.folder).exists() {
            return Ok(0);
        }
        let lost = spool::waiting_in(&self.folder, self.vfs.as_deref());
        self.destroy_spool().map_err(Error::Folder)?;
        Ok(lost.max(1))
    }

    /// Whether another process writes here.
    pub(crate) fn is_locked(&mut self) -> Result<bool, Error> {
        if self.writer.is_none() {
            self.writer = side::lock(&self.folder).map_err(Error::Folder)?;
        }
        Ok(self.writer.is_none())
    }

    /// Whether anything lies here that only a program that is on may have.
    pub(crate) fn has_leftovers(&self) -> bool {
        let mut files = spool::files(&self.folder).to_vec();
        files.extend(["side", "failures"].map(|name| self.folder.join(name)));
        files.iter().any(|file| file.exists()) || recommend::exists(&self.folder)
    }

    /// Overwrites and removes everything but the consent and the lock.
    pub(crate) fn destroy(&mut self) -> io::Result<()> {
        self.close();
        let spool = self.destroy_spool();
        let side = side::destroy(&self.folder);
        let markers = side::destroy_folder(&self.folder.join("failures"));
        let suggestions = recommend::destroy(&self.folder);
        let mut unfinished = consent::unfinished(&self.folder).into_iter();
        let unfinished = unfinished.try_for_each(|path| wipe(&path));
        spool
            .and(side)
            .and(markers)
            .and(suggestions)
            .and(unfinished)
    }

    fn destroy_spool(&mut self) -> io::Result<()> {
        self.spool = None;
        let mut result = Ok(());
        for file in spool::files(&self.folder) {
            result = result.and(wipe(&file));
        }
        result
    }
}
