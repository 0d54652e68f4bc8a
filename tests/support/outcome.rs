//! What aggregate has made of a world: landed, sealed, published.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kaiku_aggregate::{Expected, Rollups, verify};
use kaiku_broker::Admin;
use kaiku_rehearsal::under;

use super::oracle::{landing, seen};
use super::process::Stage;
use super::world::World;

impl World {
    /// Starts a process that lands and seals, with what a test has happen at some of its steps.
    pub(crate) fn aggregate(&self, name: &str, failpoints: &str) -> Stage {
        self.process("aggregate", name, failpoints)
    }

    /// Whether all that stands on events.stripped has landed.
    pub(crate) fn has_landed(&self) -> bool {
        let admin = Admin::connect(&self.kafka).unwrap();
        let topic = self.kafka.topics().stripped();
        let landed = landing::landed(&self.folder.path().join("landing"));
        (0..self.partitions).all(|partition| {
            let Ok((_, end)) = admin.watermarks(&topic, partition) else {
                // It is asked again.
                return false;
            };
            // The last offset of a transaction is its marker, which nobody lands.
            landed.get(&partition).map_or(0, |landed| landed.end) + 1 >= end
        })
    }

    /// How many days are sealed.
    pub(crate) fn manifests(&self) -> u64 {
        let folder = self.folder.path().join("rollups/manifests");
        let is_manifest = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("day=") && name.ends_with(".json"))
        };
        let paths = under(&folder).unwrap_or_default();
        paths.iter().filter(is_manifest).count() as u64
    }

    /// Of each sealed day, why its first withheld table is withheld; and that the incident stands beside
    /// it.
    pub(crate) fn said_of_days(&self) -> Vec<Option<&'static str>> {
        let folder = self.folder.path().join("rollups/manifests");
        let days = files(&folder).into_iter().filter(|(path, _)| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("day=") && name.ends_with(".json")
        });
        let said = days.map(|(_, bytes)| {
            let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let reason = manifest["withheld"][0]["reason"].as_str();
            let incident = manifest["incidents"][0]["incident"].as_str();
            assert_eq!(reason, incident);
            reason.map(|reason| &*reason.to_owned().leak())
        });
        said.collect()
    }

    /// Everything landed is what is committed, each record once. Nothing may have been deleted.
    pub(crate) fn assert_landed(&self) {
        let landed = landing::landed(&self.folder.path().join("landing"));
        for (partition, seen) in seen(&self.kafka) {
            landed[&partition].compare(partition, &seen).unwrap();
        }
    }

    /// What is published is what the manifests of so many days say, and nothing more; each key is
    /// spent, and nothing says what was read.
    pub(crate) fn assert_published(&self, days: u64) {
        let rollups = self.folder.path().join("rollups");
        let store = Rollups::open(rollups.to_str().unwrap(), None).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let found = runtime
            .block_on(verify(&store, &Expected::default()))
            .unwrap();
        assert_eq!(found.problems, []);
        assert_eq!(self.manifests(), days);
        let seals = files(&self.folder.path().join("landing/_seal"));
        let left = seals.iter().filter(|(_, bytes)| *bytes != b"spent\n");
        let left: Vec<_> = left.map(|(path, _)| path).collect();
        assert!(left.is_empty(), "of a seal is left: {left:?}");
        assert_eq!(seals.len() as u64, found.periods, "each period has one key");
    }
}

/// All files under a folder, and what stands in them.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    // A folder that was not made yet has none.
    let paths = under(folder).unwrap_or_default().into_iter();
    let read = |path: PathBuf| (path.clone(), fs::read(&path).unwrap());
    paths.map(read).collect()
}
