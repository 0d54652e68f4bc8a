//! Folders of the tests.

use std::fs;
use std::path::Path;

/// A copy of a folder and of all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for found in fs::read_dir(from).unwrap() {
        let found = found.unwrap();
        let to = to.join(found.file_name());
        if found.file_type().unwrap().is_dir() {
            copy_folder(&found.path(), &to);
        } else {
            fs::copy(found.path(), to).unwrap();
        }
    }
}
