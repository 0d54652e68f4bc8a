//! The names of this process: each is leaked once, however often a catalogue is loaded.

use std::sync::{Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;

/// What a value of a vocabulary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    App,
    Release,
    Feature,
    Cause,
    Component,
    Model,
    Operator,
    Country,
}

/// One name of one kind and app, at an address of its own for as long as the process lives.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) key: u64,
    /// Dense over the entries of a process; 0 is that of `unlisted`.
    pub(crate) index: usize,
}

/// Text of what is not listed.
pub(crate) const UNLISTED: &str = "unlisted";

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::App => "app",
            Kind::Release => "release",
            Kind::Feature => "feature",
            Kind::Cause => "cause",
            Kind::Component => "component",
            Kind::Model => "model",
            Kind::Operator => "operator",
            Kind::Country => "country",
        }
    }
}

impl Entry {
    /// The entry of what is not listed.
    pub(crate) const fn unlisted(kind: Kind) -> Entry {
        Entry {
            name: UNLISTED,
            key: key(kind, "", UNLISTED),
            index: 0,
        }
    }
}

/// The key of a name: 64-bit FNV-1a (Fowler, Noll, Vo) of kind, app and name with a zero byte
/// behind each, then the finaliser of splitmix64. It is the same in every process, for ever: it
/// stands in the state of devices.
pub(crate) const fn key(kind: Kind, app: &str, name: &str) -> u64 {
    let hash = fnv(fnv(fnv(0xcbf2_9ce4_8422_2325, kind.name()), app), name);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

const fn fnv(mut hash: u64, text: &str) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(PRIME);
        at += 1;
    }
    hash.wrapping_mul(PRIME)
}

/// The entry of a name, the same one at every call.
pub(crate) fn entry(kind: Kind, app: &str, name: &str) -> &'static Entry {
    type Names = HashMap<(Kind, String, String), &'static Entry>;
    static NAMES: OnceLock<Mutex<Names>> = OnceLock::new();
    let mut names = NAMES
        .get_or_init(Mutex::default)
        .lock()
        // Nothing can panic between two writes to the map.
        .unwrap_or_else(PoisonError::into_inner);
    let index = names.len() + 1;
    names
        .entry((kind, app.to_owned(), name.to_owned()))
        .or_insert_with(|| {
            Box::leak(Box::new(Entry {
                name: Box::leak(name.to_owned().into_boxed_str()),
                key: key(kind, app, name),
                index,
            }))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_leaked_once() {
        let one = entry(Kind::Feature, "maps", "share");
        assert!(std::ptr::eq(one, entry(Kind::Feature, "maps", "share")));
        assert!(!std::ptr::eq(one, entry(Kind::Feature, "music", "share")));
        assert!(!std::ptr::eq(one, entry(Kind::Cause, "maps", "share")));
    }

    #[test]
    fn the_parts_of_a_key_do_not_run_into_each_other() {
        let keys = [
            key(Kind::Feature, "ab", "c"),
            key(Kind::Feature, "a", "bc"),
            key(Kind::Feature, "", "abc"),
            key(Kind::Cause, "ab", "c"),
        ];
        for (at, one) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(one));
        }
    }

    #[test]
    fn a_key_never_changes_because_the_state_of_devices_holds_it() {
        assert_eq!(key(Kind::App, "", "maps"), 0xb2cf_a5aa_5452_2607);
        assert_eq!(
            key(Kind::Feature, "maps", "route.bicycle"),
            0x2208_cf61_8fc0_3983
        );
    }
}
