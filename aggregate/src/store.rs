//! A place for objects that are written once, but for those few that are replaced whole: a local
//! folder, or whatever `object_store` reaches; and the one of the two places that holds exact
//! counts, [`Landing`].

mod landing;
mod local;
mod probe;
mod remote;
mod s3;

use std::path::Path as FsPath;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::error::Error;
pub use landing::Landing;
use local::Folder;
pub use probe::Probed;
pub use s3::S3Config;

/// What became of a put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The object stands under its name now, whole and durable.
    Created,
    /// Another one stood there, with these bytes; nothing was written. Behind a network the very same bytes
    /// count as created: an answer may have been lost.
    Exists(Bytes),
}

/// A place for objects that appear whole under their name, or not at all, and are never written
/// a second time but by [`Store::replace`]. Clones are the same place.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    folder: Option<Arc<Folder>>,
}

impl Store {
    /// Opens a folder, which is made where it is missing, or a URL.
    ///
    /// Files of a local store are written in `staging` first (`.kaiku-tmp` beside the folder
    /// where none is given), which must be on the same file system and outside of the folder.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub(crate) fn open(
        place: &str,
        staging: Option<&FsPath>,
        s3: &S3Config,
    ) -> Result<Store, Error> {
        Store::at(place, staging, s3, false)
    }

    /// Opens a store whose local files are for their owner alone.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub(crate) fn open_private(
        place: &str,
        staging: Option<&FsPath>,
        s3: &S3Config,
    ) -> Result<Store, Error> {
        Store::at(place, staging, s3, true)
    }

    /// Opens a folder that is there, or a URL, for reading: nothing is made.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub(crate) fn open_to_read(place: &str, s3: &S3Config) -> Result<Store, Error> {
        if is_url(place) {
            return Store::remote(place, s3);
        }
        let root = local(place);
        if !root.is_dir() {
            return Err(refused(place, "there is no such folder".to_owned()));
        }
        let objects = LocalFileSystem::new_with_prefix(root);
        Ok(Store {
            objects: Arc::new(objects.map_err(|error| refused(place, error.to_string()))?),
            folder: None,
        })
    }

    fn at(
        place: &str,
        staging: Option<&FsPath>,
        s3: &S3Config,
        private: bool,
    ) -> Result<Store, Error> {
        if is_url(place) {
            return Store::remote(place, s3);
        }
        let root = local(place);
        let folder = Folder::open(root, staging, private).map_err(|why| refused(place, why))?;
        let objects = Arc::new(folder.objects());
        Ok(Store {
            objects,
            folder: Some(Arc::new(folder)),
        })
    }

    fn remote(place: &str, s3: &S3Config) -> Result<Store, Error> {
        let objects = s3::open(place, s3).map_err(|why| refused(place, why))?;
        Ok(Store {
            objects,
            folder: None,
        })
    }

    /// Puts an object under a name that is free. When this returns [`Put::Created`], the object
    /// is durable.
    ///
    /// # Errors
    /// Where the store fails; the object may stand there all the same: put it again.
    pub(crate) async fn put_if_absent(&self, path: &Path, bytes: Bytes) -> Result<Put, Error> {
        let Some(folder) = &self.folder else {
            return remote::put_if_absent(&*self.objects, path, bytes).await;
        };
        if folder.create(path, bytes).await? {
            return Ok(Put::Created);
        }
        let found = self.objects.get(path).await;
        let found = found.map_err(Error::store("getting", path))?.bytes().await;
        let found = found.map_err(Error::store("getting", path))?;
        Ok(Put::Exists(found))
    }

    /// Puts an object that must not differ from what stands under the name already, if anything.
    ///
    /// # Errors
    /// [`Error::Altered`] where another object stands there; where the store fails.
    pub(crate) async fn put_same(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        match self.put_if_absent(path, bytes.clone()).await? {
            Put::Created => Ok(()),
            Put::Exists(found) if found == bytes => Ok(()),
            Put::Exists(_) => Err(Error::Altered {
                path: path.to_string(),
            }),
        }
    }

    /// Puts an object in the place of what stands under the name, if anything: a reader finds the
    /// old one or the new one, whole. When this returns, the new one is durable.
    ///
    /// # Errors
    /// Where the store fails; either object may stand there then: replace it again.
    pub(crate) async fn replace(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        match &self.folder {
            Some(folder) => folder.replace(path, bytes).await,
            None => remote::replace(&*self.objects, path, bytes).await,
        }
    }

    /// Whether a second put to the same name is told of the first; what is put under this name is
    /// deleted again.
    ///
    /// # Errors
    /// Where the store fails.
    async fn keeps_first(&self, name: &str) -> Result<bool, Error> {
        let path = Path::from(format!("{TRIALS}/{name}"));
        let [one, two] = TRIED.map(Bytes::from_static);
        self.put_same(&path, one.clone()).await?;
        let second = self.put_if_absent(&path, two).await;
        let kept = self.get(&path).await;
        self.delete(&path).await?;
        Ok(second? == Put::Exists(one.clone()) && kept? == Some(one))
    }

    /// The bytes of an object; `None` where there is none.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn get(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        match self.objects.get(path).await {
            Ok(found) => {
                let bytes = found.bytes().await;
                bytes.map(Some).map_err(Error::store("getting", path))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::store("getting", path)(error)),
        }
    }

    /// The paths of all objects under a folder, at any depth, sorted.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn list(&self, folder: &Path) -> Result<Vec<Path>, Error> {
        let found = self
            .objects
            .list(Some(folder))
            .map_ok(|object| object.location);
        let found: Result<Vec<Path>, _> = found.try_collect().await;
        let mut found = found.map_err(Error::store("listing", folder))?;
        found.sort();
        Ok(found)
    }

    /// Deletes an object; one that is gone is deleted already.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn delete(&self, path: &Path) -> Result<(), Error> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::store("deleting", path)(error)),
        }
        match &self.folder {
            Some(folder) => folder.sync_parent(path).await,
            None => Ok(()),
        }
    }
}

fn refused(place: &str, reason: String) -> Error {
    Error::Place {
        place: s3::shown(place),
        reason,
    }
}

/// SHA-256 as 64 hexadecimal digits, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Where objects stand by which it is tried whether a store keeps what was put first.
const TRIALS: &str = "_kaiku_doctor";
/// What stands in them.
const TRIED: [&[u8]; 2] = [b"first", b"second"];

/// Whether an object is one of those that a process was killed before it deleted.
pub(crate) fn is_trial(path: &Path, bytes: &[u8]) -> bool {
    path.prefix_matches(&Path::from(TRIALS)) && TRIED.contains(&bytes)
}

/// Whether a place is a URL, and no folder of this machine.
#[must_use]
pub fn is_url(place: &str) -> bool {
    place.contains("://") && !place.starts_with("file://")
}

fn local(place: &str) -> &FsPath {
    FsPath::new(place.strip_prefix("file://").unwrap_or(place))
}

#[cfg(test)]
mod tests;
