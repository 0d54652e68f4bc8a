//! One thing that is wrong in a catalogue, and the place where it stands.

use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: file.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
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
    fn a_place_counts_lines_and_characters_from_one() {
        let file: Arc<Path> = Arc::from(Path::new("maps.toml"));
        let text = "a = 1\nåß = 2\n";
        let place = |offset| {
            let place = Place::in_text(&file, text, offset);
            (place.line, place.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(6), (2, 1));
        assert_eq!(place(text.find('2').unwrap_or(0)), (2, 6));
        assert_eq!(place(1_000), (3, 1));
    }

    #[test]
    fn a_problem_is_written_as_editors_read_it() {
        let problem = Place::start_of(Path::new("apps/maps.toml")).problem("no owner");
        assert_eq!(problem.to_string(), "apps/maps.toml:1:1: no owner");
    }
}
