//! A catalogue of a believable product, for the demo, the tests and as an example to copy.

use std::path::{Path, PathBuf};

use crate::Catalogue;

const FILES: [(&str, &str); 3] = [
    ("maps.toml", include_str!("../sample/maps.toml")),
    ("music.toml", include_str!("../sample/music.toml")),
    ("program.toml", include_str!("../sample/program.toml")),
];

impl Catalogue {
    /// The sample: a maps app and a music app.
    ///
    /// # Panics
    /// Where the files that are compiled in have a problem; a test reads them.
    pub fn sample() -> Catalogue {
        let files: Vec<(PathBuf, String)> = FILES
            .iter()
            .map(|(name, text)| (PathBuf::from(name), (*text).to_owned()))
            .collect();
        match Catalogue::from_files(Path::new("sample"), &files) {
            Ok(catalogue) => catalogue,
            Err(problems) => panic!("the sample catalogue has problems: {problems:?}"),
        }
    }
}
