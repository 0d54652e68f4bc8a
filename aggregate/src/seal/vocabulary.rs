//! What the seal takes from the catalogue: which apps get a file.

use kaiku_catalogue::Catalogue;

/// The apps that get a file for each table and period, even where it is empty.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    apps: Vec<String>,
    hash: [u8; 32],
}

impl Vocabulary {
    /// The apps of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue) -> Vocabulary {
        let apps = catalogue.apps().map(|app| app.as_str().to_owned());
        Vocabulary::new(apps.collect(), catalogue.hash())
    }

    /// These apps, of a catalogue with this hash.
    pub(crate) fn new(mut apps: Vec<String>, hash: [u8; 32]) -> Vocabulary {
        apps.sort();
        apps.dedup();
        Vocabulary { apps, hash }
    }

    pub(crate) fn apps(&self) -> &[String] {
        &self.apps
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }
}
