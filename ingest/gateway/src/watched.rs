//! Files that are read again when they have changed. What can't be read leaves the last that could.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::Error;
use crate::metrics::RELOADS;
use crate::seldom::causes;

/// What was last read of some files. Clones are the same.
pub(crate) struct Current<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Current(self.0.clone())
    }
}

impl<T> Current<T> {
    pub(crate) fn get(&self) -> Arc<T> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

type Load<T> = Box<dyn Fn(Option<&T>) -> Result<T, Error> + Send>;

/// Files, what was made of them, and how it is made anew.
pub(crate) struct Watched<T> {
    /// What the log and the metric call them.
    name: &'static str,
    files: Vec<PathBuf>,
    /// The hash of what they held when they were last looked at: times lie, contents do not.
    seen: [u8; 32],
    load: Load<T>,
    current: Current<T>,
}

impl<T> Watched<T> {
    /// Reads them for the first time. `load` is handed what was read before, where there is.
    ///
    /// # Errors
    /// Those of `load`.
    pub(crate) fn new(
        name: &'static str,
        files: Vec<PathBuf>,
        load: impl Fn(Option<&T>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Watched<T>, Error> {
        let seen = hash(&files);
        let current = Current(Arc::new(RwLock::new(Arc::new(load(None)?))));
        Ok(Watched {
            name,
            files,
            seen,
            load: Box::new(load),
            current,
        })
    }

    pub(crate) fn current(&self) -> Current<T> {
        self.current.clone()
    }

    /// Reads them again if what they hold has changed. Where it can't be used, that is said once,
    /// without a word of what it is.
    pub(crate) fn refresh(&mut self) {
        let now = hash(&self.files);
        if now == self.seen {
            return;
        }
        self.seen = now;
        match (self.load)(Some(&self.current.get())) {
            Ok(fresh) => {
                self.current.set(fresh);
                RELOADS.with([self.name.into(), "read".into()]).increment(1);
                tracing::info!(what = self.name, "read again");
            }
            Err(error) => {
                RELOADS
                    .with([self.name.into(), "refused".into()])
                    .increment(1);
                let error = causes(&error);
                tracing::warn!(what = self.name, error, "what was read before stays in use");
            }
        }
    }
}

fn hash(files: &[PathBuf]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let files = files.iter().flat_map(|file| match file.is_dir() {
        true => within(file),
        false => vec![file.clone()],
    });
    for file in files {
        hasher.update(file.as_os_str().as_encoded_bytes());
        match std::fs::read(&file) {
            Ok(bytes) => hasher.update(blake3::hash(&bytes).as_bytes()),
            // A file that is gone is another state than an empty one.
            Err(_) => hasher.update(b"unreadable"),
        };
    }
    *hasher.finalize().as_bytes()
}

/// The files of a folder, in an order of their own.
fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_has_changed_is_read_again_though_its_time_has_not_and_what_is_wrong_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        let time = std::time::SystemTime::UNIX_EPOCH;
        let write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let file = std::fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        };
        write("1");
        let from = path.clone();
        let load = move |_: Option<&u32>| {
            let text = std::fs::read_to_string(&from).unwrap_or_default();
            text.parse().map_err(|_| Error::NoToken)
        };
        let mut watched = Watched::new("number", vec![path.clone()], load).unwrap();
        let current = watched.current();
        write("2");
        assert_eq!(*current.get(), 1);
        watched.refresh();
        assert_eq!(*current.get(), 2);
        write("x");
        watched.refresh();
        std::fs::remove_file(&path).unwrap();
        watched.refresh();
        assert_eq!(*current.get(), 2);
        write("3");
        watched.refresh();
        assert_eq!(*current.get(), 3);
    }
}
