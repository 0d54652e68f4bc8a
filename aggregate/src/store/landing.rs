//! The place of partial counts: exact, and so for the pipeline alone.

use std::path::Path as FsPath;

use bytes::Bytes;
use object_store::path::Path;

use super::{Put, S3Config, Store};
use crate::error::Error;

/// The store of exact counts and of the seals' keys: personal data, for the pipeline alone. It can't
/// be taken for the public one, which has another type. Clones are the same place.
#[derive(Clone, Debug)]
pub struct Landing(Store);

impl Landing {
    /// Opens a folder, which is made for its owner alone where it is missing, or a URL, which is reached
    /// as the environment says; `staging` as for the rollups.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub fn open(place: &str, staging: Option<&FsPath>) -> Result<Landing, Error> {
        Landing::open_with(place, staging, &S3Config::default())
    }

    /// The same, where a URL is reached as these settings say.
    pub(crate) fn open_with(
        place: &str,
        staging: Option<&FsPath>,
        s3: &S3Config,
    ) -> Result<Landing, Error> {
        Store::open_private(place, staging, s3).map(Landing)
    }

    /// Opens a folder that is there, or a URL, to look at it: nothing is made in it.
    ///
    /// # Errors
    /// [`Error::Place`] where there is no such folder.
    pub(crate) fn open_to_read(place: &str, s3: &S3Config) -> Result<Landing, Error> {
        Store::open_to_read(place, s3).map(Landing)
    }

    pub(crate) async fn put_if_absent(&self, path: &Path, bytes: Bytes) -> Result<Put, Error> {
        self.0.put_if_absent(path, bytes).await
    }

    pub(crate) async fn put_same(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        self.0.put_same(path, bytes).await
    }

    /// Puts an object in the place of what stands under its name: a tombstone in the place of a key.
    pub(crate) async fn replace(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        self.0.replace(path, bytes).await
    }

    pub(crate) async fn get(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        self.0.get(path).await
    }

    pub(crate) async fn list(&self, folder: &Path) -> Result<Vec<Path>, Error> {
        self.0.list(folder).await
    }

    pub(crate) async fn delete(&self, path: &Path) -> Result<(), Error> {
        self.0.delete(path).await
    }
}
