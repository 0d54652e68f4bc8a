//! A copy of the rollups in a folder, for whoever reads folders alone.

use std::path::Path as FsPath;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::Rollups;
use crate::error::Error;

/// How many objects are under way at once: a store behind a network answers many as fast as one.
const AT_ONCE: usize = 16;

impl Rollups {
    /// Copies everything that stands there into a folder that is there; gives how many objects that were.
    ///
    /// # Errors
    /// [`Error::Place`] where there is no such folder; where the store fails, or the folder can't be written to.
    pub async fn copy_to(&self, folder: &FsPath) -> Result<usize, Error> {
        let into = LocalFileSystem::new_with_prefix(folder).map_err(|error| Error::Place {
            place: folder.display().to_string(),
            reason: error.to_string(),
        })?;
        let into: &dyn ObjectStore = &into;
        let paths = self.list(&Path::default()).await?;
        stream::iter(paths)
            .map(|path| async move {
                // One that is gone since it was listed was there to try whether the store keeps the first.
                let Some(bytes) = self.get(&path).await? else {
                    return Ok(0);
                };
                let put = into.put(&path, bytes.into()).await;
                put.map(|_| 1).map_err(Error::store("writing", &path))
            })
            .buffer_unordered(AT_ONCE)
            .try_fold(0, |copied, one| async move { Ok(copied + one) })
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Rollups;

    #[tokio::test]
    async fn a_copy_has_every_object_with_its_bytes() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let objects = [
            ("catalogue.json", &b"{}"[..]),
            ("manifests/day/2026-11-02.json", b"a manifest"),
            ("uses/app=maps/day=2026-11-02/rows.parquet", b""),
        ];
        for (name, bytes) in objects {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let rollups = Rollups::open_to_read(from.path().to_str().unwrap()).unwrap();
        assert_eq!(rollups.copy_to(to.path()).await.unwrap(), objects.len());
        for (name, bytes) in objects {
            assert_eq!(fs::read(to.path().join(name)).unwrap(), bytes, "{name}");
        }
    }
}
