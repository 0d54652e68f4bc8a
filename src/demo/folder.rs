//! The folder that the demo writes: never over anything that it did not make itself.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The file that says whose folder this is.
const MARK: &str = "made-by-kaiku-demo.txt";
const MARK_TEXT: &str = "This folder was made by `kaiku demo`, from simulated devices. \
     The next demo that is given this folder begins by deleting rollups/, suggestions/ and work/ in it, and \
     writes report.html anew.\n";
/// What the demo makes in it.
const OURS: [&str; 3] = ["rollups", "suggestions", "work"];

/// The folder of one demo.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    /// Whether an older demo had left its results there.
    is_older: bool,
}

impl Folder {
    /// Makes the folder, or takes that of an older demo, whose results it deletes.
    ///
    /// # Errors
    /// Where there is something in it that no demo has made.
    pub(crate) fn claim(root: &Path) -> Result<Folder> {
        let shown = root.display();
        let entries = match fs::read_dir(root) {
            Ok(entries) => entries.count(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error).context(format!("looking into {shown}")),
        };
        let mark = root.join(MARK);
        if entries > 0 && !mark.is_file() {
            bail!(
                "{shown} is not empty, and no demo made it: \
                 name another folder with --out, or empty this one"
            );
        }
        let is_older = root.join("rollups").is_dir();
        for name in OURS {
            match fs::remove_dir_all(root.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).context(format!("deleting the last demo's {shown}/{name}"));
                }
                _ => {}
            }
        }
        fs::create_dir_all(root.join("work")).with_context(|| format!("making {shown}"))?;
        fs::create_dir_all(root.join("rollups")).with_context(|| format!("making {shown}"))?;
        fs::write(&mark, MARK_TEXT).with_context(|| format!("writing to {shown}"))?;
        Ok(Folder {
            root: root.to_path_buf(),
            is_older,
        })
    }

    /// Whether the results of an older demo were deleted to make room.
    pub(crate) fn is_older(&self) -> bool {
        self.is_older
    }

    /// Where the page goes.
    pub(crate) fn report(&self) -> PathBuf {
        self.root.join("report.html")
    }

    /// Where the signed files of recommendations go.
    pub(crate) fn suggestions(&self) -> PathBuf {
        self.root.join("suggestions")
    }

    /// Where the rollups go.
    pub(crate) fn rollups(&self) -> PathBuf {
        self.root.join("rollups")
    }

    /// Where exact counts and keys stand while the demo runs: not anonymous, deleted at its end.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.root.join("work").join(name)
    }

    /// Deletes what is not anonymous.
    ///
    /// # Errors
    /// Where it can't be deleted.
    pub(crate) fn clean(&self) -> Result<()> {
        let work = self.root.join("work");
        fs::remove_dir_all(&work).with_context(|| format!("deleting {}", work.display()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
        fs::create_dir(dir.path().join("rollups")).unwrap();
        assert!(Folder::claim(dir.path()).is_err());
        assert!(dir.path().join("thesis.txt").is_file() && dir.path().join("rollups").is_dir());
    }

    #[test]
    fn the_folder_of_a_demo_is_used_again_and_what_others_put_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("demo");
        let folder = Folder::claim(&root).unwrap();
        assert!(!folder.is_older());
        fs::write(folder.rollups().join("old"), "").unwrap();
        fs::write(root.join("notes.txt"), "mine").unwrap();
        folder.clean().unwrap();
        let folder = Folder::claim(&root).unwrap();
        assert!(folder.is_older() && !folder.rollups().join("old").exists());
        assert!(root.join("notes.txt").is_file());
    }
}
