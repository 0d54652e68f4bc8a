//! Where the key of the spool comes from: the host's keystore, or a file of mode 0600.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::Random;

/// A key of 32 bytes, wiped from memory when it is dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// What the host's keystore says when it is asked for the key.
pub enum KeyAnswer {
    /// Here it is.
    Key(Key),
    /// There is one, but not now: the device is locked, or the keystore is not up. Meanwhile at
    /// most 200 things are remembered, in memory, and nothing is written.
    NotYet,
    /// There is none, or none any more (a restored backup, a wiped keystore). What was sealed
    /// with it is lost: it is counted, destroyed, and the spool begins anew with a new identifier.
    Gone,
}

/// The host's keystore. It is asked by [`crate::Program::work`], by what does the work first
/// ([`crate::Program::next_upload`], and turning off with a request to forget), and by the worker
/// and the sender, with no lock held: it may block as long as it likes, and no other call waits for
/// it.
pub trait KeySource: Send {
    /// The key, if it can be had.
    fn key(&mut self) -> KeyAnswer;

    /// Makes a new key, keeps it, and answers with it. What was kept before is gone.
    fn create(&mut self) -> KeyAnswer;

    /// Destroys the key. The program was turned off.
    ///
    /// # Errors
    /// Where it could not.
    fn destroy(&mut self) -> io::Result<()>;
}

/// The host's keystore behind a wall: one that panics has no key for now, and none that it could
/// destroy.
pub(crate) struct WalledKey(pub(crate) Box<dyn KeySource>);

impl WalledKey {
    fn ask<T>(&mut self, ask: impl FnOnce(&mut dyn KeySource) -> T) -> Option<T> {
        let source = &mut *self.0;
        match catch_unwind(AssertUnwindSafe(|| ask(source))) {
            Ok(answer) => Some(answer),
            Err(payload) => {
                // What it carries might panic again when it is dropped.
                std::mem::forget(payload);
                None
            }
        }
    }

    pub(crate) fn key(&mut self) -> KeyAnswer {
        self.ask(|source| source.key()).unwrap_or(KeyAnswer::NotYet)
    }

    pub(crate) fn create(&mut self) -> KeyAnswer {
        self.ask(|source| source.create())
            .unwrap_or(KeyAnswer::NotYet)
    }

    pub(crate) fn destroy(&mut self) -> io::Result<()> {
        self.ask(|source| source.destroy())
            .unwrap_or_else(|| Err(io::Error::other("the keystore panicked")))
    }
}

/// A key in a file of mode 0600, for desktops and services. It guards against backups and copies
/// that do not take the file along, and against nobody who can read as the same user.
pub struct KeyFile {
    path: PathBuf,
    random: Random,
}

impl KeyFile {
    /// The key in this file, which is made when it is first needed.
    pub fn new(path: impl Into<PathBuf>) -> KeyFile {
        KeyFile {
            path: path.into(),
            random: Random::system(),
        }
    }
}

impl KeySource for KeyFile {
    fn key(&mut self) -> KeyAnswer {
        let mut key = Key::default();
        let read = File::open(&self.path).and_then(|mut file| file.read_exact(&mut *key));
        match read {
            Ok(()) => KeyAnswer::Key(key),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => KeyAnswer::Gone,
                _ => KeyAnswer::NotYet,
            },
        }
    }

    fn create(&mut self) -> KeyAnswer {
        let made = self.random.bytes().map(Key::new);
        let Ok(key) = made else {
            return KeyAnswer::NotYet;
        };
        match write_private(&self.path, &*key) {
            Ok(()) => KeyAnswer::Key(key),
            Err(_) => KeyAnswer::NotYet,
        }
    }

    fn destroy(&mut self) -> io::Result<()> {
        wipe(&self.path)
    }
}

/// Writes a file that only its owner can read, and has it on disk before it returns.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()?;
    sync_folder(path)
}

/// Overwrites a file in place, has that on disk, and only then takes its name away. On a file
/// system that writes elsewhere (copy on write, a flash layer), the old blocks may stay: what
/// counts there is that the key which they were sealed with is gone.
pub(crate) fn wipe(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut left = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let zeros = [0_u8; 4096];
    while left > 0 {
        let now = left.min(zeros.len() as u64);
        file.write_all(&zeros[..usize::try_from(now).unwrap_or(0)])?;
        left -= now;
    }
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)?;
    sync_folder(path)
}

/// Has the names of the folder that a file lies in on disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
