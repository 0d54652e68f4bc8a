//! A place for objects that are written once, but for those few that are replaced whole: a local
//! folder, or whatever `object_store` reaches; and the one of the two places that holds exact
//! counts, [`Landing`].

mod landing;
mod local;
mod probe;

use std::path::Path as FsPath;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload, prefix::PrefixStore};
use sha2::{Digest, Sha256};
use url::Url;

use crate::error::Error;
pub use landing::Landing;
use local::Folder;
pub use probe::Probed;

/// How often a put is tried again where the store says that the object exists, and then that it
/// does not: S3 answers so while two puts are under way.
const TRIES: usize = 5;

/// What became of a put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The object stands under its name now, whole and durable.
    Created,
    /// Another one stood there, with these bytes; nothing was written.
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
    pub(crate) fn open(place: &str, staging: Option<&FsPath>) -> Result<Store, Error> {
        Store::at(place, staging, false)
    }

    /// Opens a store whose local files are for their owner alone.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub(crate) fn open_private(place: &str, staging: Option<&FsPath>) -> Result<Store, Error> {
        Store::at(place, staging, true)
    }

    /// Opens a folder that is there, or a URL, for reading: nothing is made.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub(crate) fn open_to_read(place: &str) -> Result<Store, Error> {
        if is_url(place) {
            return Store::remote(place);
        }
        let root = local(place);
        let refuse = |reason: String| Error::Place {
            place: place.to_owned(),
            reason,
        };
        if !root.is_dir() {
            return Err(refuse("there is no such folder".to_owned()));
        }
        let objects = LocalFileSystem::new_with_prefix(root);
        Ok(Store {
            objects: Arc::new(objects.map_err(|error| refuse(error.to_string()))?),
            folder: None,
        })
    }

    fn at(place: &str, staging: Option<&FsPath>, private: bool) -> Result<Store, Error> {
        let refuse = |reason: String| Error::Place {
            place: place.to_owned(),
            reason,
        };
        if is_url(place) {
            return Store::remote(place);
        }
        let root = local(place);
        let folder = Folder::open(root, staging, private).map_err(refuse)?;
        let objects = Arc::new(folder.objects());
        Ok(Store {
            objects,
            folder: Some(Arc::new(folder)),
        })
    }

    fn remote(place: &str) -> Result<Store, Error> {
        let refuse = |reason: String| Error::Place {
            place: place.to_owned(),
            reason,
        };
        let url = Url::parse(place).map_err(|error| refuse(format!("{error}: correct it")))?;
        let options = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
        let (objects, prefix) =
            object_store::parse_url_opts(&url, lower(options)).map_err(|error| {
                refuse(format!(
                    "{error}: this build may reach local folders only; name a folder"
                ))
            })?;
        let objects: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(objects, prefix));
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
        let mut last = None;
        for _ in 0..TRIES {
            if self.create(path, bytes.clone()).await? {
                return Ok(Put::Created);
            }
            match self.objects.get(path).await {
                Ok(found) => {
                    let found = found.bytes().await.map_err(Error::store("getting", path))?;
                    return Ok(Put::Exists(found));
                }
                Err(error @ object_store::Error::NotFound { .. }) => last = Some(error),
                Err(error) => return Err(Error::store("getting", path)(error)),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let source = last.unwrap_or(object_store::Error::NotImplemented {
            operation: "put_if_absent".to_owned(),
            implementer: "this store".to_owned(),
        });
        Err(Error::store("putting", path)(source))
    }

    /// Puts an object that must not differ from what stands under the name already, if anything.
    /// Gives whether it was put now.
    ///
    /// # Errors
    /// [`Error::Altered`] where another object stands there; where the store fails.
    pub(crate) async fn put_same(&self, path: &Path, bytes: Bytes) -> Result<bool, Error> {
        match self.put_if_absent(path, bytes.clone()).await? {
            Put::Created => Ok(true),
            Put::Exists(found) if found == bytes => Ok(false),
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
        if let Some(folder) = &self.folder {
            return folder.replace(path, bytes).await;
        }
        let put = self.objects.put(path, PutPayload::from_bytes(bytes)).await;
        put.map(|_| ()).map_err(Error::store("replacing", path))
    }

    /// Whether a second put to the same name is told of the first; what is put under this name is
    /// deleted again.
    ///
    /// # Errors
    /// Where the store fails.
    async fn keeps_first(&self, name: &str) -> Result<bool, Error> {
        let path = Path::from(format!("_kaiku_doctor/{name}"));
        let (one, two) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
        let first = self.put_if_absent(&path, one.clone()).await?;
        let second = self.put_if_absent(&path, two).await;
        self.delete(&path).await?;
        Ok(first == Put::Created && second? == Put::Exists(one))
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

    /// Whether the object is new.
    async fn create(&self, path: &Path, bytes: Bytes) -> Result<bool, Error> {
        if let Some(folder) = &self.folder {
            return folder.create(path, bytes).await;
        }
        let payload = PutPayload::from_bytes(bytes);
        match self
            .objects
            .put_opts(path, payload, PutMode::Create.into())
            .await
        {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(Error::store("putting", path)(error)),
        }
    }
}

/// SHA-256 as 64 hexadecimal digits, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn is_url(place: &str) -> bool {
    place.contains("://") && !place.starts_with("file://")
}

fn local(place: &str) -> &FsPath {
    FsPath::new(place.strip_prefix("file://").unwrap_or(place))
}

/// The names of settings as `object_store` knows them.
fn lower(
    options: impl Iterator<Item = (String, String)>,
) -> impl Iterator<Item = (String, String)> {
    options.map(|(name, value)| (name.to_ascii_lowercase(), value))
}

#[cfg(test)]
mod tests;
