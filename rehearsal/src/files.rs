//! The files of a folder, and what stands in the rows of a Parquet file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use parquet::record::{Field, Row};

/// Every file under a folder, at any depth, sorted.
///
/// # Errors
/// Where a folder can't be listed.
pub fn under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        let failed = || format!("listing {}", next.display());
        for entry in fs::read_dir(&next).with_context(failed)? {
            let path = entry.with_context(failed)?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Those of them whose name has this ending, such as `parquet`.
///
/// # Errors
/// As [`under`].
pub fn with_ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = under(folder)?;
    found.retain(|path| path.extension().is_some_and(|own| own == ending));
    Ok(found)
}

/// The number in a column of a row.
pub(crate) fn number(row: &Row, column: &str) -> Result<i64> {
    let found = row.get_column_iter().find_map(|(name, field)| match field {
        Field::Long(number) if name == column => Some(*number),
        Field::Int(number) if name == column => Some(i64::from(*number)),
        _ => None,
    });
    found.with_context(|| format!("the column {column} is missing"))
}

/// The text in a column of a row.
pub(crate) fn text<'a>(row: &'a Row, column: &str) -> Result<&'a str> {
    let found = row.get_column_iter().find_map(|(name, field)| match field {
        Field::Str(text) if name == column => Some(text.as_str()),
        _ => None,
    });
    found.with_context(|| format!("the column {column} is missing"))
}
