//! What can go wrong when a report is made.

use parquet::errors::ParquetError;
use thiserror::Error as ThisError;

/// Why no report was made.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// There is no such folder, or no rollups in it.
    #[error("{folder} holds no rollups: name the folder in which `manifests` and the tables stand")]
    NoRollups {
        /// The folder.
        folder: String,
    },
    /// A file or folder can't be read.
    #[error("reading {path}")]
    Read {
        /// What was read.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A JSON file is not what it should be.
    #[error(
        "{path} is not what this version reads; `kaiku verify` says what is wrong with rollups"
    )]
    Document {
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A manifest is of another format.
    #[error("{path} is of format {format}, and this version reads format 2")]
    Format {
        /// The manifest.
        path: String,
        /// Its format.
        format: u32,
    },
    /// A manifest names a file in a way that none is named.
    #[error("{manifest} names a file that is none of a table; `kaiku verify` says what is wrong")]
    Place {
        /// The manifest.
        manifest: String,
    },
    /// A table's file is no Parquet file.
    #[error("reading {path} as Parquet")]
    Parquet {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: ParquetError,
    },
    /// A table's file has not what its manifest says.
    #[error(
        "{path} has other rows or columns than its manifest says; `kaiku verify` says what is wrong"
    )]
    Altered {
        /// The file.
        path: String,
    },
    /// There is no such app.
    #[error("the rollups have no app of that name; they have {known}")]
    NoApp {
        /// Those that there are.
        known: String,
    },
    /// There is no such section.
    #[error("the report has no section of that name; it has {known}")]
    NoSection {
        /// Those that there are.
        known: String,
    },
    /// The report can't be written in this form.
    #[error("writing the report as {form}")]
    Write {
        /// The form.
        form: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
