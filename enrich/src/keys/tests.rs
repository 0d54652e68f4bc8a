//! The ring on the broker inside the process, which knows no deletion by position: what would go by
//! position is told by `topic`.
#![allow(clippy::unwrap_used)]

use kaiku_broker::MockBroker;
use kaiku_raw::DeviceId;

use super::*;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

/// A broker with the state topics of three months, and a folder for keys.
struct World {
    broker: MockBroker,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let months = ["2026-10", "2026-11", "2026-12"].map(month);
        World {
            broker: MockBroker::new(1, &months).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// What a process of its own has of them.
    fn ring(&self) -> KeyRing {
        let config = Config {
            keys_dir: self.folder.path().to_owned(),
            ..Config::default()
        };
        let cluster = self.broker.cluster().clone();
        KeyRing::new(cluster, config, RandomSource::system())
    }

    fn admin(&self) -> Admin {
        Admin::connect(self.broker.cluster()).unwrap()
    }
}

/// A key is told by the names that it gives.
fn name(key: &MonthKey) -> [u8; 16] {
    key.token(&DeviceId::new([7; 16])).0
}

#[test]
fn who_looks_for_a_key_finds_it_or_none_and_makes_nothing() {
    let world = World::new();
    assert!(world.ring().find(month("2026-11")).unwrap().is_none());
    assert!(world.ring().records().unwrap().is_empty());
    assert!(world.ring().files().unwrap().is_empty());
    let made = world
        .ring()
        .month(&world.admin(), month("2026-11"))
        .unwrap();
    let found = world.ring().find(month("2026-11")).unwrap().unwrap();
    assert_eq!(name(&found), name(&made));
}

#[test]
fn the_key_of_a_month_is_destroyed_alone_in_whatever_order_keys_were_made() {
    let world = World::new();
    let (ring, admin) = (world.ring(), world.admin());
    let needed = ring.month(&admin, month("2026-12")).unwrap();
    ring.month(&admin, month("2026-10")).unwrap();
    let over = BTreeSet::from([month("2026-10")]);
    // Whoever is interrupted does it again.
    for _ in 0..2 {
        ring.destroy_records(&admin, &over).unwrap();
        ring.destroy_file(month("2026-10")).unwrap();
    }
    let another = world.ring();
    assert_eq!(another.records().unwrap(), [month("2026-12")].into());
    assert_eq!(another.files().unwrap(), [month("2026-12")].into());
    let found = another.find(month("2026-12")).unwrap().unwrap();
    assert_eq!(name(&found), name(&needed));
    assert!(another.find(month("2026-10")).unwrap().is_none());
    // Until it is told to forget, this process alone knows it.
    assert_eq!(ring.remembered(), ["2026-10", "2026-12"].map(month).into());
    ring.forget(month("2026-10"));
    assert!(ring.find(month("2026-10")).unwrap().is_none());
}

#[test]
fn a_key_that_its_file_does_not_open_is_named() {
    let world = World::new();
    let (ring, admin) = (world.ring(), world.admin());
    for one in ["2026-11", "2026-12"] {
        ring.month(&admin, month(one)).unwrap();
    }
    assert!(world.ring().unopened().unwrap().is_empty());
    std::fs::write(world.folder.path().join("2026-11.key"), "ab".repeat(32)).unwrap();
    std::fs::remove_file(world.folder.path().join("2026-12.key")).unwrap();
    let unopened = world.ring().unopened().unwrap();
    assert!(matches!(
        unopened[&month("2026-11")],
        Error::MonthKey { .. }
    ));
    assert!(matches!(unopened[&month("2026-12")], Error::KeyFile { .. }));
}
