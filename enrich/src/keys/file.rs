//! The key-encryption keys: one file a month, 64 hexadecimal digits, readable by its owner only.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use kaiku_wire::Month;
use rand::RngCore;
use zeroize::Zeroizing;

use crate::error::Error;

fn path(dir: &Path, month: Month) -> PathBuf {
    dir.join(format!("{month}.key"))
}

fn failed(month: Month, operation: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::KeyFile {
        month,
        operation,
        source,
    }
}

/// Reads a month's file.
pub(super) fn read(dir: &Path, month: Month) -> Result<XChaCha20Poly1305, Error> {
    let text = Zeroizing::new(fs::read_to_string(path(dir, month)).map_err(failed(month, "read"))?);
    let mut key = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(text.trim(), &mut *key)
        .map_err(|_| failed(month, "read")(io::ErrorKind::InvalidData.into()))?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

/// Reads a month's file; makes it where it is missing and there is something to make it of.
pub(super) fn read_or_make(
    dir: &Path,
    month: Month,
    make: Option<&mut impl RngCore>,
) -> Result<XChaCha20Poly1305, Error> {
    if let Some(rng) = make.filter(|_| !path(dir, month).exists()) {
        fs::create_dir_all(dir).map_err(failed(month, "made"))?;
        let mut key = Zeroizing::new([0_u8; 32]);
        rng.fill_bytes(&mut *key);
        write_new(dir, month, &key, rng.next_u64()).map_err(failed(month, "made"))?;
    }
    read(dir, month)
}

/// Written beside its place and linked into it, so that no reader ever sees half a key, and of two
/// writers one wins. What a crash has left beside it is in nobody's way: each has a name of its own,
/// and goes with its month.
fn write_new(dir: &Path, month: Month, key: &[u8; 32], name: u64) -> io::Result<()> {
    put_new(dir, month, key, name, |from, to| fs::hard_link(from, to))
}

fn put_new(
    dir: &Path,
    month: Month,
    key: &[u8; 32],
    name: u64,
    link: impl Fn(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let (beside, place) = (dir.join(format!(".{month}.{name:016x}")), path(dir, month));
    write(&beside, key)?;
    let linked = match link(&beside, &place) {
        // Not every file system has hard links. Of two writers one wins all the same; a crash in these 64
        // bytes leaves a file that is no key, and that no month's key was sealed with yet.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write(&place, key),
        linked => linked,
    };
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(dir),
    }
}

/// Writes a key to a file that is not there yet, down to the disk.
fn write(file: &Path, key: &[u8; 32]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    file.write_all(Zeroizing::new(hex::encode(key)).as_bytes())?;
    file.sync_all()
}

/// Brings the entries of a folder down to the disk, where its file system has a way to.
fn sync_folder(dir: &Path) -> io::Result<()> {
    match fs::File::open(dir)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// The files of a folder that hold a month's key, or a part of one, by their months. There is none
/// where there is no folder.
fn all(dir: &Path) -> io::Result<Vec<(Month, PathBuf)>> {
    let found = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut files = Vec::new();
    for one in found {
        let path = one?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(month) = name.and_then(month_of) {
            files.push((month, path));
        }
    }
    Ok(files)
}

/// The month whose key a file of this name holds: `2026-11.key`, or `.2026-11.` and anything.
fn month_of(name: &str) -> Option<Month> {
    let month = match name.strip_prefix('.') {
        Some(beside) => beside.split_once('.')?.0,
        None => name.strip_suffix(".key")?,
    };
    Month::parse(month).ok()
}

/// The months of which a folder holds anything.
pub(super) fn months(dir: &Path) -> Result<BTreeSet<Month>, Error> {
    let files = all(dir).map_err(Error::KeysDir)?;
    Ok(files.into_iter().map(|(month, _)| month).collect())
}

/// Deletes all that a folder holds of a month, for good: once this returns, no power cut brings it
/// back. It is no error where it is gone already.
pub(super) fn destroy(dir: &Path, month: Month) -> Result<(), Error> {
    let deleted = |source| failed(month, "deleted")(source);
    let files = all(dir).map_err(deleted)?;
    let files = files.into_iter().filter(|(of, _)| *of == month);
    for (_, file) in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(deleted(error)),
            _ => {}
        }
    }
    match sync_folder(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(deleted),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use rand::rngs::ThreadRng;

    use super::*;

    #[test]
    fn a_missing_key_is_made_once_and_only_where_that_is_allowed() {
        let dir = tempfile::tempdir().unwrap();
        let month = Month::parse("2026-11").unwrap();
        assert!(read_or_make(dir.path(), month, None::<&mut ThreadRng>).is_err());
        read_or_make(dir.path(), month, Some(&mut rand::rng())).unwrap();
        let made = fs::read(path(dir.path(), month)).unwrap();
        read_or_make(dir.path(), month, Some(&mut rand::rng())).unwrap();
        assert_eq!(fs::read(path(dir.path(), month)).unwrap(), made);
        let mode = fs::metadata(path(dir.path(), month))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        destroy(dir.path(), month).unwrap();
        destroy(dir.path(), month).unwrap();
        assert!(read(dir.path(), month).is_err());
    }

    #[test]
    fn where_the_file_system_has_no_hard_links_a_key_is_made_once_too() {
        let dir = tempfile::tempdir().unwrap();
        let month = Month::parse("2026-11").unwrap();
        let refuse = |_: &Path, _: &Path| Err(io::ErrorKind::PermissionDenied.into());
        put_new(dir.path(), month, &[1; 32], 7, refuse).unwrap();
        put_new(dir.path(), month, &[2; 32], 8, refuse).unwrap();
        let made = fs::read_to_string(path(dir.path(), month)).unwrap();
        assert_eq!(made, hex::encode([1; 32]));
        read(dir.path(), month).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_has_left_beside_a_key_is_in_nobody_s_way_and_goes_with_its_month() {
        let dir = tempfile::tempdir().unwrap();
        let month = Month::parse("2026-11").unwrap();
        // In a container every process has the same id.
        let left = dir.path().join(format!(".{month}.{}", std::process::id()));
        fs::write(&left, "half a k").unwrap();
        read_or_make(dir.path(), month, Some(&mut rand::rng())).unwrap();
        let next = path(dir.path(), month.next());
        fs::write(&next, "another month's").unwrap();
        fs::write(dir.path().join("notes.txt"), "no key").unwrap();
        assert_eq!(
            months(dir.path()).unwrap(),
            BTreeSet::from([month, month.next()])
        );
        destroy(dir.path(), month).unwrap();
        assert_eq!(months(dir.path()).unwrap(), BTreeSet::from([month.next()]));
        assert!(!left.exists() && next.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_that_is_not_there_holds_no_month_and_nothing_to_destroy() {
        let dir = tempfile::tempdir().unwrap();
        let (none, month) = (dir.path().join("none"), Month::parse("2026-11").unwrap());
        assert!(months(&none).unwrap().is_empty());
        destroy(&none, month).unwrap();
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let month = Month::parse("2026-11").unwrap();
        fs::write(path(dir.path(), month), "abc").unwrap();
        assert!(read(dir.path(), month).is_err());
    }
}
