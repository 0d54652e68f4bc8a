//! Names of the catalogue as identifiers: words behind each other, and none that a language keeps for
//! itself.

use std::collections::HashMap;

/// How the words of an identifier stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// `RouteBicycle`.
    Camel,
    /// `routeBicycle`.
    LowerCamel,
    /// `ROUTE_BICYCLE`.
    Upper,
}

/// What Rust and Swift would not take, or take for something else. Upper-case words are free in all
/// of the languages.
const KEPT: [&str; 62] = [
    "Self",
    "allCases",
    "as",
    "associatedtype",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "continue",
    "default",
    "defer",
    "deinit",
    "description",
    "do",
    "else",
    "enum",
    "extension",
    "fallthrough",
    "false",
    "fileprivate",
    "for",
    "func",
    "guard",
    "hash",
    "hashValue",
    "id",
    "if",
    "import",
    "in",
    "init",
    "inout",
    "internal",
    "is",
    "let",
    "nil",
    "none",
    "open",
    "operator",
    "precedencegroup",
    "private",
    "protocol",
    "public",
    "rawValue",
    "repeat",
    "rethrows",
    "return",
    "self",
    "some",
    "static",
    "struct",
    "subscript",
    "super",
    "switch",
    "throw",
    "throws",
    "true",
    "try",
    "typealias",
    "var",
    "where",
    "while",
];

/// The identifier of a name, which has letters, digits, dots, hyphens and underscores.
pub(super) fn of(name: &str, case: Case) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut made = String::new();
    for word in words {
        let first = made.is_empty();
        match case {
            Case::Upper if first => made.push_str(&word.to_ascii_uppercase()),
            Case::Upper => {
                made.push('_');
                made.push_str(&word.to_ascii_uppercase());
            }
            Case::LowerCamel if first => made.push_str(word),
            Case::Camel | Case::LowerCamel => {
                let (head, tail) = word.split_at(1);
                made.push_str(&head.to_ascii_uppercase());
                made.push_str(tail);
            }
        }
    }
    // No language begins an identifier with a digit: `3d.view` is N3D_VIEW, N3dView, n3dView.
    if made.starts_with(|c: char| c.is_ascii_digit()) {
        made.insert(0, if case == Case::LowerCamel { 'n' } else { 'N' });
    }
    if KEPT.contains(&made.as_str()) {
        made.push('_');
    }
    made
}

/// The identifiers of one kind so far, and the name of each.
#[derive(Default)]
pub(super) struct Names(HashMap<String, &'static str>);

impl Names {
    /// Takes an identifier; the name that has it already, where there is one.
    pub(super) fn insert(&mut self, identifier: &str, name: &'static str) -> Option<&'static str> {
        self.0.insert(identifier.to_owned(), name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_together_as_each_language_has_them() {
        for (name, camel, lower, upper) in [
            (
                "route.bicycle",
                "RouteBicycle",
                "routeBicycle",
                "ROUTE_BICYCLE",
            ),
            (
                "out_of_memory",
                "OutOfMemory",
                "outOfMemory",
                "OUT_OF_MEMORY",
            ),
            ("map.3d", "Map3d", "map3d", "MAP_3D"),
            ("3d-view", "N3dView", "n3dView", "N3D_VIEW"),
            ("self", "Self_", "self_", "SELF"),
            ("import", "Import", "import_", "IMPORT"),
            ("a..b--c", "ABC", "aBC", "A_B_C"),
        ] {
            assert_eq!(of(name, Case::Camel), camel);
            assert_eq!(of(name, Case::LowerCamel), lower);
            assert_eq!(of(name, Case::Upper), upper);
        }
    }

    #[test]
    fn what_languages_keep_is_listed_in_order() {
        assert!(KEPT.is_sorted(), "{KEPT:?}");
    }
}
