//! The files: that each is the one that its manifest names and says what the manifest says, that
//! monthly copies have the same rows, and that nothing else stands there.

use std::collections::BTreeSet;

use object_store::path::Path;

use super::{Verified, budget, rows};
use crate::error::Error;
use crate::rollups::{
    MANIFESTS, Manifest, ManifestFile, ManifestTable, Place, PublishedFile, Rollups, is_aid,
    monthly_copies, monthly_rows,
};
use crate::store::{is_trial, sha256};

/// Checks every file that stands and every one that should.
pub(super) async fn check(
    rollups: &Rollups,
    manifests: &[Manifest],
    found: &mut Verified,
) -> Result<(), Error> {
    let mut named = BTreeSet::new();
    for manifest in manifests {
        for table in &manifest.tables {
            let stated: u64 = table.files.iter().map(|file| file.rows).sum();
            if stated != table.rows {
                let path = format!("{MANIFESTS}/{}={}.json", manifest.unit, manifest.first_day);
                let text = format!(
                    "{} rows of {} in all, {stated} in files",
                    table.rows, table.name
                );
                found.problem(path, text);
            }
            for file in &table.files {
                if !named.insert(Path::from(file.path.as_str())) {
                    found.problem(&file.path, "is named twice");
                    continue;
                }
                one(rollups, manifest, table, file, found).await?;
            }
        }
    }
    for manifest in manifests {
        for file in manifest.withheld.iter().flat_map(|one| &one.files) {
            empty(rollups, file, found).await?;
            if !named.insert(Path::from(file.path.as_str())) {
                found.problem(&file.path, "is named twice");
            }
        }
    }
    let standing = rollups.list(&Path::default()).await?;
    months(rollups, manifests, &standing, found).await?;
    for path in standing {
        let of_chain = path.prefix_matches(&Path::from(MANIFESTS));
        if of_chain || is_aid(&path) || named.contains(&path) {
            continue;
        }
        let is_left = rollups.get(&path).await?;
        if !is_left.is_some_and(|bytes| is_trial(&path, &bytes)) {
            let text =
                "is named by no manifest: its period is being sealed, or it does not belong here";
            found.problem(path, text);
        }
    }
    Ok(())
}

/// A file of a table that was withheld has no row, and is the one that its manifest names.
async fn empty(rollups: &Rollups, file: &ManifestFile, found: &mut Verified) -> Result<(), Error> {
    let stands = rollups.get(&Path::from(file.path.as_str())).await?;
    match stands {
        None => found.problem(&file.path, "is missing"),
        Some(_) if file.rows > 0 => found.problem(&file.path, "has rows, and was withheld"),
        Some(bytes) if sha256(&bytes) != file.sha256 => {
            found.problem(&file.path, "is not the file that was sealed");
        }
        Some(_) => found.files += 1,
    }
    Ok(())
}

async fn one(
    rollups: &Rollups,
    manifest: &Manifest,
    table: &ManifestTable,
    file: &ManifestFile,
    found: &mut Verified,
) -> Result<(), Error> {
    let place = Place::of(&file.path);
    let is_in_place = place
        .is_some_and(|place| place.table == table.name && Some(place.period) == manifest.period());
    if !is_in_place {
        found.problem(&file.path, "lies in the folder of another table or period");
    }
    let Some(bytes) = rollups.get(&Path::from(file.path.as_str())).await? else {
        found.problem(&file.path, "is missing");
        return Ok(());
    };
    let before = found.problems.len();
    if sha256(&bytes) != file.sha256 || bytes.len() as u64 != file.bytes {
        found.problem(
            &file.path,
            "is not what was published: its hash or size differs",
        );
    }
    match PublishedFile::read(&file.path, bytes) {
        Ok(read) => {
            rows::check(&file.path, &read, manifest, table, file.rows, found);
            if table.files.first() == Some(file) {
                budget::sensitivities(&file.path, manifest, table, &read.dimensions(), found);
            }
        }
        Err(_) => found.problem(&file.path, "can't be read as Parquet"),
    }
    if found.problems.len() == before {
        found.files += 1;
        found.rows += file.rows;
    }
    Ok(())
}

/// Checks the monthly copies that stand: people read them in place of the files of the chain.
async fn months(
    rollups: &Rollups,
    manifests: &[Manifest],
    standing: &[Path],
    found: &mut Verified,
) -> Result<(), Error> {
    let copies = monthly_copies(manifests);
    for path in standing.iter().filter(|path| rows::is_monthly(path)) {
        let Some(copy) = copies.iter().find(|copy| copy.path == *path) else {
            found.problem(
                path,
                "is the copy of a month that is not over, or has no such table",
            );
            continue;
        };
        let mut files = Vec::new();
        for (period, file) in &copy.files {
            let bytes = rollups.get(&Path::from(file.path.as_str())).await?;
            let read = PublishedFile::read(&file.path, bytes.unwrap_or_default());
            files.extend(read.map(|read| (*period, read)));
        }
        let bytes = rollups.get(path).await?.unwrap_or_default();
        let read = PublishedFile::read(path.as_ref(), bytes);
        let is_copy = read.is_ok_and(|read| {
            monthly_rows(&files).is_some_and(|rows| rows.columns() == read.batch().columns())
        });
        if !is_copy {
            found.problem(path, "does not have the rows of the month's files");
        }
    }
    Ok(())
}
