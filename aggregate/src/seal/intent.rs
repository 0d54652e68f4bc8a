//! What a seal is going to do, put before any noise is drawn.
//!
//! The noise is a function of the seal's key and of this document, so that a seal that was
//! interrupted ends with the same bytes, and one with other inputs is refused.

use bytes::Bytes;
use kaiku_release::{Period, Policy};
use kaiku_stage::RandomSource;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Vocabulary;
use crate::error::Error;
use crate::landing::Entry;
use crate::rollups::folder_of;
use crate::store::{Landing, Put};

/// The folder of the landing store in which seals leave their notes.
pub(super) const SEALS: &str = "_seal";

/// The format of this document.
const FORMAT: u32 = 1;

/// What a seal is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    format: u32,
    period: String,
    policy: String,
    catalogue: String,
    /// The apps that get a file. Where the catalogue changes while a seal is under way, it is
    /// the new one that waits for the next day.
    apps: Vec<String>,
    inputs: Vec<Input>,
    rho_millionths: u64,
    previous: Option<String>,
}

/// A landing object that is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    partition: i32,
    sequence: u64,
    sha256: String,
}

/// An intent that stands, with its hash.
pub(super) struct Standing {
    intent: Intent,
    hash: [u8; 32],
}

impl Intent {
    /// What the seal of a period is going to do.
    pub(super) fn new(
        period: Period,
        policy: &Policy,
        vocabulary: &Vocabulary,
        inputs: &[Entry],
        previous: Option<&str>,
    ) -> Intent {
        let inputs = inputs.iter().map(|entry| Input {
            partition: entry.partition,
            sequence: entry.sequence,
            sha256: entry
                .data
                .as_ref()
                .map(|data| data.sha256.clone())
                .unwrap_or_default(),
        });
        Intent {
            format: FORMAT,
            period: folder_of(period),
            policy: hex::encode(policy.hash()),
            catalogue: hex::encode(vocabulary.hash()),
            apps: vocabulary.apps().to_vec(),
            inputs: inputs.collect(),
            rho_millionths: policy.share(period.unit()).millionths(),
            previous: previous.map(str::to_owned),
        }
    }

    /// Puts the intent, or takes up the one that stands there, if it is of the same seal.
    pub(super) async fn put(self, store: &Landing, period: Period) -> Result<Standing, Error> {
        let path = path(period);
        let document = |source| Error::Document {
            path: path.to_string(),
            source,
        };
        let bytes = serde_json::to_vec_pretty(&self).map_err(document)?;
        let bytes = Bytes::from(bytes);
        let (intent, bytes) = match store.put_if_absent(&path, bytes.clone()).await? {
            Put::Created => (self, bytes),
            Put::Exists(found) => {
                let standing: Intent = serde_json::from_slice(&found).map_err(document)?;
                self.resumes(&standing, period)?;
                (standing, found)
            }
        };
        Ok(Standing {
            intent,
            hash: Sha256::digest(&bytes).into(),
        })
    }

    fn resumes(&self, standing: &Intent, period: Period) -> Result<(), Error> {
        let what = if self.format != standing.format || self.period != standing.period {
            "version of this program"
        } else if self.policy != standing.policy || self.rho_millionths != standing.rho_millionths {
            "policy"
        } else if self.inputs != standing.inputs {
            "set of landing objects"
        } else if self.previous != standing.previous {
            "chain of manifests"
        } else {
            return Ok(());
        };
        Err(Error::Changed {
            period: folder_of(period),
            what,
        })
    }
}

impl Standing {
    /// The apps that get a file.
    pub(super) fn apps(&self) -> &[String] {
        &self.intent.apps
    }

    /// The hash of the catalogue, in hexadecimal digits.
    pub(super) fn catalogue(&self) -> &str {
        &self.intent.catalogue
    }

    /// The hash of the intent.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

/// The key of a seal's noise: 32 random bytes of this seal alone, which stand until its manifest
/// does.
pub(super) async fn key(
    store: &Landing,
    period: Period,
    random: &RandomSource,
) -> Result<[u8; 32], Error> {
    let fresh: [u8; 32] = random.bytes();
    let path = key_path(period);
    let bytes = Bytes::copy_from_slice(&fresh);
    match store.put_if_absent(&path, bytes).await? {
        Put::Created => Ok(fresh),
        Put::Exists(found) => <[u8; 32]>::try_from(found.as_ref()).map_err(|_| Error::Altered {
            path: path.to_string(),
        }),
    }
}

/// Where the key of a seal stands.
pub(super) fn key_path(period: Period) -> Path {
    Path::from(format!("{SEALS}/{}/key", folder_of(period)))
}

/// Where the intent of a seal stands.
fn path(period: Period) -> Path {
    Path::from(format!("{SEALS}/{}/intent.json", folder_of(period)))
}
