//! The chain: that each manifest can be read, is signed, and follows from the one before it, and
//! that it goes as far as somebody has written down.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_release::{Period, Unit};
use object_store::path::Path;

use super::{Expected, Verified};
use crate::error::Error;
use crate::rollups::{
    FIRST_MANIFESTS, Latest, MANIFESTS, Manifest, ManifestPaths, Rollups, folder_of, is_signed,
    read_manifest,
};
use crate::store::sha256;

/// A manifest that can be read, and what it was read from.
struct Link {
    path: Path,
    hash: String,
    manifest: Manifest,
    period: Period,
}

/// Checks the chain; gives the manifests that can be read, in order.
pub(super) async fn check(
    rollups: &Rollups,
    expected: &Expected,
    found: &mut Verified,
) -> Result<Vec<Manifest>, Error> {
    let first_format = rollups.list(&Path::from(FIRST_MANIFESTS)).await?;
    if let Some(path) = first_format.into_iter().next() {
        return Err(Error::FirstFormat {
            path: path.to_string(),
        });
    }
    let mut links = Vec::new();
    let mut documents = BTreeMap::new();
    for path in rollups.list(&Path::from(MANIFESTS)).await? {
        let bytes = rollups.get(&path).await?.unwrap_or_default();
        documents.insert(path, bytes);
    }
    for (path, bytes) in &documents {
        if path.extension() == Some("json") {
            links.extend(link(path, bytes, found));
        }
    }
    links.sort_by(|one, two| {
        (one.manifest.number, &one.path).cmp(&(two.manifest.number, &two.path))
    });
    found.periods = links.len() as u64;
    found.head = links.last().map(|link| link.hash.clone());
    signatures(&links, &documents, expected, found);
    follow(&links, found);
    periods(&links, found);
    head(&links, expected, found);
    latest(rollups, &links, found).await?;
    Ok(links.into_iter().map(|link| link.manifest).collect())
}

fn link(path: &Path, bytes: &[u8], found: &mut Verified) -> Option<Link> {
    let manifest = match read_manifest(path, bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = cause.unwrap_or_else(|| error.to_string());
            found.problem(path, format!("can't be read as a manifest: {text}"));
            return None;
        }
    };
    let period = manifest.period();
    let period = period.filter(|period| ManifestPaths::of(*period).json == *path);
    if period.is_none() {
        found.problem(path, "is named after another period than its own");
    }
    Some(Link {
        path: path.clone(),
        hash: sha256(bytes),
        manifest,
        period: period?,
    })
}

/// Checks the two files beside each manifest, and that there is nothing else.
fn signatures(
    links: &[Link],
    documents: &BTreeMap<Path, bytes::Bytes>,
    expected: &Expected,
    found: &mut Verified,
) {
    let first = links.first().map(|link| link.manifest.signer.clone());
    if expected.key.is_none()
        && let Some(first) = &first
    {
        found.unknown.push(format!(
            "whose signatures these are: no key was given, so that of the first manifest was taken, {first}"
        ));
    }
    found.key = expected.key.clone().or(first);
    let mut known = BTreeSet::new();
    for link in links {
        let paths = ManifestPaths::of(link.period);
        let key = found.key.clone().unwrap_or_default();
        if link.manifest.signer != key {
            let signer = &link.manifest.signer;
            found.problem(&link.path, format!("is signed by another key: {signer}"));
        }
        let document = documents.get(&link.path).cloned().unwrap_or_default();
        match documents.get(&paths.signature) {
            None => found.problem(&paths.signature, "is missing: the manifest is not signed"),
            Some(signature) if !is_signed(&document, signature, &key) => {
                let text = "is not the signature of the manifest by this key";
                found.problem(&paths.signature, text);
            }
            Some(_) => {}
        }
        match documents.get(&paths.line) {
            None => found.problem(&paths.line, "is missing"),
            Some(line) if !says_the_same(line, &document) => {
                found.problem(
                    &paths.line,
                    "does not say the same as the manifest in one line",
                );
            }
            Some(_) => {}
        }
        known.extend([paths.json, paths.line, paths.signature]);
    }
    for path in documents.keys().filter(|path| !known.contains(*path)) {
        if path.extension() != Some("json") {
            let text = "belongs to no manifest: one is being put, or was taken away";
            found.problem(path, text);
        }
    }
}

