//! The marker of a run: one small file, held by a lock for as long as its process lives.
//!
//! Its head is a line of JSON, written anew in place at each change. Behind it stand the places that a signal handler
//! marks. A process that dies leaves what it wrote, for the page cache outlives it; a machine that loses power may
//! leave anything, and is known by its other boot. So nothing is synced, but where the file is done away with.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::verdict::{Crash, Verdict};

const FORMAT: u8 = 1;
/// Bytes of the head, which is padded with blanks.
pub(crate) const HEAD: usize = 1024;
/// Bytes of a place that a signal handler marks.
pub(crate) const MARK: usize = 16;
/// Places for signals of a crash. More threads than that don't crash at once in a way that matters.
pub(crate) const CRASHES: usize = 8;
/// The place for a signal that asks the process to end.
#[cfg(all(unix, feature = "signals"))]
pub(crate) const ENDING: usize = CRASHES;
const LENGTH: usize = HEAD + MARK * (CRASHES + 1);

/// What a handler writes, with the number of the signal in place of the zeros.
#[cfg(all(unix, feature = "signals"))]
pub(crate) const MARKED: [u8; MARK] = *b"signal 00      \n";
/// A place without a signal.
pub(crate) const UNMARKED: [u8; MARK] = *b"               \n";

/// Files that nobody settles are kept up to here.
const MOST_FILES: usize = 64;

const SUFFIX: &str = "run";
const NEW_SUFFIX: &str = "new";
/// A file that was never finished is left alone for this long: its process may be about to finish it.
const UNFINISHED: std::time::Duration = std::time::Duration::from_secs(3600);

/// The head: no text of the app but its release, and the component's name from the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    pub(crate) format: u8,
    pub(crate) release: String,
    pub(crate) process: u32,
    pub(crate) process_start: Option<u64>,
    pub(crate) boot: Option<u64>,
    /// How long the run is known to have lasted.
    pub(crate) seconds: u64,
    /// When it was last heard from, in seconds since 1970.
    pub(crate) seen: u64,
    pub(crate) in_background: bool,
    pub(crate) debugger_or_test: bool,
    pub(crate) asked_to_end: bool,
    pub(crate) stopped: bool,
    pub(crate) panic: Option<Panicked>,
    /// Seconds into the run since which it has not answered.
    pub(crate) hung_since: Option<u64>,
    /// Set by the start that judged it, so that a later one comes to nothing else.
    pub(crate) judged: Option<Verdict>,
}

/// A panic that the process has not outlived yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Panicked {
    pub(crate) component: Option<String>,
}

impl Marker {
    pub(crate) fn new(release: &str, process_start: Option<u64>, boot: Option<u64>) -> Self {
        Self {
            format: FORMAT,
            release: release.to_owned(),
            process: std::process::id(),
            process_start,
            boot,
            seconds: 0,
            seen: 0,
            in_background: false,
            debugger_or_test: false,
            asked_to_end: false,
            stopped: false,
            panic: None,
            hung_since: None,
            judged: None,
        }
    }

    /// Whether one process wrote both: numbers and times of processes begin anew with each boot.
    pub(crate) fn is_of_process(&self, other: &Self) -> bool {
        self.process == other.process
            && self.process_start.is_some()
            && self.process_start == other.process_start
            && self.boot == other.boot
    }

    fn to_head(&self) -> io::Result<Vec<u8>> {
        let mut head = serde_json::to_vec(self)?;
        if head.len() >= HEAD {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        head.resize(HEAD - 1, b' ');
        head.push(b'\n');
        Ok(head)
    }
}

/// What the signal handlers of a run marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signalled {
    pub(crate) crash: Option<Crash>,
    pub(crate) asked_to_end: bool,
}

impl Signalled {
    fn read(places: &[u8]) -> Self {
        let mut signals = places.chunks_exact(MARK).map(signal_of);
        let crash = signals.by_ref().take(CRASHES).flatten().next();
        Self {
            crash: crash.map(|signal| match signal {
                // SIGSEGV; SIGBUS on Linux and on Apple's systems.
                11 | 7 | 10 => Crash::Segfault,
                _ => Crash::Abort,
            }),
            asked_to_end: signals.next().flatten().is_some(),
        }
    }
}

