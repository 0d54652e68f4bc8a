//! The file that was accepted last, beside the spool. It is the same for everybody and signed, so it is not sealed; whoever
//! changes it has made a file that is refused.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use kaiku_suggestions::MOST_BYTES;

use crate::key::{sync_folder, wipe};

fn place(folder: &Path) -> PathBuf {
    folder.join("suggestions")
}

fn next(folder: &Path) -> PathBuf {
    folder.join("suggestions.next")
}

/// What lies there, whatever it is; no more of it than a file may have and a byte.
pub(crate) fn read(folder: &Path) -> Option<Vec<u8>> {
    let file = File::open(place(folder)).ok()?;
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Puts another there, whole or not at all.
pub(crate) fn write(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let (next, place) = (next(folder), place(folder));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&next, &place)?;
    sync_folder(&place)
}

/// Whether one lies there.
pub(crate) fn exists(folder: &Path) -> bool {
    place(folder).exists() || next(folder).exists()
}

/// Overwrites and removes it.
pub(crate) fn destroy(folder: &Path) -> io::Result<()> {
    wipe(&place(folder)).and(wipe(&next(folder)))
}