fn says_the_same(line: &[u8], document: &[u8]) -> bool {
    let read = serde_json::from_slice::<serde_json::Value>;
    let in_one_line = line.iter().filter(|byte| **byte == b'\n').count() == 1;
    let same = matches!((read(line), read(document)), (Ok(line), Ok(document)) if line == document);
    in_one_line && line.ends_with(b"\n") && same
}

/// Checks numbers and hashes: that each manifest follows from the one before.
fn follow(links: &[Link], found: &mut Verified) {
    let mut before: Option<&Link> = None;
    for link in links {
        let number = link.manifest.number;
        let due = before.map_or(1, |before| before.manifest.number + 1);
        let previous = before.map(|before| before.hash.as_str());
        if number < due {
            found.problem(
                &link.path,
                format!("is a second manifest with number {number}"),
            );
        } else if number > due {
            let missing = if number == due + 1 {
                format!("number {due} is missing")
            } else {
                format!("numbers {due} to {} are missing", number - 1)
            };
            found.problem(&link.path, format!("has number {number}, but {missing}"));
        } else if link.manifest.previous.as_deref() != previous {
            let of = before.map_or("none".to_owned(), |before| before.path.to_string());
            let text = format!(
                "does not name the hash of the manifest before it ({of}): one of the two was changed"
            );
            found.problem(&link.path, text);
        }
        before = Some(link);
    }
}

/// Checks that days and weeks are sealed one after the other, with none left out.
fn periods(links: &[Link], found: &mut Verified) {
    for unit in [Unit::Day, Unit::Week] {
        let of_unit = links.iter().filter(|link| link.period.unit() == unit);
        let mut due = None;
        for link in of_unit {
            let first = link.period.first_day();
            if due.is_some_and(|due| due != first) {
                let text = format!("does not follow the {unit} that was sealed before it");
                found.problem(&link.path, text);
            }
            due = Some(link.period.last_day().next());
        }
    }
}

/// Checks that the manifest which was once the last one is in the chain.
fn head(links: &[Link], expected: &Expected, found: &mut Verified) {
    let Some(head) = &expected.head else {
        found.unknown.push(
            "whether the end of the chain was cut off, or another chain was put in its place: that \
             is found with the hash of the last manifest written down elsewhere (--head)"
                .to_owned(),
        );
        return;
    };
    if !links
        .iter()
        .any(|link| link.hash.eq_ignore_ascii_case(head))
    {
        let text = format!(
            "no manifest has the hash {head}, which was the last one once: the end of the chain was \
             cut off, or this is another chain"
        );
        found.problem(MANIFESTS, text);
    }
}

/// Checks `_latest.json` against the chain: where it is ahead of it, an end is missing.
async fn latest(rollups: &Rollups, links: &[Link], found: &mut Verified) -> Result<(), Error> {
    let path = Latest::path();
    let Some(bytes) = rollups.get(&path).await? else {
        return Ok(());
    };
    let Ok(latest) = serde_json::from_slice::<Latest>(&bytes) else {
        found.problem(path, "can't be read");
        return Ok(());
    };
    let (Some(number), Some(hash)) = (latest.number, latest.hash) else {
        return Ok(());
    };
    let named = links.iter().find(|link| link.manifest.number == number);
    match named {
        None => {
            let text = format!("names manifest {number}, which is not there: the end was cut off");
            found.problem(path, text);
        }
        Some(link) if link.hash != hash => {
            let text = format!(
                "names another manifest {number} than {}",
                folder_of(link.period)
            );
            found.problem(path, text);
        }
        Some(_) => {}
    }
    Ok(())
}
