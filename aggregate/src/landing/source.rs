//! Which topic a landing store is filled from: bound at the first start, and checked ever after.
//!
//! Offsets mean nothing without their topic: a log that is read on with another one skips records,
//! and the seal then deletes what was never landed.

use std::fmt;

use kaiku_stripped::schemas;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::store::{Landing, Put, sha256};

/// Where the binding stands in the landing store.
const BINDING: &str = "_source.json";

/// A topic as nothing else is it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// Its name, with its prefix.
    pub(crate) topic: String,
    /// The identifier that the cluster gave it when it was made; none where the brokers tell none.
    pub(crate) topic_id: Option<String>,
    /// Its partitions.
    pub(crate) partitions: i32,
}

impl Source {
    /// A short name of the source: the first half of a SHA-256, in hexadecimal digits.
    pub(crate) fn id(&self) -> String {
        let Source {
            topic,
            topic_id,
            partitions,
        } = self;
        let id = topic_id.as_deref().unwrap_or_default();
        // The name of the first record that stood there: a store is bound for its life.
        let name = schemas::STRIPPED_BATCH.name();
        let mut hash = sha256(format!("{name}\n{topic}\n{id}\n{partitions}").as_bytes());
        hash.truncate(32);
        hash
    }

    /// What a landing store is bound to; `None` where nothing was landed in it.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn bound(landing: &Landing) -> Result<Option<Source>, Error> {
        let path = Path::from(BINDING);
        let Some(found) = landing.get(&path).await? else {
            return Ok(None);
        };
        let found = serde_json::from_slice(&found);
        found.map(Some).map_err(|source| Error::Document {
            path: path.to_string(),
            source,
        })
    }

    /// Binds a landing store to this source, or finds it bound.
    ///
    /// # Errors
    /// [`Error::Source`] where it is bound to another one.
    pub(crate) async fn bind(&self, landing: &Landing) -> Result<(), Error> {
        let path = Path::from(BINDING);
        let document = |source| Error::Document {
            path: path.to_string(),
            source,
        };
        let bytes = serde_json::to_vec_pretty(self).map_err(document)?;
        let Put::Exists(found) = landing.put_if_absent(&path, bytes.into()).await? else {
            return Ok(());
        };
        let found: Source = serde_json::from_slice(&found).map_err(document)?;
        self.check(&found)
    }

    /// Whether a store that is bound so is this source's.
    ///
    /// # Errors
    /// [`Error::Source`] where it is not.
    pub(crate) fn check(&self, bound: &Source) -> Result<(), Error> {
        if bound == self {
            return Ok(());
        }
        Err(Error::Source {
            bound: bound.to_string(),
            read: self.to_string(),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source {
            topic, partitions, ..
        } = self;
        write!(f, "{topic} with {partitions} partitions")?;
        match &self.topic_id {
            Some(id) => write!(f, " and the id {id}"),
            None => Ok(()),
        }
    }
}
