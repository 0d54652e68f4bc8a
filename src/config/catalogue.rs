//! The `[catalogue]` section of the settings.

use std::path::PathBuf;
use std::sync::Arc;

use kaiku_catalogue::Catalogue;
use serde::{Deserialize, Serialize};

/// Where the closed vocabularies come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CatalogueConfig {
    /// Folder with one TOML file an app; the built-in sample where none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dir: Option<PathBuf>,
}

impl CatalogueConfig {
    /// Everything that is wrong with the catalogue, each with its place.
    pub(crate) fn problems(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(problems) => problems,
        }
    }

    /// Reads the catalogue, or takes the built-in sample.
    ///
    /// # Errors
    /// Every problem of every file, with line and column.
    pub(crate) fn load(&self) -> Result<Arc<Catalogue>, Vec<String>> {
        match &self.dir {
            None => Ok(Arc::new(Catalogue::sample())),
            Some(dir) => match Catalogue::load(dir) {
                Ok(catalogue) => Ok(Arc::new(catalogue)),
                Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
            },
        }
    }
}
