//! What a seal is going to do, put before any noise is drawn.
//!
//! The noise is a function of the seal's key and of this document, so that a seal that was
//! interrupted ends with the same bytes, and one with other inputs is refused.

use std::collections::BTreeSet;

use bytes::Bytes;
use kaiku_release::{Period, Policy, Rho};
use kaiku_stage::{RandomSource, failpoint};
use kaiku_wire::{BOUNDS, Bounds};
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Vocabulary;
use crate::error::Error;
use crate::landing::Entry;
use crate::rollups::folder_of;
use crate::rollups::manifest::Withheld;
use crate::store::{Landing, Put};

/// The folder of the landing store in which seals leave their notes.
const SEALS: &str = "_seal";

/// The name of an intent in the folder of its period.
const INTENT: &str = "intent.json";

/// The format of this document.
const FORMAT: u32 = 2;

/// What stands in the place of a key that was used: no other key is ever drawn for its period.
const TOMBSTONE: &[u8] = b"spent\n";

/// What a seal is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    format: u32,
    /// The [id](crate::landing::Source::id) of the topic that the counts come from.
    source: String,
    period: String,
    policy: String,
    bounds: Bounds,
    catalogue: String,
    /// The apps that get a file. Where the catalogue changes while a seal is under way, it is
    /// the new one that waits for the next day.
    apps: Vec<String>,
    inputs: Vec<Input>,
    /// The tables that are not published, and why.
    withheld: Vec<Withheld>,
    rho_millionths: u64,
    previous: Option<String>,
    /// 32 random bytes, so that no two intents have one hash.
    salt: String,
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

/// What an intent is made of, beside what is drawn for it.
pub(super) struct Plan<'a> {
    pub(super) source: &'a str,
    pub(super) period: Period,
    pub(super) policy: &'a Policy,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) inputs: &'a [Entry],
    pub(super) withheld: Vec<Withheld>,
    pub(super) rho: Rho,
    pub(super) previous: Option<&'a str>,
}

impl Intent {
    /// What the seal of a period is going to do.
    pub(super) fn new(plan: Plan<'_>, random: &RandomSource) -> Intent {
        let inputs = plan.inputs.iter().map(|entry| Input {
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
            source: plan.source.to_owned(),
            period: folder_of(plan.period),
            policy: hex::encode(plan.policy.hash()),
            bounds: BOUNDS,
            catalogue: hex::encode(plan.vocabulary.hash()),
            apps: plan.vocabulary.apps().to_vec(),
            inputs: inputs.collect(),
            withheld: plan.withheld,
            rho_millionths: plan.rho.millionths(),
            previous: plan.previous.map(str::to_owned),
            salt: hex::encode(random.bytes::<32>()),
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
        let intent = match store.put_if_absent(&path, bytes.into()).await? {
            Put::Created => self,
            Put::Exists(found) => {
                let standing: Intent = serde_json::from_slice(&found).map_err(document)?;
                self.resumes(&standing, period)?;
                standing
            }
        };
        let hash = intent.public_hash().map_err(document)?;
        Ok(Standing { intent, hash })
    }

    /// SHA-256 of the document without its inputs, and without the hash of the manifest before it:
    /// what is published carries it, and so it depends on no count, nor on what came of one.
    fn public_hash(&self) -> serde_json::Result<[u8; 32]> {
        let public = Intent {
            inputs: Vec::new(),
            previous: None,
            ..self.clone()
        };
        Ok(Sha256::digest(serde_json::to_vec(&public)?).into())
    }

    fn resumes(&self, standing: &Intent, period: Period) -> Result<(), Error> {
        let what = if self.format != standing.format || self.period != standing.period {
            "version of this program"
        } else if self.source != standing.source {
            "topic"
        } else if self.bounds != standing.bounds {
            "set of bounds"
        } else if self.policy != standing.policy || self.rho_millionths != standing.rho_millionths {
            "policy"
        } else if self.inputs != standing.inputs || self.withheld != standing.withheld {
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

    /// The tables that are not published, and why.
    pub(super) fn withheld(&self) -> &[Withheld] {
        &self.intent.withheld
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
/// does. `None` where a tombstone stands in its place: the seal was ended before.
pub(super) async fn key(
    store: &Landing,
    period: Period,
    random: &RandomSource,
) -> Result<Option<Zeroizing<[u8; 32]>>, Error> {
    let fresh: Zeroizing<[u8; 32]> = Zeroizing::new(random.bytes());
    let path = key_path(period);
    let bytes = Bytes::copy_from_slice(&*fresh);
    let found = match store.put_if_absent(&path, bytes).await? {
        Put::Created => return Ok(Some(fresh)),
        Put::Exists(found) => found,
    };
    if found == TOMBSTONE {
        return Ok(None);
    }
    let key = <[u8; 32]>::try_from(found.as_ref()).map_err(|_| Error::Altered {
        path: path.to_string(),
    })?;
    Ok(Some(Zeroizing::new(key)))
}

/// Puts the tombstone in the place of a period's key, and then deletes its intent.
pub(super) async fn destroy(store: &Landing, period: Period) -> Result<(), Error> {
    store
        .replace(&key_path(period), Bytes::from_static(TOMBSTONE))
        .await?;
    failpoint("seal.key_gone");
    store.delete(&path(period)).await
}

/// The periods, as folders name them, whose intents still stand.
pub(super) async fn left(store: &Landing) -> Result<BTreeSet<String>, Error> {
    let standing = store.list(&Path::from(SEALS)).await?;
    let intents = standing
        .iter()
        .filter(|path| path.filename() == Some(INTENT));
    let periods = intents.filter_map(|path| path.parts().nth(1));
    Ok(periods.map(|part| part.as_ref().to_owned()).collect())
}

/// Where the key of a seal stands.
fn key_path(period: Period) -> Path {
    Path::from(format!("{SEALS}/{}/key", folder_of(period)))
}

/// Where the intent of a seal stands.
fn path(period: Period) -> Path {
    Path::from(format!("{SEALS}/{}/{INTENT}", folder_of(period)))
}
