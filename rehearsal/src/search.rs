//! Looks for identifiers in every file that was landed or published.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::files::under;
use crate::needles::{Found, Needles};

/// Looks through every file of a folder, at any depth: its name, its bytes, and of a Parquet file
/// what its pages hold once they are decompressed.
///
/// # Errors
/// Where something can't be read.
pub fn search(folder: &Path, needles: &Needles, found: &mut Found) -> Result<()> {
    for file in under(folder)? {
        let failed = || format!("searching {}", file.display());
        needles.look(file.as_os_str().as_encoded_bytes(), found);
        needles.look(&fs::read(&file).with_context(failed)?, found);
        if file.extension().is_some_and(|ending| ending == "parquet") {
            pages(&file, needles, found).with_context(failed)?;
        }
    }
    Ok(())
}

fn pages(path: &Path, needles: &Needles, found: &mut Found) -> Result<()> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        for column in 0..group.num_columns() {
            for page in group.get_column_page_reader(column)? {
                needles.look(page?.buffer(), found);
            }
        }
    }
    Ok(())
}
