//! What aggregate has made of a world: landed, sealed, published.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kaiku_aggregate::{Rollups, verify};
use kaiku_broker::Admin;
use kaiku_rehearsal::under;

use super::oracle::{landing, seen};
use super::process::Stage;
use super::world::World;

impl World {
    /// Starts a process that lands and seals, with what a test has happen at some of its steps.
    pub(crate) fn aggregate(&self, name: &str, failpoints: &str) -> Stage {
        let variables = [("FAILPOINTS", failpoints.to_owned())];
        Stage::start_with(self.folder.path(), "aggregate", name, &variables)
    }

    /// Whether all that stands on events.stripped has landed.
    pub(crate) fn has_landed(&self) -> bool {
        let admin = Admin::connect(&self.kafka).unwrap();
        let topic = self.kafka.topics().stripped();
        let landed = landing::landed(&self.folder.path().join("landing"));
        (0..self.partitions).all(|partition| {
            let (_, end) = admin.watermarks(&topic, partition).unwrap();
            // The last offset of a transaction is its marker, which nobody lands.
            landed.get(&partition).map_or(0, |landed| landed.end) + 1 >= end
        })
    }

    /// How many days are sealed.
    pub(crate) fn manifests(&self) -> u64 {
        let folder = self.folder.path().join("rollups/_manifests");
        fs::read_dir(folder).map_or(0, |files| files.count() as u64)
    }

    /// Everything landed is what is committed, each record once. Nothing may have been deleted.
    pub(crate) fn assert_landed(&self) {
        let landed = landing::landed(&self.folder.path().join("landing"));
        for (partition, seen) in seen(&self.kafka) {
            landed[&partition].compare(partition, &seen).unwrap();
        }
    }

    /// What is published is what the manifests of so many days say, and nothing more; the key of no
    /// seal is left.
    pub(crate) fn assert_published(&self, days: u64) {
        let rollups = self.folder.path().join("rollups");
        let store = Rollups::open(rollups.to_str().unwrap(), None).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let found = runtime.block_on(verify(&store)).unwrap();
        assert_eq!(found.problems, Vec::<String>::new());
        assert_eq!(found.periods, days);
        let seals = files(&self.folder.path().join("landing")).into_keys();
        let keys: Vec<_> = seals
            .filter(|path| path.file_name().is_some_and(|name| name == "key"))
            .collect();
        assert!(keys.is_empty(), "the key of a seal is left: {keys:?}");
    }
}

/// All files under a folder, and what stands in them.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    // A folder that was not made yet has none.
    let paths = under(folder).unwrap_or_default().into_iter();
    let read = |path: PathBuf| (path.clone(), fs::read(&path).unwrap());
    paths.map(read).collect()
}
