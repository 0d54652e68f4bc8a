//! The manifests that stand, each with the hash of the one before it.

use std::collections::BTreeMap;

use kaiku_release::{Period, Policy, Spent, Unit, WINDOW_DAYS, spent_within};
use kaiku_wire::Day;
use object_store::path::Path;

use super::Rollups;
use super::manifest::{FIRST_MANIFESTS, FORMAT, MANIFESTS, Manifest, ManifestPaths};
use crate::error::Error;
use crate::store::sha256;

/// The manifests that stand, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    manifests: Vec<Manifest>,
    numbers: BTreeMap<Period, usize>,
    last_hash: Option<String>,
}

/// The next manifest of a chain, checked.
#[derive(Debug)]
pub(crate) struct Link {
    period: Period,
    pub(crate) manifest: Manifest,
    /// SHA-256 of its bytes.
    pub(crate) hash: String,
}

impl Chain {
    /// Reads and checks the whole chain; its signatures are left to whoever verifies.
    pub(crate) async fn load(rollups: &Rollups) -> Result<Chain, Error> {
        if let Some(path) = rollups
            .list(&Path::from(FIRST_MANIFESTS))
            .await?
            .into_iter()
            .next()
        {
            return Err(Error::FirstFormat {
                path: path.to_string(),
            });
        }
        let mut found = Vec::new();
        for path in rollups.list(&Path::from(MANIFESTS)).await? {
            if path.extension() != Some("json") {
                continue;
            }
            let bytes = rollups.get(&path).await?.unwrap_or_default();
            found.push((read(&path, &bytes)?, path, sha256(&bytes)));
        }
        found.sort_by_key(|(manifest, ..)| manifest.number);
        let mut chain = Chain::default();
        for (manifest, path, hash) in found {
            let link = chain.follow(manifest, &path, hash)?;
            chain.add(link);
        }
        Ok(chain)
    }

    /// The manifest of a period that stands, if it is the next one of this chain.
    pub(crate) fn next(&self, period: Period, bytes: &[u8]) -> Result<Link, Error> {
        let path = ManifestPaths::of(period).json;
        self.follow(read(&path, bytes)?, &path, sha256(bytes))
    }

    /// Adds the link that [`Chain::next`] gave.
    pub(crate) fn add(&mut self, link: Link) {
        self.numbers.insert(link.period, self.manifests.len());
        self.last_hash = Some(link.hash);
        self.manifests.push(link.manifest);
    }

    fn follow(&self, manifest: Manifest, path: &Path, hash: String) -> Result<Link, Error> {
        let broken = || Error::Chain {
            path: path.to_string(),
        };
        let period = manifest
            .period()
            .filter(|period| ManifestPaths::of(*period).json == *path)
            .ok_or_else(broken)?;
        if manifest.number != self.next_number() || manifest.previous != self.last_hash {
            return Err(broken());
        }
        Ok(Link {
            period,
            manifest,
            hash,
        })
    }

    /// The manifests, in order.
    pub(crate) fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The manifests, in order, each with the hash of its bytes.
    pub(crate) fn with_hashes(&self) -> impl Iterator<Item = (&Manifest, &str)> {
        let later = self.manifests.iter().skip(1);
        let named = later.map(|manifest| manifest.previous.as_deref());
        let hashes = named
            .chain([self.last_hash()])
            .map(Option::unwrap_or_default);
        self.manifests.iter().zip(hashes)
    }

    /// The first manifest.
    pub(crate) fn first(&self) -> Option<&Manifest> {
        self.manifests.first()
    }

    /// Whether a period is sealed.
    pub(crate) fn has(&self, period: Period) -> bool {
        self.numbers.contains_key(&period)
    }

    /// The number of the next manifest.
    pub(crate) fn next_number(&self) -> u64 {
        self.manifests.len() as u64 + 1
    }

    /// The hash of the last manifest.
    pub(crate) fn last_hash(&self) -> Option<&str> {
        self.last_hash.as_deref()
    }

    /// The last day that is sealed; days are sealed in order.
    pub(crate) fn last_day(&self) -> Option<Day> {
        self.last_of(Unit::Day).map(Period::last_day)
    }

    /// The last period of a length that is sealed.
    pub(crate) fn last_of(&self, unit: Unit) -> Option<Period> {
        let periods = self.manifests.iter().rev().filter_map(Manifest::period);
        periods.into_iter().find(|period| period.unit() == unit)
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Vec<Spent> {
        self.manifests.iter().filter_map(Manifest::spent).collect()
    }

    /// The part of the policy's cap that the 28 days up to the last sealed one have cost.
    pub(crate) fn spent_ratio(&self, policy: &Policy) -> f64 {
        let Some(last) = self.last_day() else {
            return 0.0;
        };
        let first = last.minus(WINDOW_DAYS - 1);
        spent_within(&self.spent(), first, last).value() / policy.cap().value()
    }
}

/// Reads a manifest; one of another format is refused before its fields are looked at.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Manifest, Error> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let document = |source| Error::Document {
        path: path.to_string(),
        source,
    };
    let Format { format } = serde_json::from_slice(bytes).map_err(document)?;
    if format != FORMAT {
        return Err(Error::ManifestFormat {
            path: path.to_string(),
            format,
        });
    }
    serde_json::from_slice(bytes).map_err(document)
}
