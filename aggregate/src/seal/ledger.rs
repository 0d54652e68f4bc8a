//! What was spent, as the landing store remembers it: a line a sealed period, beside the public
//! chain of manifests and independent of it.
//!
//! The rollups can be lost, moved, or brought back from before their last manifest. The ledger and
//! the tombstones of spent keys stay with the counts: so a period whose noise was drawn once is
//! refused, instead of being drawn a second time.

use std::collections::BTreeSet;

use bytes::Bytes;
use kaiku_release::Period;
use kaiku_stage::failpoint;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::intent;
use crate::error::Error;
use crate::rollups::{Chain, Manifest, folder_of};
use crate::store::Landing;

/// The folder of the lines.
const LEDGER: &str = "_ledger";

/// The format of a line.
const FORMAT: u32 = 1;

/// What the seal of one period has spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    format: u32,
    period: String,
    /// The number of its manifest.
    number: u64,
    /// SHA-256 of its manifest, in hexadecimal digits.
    manifest: String,
    rho_millionths: u64,
}

/// Ends the seal of a period whose manifest stands: writes its line, puts the tombstone in the
/// place of its key, and deletes the intent, which lists what was read. It may be called again.
///
/// # Errors
/// Where the store fails; the rest is done the next time.
pub(super) async fn close(
    landing: &Landing,
    period: Period,
    manifest: &Manifest,
    hash: &str,
) -> Result<(), Error> {
    let path = path(period);
    let line = Line {
        format: FORMAT,
        period: folder_of(period),
        number: manifest.number,
        manifest: hash.to_owned(),
        rho_millionths: manifest.rho_millionths,
    };
    let bytes = serde_json::to_vec_pretty(&line).map_err(|source| Error::Document {
        path: path.to_string(),
        source,
    })?;
    landing.put_same(&path, Bytes::from(bytes)).await?;
    failpoint("seal.ledger");
    intent::destroy(landing, period).await
}

/// Where the lines of the ledger stand.
///
/// # Errors
/// Where the store fails.
pub(crate) async fn lines(landing: &Landing) -> Result<BTreeSet<Path>, Error> {
    let lines = landing.list(&Path::from(LEDGER)).await?;
    Ok(lines.into_iter().collect())
}

/// Holds the ledger beside the chain, which was read after its [`lines`], and ends what a crash left
/// unended.
///
/// # Errors
/// [`Error::Ledger`] where a period was sealed that the chain does not have, or has otherwise.
pub(crate) async fn reconcile(
    landing: &Landing,
    lines: BTreeSet<Path>,
    chain: &Chain,
) -> Result<(), Error> {
    let left = intent::left(landing).await?;
    let mut known = BTreeSet::new();
    for (manifest, hash) in chain.with_hashes() {
        let Some(period) = manifest.period() else {
            continue;
        };
        let path = path(period);
        if !lines.contains(&path) || left.contains(&folder_of(period)) {
            close(landing, period, manifest, hash)
                .await
                .map_err(|error| match error {
                    Error::Altered { .. } => differs(period),
                    error => error,
                })?;
        } else {
            agree(landing, &path, period, hash).await?;
        }
        known.insert(path);
    }
    match lines.difference(&known).next() {
        None => Ok(()),
        Some(line) => Err(Error::Ledger {
            period: name_of(line),
            what: "which the rollups do not have",
        }),
    }
}

/// Whether a line is about this manifest.
async fn agree(landing: &Landing, path: &Path, period: Period, hash: &str) -> Result<(), Error> {
    let bytes = landing.get(path).await?.unwrap_or_default();
    let line: Line = serde_json::from_slice(&bytes).map_err(|source| Error::Document {
        path: path.to_string(),
        source,
    })?;
    if line.manifest == hash {
        return Ok(());
    }
    Err(differs(period))
}

fn differs(period: Period) -> Error {
    Error::Ledger {
        period: folder_of(period),
        what: "with another manifest than the rollups have",
    }
}

/// Where the line of a period stands.
fn path(period: Period) -> Path {
    Path::from(format!("{LEDGER}/{}.json", folder_of(period)))
}

/// The period that a line is named after.
fn name_of(line: &Path) -> String {
    let name = line.filename().unwrap_or_default();
    name.strip_suffix(".json").unwrap_or(name).to_owned()
}
