//! The rollups: what is published, and the only way in which anything gets there.
//!
//! A file comes out of a [`Released`], which the release gate alone can make, and a manifest names
//! it. There is no other way to put anything: exact counts can't be written here by mistake, for
//! they live in a store of another type. What stands beside these files is made of them alone, and
//! of the policy and the catalogue.

mod aids;
mod chain;
mod copy;
mod dictionary;
mod export;
mod file;
pub(crate) mod manifest;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod seen;
mod sign;
mod simulated;

use std::path::Path as FsPath;

use bytes::Bytes;
use kaiku_release::{Period, Policy, Released, Table};
use object_store::path::Path;

use crate::error::Error;
use crate::store::{Put, S3Config, Store, sha256};

pub(crate) use aids::{Latest, MONTHLY, is_aid, monthly_copies, monthly_rows};
pub(crate) use chain::{Chain, read as read_manifest};
pub use dictionary::{DescribedColumn, DescribedTable, Dictionary, Role, Sums};
pub use export::{Selection, export};
pub(crate) use file::apps;
pub(crate) use manifest::{FIRST_MANIFESTS, MANIFESTS, ManifestPaths, folder_of};
pub use manifest::{
    Manifest, ManifestFile, ManifestIncident, ManifestMeasure, ManifestTable, Withheld,
    WithheldReason,
};
pub(crate) use read::{Place, PublishedFile};
pub use seen::SeenFeatures;
pub use sign::Signer;
pub(crate) use sign::is_signed;
pub use simulated::{Simulated, SimulatedPeriod};

/// The store of what is released: public. Clones are the same place.
#[derive(Clone, Debug)]
pub struct Rollups(Store);

impl Rollups {
    /// Opens a folder, which is made where it is missing, or a URL, which is reached as the environment says.
    ///
    /// Files of a local store are written in `staging` first (`.kaiku-tmp` beside the folder
    /// where none is given), which must be on the same file system and outside of the folder.
    ///
    /// # Errors
    /// [`Error::Place`] with what to do.
    pub fn open(place: &str, staging: Option<&FsPath>) -> Result<Rollups, Error> {
        Rollups::open_with(place, staging, &S3Config::default())
    }

    /// The same, where a URL is reached as these settings say.
    pub(crate) fn open_with(
        place: &str,
        staging: Option<&FsPath>,
        s3: &S3Config,
    ) -> Result<Rollups, Error> {
        Store::open(place, staging, s3).map(Rollups)
    }

    /// Opens a folder that is there, or the `rollups` in it where that one has the manifests, or a URL, to read
    /// it: nothing is made in it.
    ///
    /// # Errors
    /// [`Error::Place`] where there is no such folder.
    pub fn open_to_read(place: &str) -> Result<Rollups, Error> {
        Rollups::open_to_read_with(place, &S3Config::default())
    }

    /// The same, where a URL is reached as these settings say.
    pub(crate) fn open_to_read_with(place: &str, s3: &S3Config) -> Result<Rollups, Error> {
        // The folder of a demo, or of a pipeline that has its stores side by side.
        let within = format!("{place}/rollups");
        let has_manifests = |folder: &str| FsPath::new(folder).join(MANIFESTS).is_dir();
        let is_around = !has_manifests(place) && has_manifests(&within);
        Store::open_to_read(if is_around { &within } else { place }, s3).map(Rollups)
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
        let standing = match self.0.put_if_absent(&path, bytes.clone()).await? {
            Put::Created => bytes,
            Put::Exists(found) if found == bytes => found,
            Put::Exists(found) => {
                // A later version of the writer may lay out the same rows in other bytes.
                let [standing, here] =
                    [&found, &bytes].map(|bytes| PublishedFile::read(path.as_ref(), bytes.clone()));
                if !standing?.has_rows_of(&here?) {
                    return Err(Error::Altered {
                        path: path.to_string(),
                    });
                }
                found
            }
        };
        Ok(ManifestFile {
            path: path.to_string(),
            rows: file::rows_of(released, app).len() as u64,
            sha256: sha256(&standing),
            bytes: standing.len() as u64,
        })
    }

    /// Puts the manifest of a period, the last of its files; gives its bytes. Its signature and its
    /// one line stand there before it does.
    ///
    /// # Errors
    /// [`Error::Changed`] where the seal was begun with another key, or would now have another
    /// manifest; where the store fails.
    pub(crate) async fn seal(
        &self,
        period: Period,
        manifest: &Manifest,
        signer: &Signer,
    ) -> Result<Bytes, Error> {
        let paths = ManifestPaths::of(period);
        let document = |source| Error::Document {
            path: paths.json.to_string(),
            source,
        };
        let bytes = Bytes::from(serde_json::to_vec_pretty(manifest).map_err(document)?);
        let mut line = serde_json::to_vec(manifest).map_err(document)?;
        line.push(b'\n');
        let signature = signer.sign(&bytes);
        for (path, bytes) in [
            (&paths.signature, signature.into()),
            (&paths.line, line.into()),
        ] {
            self.put_again(period, path, bytes).await?;
        }
        self.put_again(period, &paths.json, bytes.clone()).await?;
        Ok(bytes)
    }

    /// Puts a file of a manifest, which an earlier try may have put.
    async fn put_again(&self, period: Period, path: &Path, bytes: Bytes) -> Result<(), Error> {
        match self.0.put_same(path, bytes).await {
            Err(Error::Altered { .. }) => Err(Error::Changed {
                period: folder_of(period),
                what: "signing key, or by another version of this program",
            }),
            done => done,
        }
    }

    /// The manifest of a period, where it is sealed.
    pub(crate) async fn sealed(&self, period: Period) -> Result<Option<Bytes>, Error> {
        self.0.get(&ManifestPaths::of(period).json).await
    }

    pub(crate) async fn get(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        self.0.get(path).await
    }

    pub(crate) async fn list(&self, folder: &Path) -> Result<Vec<Path>, Error> {
        self.0.list(folder).await
    }
}

#[cfg(test)]
mod tests;
