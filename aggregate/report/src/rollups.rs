//! The folder of rollups as a report needs it: manifests, rows, and what the names mean.

mod catalogue;
mod file;
mod manifest;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kaiku_wire::Day;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
pub(crate) use catalogue::{Catalogue, UNLISTED};
pub(crate) use manifest::{FORMAT, Manifest, Unit};
pub(crate) use table::{Number, Row, Table};

const MANIFESTS: &str = "manifests";

/// The rollups, read.
#[derive(Debug, Default)]
pub(crate) struct Rollups {
    /// All manifests, in order, those of periods that are not shown too.
    pub(crate) manifests: Vec<Manifest>,
    /// The first day that is shown, where not all are.
    since: Option<Day>,
    /// SHA-256 of the last one.
    pub(crate) hash: Option<String>,
    /// What names mean.
    pub(crate) catalogue: Catalogue,
    /// Every table that was ever published or withheld, by its name.
    pub(crate) tables: BTreeMap<String, Table>,
}

impl Rollups {
    /// Reads a folder of rollups, or the `rollups` of the folder of a demo; of periods, only those
    /// that begin on `since` or later.
    ///
    /// # Errors
    /// Where it is none, or a file in it can't be read.
    pub(crate) fn read(folder: &Path, since: Option<Day>) -> Result<Rollups, Error> {
        let folder = rollups_in(folder)?;
        let (manifests, hash) = manifests(&folder)?;
        let catalogue = match bytes_of(&folder.join("catalogue.json"))? {
            Some(bytes) => parse(&folder.join("catalogue.json"), &bytes)?,
            None => Catalogue::default(),
        };
        let wanted = |one: &&Manifest| since.is_none_or(|since| one.first_day >= since);
        let shown: Vec<&Manifest> = manifests.iter().filter(wanted).collect();
        let tables = table::read_all(&folder, &shown)?;
        Ok(Rollups {
            manifests,
            since,
            hash,
            catalogue,
            tables,
        })
    }

    /// The first days of the sealed periods of a length, in order.
    pub(crate) fn periods(&self, unit: Unit) -> Vec<Day> {
        let of_unit = self.shown().filter(|one| one.unit == unit);
        of_unit.map(|one| one.first_day).collect()
    }

    /// The manifests of the periods that are shown, in order.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Manifest> {
        let since = self.since;
        let all = self.manifests.iter();
        all.filter(move |one| since.is_none_or(|since| one.first_day >= since))
    }
}

/// The folder of the rollups: the one that is named, or `rollups` in it.
fn rollups_in(folder: &Path) -> Result<PathBuf, Error> {
    let is_of_rollups =
        |folder: &Path| folder.join(MANIFESTS).is_dir() || folder.join("_latest.json").is_file();
    let within = folder.join("rollups");
    if is_of_rollups(folder) {
        return Ok(folder.to_owned());
    }
    if is_of_rollups(&within) {
        return Ok(within);
    }
    // A folder in which nothing stands yet is one before the first seal.
    let mut entries = fs::read_dir(folder).map_err(|_| Error::NoRollups {
        folder: folder.display().to_string(),
    })?;
    match entries.next() {
        None => Ok(folder.to_owned()),
        Some(_) => Err(Error::NoRollups {
            folder: folder.display().to_string(),
        }),
    }
}

/// All manifests in order, and the hash of the last one.
fn manifests(folder: &Path) -> Result<(Vec<Manifest>, Option<String>), Error> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let folder = folder.join(MANIFESTS);
    let failed = |source| Error::Read {
        path: folder.display().to_string(),
        source,
    };
    let mut found = Vec::new();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((found, None)),
        Err(error) => return Err(failed(error)),
    };
    let mut last: Option<(u64, String)> = None;
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let bytes = bytes_of(&path)?.unwrap_or_default();
        let Format { format } = parse(&path, &bytes)?;
        if format != FORMAT {
            return Err(Error::Format {
                path: path.display().to_string(),
                format,
            });
        }
        let manifest: Manifest = parse(&path, &bytes)?;
        if last
            .as_ref()
            .is_none_or(|(number, _)| *number < manifest.number)
        {
            let hash = hex::encode(Sha256::digest(&bytes));
            last = Some((manifest.number, hash));
        }
        found.push(manifest);
    }
    found.sort_by_key(|manifest| manifest.number);
    Ok((found, last.map(|(_, hash)| hash)))
}

/// A file's bytes; none where it is not there.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read {
            path: path.display().to_string(),
            source,
        }),
    }
}

fn parse<'a, T: Deserialize<'a>>(path: &Path, bytes: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Document {
        path: path.display().to_string(),
        source,
    })
}
