//! Where something failed, without a stack: the catalogue's component for the file of the panic.

/// A component of the catalogue, and where its source stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name in the catalogue.
    pub name: String,
    /// Folders (`src/tiles/`) or files (`src/tiles.rs`), as the compiler names them: from the root of the workspace.
    pub paths: Vec<String>,
}

/// Sources that are not the app's, though a folder of them may be called as one of its own.
const FOREIGN: [&str; 4] = [
    "/rustc/",
    "/registry/src/",
    "/git/checkouts/",
    "/rustlib/src/",
];

/// The component with the longest path that the file stands under.
pub(crate) fn component_of<'a>(components: &'a [Component], file: &str) -> Option<&'a str> {
    let file = file.replace('\\', "/");
    let file = file.trim_start_matches("./");
    if FOREIGN.iter().any(|foreign| file.contains(foreign)) {
        return None;
    }
    components
        .iter()
        .flat_map(|component| component.paths.iter().map(move |path| (component, path)))
        .filter(|(_, path)| stands_under(file, path))
        .max_by_key(|(_, path)| path.len())
        .map(|(component, _)| component.name.as_str())
}

/// A relative file stands under a path that it begins with. An absolute one, as some builds have them, stands under a
/// path that is found whole in it.
fn stands_under(file: &str, path: &str) -> bool {
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path.is_empty() {
        return false;
    }
    let is_absolute = file.starts_with('/') || file.as_bytes().get(1) == Some(&b':');
    file.match_indices(path).any(|(at, found)| {
        let begins = at == 0 || (is_absolute && file.as_bytes()[at - 1] == b'/');
        let ends = matches!(file.as_bytes().get(at + found.len()), None | Some(b'/'));
        begins && ends
    })
}
