//! The file in which an app's owner declares what the app may report, as it stands in TOML.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::check::{Problem, Source};

/// One app's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppFile {
    pub(crate) app: Spanned<String>,
    pub(crate) title: Spanned<String>,
    pub(crate) owner: Spanned<String>,
    pub(crate) expires: Spanned<toml::value::Datetime>,
    #[serde(default)]
    pub(crate) releases: BTreeMap<Spanned<String>, Spanned<toml::value::Datetime>>,
    #[serde(default)]
    pub(crate) features: BTreeMap<Spanned<String>, Spanned<FeatureEntry>>,
    #[serde(default)]
    pub(crate) components: BTreeMap<Spanned<String>, Spanned<PlainEntry>>,
    #[serde(default)]
    pub(crate) causes: BTreeMap<Spanned<String>, Spanned<PlainEntry>>,
}

/// What is said of a feature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeatureEntry {
    pub(crate) title: Spanned<String>,
    pub(crate) description: Spanned<String>,
    /// Who answers for it; the app's owner where it is left out.
    pub(crate) owner: Option<Spanned<String>>,
    /// From when on it counts as unlisted; the app's day where it is left out.
    pub(crate) expires: Option<Spanned<toml::value::Datetime>>,
    /// Whether it may be recommended to those who do not use it.
    #[serde(default)]
    pub(crate) recommend: bool,
}

/// What is said of a component or a cause.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlainEntry {
    pub(crate) description: Spanned<String>,
    pub(crate) owner: Option<Spanned<String>>,
    pub(crate) expires: Option<Spanned<toml::value::Datetime>>,
}

impl AppFile {
    /// Reads a file.
    pub(crate) fn parse(source: &Source<'_>) -> Result<AppFile, Problem> {
        toml::from_str(source.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            source.problem(at, error.message().to_owned())
        })
    }
}
