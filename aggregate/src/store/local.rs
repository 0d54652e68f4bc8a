//! A local folder in which a file appears whole, durable and once.
//!
//! `object_store`'s own local store never fsyncs, and writes its temporary files beside the final
//! ones. Here a file is written elsewhere, fsynced, linked under its final name (which fails where
//! one stands there) or, where it replaces another, renamed to it, and the folder is fsynced.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path as FsPath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use rustix::io::Errno;

use crate::error::Error;

/// What a crash left in the staging folder is deleted at this age.
const STALE: Duration = Duration::from_secs(3600);

pub(super) const STAGING_WITHIN: &str =
    "the staging folder lies within it: set aggregate.staging to one outside";
pub(super) const STAGING_ELSEWHERE: &str = "the staging folder lies on another file system: set \
     aggregate.staging to a folder on the same one";

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// The folder of a local store.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    staging: PathBuf,
    private: bool,
    paths: LocalFileSystem,
}

impl Folder {
    /// Opens a folder, and makes what is missing. On an error it says what to do.
    pub(super) fn open(
        root: &FsPath,
        staging: Option<&FsPath>,
        private: bool,
    ) -> Result<Folder, String> {
        let make = |folder: &FsPath, private: bool| {
            make_all(folder, private)
                .and_then(|()| folder.canonicalize())
                .map_err(|error| format!("the folder {} can't be made: {error}", folder.display()))
        };
        let root = make(root, private)?;
        let parent = root.parent().ok_or("name a folder that is not the root")?;
        let staging = staging.map_or_else(|| parent.join(".kaiku-tmp"), FsPath::to_path_buf);
        if std::path::absolute(&staging).is_ok_and(|staging| staging.starts_with(&root)) {
            return Err(STAGING_WITHIN.to_owned());
        }
        let staging = make(&staging, true)?;
        let device = |folder: &FsPath| folder.metadata().map(|metadata| metadata.dev()).ok();
        if device(&root) != device(&staging) {
            return Err(STAGING_ELSEWHERE.to_owned());
        }
        let paths = LocalFileSystem::new_with_prefix(&root).map_err(|error| error.to_string())?;
        let folder = Folder {
            root,
            staging,
            private,
            paths,
        };
        folder.clean();
        Ok(folder)
    }

    /// The same folder for everything but writing.
    pub(super) fn objects(&self) -> LocalFileSystem {
        self.paths.clone()
    }

    /// Puts a file; false where one stands there.
    pub(super) async fn create(&self, path: &Path, bytes: Bytes) -> Result<bool, Error> {
        let target = self.target(path)?;
        let staged = self.staged();
        let (root, private) = (self.root.clone(), self.private);
        let done = blocking(move || {
            let done = put(&root, &target, &staged, &bytes, private);
            // The staged file is one of two links, or of no use.
            let _ = fs::remove_file(&staged);
            done
        });
        done.await.map_err(|source| Error::File {
            path: path.to_string(),
            source,
        })
    }

    /// Puts a file in the place of one that may stand there.
    pub(super) async fn replace(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        let target = self.target(path)?;
        let staged = self.staged();
        let (root, private) = (self.root.clone(), self.private);
        let done = blocking(move || {
            let done = put_over(&root, &target, &staged, &bytes, private);
            if done.is_err() {
                let _ = fs::remove_file(&staged);
            }
            done
        });
        done.await.map_err(|source| Error::File {
            path: path.to_string(),
            source,
        })
    }

    /// Makes a deletion durable.
    pub(super) async fn sync_parent(&self, path: &Path) -> Result<(), Error> {
        let target = self.target(path)?;
        let done = blocking(move || match target.parent().map(sync_folder) {
            // Nobody needs the folder of a deleted file.
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Some(done) => done,
            None => Ok(()),
        });
        done.await.map_err(|source| Error::File {
            path: path.to_string(),
            source,
        })
    }

    fn target(&self, path: &Path) -> Result<PathBuf, Error> {
        self.paths
            .path_to_filesystem(path)
            .map_err(Error::store("naming", path))
    }

    /// A name that no other put has, in this process or another.
    fn staged(&self) -> PathBuf {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let random: u32 = rand::random();
        let process = std::process::id();
        self.staging
            .join(format!("{name}-{process}-{count}-{random:08x}.tmp"))
    }

    /// Deletes what a process left that did not live to delete it.
    fn clean(&self) {
        let now = SystemTime::now();
        let entries = fs::read_dir(&self.staging).into_iter().flatten().flatten();
        for entry in entries {
            let age = entry.metadata().and_then(|metadata| metadata.modified());
            let stale = age.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > STALE));
            let ours = entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "tmp");
            if stale && ours {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn put(
    root: &FsPath,
    target: &FsPath,
    staged: &FsPath,
    bytes: &[u8],
    private: bool,
) -> io::Result<bool> {
    if target.try_exists()? {
        return Ok(false);
    }
    stage(staged, bytes, private)?;
    let parent = target.parent().unwrap_or(root);
    make_durable(root, parent, private)?;
    match fs::hard_link(staged, target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(of_link(error)),
    }
    sync_folder(parent)?;
    Ok(true)
}

fn put_over(
    root: &FsPath,
    target: &FsPath,
    staged: &FsPath,
    bytes: &[u8],
    private: bool,
) -> io::Result<()> {
    stage(staged, bytes, private)?;
    let parent = target.parent().unwrap_or(root);
    make_durable(root, parent, private)?;
    fs::rename(staged, target)?;
    sync_folder(parent)
}

/// Writes a file elsewhere, whole and durable, before it gets its name.
fn stage(staged: &FsPath, bytes: &[u8], private: bool) -> io::Result<()> {
    let mode = if private { 0o600 } else { 0o644 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(staged)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the folders down to one, each durable before the next.
fn make_durable(root: &FsPath, folder: &FsPath, private: bool) -> io::Result<()> {
    if folder == root || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(root);
    make_durable(root, parent, private)?;
    match builder(private).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    sync_folder(parent)
}

fn make_all(folder: &FsPath, private: bool) -> io::Result<()> {
    builder(private).recursive(true).create(folder)
}

fn builder(private: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(if private { 0o700 } else { 0o755 });
    builder
}

/// Brings the entries of a folder down to the disk, where its file system has a way to.
pub(super) fn sync_folder(folder: &FsPath) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Why a file that could be written can't be linked: some file systems have no hard links, and say that
/// it is not permitted.
pub(super) fn of_link(error: io::Error) -> io::Error {
    let has_none = [Errno::PERM, Errno::NOTSUP, Errno::NOSYS]
        .iter()
        .any(|none| error.raw_os_error() == Some(none.raw_os_error()));
    if !has_none {
        return error;
    }
    let text = format!(
        "its file system has no hard links, by which a file gets its name only once: take a folder on another ({error})"
    );
    io::Error::new(error.kind(), text)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing under `/proc` can be brought down to a disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_syncs_no_folder_is_no_error() {
        let folder = FsPath::new("/proc/self");
        let refused = File::open(folder).and_then(|folder| folder.sync_all());
        assert!(refused.is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput));
        assert!(sync_folder(folder).is_ok());
        assert!(sync_folder(&folder.join("none")).is_err());
    }
}
