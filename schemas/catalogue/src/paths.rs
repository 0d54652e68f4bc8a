//! Where the source of a component lies: checked, so that each file belongs to one component.

use std::collections::BTreeMap;

use crate::document::Section;

/// The longest path, in bytes.
const PATH_BYTES: usize = 200;

/// The paths of an app's components so far, and whose each is.
#[derive(Default)]
pub(crate) struct Paths {
    owners: BTreeMap<String, String>,
}

impl Paths {
    /// Reads the paths of a component.
    pub(crate) fn read(&mut self, section: &mut Section<'_>, component: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for (path, place) in section.texts("paths") {
            if let Some(fault) = fault(&path) {
                section.tell(&place, format!("path `{path}` {fault}"));
                continue;
            }
            // `src/tiles` and `src/tiles/` would be two names of one folder.
            let plain = path.trim_end_matches('/').to_owned();
            if let Some(other) = self.owners.get(&plain) {
                let message = format!("path `{path}` belongs to component `{other}` already");
                section.tell(&place, message);
                continue;
            }
            self.owners.insert(plain, component.to_owned());
            paths.push(path);
        }
        paths
    }
}

/// What is wrong with a path, as the end of a sentence; `None` where it is a good one.
fn fault(path: &str) -> Option<&'static str> {
    let bytes = path.as_bytes();
    if bytes.len() > PATH_BYTES {
        return Some("is longer than 200 bytes");
    }
    if path.contains('\\') {
        return Some("must be written with `/`, on every system");
    }
    let has_drive = bytes.get(1) == Some(&b':') && bytes[0].is_ascii_alphabetic();
    if path.starts_with('/') || has_drive {
        return Some("must be relative to the source of the app");
    }
    if path.chars().any(char::is_control) {
        return Some("has a control character");
    }
    let mut parts = path.trim_end_matches('/').split('/');
    let odd = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.ends_with("//") || parts.any(odd) {
        return Some("has an empty part, `.` or `..`");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn a_path_is_relative_and_plain() {
        for path in [
            "src/tiles/",
            "src/tiles",
            "tiles.c",
            "app/src/main/java/maps/tiles/",
        ] {
            assert_eq!(fault(path), None, "{path}");
        }
        let long = "a/".repeat(101);
        for path in [
            "/src/tiles/",
            "C:/src",
            "src\\tiles",
            "../tiles/",
            "./tiles",
            "src//tiles",
            "src/./a",
            "src/tiles//",
            "/",
            "src/\u{7}",
            &long,
        ] {
            assert!(fault(path).is_some(), "{path:?}");
        }
    }
}
