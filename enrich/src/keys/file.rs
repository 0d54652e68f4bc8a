//! The key-encryption keys: one file a month, 64 hexadecimal digits, readable by its owner only.

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
        write_new(dir, month, &key).map_err(failed(month, "made"))?;
    }
    read(dir, month)
}

/// Written beside its place and linked into it, so that no reader ever sees half a key, and of two
/// writers one wins.
fn write_new(dir: &Path, month: Month, key: &[u8; 32]) -> io::Result<()> {
    let beside = dir.join(format!(".{month}.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let linked = file
        .write_all(Zeroizing::new(hex::encode(key)).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&beside, path(dir, month)));
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => fs::File::open(dir)?.sync_all(),
    }
}

/// Deletes a month's file; it is no error where it is gone already.
pub(super) fn destroy(dir: &Path, month: Month) -> Result<(), Error> {
    match fs::remove_file(path(dir, month)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed(month, "deleted")(error))
        }
        _ => Ok(()),
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
    fn a_file_that_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let month = Month::parse("2026-11").unwrap();
        fs::write(path(dir.path(), month), "abc").unwrap();
        assert!(read(dir.path(), month).is_err());
    }
}
