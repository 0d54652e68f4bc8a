//! What the seal takes from the catalogue: which apps get a file.

use kaiku_catalogue::{App, Catalogue};

/// The apps that get a file for each table and period, even where it is empty.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    apps: Vec<String>,
    hash: [u8; 32],
}

impl Vocabulary {
    /// The apps of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue) -> Vocabulary {
        // `unlisted` stands for every app that the catalogue does not list.
        let apps = catalogue.apps().chain([App::UNLISTED]);
        let apps = apps.map(|app| app.as_str().to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_app_of_the_catalogue_gets_a_file_and_so_do_those_that_it_does_not_list() {
        let catalogue = Catalogue::sample();
        let vocabulary = Vocabulary::of(&catalogue);
        let mut expected: Vec<&str> = catalogue.apps().map(App::as_str).collect();
        expected.push("unlisted");
        expected.sort_unstable();
        assert_eq!(vocabulary.apps(), expected);
    }
}