fn signal_of(place: &[u8]) -> Option<u8> {
    let digits = place.strip_prefix(b"signal ")?.get(..2)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A marker and the lock on it.
#[derive(Debug)]
pub(crate) struct MarkerFile {
    pub(crate) file: File,
    path: PathBuf,
    inode: Option<u64>,
    pub(crate) marker: Marker,
}

impl MarkerFile {
    /// Writes a marker for this process. It gets its final name when it is locked and whole, so that no other process
    /// ever finds one that is neither.
    pub(crate) fn create(folder: &Path, name: u64, marker: Marker) -> io::Result<Self> {
        private_folder(folder)?;
        let new = folder.join(format!("{}-{name:016x}.{NEW_SUFFIX}", marker.process));
        let path = new.with_extension(SUFFIX);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        private_file(&mut options);
        let file = options.open(&new)?;
        file.try_lock()?;
        let inode = inode(&file);
        let mut made = Self {
            file,
            path,
            inode,
            marker,
        };
        made.file
            .write_all(&[&[b' '; HEAD][..], &UNMARKED.repeat(CRASHES + 1)].concat())?;
        made.write()?;
        std::fs::rename(&new, &made.path)?;
        Ok(made)
    }

    /// Writes the head anew.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        // Who closes all descriptors of a process closes this one too, and its number then names another file.
        if self.inode != inode(&self.file) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let head = self.marker.to_head()?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)
    }

    /// Takes the place of what its process left. `None` while it lives, or where another start has it already.
    fn take(path: PathBuf) -> Option<(Self, Signalled)> {
        let file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
        match file.try_lock() {
            Ok(()) => {}
            // Without locks nobody can tell who lives: then nobody is judged.
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
        }
        if !path.exists() {
            return None;
        }
        let mut bytes = Vec::with_capacity(LENGTH);
        let read = (&file).take(LENGTH as u64).read_to_end(&mut bytes);
        let marker = read
            .ok()
            .and_then(|_| bytes.get(..HEAD))
            .and_then(|head| serde_json::from_slice::<Marker>(head).ok())
            .filter(|marker| marker.format == FORMAT);
        let Some(marker) = marker else {
            // A power cut leaves such a file. Nothing can be said of its run.
            erase(&file, &path);
            return None;
        };
        let signalled = Signalled::read(&bytes[HEAD..]);
        let inode = inode(&file);
        Some((
            Self {
                file,
                path,
                inode,
                marker,
            },
            signalled,
        ))
    }

    /// A number for this run that no other run of this folder has.
    pub(crate) fn id(&self) -> u64 {
        let name = self.path.file_name().unwrap_or_default();
        super::system::fingerprint(name.as_encoded_bytes())
    }

    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        self.path.parent() == Some(folder)
    }

    /// Overwrites and removes it.
    pub(crate) fn erase(self) {
        erase(&self.file, &self.path);
    }
}

/// The markers of runs whose process is gone, the newest last.
pub(crate) fn gone(folder: &Path) -> Vec<(MarkerFile, Signalled)> {
    let mut found: Vec<_> = entries(folder, SUFFIX)
        .filter_map(MarkerFile::take)
        .collect();
    found.sort_by_key(|(file, _)| (file.marker.seen, file.id()));
    let too_many = found.len().saturating_sub(MOST_FILES);
    for (file, _) in found.drain(..too_many) {
        file.erase();
    }
    for path in entries(folder, NEW_SUFFIX) {
        let is_old = path
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNFINISHED));
        if is_old {
            let _ = std::fs::remove_file(path);
        }
    }
    found
}

/// Removes every marker, those of living processes too: they write on into files without a name.
pub(crate) fn erase_all(folder: &Path) {
    for path in entries(folder, SUFFIX).chain(entries(folder, NEW_SUFFIX)) {
        match OpenOptions::new().write(true).open(&path) {
            Ok(file) => erase(&file, &path),
            Err(_) => drop(std::fs::remove_file(&path)),
        }
    }
    let _ = std::fs::remove_dir(folder);
}

fn entries(folder: &Path, suffix: &'static str) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(move |path| path.extension().is_some_and(|found| found == suffix))
}

/// A file that is only unlinked stays on the disk until something else is written over it.
fn erase(mut file: &File, path: &Path) {
    let _ = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.write_all(&[b' '; LENGTH]))
        .and_then(|()| file.sync_data());
    let _ = std::fs::remove_file(path);
}

#[cfg(unix)]
fn inode(file: &File) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().ok().map(|metadata| metadata.ino())
}

#[cfg(not(unix))]
fn inode(_: &File) -> Option<u64> {
    None
}

#[cfg(unix)]
fn private_file(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private_file(_: &mut OpenOptions) {}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}
