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

/// Words that readers take for a number or a truth value where they guess the type of an app's name from
/// the path of a file.
const GUESSED: [&str; 6] = ["true", "false", "inf", "infinity", "nan", "null"];

/// What is wrong with the name of a thing of this kind, as the end of a sentence; `None` where it is a
/// good one.
pub(crate) fn fault(kind: &str, name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some("is reserved: published tables use it for what is not a value".to_owned());
    }
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    if name.len() > NAME_BYTES {
        return Some(format!("is longer than {NAME_BYTES} bytes"));
    }
    // An app's build system chose the names of its releases.
    let is_release = kind == "release";
    let plain = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || is_release && byte.is_ascii_uppercase()
    };
    let inner: &[u8] = if is_release { b"._-+ " } else { b"._-" };
    let bytes = name.as_bytes();
    if !bytes
        .iter()
        .all(|byte| plain(*byte) || inner.contains(byte))
    {
        let may = if is_release {
            "may hold letters a to z and A to Z, digits, spaces, `.`, `_`, `-` and `+` only"
        } else {
            "may hold lower-case letters a to z, digits, `.`, `_` and `-` only"
        };
        return Some(may.to_owned());
    }
    if !bytes.first().copied().is_some_and(plain) || !bytes.last().copied().is_some_and(plain) {
        return Some("must begin and end with a letter or a digit".to_owned());
    }
    let is_guessed = GUESSED.contains(&name) || !bytes[0].is_ascii_lowercase();
    (kind == "app" && is_guessed).then(|| {
        "is taken for a number, a date or a truth value by who reads it from a file's path: an app's \
         name begins with a letter, and is none of true, false, inf, infinity, nan and null"
            .to_owned()
    })
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
        let names = [
            "maps",
            "4.2",
            "route.bicycle",
            "out_of_memory",
            "a",
            "2026.11-rc1",
        ];
        for name in names {
            assert_eq!(fault("feature", name), None, "{name}");
        }
        for (name, _) in BUILT_IN_CAUSES {
            assert_eq!(fault("cause", name), None, "{name}");
        }
    }

    #[test]
    fn what_could_confuse_a_reader_or_a_path_is_refused() {
        let long = "a".repeat(NAME_BYTES + 1);
        for name in [
            "", "Maps", "a/b", "..", ".a", "a.", "-a", "a b", "é", "a=b", "a+b", "a\n", &long,
        ] {
            assert!(fault("feature", name).is_some(), "{name:?}");
        }
        for name in RESERVED {
            assert!(fault("feature", name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_release_may_be_named_as_build_systems_name_them() {
        for name in ["1.0.0+1", "2.0-RC1", "2024.1 beta", "4.2"] {
            assert_eq!(fault("release", name), None, "{name}");
        }
        for name in ["1.0.0+", "beta ", "a/b", "1.0=2", "a\tb"] {
            assert!(fault("release", name).is_some(), "{name}");
        }
    }

    #[test]
    fn an_app_has_no_name_that_a_reader_of_paths_takes_for_something_else() {
        for name in [
            "007",
            "2048",
            "1e5",
            "12.50",
            "0x10",
            "2026-11-01",
            "true",
            "false",
            "inf",
            "infinity",
            "nan",
            "null",
        ] {
            assert!(fault("app", name).is_some(), "{name}");
            assert!(fault("feature", name).is_none(), "{name}");
        }
        for name in ["maps", "a007", "nano", "infinite", "e5"] {
            assert_eq!(fault("app", name), None, "{name}");
        }
    }
}
