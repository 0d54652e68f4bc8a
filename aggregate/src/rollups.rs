//! The rollups: what is published, and the only way in which anything gets there.
//!
//! A file comes out of a [`Released`], which the release gate alone can make, and a manifest names
//! it. There is no other way to put anything: exact counts can't be written here by mistake, for
//! they live in a store of another type.

mod chain;
mod file;
pub(crate) mod manifest;

use std::path::Path as FsPath;

use bytes::Bytes;
use kaiku_release::{Period, Policy, Released, Table};
use object_store::path::Path;

use crate::error::Error;
use crate::object;
use crate::store::{Put, Store, sha256};

pub(crate) use chain::Chain;
pub(crate) use file::apps;
pub(crate) use manifest::{MANIFESTS, folder_of};
pub use manifest::{Manifest, ManifestFile, ManifestTable};

/// The store of what is released: public. Clones are the same place.
#[derive(Clone, Debug)]
pub struct Rollups(Store);

impl Rollups {
    /// Opens a folder, which is made where it is missing, or a URL.
    ///
    /// Files of a local store are written in `staging` first (`.kaiku-tmp` beside the folder
    /// where none is given), which must be on the same file system and outside of the folder.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub fn open(place: &str, staging: Option<&FsPath>) -> Result<Rollups, Error> {
        Store::open(place, staging).map(Rollups)
    }

    /// Whether the store keeps what was put first: tries it under this name, and deletes what was
    /// put.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn keeps_first(&self, name: &str) -> Result<bool, Error> {
        self.0.keeps_first(name).await
    }

    /// Publishes the rows of one app, or adopts the file that stands there if it says the same.
    pub(crate) async fn publish(
        &self,
        released: &Released,
        app: &str,
        table: &Table,
        policy: &Policy,
    ) -> Result<ManifestFile, Error> {
        let path = file::path_of(released, app);
        let bytes = file::file_of(released, app, table, policy)?;
        let hash = match self.0.put_if_absent(&path, bytes.clone()).await? {
            Put::Created => sha256(&bytes),
            Put::Exists(found) if found == bytes => sha256(&found),
            Put::Exists(found) => {
                // A later version of the writer may lay out the same rows in other bytes.
                let name = path.as_ref();
                if object::read(name, found.clone())? != object::read(name, bytes)? {
                    return Err(Error::Altered {
                        path: path.to_string(),
                    });
                }
                sha256(&found)
            }
        };
        Ok(ManifestFile {
            path: path.to_string(),
            rows: file::rows_of(released, app).len() as u64,
            sha256: hash,
        })
    }

    /// Puts the manifest of a period, the last of its files; gives its bytes.
    pub(crate) async fn seal(&self, period: Period, manifest: &Manifest) -> Result<Bytes, Error> {
        let path = manifest::path_of(period);
        let bytes = serde_json::to_vec_pretty(manifest).map_err(|source| Error::Document {
            path: path.to_string(),
            source,
        })?;
        let bytes = Bytes::from(bytes);
        self.0.put_same(&path, bytes.clone()).await?;
        Ok(bytes)
    }

    /// The manifest of a period, where it is sealed.
    pub(crate) async fn sealed(&self, period: Period) -> Result<Option<Bytes>, Error> {
        self.0.get(&manifest::path_of(period)).await
    }

    pub(crate) async fn get(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        self.0.get(path).await
    }

    pub(crate) async fn list(&self, folder: &Path) -> Result<Vec<Path>, Error> {
        self.0.list(folder).await
    }
}
