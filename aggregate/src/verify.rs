//! Checks what was published: the chain of manifests, the hash of every file, and that nothing
//! stands there that no manifest names.

use std::collections::BTreeSet;

use object_store::path::Path;

use crate::error::Error;
use crate::rollups::{Chain, MANIFESTS, Rollups};
use crate::store::sha256;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Sealed periods.
    pub periods: u64,
    /// Published files that are as their manifest says.
    pub files: u64,
    /// Rows of these files.
    pub rows: u64,
    /// Everything that is not as it should be, a sentence each.
    pub problems: Vec<String>,
}

/// Checks a folder or store of rollups.
///
/// # Errors
/// Where the store fails, or the chain of manifests is broken.
pub async fn verify(rollups: &Rollups) -> Result<Verified, Error> {
    let chain = Chain::load(rollups).await?;
    let mut found = Verified::default();
    let mut named = BTreeSet::new();
    for manifest in chain.manifests() {
        found.periods += 1;
        for file in manifest.tables.iter().flat_map(|table| &table.files) {
            let path = Path::parse(&file.path).unwrap_or_else(|_| Path::from(file.path.as_str()));
            match rollups.get(&path).await? {
                Some(bytes) if sha256(&bytes) == file.sha256 => {
                    found.files += 1;
                    found.rows += file.rows;
                }
                Some(_) => found
                    .problems
                    .push(format!("{path} is not what was published")),
                None => found.problems.push(format!("{path} is missing")),
            }
            named.insert(path);
        }
    }
    for path in rollups.list(&Path::default()).await? {
        let is_manifest = path
            .parts()
            .next()
            .is_some_and(|first| first.as_ref() == MANIFESTS);
        if !is_manifest && !named.contains(&path) {
            found
                .problems
                .push(format!("{path} is named by no manifest"));
        }
    }
    Ok(found)
}
