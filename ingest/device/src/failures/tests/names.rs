//! Components by path, causes by error.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use crate::failures::component::component_of;
use crate::failures::{Component, ErrorCauses};

/// For tests that need a panic of another file.
pub(super) fn panics_here() {
    assert!(std::panic::catch_unwind(|| panic!("a text that nobody is to keep")).is_err());
}

fn components() -> Vec<Component> {
    [
        ("tiles", &["src/tiles/"][..]),
        ("tiles.cache", &["src/tiles/cache/", "src/tiles/cache.rs"]),
        ("search", &["search/src/", "src/search.rs"]),
    ]
    .map(|(name, paths)| Component {
        name: name.into(),
        paths: paths.iter().map(|&path| path.into()).collect(),
    })
    .into()
}

#[test]
fn a_file_belongs_to_the_component_of_the_longest_path() {
    for (file, component) in [
        ("src/tiles/draw.rs", Some("tiles")),
        ("src/tiles/cache/disk.rs", Some("tiles.cache")),
        ("src/tiles/cache.rs", Some("tiles.cache")),
        ("src/tiles/cached.rs", Some("tiles")),
        ("./src/tiles/draw.rs", Some("tiles")),
        ("src\\tiles\\draw.rs", Some("tiles")),
        ("/home/builder/maps/src/tiles/draw.rs", Some("tiles")),
        ("C:\\builds\\maps\\src\\tiles\\draw.rs", Some("tiles")),
        ("search/src/index.rs", Some("search")),
        ("src/search.rs", Some("search")),
        ("src/main.rs", None),
        ("src/search.rs.old", None),
        ("src/tilesets/draw.rs", None),
        ("other/src/tiles/draw.rs", None),
        ("", None),
    ] {
        assert_eq!(component_of(&components(), file), component, "{file}");
    }
}

#[test]
fn what_others_wrote_is_no_component_of_the_app() {
    for file in [
        "/rustc/59807616e1/library/core/src/tiles/mod.rs",
        "/home/me/.cargo/registry/src/index-1a2b/tiler-1.0.0/src/tiles/mod.rs",
        "/home/me/.cargo/git/checkouts/tiler-1a2b/3c4d/src/tiles/mod.rs",
    ] {
        assert_eq!(component_of(&components(), file), None, "{file}");
    }
}

#[test]
fn a_component_without_a_path_has_no_file() {
    let empty = [Component {
        name: "everything".into(),
        paths: vec![String::new(), "/".into(), "./".into()],
    }];
    assert_eq!(component_of(&empty, "src/main.rs"), None);
    assert_eq!(component_of(&empty, ""), None);
}

/// An error whose text would give away what its owner did.
#[derive(Debug)]
struct Speaks(Option<io::Error>);

impl fmt::Display for Speaks {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("the text of an error was read")
    }
}

impl Error for Speaks {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|inner| inner as _)
    }
}

fn causes() -> ErrorCauses {
    ErrorCauses::new(["network.timeout", "disk.full", "unhandled"]).on::<io::Error>(|error| {
        match error.kind() {
            ErrorKind::TimedOut => Some("network.timeout"),
            ErrorKind::StorageFull => Some("disk.full"),
            ErrorKind::NotFound => Some("not.in.the.catalogue"),
            _ => None,
        }
    })
}

#[test]
fn an_error_is_called_by_its_type_and_value() {
    let causes = causes();
    assert_eq!(
        causes.of(&io::Error::from(ErrorKind::TimedOut)),
        "network.timeout"
    );
    assert_eq!(
        causes.of(&io::Error::from(ErrorKind::StorageFull)),
        "disk.full"
    );
}

#[test]
fn an_error_that_nothing_is_known_of_is_unhandled() {
    let causes = causes();
    assert_eq!(causes.of(&io::Error::from(ErrorKind::Other)), "unhandled");
    assert_eq!(causes.of(&fmt::Error), "unhandled");
    // The list is closed: a rule can't add to it.
    assert_eq!(
        causes.of(&io::Error::from(ErrorKind::NotFound)),
        "unhandled"
    );
}

#[test]
fn the_source_of_an_error_names_it_and_its_text_is_never_read() {
    let timeout = Speaks(Some(ErrorKind::TimedOut.into()));
    assert_eq!(causes().of(&timeout), "network.timeout");
    assert_eq!(causes().of(&Speaks(None)), "unhandled");
}

#[test]
fn the_outermost_error_that_a_rule_knows_names_it() {
    let causes = causes().on::<Speaks>(|_| Some("disk.full"));
    assert_eq!(
        causes.of(&Speaks(Some(ErrorKind::TimedOut.into()))),
        "disk.full"
    );
}

#[derive(Debug)]
struct Circle;

impl fmt::Display for Circle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("circle")
    }
}

impl Error for Circle {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[test]
fn a_chain_of_errors_without_end_is_left() {
    assert_eq!(causes().of(&Circle), "unhandled");
}
