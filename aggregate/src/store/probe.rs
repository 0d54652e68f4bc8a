//! Whether a place can be the store that it is to be, found without leaving anything there.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path as FsPath, PathBuf};

use rustix::fs::{Access, access};

use super::{S3Config, Store, is_url, local};
use crate::error::Error;

/// What a store was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It can be written, and keeps what was put first.
    Good,
    /// A second object takes the place of the first: it can't be used.
    Overwrites,
    /// A folder that is not there yet, and can be made.
    ToBeMade,
}

impl Store {
    /// Tries a place: of a local folder its rights, and what its file system can; of any other a put of an
    /// object of this name, which is deleted again. No folder is made.
    ///
    /// # Errors
    /// Where the place fails, or can't be written.
    pub(crate) async fn probe(
        place: &str,
        staging: Option<&FsPath>,
        s3: &S3Config,
        name: &str,
    ) -> Result<Probed, Error> {
        if is_url(place) {
            return match Store::remote(place, s3)?.keeps_first(name).await? {
                true => Ok(Probed::Good),
                false => Ok(Probed::Overwrites),
            };
        }
        let folder = local(place);
        let tried = probe_folder(folder, staging, name);
        tried.map_err(|reason| Error::Place {
            place: place.to_owned(),
            reason,
        })
    }
}

fn probe_folder(folder: &FsPath, staging: Option<&FsPath>, name: &str) -> Result<Probed, String> {
    let root = resolved(folder)?;
    let parent = root.parent().ok_or("name a folder that is not the root")?;
    let staging = staging.map_or_else(|| Ok(parent.join(".kaiku-tmp")), resolved)?;
    if staging.starts_with(&root) {
        return Err(local::STAGING_WITHIN.to_owned());
    }
    let (stands, tries) = (standing(&root), standing(&staging));
    for place in [&stands, &tries] {
        access(place, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| {
                let place = place.display();
                format!("{place} can't be written ({error}): give this user the right to write and delete there")
            })?;
    }
    let device = |folder: &FsPath| folder.metadata().map(|metadata| metadata.dev()).ok();
    if device(&stands) != device(&tries) {
        return Err(local::STAGING_ELSEWHERE.to_owned());
    }
    let kept = links_once(&tries, name, |from, to| fs::hard_link(from, to))
        .map_err(|error| format!("a file in {} can't get its name: {error}", tries.display()))?;
    local::sync_folder(&tries).map_err(|error| {
        let tries = tries.display();
        format!("the entries of {tries} can't be brought down to the disk ({error}): take a folder on another file system")
    })?;
    Ok(match (kept, stands == root) {
        (false, _) => Probed::Overwrites,
        (true, true) => Probed::Good,
        (true, false) => Probed::ToBeMade,
    })
}

/// A path without links, whether it is there or is still to be made.
fn resolved(folder: &FsPath) -> Result<PathBuf, String> {
    let absolute = std::path::absolute(folder).map_err(|error| error.to_string())?;
    let stands = standing(&absolute);
    let real = stands.canonicalize().map_err(|error| error.to_string())?;
    // What is there itself gets no `/` behind it, which a file would not have.
    Ok(match absolute.strip_prefix(&stands) {
        Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
        _ => real,
    })
}

/// The folder itself, or the nearest around it that is there.
fn standing(folder: &FsPath) -> PathBuf {
    let around = folder.ancestors().find(|folder| folder.exists());
    around.unwrap_or(folder).to_path_buf()
}

/// Whether a link to a name that is taken is refused, as files get their final names.
fn links_once(
    folder: &FsPath,
    name: &str,
    link: impl Fn(&FsPath, &FsPath) -> io::Result<()>,
) -> io::Result<bool> {
    let files = ["a", "b"].map(|one| folder.join(format!(".kaiku-doctor-{name}-{one}.tmp")));
    let tried = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&files[0])
        .and_then(|_| link(&files[0], &files[1]).map_err(local::of_link))
        .map(|()| link(&files[0], &files[1]).is_err());
    for file in &files {
        let _ = fs::remove_file(file);
    }
    tried
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    async fn probe(place: &FsPath) -> Result<Probed, Error> {
        Store::probe(place.to_str().unwrap(), None, &S3Config::default(), "x").await
    }

    fn names(folder: &FsPath) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        assert_eq!(probe(&deep).await.unwrap(), Probed::ToBeMade);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[tokio::test]
    async fn nothing_is_left_in_a_folder_nor_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let rollups = folder.path().join("rollups");
        fs::create_dir(&rollups).unwrap();
        assert_eq!(probe(&rollups).await.unwrap(), Probed::Good);
        assert_eq!(names(folder.path()), ["rollups"]);
        assert_eq!(names(&rollups), [""; 0]);
    }

    #[tokio::test]
    async fn a_link_is_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("big/rollups");
        fs::create_dir_all(&real).unwrap();
        let link = folder.path().join("rollups");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(probe(&link).await.unwrap(), Probed::Good);
        let s3 = S3Config::default();
        let within = Store::probe(link.to_str().unwrap(), Some(&real.join("tmp")), &s3, "x").await;
        assert!(within.is_err());
        let beside = folder.path().join("big/not/made/yet");
        let beside = Store::probe(link.to_str().unwrap(), Some(&beside), &s3, "x").await;
        assert_eq!(beside.unwrap(), Probed::Good);
    }

    #[test]
    fn a_file_system_without_hard_links_is_named_as_such_and_a_right_that_is_missing_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let tried = |code: rustix::io::Errno| {
            let refuse = |_: &FsPath, _: &FsPath| Err(code.into());
            let error = links_once(folder.path(), "x", refuse).unwrap_err();
            error.to_string()
        };
        for code in [rustix::io::Errno::PERM, rustix::io::Errno::OPNOTSUPP] {
            let said = tried(code);
            assert!(said.contains("no hard links"), "{said}");
            assert!(said.contains("take a folder on another"), "{said}");
        }
        let said = tried(rustix::io::Errno::ACCESS);
        assert!(!said.contains("hard links"), "{said}");
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[tokio::test]
    async fn what_is_no_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(probe(&file).await.is_err());
        assert!(probe(&file.join("rollups")).await.is_err());
    }
}
