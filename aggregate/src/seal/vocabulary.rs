//! What the seal takes from the catalogue: which apps get a file.

/// The apps that get a file for each table and period, even where it is empty.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    apps: Vec<String>,
    hash: [u8; 32],
}

impl Vocabulary {
    /// The apps of a catalogue with this hash.
    pub fn new<T: Into<String>>(apps: impl IntoIterator<Item = T>, hash: [u8; 32]) -> Vocabulary {
        let mut apps: Vec<String> = apps.into_iter().map(Into::into).collect();
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
