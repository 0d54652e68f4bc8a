//! What an app may say, and in which words its owner is shown it: the device's part of the
//! catalogue, built into the app as JSON.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use kaiku_wire::Day;
use serde::Deserialize;

use crate::Error;

/// The format that this version reads.
const FORMAT: u32 = 1;

/// The device's part of the catalogue. Cheap to clone.
#[derive(Clone)]
pub struct DeviceCatalogue(Arc<Inner>);

struct Inner {
    document: Document,
    features: HashMap<String, u16>,
    causes: HashMap<String, u16>,
    components: HashMap<String, u16>,
}

/// Texts by language tag; `en` is always there.
pub type Texts = HashMap<String, String>;

#[derive(Deserialize)]
struct Document {
    format: u32,
    app: String,
    #[serde(default)]
    titles: Texts,
    #[serde(default)]
    controller: Controller,
    consent: ConsentText,
    #[serde(default)]
    features: Vec<Feature>,
    #[serde(default)]
    causes: Vec<Cause>,
    #[serde(default)]
    components: Vec<Component>,
}

/// Who answers for what is collected.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Controller {
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Where to write to.
    #[serde(default)]
    pub contact: String,
}

/// The text that is agreed to.
#[derive(Clone, Debug, Deserialize)]
pub struct ConsentText {
    /// Version of the text.
    pub version: i32,
    /// The last version that asked for more than the one before: an older consent does not hold.
    #[serde(default = "one")]
    pub asks_for_more_since: i32,
    /// The text by language.
    #[serde(default)]
    pub texts: Texts,
}

/// A feature that can be used.
#[derive(Clone, Debug, Deserialize)]
pub struct Feature {
    /// Name.
    pub name: String,
    /// What its owner is shown.
    #[serde(default)]
    pub titles: Texts,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// Whether it may be recommended.
    #[serde(default)]
    pub recommend: bool,
    /// From this day on it is not recorded any more.
    #[serde(default)]
    pub expires: Option<Day>,
}

/// A cause by which something can fail.
#[derive(Clone, Debug, Deserialize)]
pub struct Cause {
    /// Name.
    pub name: String,
    /// What its owner is shown.
    #[serde(default)]
    pub titles: Texts,
    /// Whether the app always ends by it.
    #[serde(default)]
    pub fatal_only: bool,
}

/// A part of the app in which something can fail.
#[derive(Clone, Debug, Deserialize)]
pub struct Component {
    /// Name.
    pub name: String,
    /// What its owner is shown.
    #[serde(default)]
    pub titles: Texts,
    /// Beginnings of the paths of its source files.
    #[serde(default)]
    pub paths: Vec<String>,
}

fn one() -> i32 {
    1
}

impl DeviceCatalogue {
    /// Reads the JSON that `kaiku catalogue generate` has made. Fields that this version does not
    /// know are passed over.
    ///
    /// # Errors
    /// Where it is no such JSON, is of another format, or names something twice.
    pub fn parse(json: &str) -> Result<DeviceCatalogue, Error> {
        let document: Document = serde_json::from_str(json).map_err(Error::Catalogue)?;
        if document.format != FORMAT {
            return Err(Error::CatalogueFormat(document.format));
        }
        if document.consent.version < 1 {
            return Err(Error::CatalogueUnfit(
                "a consent text has version 1 or later",
            ));
        }
        if document.consent.asks_for_more_since > document.consent.version {
            return Err(Error::CatalogueUnfit(
                "no text can have asked for more after the present one",
            ));
        }
        let features = index(document.features.iter().map(|one| &one.name))?;
        let causes = index(document.causes.iter().map(|one| &one.name))?;
        let components = index(document.components.iter().map(|one| &one.name))?;
        index(std::iter::once(&document.app))?;
        Ok(DeviceCatalogue(Arc::new(Inner {
            document,
            features,
            causes,
            components,
        })))
    }

    /// Name of the app.
    pub fn app(&self) -> &str {
        &self.0.document.app
    }

    /// What the app is called in a language.
    pub fn title(&self, language: &str) -> &str {
        in_language(&self.0.document.titles, language).unwrap_or(self.app())
    }

    /// Who answers for what is collected.
    pub fn controller(&self) -> &Controller {
        &self.0.document.controller
    }

    /// The text that is agreed to.
    pub fn consent(&self) -> &ConsentText {
        &self.0.document.consent
    }

    /// All features, in the catalogue's order.
    pub fn features(&self) -> &[Feature] {
        &self.0.document.features
    }

    /// All causes, in the catalogue's order.
    pub fn causes(&self) -> &[Cause] {
        &self.0.document.causes
    }

    /// All components, in the catalogue's order.
    pub fn components(&self) -> &[Component] {
        &self.0.document.components
    }

    pub(crate) fn feature(&self, name: &str) -> Option<u16> {
        self.0.features.get(name).copied()
    }

    pub(crate) fn cause(&self, name: &str) -> Option<u16> {
        self.0.causes.get(name).copied()
    }

    pub(crate) fn component(&self, name: &str) -> Option<u16> {
        self.0.components.get(name).copied()
    }
}

impl ConsentText {
    /// The text in a language, else in English.
    pub fn text(&self, language: &str) -> Option<&str> {
        in_language(&self.texts, language)
    }
}

/// The text of a language; of `de-AT` also that of `de`; else the English one.
pub(crate) fn in_language<'a>(texts: &'a Texts, language: &str) -> Option<&'a str> {
    let main = language.split(['-', '_']).next().unwrap_or_default();
    let found = [language, main, "en"]
        .into_iter()
        .find_map(|tag| texts.get(tag));
    found.map(String::as_str)
}

fn index<'a>(names: impl Iterator<Item = &'a String>) -> Result<HashMap<String, u16>, Error> {
    let mut found = HashMap::new();
    for (number, name) in names.enumerate() {
        let number = u16::try_from(number)
            .ok()
            .filter(|number| *number < u16::MAX);
        let number = number.ok_or(Error::CatalogueUnfit("there are too many names"))?;
        if *name != crate::settings::fitted(name) {
            return Err(Error::CatalogueUnfit(
                "a name is empty, too long, or no plain text",
            ));
        }
        if found.insert(name.clone(), number).is_some() {
            return Err(Error::CatalogueUnfit("a name stands there twice"));
        }
    }
    Ok(found)
}

impl fmt::Debug for DeviceCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeviceCatalogue").field(&self.app()).finish()
    }
}
