//! What may be a name: of an app, a release, a feature, a cause or a component.

/// The most bytes of a name; a raw batch may carry longer ones, which are then unlisted.
pub const NAME_BYTES: usize = 64;

/// Names that stand in published tables for what is not a value, so that no entry may have them.
pub const RESERVED: [&str; 6] = ["unlisted", "folded", "all", "none", "other", "older"];

/// The causes that every app has without declaring them, and what each says.
pub const BUILT_IN_CAUSES: [(&str, &str); 7] = [
    (
        "panic",
        "The program found itself in a state that it can't go on from, and ended",
    ),
    (
        "abort",
        "The program was ended by its own abort, an assertion included",
    ),
    ("segfault", "The program touched memory that is not its own"),
    (
        "out_of_memory",
        "The system ended the program, or an allocation failed, for want of memory",
    ),
    (
        "not_responding",
        "The program did not react for so long that the system or the user ended it",
    ),
    ("unhandled", "An exception was caught by nobody"),
    (
        "ended_unexpectedly",
        "The program ended without a stop, and nothing says why",
    ),
];

/// What is wrong with a name, as the end of a sentence; `None` where it is a good one.
pub(crate) fn fault(name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some("is reserved: published tables use it for what is not a value".to_owned());
    }
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    if name.len() > NAME_BYTES {
        return Some(format!("is longer than {NAME_BYTES} bytes"));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    if !bytes
        .iter()
        .all(|byte| plain(*byte) || b"._-".contains(byte))
    {
        return Some(
            "may hold lower-case letters a to z, digits, `.`, `_` and `-` only".to_owned(),
        );
    }
    if !bytes.first().copied().is_some_and(plain) || !bytes.last().copied().is_some_and(plain) {
        return Some("must begin and end with a letter or a digit".to_owned());
    }
    None
}

/// Whether this is the name of a built-in cause.
pub(crate) fn is_built_in_cause(name: &str) -> bool {
    BUILT_IN_CAUSES
        .iter()
        .any(|(built_in, _)| *built_in == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken() {
        for name in [
            "maps",
            "4.2",
            "route.bicycle",
            "out_of_memory",
            "a",
            "2026.11-rc1",
        ] {
            assert_eq!(fault(name), None, "{name}");
        }
        for (name, _) in BUILT_IN_CAUSES {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn what_could_confuse_a_reader_or_a_path_is_refused() {
        let long = "a".repeat(NAME_BYTES + 1);
        for name in [
            "", "Maps", "a/b", "..", ".a", "a.", "-a", "a b", "é", "a=b", "a\n", &long,
        ] {
            assert!(fault(name).is_some(), "{name:?}");
        }
        for name in RESERVED {
            assert!(fault(name).is_some(), "{name}");
        }
    }
}
