//! The values of the vocabularies: small, copied freely, and made by look-ups only.

use std::hash::{Hash, Hasher};

use crate::reference;

/// One entry of a catalogue. Entries live as long as the process.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Stable across restarts and edits of the catalogue.
    pub(crate) key: u64,
}

/// Declares a vocabulary that comes from the catalogue.
macro_rules! from_catalogue {
    ($($(#[doc = $doc:literal])+ $name:ident, $unlisted:ident;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name(pub(crate) &'static Entry);

        static $unlisted: Entry =
            Entry { name: "unlisted", key: key(stringify!($name), "", "unlisted") };

        impl $name {
            /// What the catalogue does not list, or lists as expired.
            pub const UNLISTED: $name = $name(&$unlisted);

            pub(crate) fn entry(app: &str, name: &str) -> $name {
                let key = key(stringify!($name), app, name);
                let name = Box::leak(name.to_owned().into_boxed_str());
                $name(Box::leak(Box::new(Entry { name, key })))
            }

            /// The name in the catalogue, or `unlisted`.
            pub fn as_str(self) -> &'static str {
                self.0.name
            }

            /// A number that stands for the name in its app: the same in every run and for every
            /// edit of the catalogue.
            pub fn key(self) -> u64 {
                self.0.key
            }

            /// Whether it is [`Self::UNLISTED`].
            pub fn is_unlisted(self) -> bool {
                self.0.key == $unlisted.key
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                self.0.key == other.0.key
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.key.hash(state);
            }
        }
    )*};
}

from_catalogue! {
    /// An app of the catalogue.
    App, NO_APP;
    /// A release of an app.
    Release, NO_RELEASE;
    /// A feature of an app.
    Feature, NO_FEATURE;
    /// An error cause: of an app, or one of those that every app has.
    Cause, NO_CAUSE;
    /// A component of an app.
    Component, NO_COMPONENT;
}

/// Declares a vocabulary that comes from a published table.
macro_rules! from_table {
    ($($(#[doc = $doc:literal])+ $name:ident, $none:ident = $text:literal: $what:literal, $texts:ident;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            #[doc = $what]
            pub const $none: $name = $name(0);

            /// The text of the table's row.
            pub fn as_str(self) -> &'static str {
                match self.0 {
                    0 => $text,
                    row => reference::tables().$texts(row),
                }
            }

            /// A number that stands for the text: the same in every run.
            pub fn key(self) -> u64 {
                key(stringify!($name), "", self.as_str())
            }
        }
    )*};
}

from_table! {
    /// A model of the table of models; its text is `Brand/Code`.
    Model, UNLISTED = "unlisted": "What the table does not list.", model;
    /// An operator of the table of operators; its text is `Name (CC)`, since names repeat across
    /// countries. An operator has the same value on each of its networks.
    Operator, UNLISTED = "unlisted": "What the table does not list.", operator;
    /// A country, as ISO 3166-1 alpha-2.
    Country, UNKNOWN = "ZZ": "Neither the SIM's network nor the device tells it.", country;
}

impl Model {
    /// The manufacturer, or `unlisted`.
    pub fn brand(self) -> &'static str {
        match self.0 {
            0 => "unlisted",
            row => reference::tables().brand(row),
        }
    }
}

/// FNV-1a of 64 bits over kind, app and name (Fowler, Noll, Vo), with separators between them.
pub(crate) const fn key(kind: &str, app: &str, name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let parts = [kind.as_bytes(), app.as_bytes(), name.as_bytes()];
    let mut part = 0;
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            hash = step(hash, parts[part][index]);
            index += 1;
        }
        hash = step(hash, 0xFF);
        part += 1;
    }
    hash
}

const fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_kind_app_and_name() {
        let keys = [
            key("Feature", "maps", "search"),
            key("Cause", "maps", "search"),
            key("Feature", "music", "search"),
            key("Feature", "map", "ssearch"),
        ];
        let distinct: std::collections::HashSet<u64> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn keys_are_the_same_in_every_release_of_this_program() {
        assert_eq!(
            key("Feature", "maps", "route.bicycle"),
            Feature::entry("maps", "route.bicycle").key()
        );
        assert_eq!(App::UNLISTED.as_str(), "unlisted");
        assert!(App::UNLISTED.is_unlisted() && !App::entry("", "maps").is_unlisted());
    }
}
