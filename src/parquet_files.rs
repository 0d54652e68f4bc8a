//! Parquet files of a folder, and the numbers of their rows: how the demo and the selftest look at
//! what came out.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use parquet::record::{Field, Row};

/// Every Parquet file under a folder, at any depth.
///
/// # Errors
/// Where a folder can't be listed.
pub(crate) fn under(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        let entries = fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("listing {}", next.display()))?
                .path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The number in a column of a row.
///
/// # Errors
/// Where the row has no such column of numbers.
pub(crate) fn number(row: &Row, column: &str) -> Result<i64> {
    let found = row.get_column_iter().find_map(|(name, field)| match field {
        Field::Long(number) if name == column => Some(*number),
        _ => None,
    });
    found.with_context(|| format!("the column {column} is missing"))
}
