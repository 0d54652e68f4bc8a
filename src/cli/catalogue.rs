//! What there is to do with a catalogue.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `kaiku catalogue`.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueVerb {
    /// Read the catalogue, and name every error with file, line and column
    Check(CatalogueArgs),
    /// Write an app's names as source of its language, or what its device library reads
    Generate(GenerateArgs),
    /// List the features that were not published in the last 28 sealed days
    Unused(UnusedArgs),
    /// Write what an app says of the program in a store's privacy form
    Texts(StoreArgs),
}

/// `kaiku catalogue generate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku catalogue generate --app maps --lang json -o maps.json
  kaiku catalogue generate catalogue/ --app maps --lang kotlin -o Catalogue.kt")]
pub(crate) struct GenerateArgs {
    /// Folder of the catalogue [default: that of the settings]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The app [default: the only one that there is]
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The language of the app; json is what its device library reads
    #[arg(long, value_enum)]
    pub(crate) lang: Lang,
    /// The file that is written [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A language that names are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// A module
    Rust,
    /// A header, for C and C++
    C,
    /// A module
    Python,
    /// A file of the package kaiku.catalogue.app_…
    Kotlin,
    /// A file
    Swift,
    /// What a device library reads
    Json,
}

/// `kaiku catalogue unused`.
#[derive(Debug, Args)]
#[command(
    after_help = "A feature that is listed here was not seen, which means: below what is published. A few
devices may have used it.

Example:
  kaiku catalogue unused rollups --catalogue catalogue/"
)]
pub(crate) struct UnusedArgs {
    /// Folder of the rollups
    #[arg(value_name = "DIR")]
    pub(crate) dir: String,
    /// Folder of the catalogue [default: that of the settings]
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
}

/// `kaiku catalogue texts`.
#[derive(Debug, Args)]
#[command(
    after_help = "The text says what the program sends, and not what else the app does.

Examples:
  kaiku catalogue texts --app maps --store apple -o PrivacyInfo.xcprivacy
  kaiku catalogue texts --app maps --store google"
)]
pub(crate) struct StoreArgs {
    /// Folder of the catalogue [default: that of the settings]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The app [default: the only one that there is]
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The store
    #[arg(long, value_enum)]
    pub(crate) store: StoreName,
    /// The file that is written [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A store whose form is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreName {
    /// Apple's App Store: a privacy manifest
    Apple,
    /// Google Play: the answers to the data safety form
    Google,
}

/// `kaiku catalogue check`.
#[derive(Debug, Args)]
pub(crate) struct CatalogueArgs {
    /// Folder of the catalogue [default: that of the settings]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Refuse what would break readers of rollups made with this older catalogue
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Option<PathBuf>,
}
