//! What stands beside the rollups to make them easy to read: the same rows by months, views, a
//! data dictionary, the public part of the catalogue, and which period is the last one.
//!
//! All of it is made of the policy, the catalogue and what was released, and holds nothing else.
//! A reader who wants proof looks at the manifests; an aid is never a part of the chain.

mod catalogue;
mod monthly;
mod views;

use bytes::Bytes;
use kaiku_catalogue::Catalogue;
use kaiku_release::{Policy, Unit};
use kaiku_wire::Day;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::{Chain, Dictionary, Rollups};
use crate::error::Error;
pub(crate) use monthly::{MONTHLY, monthly_copies, rows as monthly_rows};

const VIEWS: &str = "views.sql";
const TABLES_JSON: &str = "tables.json";
const TABLES_MARKDOWN: &str = "tables.md";
const CATALOGUE: &str = "catalogue.json";
const LATEST: &str = "_latest.json";

/// The aids that are one file each.
const FILES: [&str; 5] = [VIEWS, TABLES_JSON, TABLES_MARKDOWN, CATALOGUE, LATEST];

/// What was sealed last: the content of `_latest.json`. Nothing of it is set before the first seal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latest {
    /// The last sealed day.
    pub(crate) day: Option<Day>,
    /// The Monday of the last sealed week.
    pub(crate) week: Option<Day>,
    /// The number of the last manifest.
    pub(crate) number: Option<u64>,
    /// The hash of the last manifest.
    pub(crate) hash: Option<String>,
}

impl Latest {
    /// Where it stands.
    pub(crate) fn path() -> Path {
        Path::from(LATEST)
    }

    fn of(chain: &Chain) -> Latest {
        let first_day = |unit| chain.last_of(unit).map(kaiku_release::Period::first_day);
        Latest {
            day: first_day(Unit::Day),
            week: first_day(Unit::Week),
            number: chain.manifests().last().map(|manifest| manifest.number),
            hash: chain.last_hash().map(str::to_owned),
        }
    }
}

/// Whether a path is that of an aid, which no manifest names.
pub(crate) fn is_aid(path: &Path) -> bool {
    let first = path.parts().next();
    let in_months = first.is_some_and(|first| first.as_ref() == MONTHLY);
    in_months || FILES.iter().any(|file| path.as_ref() == *file)
}

impl Rollups {
    /// Writes everything that stands beside the rollups, as it is for this chain: at the start of a
    /// stage, so that a reader finds each table before anything is sealed, and after each seal.
    ///
    /// # Errors
    /// Where the store fails, or a published file is not the one that its manifest names. The
    /// rollups themselves stand by then; it may be called again.
    pub(crate) async fn refresh_aids(
        &self,
        policy: &Policy,
        chain: &Chain,
        catalogue: &Catalogue,
    ) -> Result<(), Error> {
        monthly::put(self, chain).await?;
        let document = |name: &'static str| {
            move |source| Error::Document {
                path: name.to_owned(),
                source,
            }
        };
        let dictionary = Dictionary::of(policy);
        let json = dictionary.json().map_err(document(TABLES_JSON))?;
        let public = catalogue::public(catalogue).map_err(document(CATALOGUE))?;
        let latest = serde_json::to_string(&Latest::of(chain)).map_err(document(LATEST))?;
        for (name, text) in [
            (VIEWS, views::sql(&dictionary, chain)),
            (TABLES_JSON, json),
            (TABLES_MARKDOWN, dictionary.markdown()),
            (CATALOGUE, public),
            (LATEST, latest),
        ] {
            self.keep(&Path::from(name), text.into()).await?;
        }
        Ok(())
    }

    /// Replaces an aid where it has changed.
    async fn keep(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        if self.0.get(path).await?.as_ref() == Some(&bytes) {
            return Ok(());
        }
        self.0.replace(path, bytes).await
    }
}

#[cfg(test)]
mod tests;
