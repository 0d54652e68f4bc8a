//! One thing that is wrong in a catalogue, and the place where it stands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kaiku_wire::line_and_column;

/// One thing that is wrong, as `file:line:column: message`, the form that editors can follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", .file.display())]
pub struct Problem {
    /// The file, as it was named when the catalogue was loaded.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A place in a file of a catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: Arc<Path>,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The first character of a file.
    pub(crate) fn start_of(file: &Path) -> Place {
        Place {
            file: Arc::from(file),
            line: 1,
            column: 1,
        }
    }

    /// The place of a byte offset in a text; the end of the text where it lies beyond.
    pub(crate) fn in_text(file: &Arc<Path>, text: &str, offset: usize) -> Place {
        let (line, column) = line_and_column(text, offset);
        Place {
            file: file.clone(),
            line,
            column,
        }
    }

    /// A problem at this place.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.to_path_buf(),
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_written_as_editors_read_it() {
        let problem = Place::start_of(Path::new("apps/maps.toml")).problem("no owner");
        assert_eq!(problem.to_string(), "apps/maps.toml:1:1: no owner");
    }
}
