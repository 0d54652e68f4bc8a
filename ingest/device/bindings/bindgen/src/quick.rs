//! Has `used` of the generated sources go by a number that a name is looked up for once, where a text, a handle and a status
//! cost more than the call: a flat function of the library takes the number.

use std::fs;
use std::path::Path;

/// What stands at the end of the module for Python.
const PYTHON: &str = include_str!("quick/quick.py");
/// What stands in the class for Kotlin instead of the head of `used`, which becomes the slow way.
const KOTLIN_MEMBER: &str = include_str!("quick/member.kt");
/// What stands at the end of the file for Kotlin.
const KOTLIN_LIBRARY: &str = include_str!("quick/library.kt");
/// The head of `used` as UniFFI writes it.
const KOTLIN_HEAD: &str = "override fun `used`(`feature`: kotlin.String)";

/// Changes what was generated for a language into a folder.
pub(crate) fn make(language: &str, folder: &Path) -> Result<(), String> {
    let (file, change): (_, fn(&str) -> Option<String>) = match language {
        "python" => (folder.join("kaiku.py"), python),
        "kotlin" => (folder.join("kaiku/kaiku.kt"), kotlin),
        // The others hand a text over for the price of a copy.
        _ => return Ok(()),
    };
    let name = file.display();
    let source = fs::read_to_string(&file).map_err(|error| format!("reading {name}: {error}"))?;
    let changed = change(&source)
        .ok_or_else(|| format!("{name} is not as this version of UniFFI writes it"))?;
    fs::write(&file, changed).map_err(|error| format!("writing {name}: {error}"))
}

fn python(source: &str) -> Option<String> {
    let is_known = [
        "\n_UniffiLib = ",
        "\nclass Program(",
        "\n    def used(self, feature",
    ];
    let is_known = is_known.iter().all(|part| source.contains(part));
    is_known.then(|| format!("{source}\n\n{PYTHON}"))
}

fn kotlin(source: &str) -> Option<String> {
    if source.matches(KOTLIN_HEAD).count() != 1 {
        return None;
    }
    let source = source.replace(KOTLIN_HEAD, KOTLIN_MEMBER.trim_end());
    Some(format!("{source}\n{KOTLIN_LIBRARY}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_source_that_is_written_otherwise_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kaiku.py"), "class Program:\n    pass\n").unwrap();
        let refused = make("python", folder.path());
        assert!(refused.unwrap_err().contains("kaiku.py is not as"));
        assert!(kotlin("class Program { fun `used`() = Unit }").is_none());
        assert_eq!(make("swift", folder.path()), Ok(()));
    }

    #[test]
    fn the_head_of_used_becomes_the_slow_way_and_the_quick_one_stands_before_it() {
        let source = format!("class Program {{\n{KOTLIN_HEAD}\n        = slow(it)\n}}\n");
        let changed = kotlin(&source).unwrap();
        let slow = "private fun slowlyUsed(`feature`: kotlin.String)\n        = slow(it)";
        assert!(changed.contains(slow), "{changed}");
        let quick = changed.find("override fun `used`").unwrap();
        assert!(quick < changed.find(slow).unwrap(), "{changed}");
    }
}
