//! The golden uploads: each is answered as its file says, with keys by app and with a token.

use std::collections::BTreeSet;

use super::{Door, TOKEN};
use crate::golden::{APP, Target, uploads};
use crate::new_key;

fn wrong(door: &Door, key: &str) -> Vec<String> {
    let url = format!("https://localhost:{}", door.address.port());
    let target = Target::new(&url, vec![door.certificate.clone()]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcomes = runtime.block_on(target.check(key)).unwrap();
    assert!(outcomes.len() > 20);
    let wrong = |outcome: &crate::golden::Outcome| {
        let said = outcome.wrong.as_ref()?;
        Some(format!("{}: {said}", outcome.name))
    };
    outcomes.iter().filter_map(wrong).collect()
}

#[test]
fn every_golden_upload_is_answered_as_its_file_says_and_none_is_counted() {
    let door = Door::open();
    assert_eq!(wrong(&door, TOKEN), Vec::<String>::new());
    assert_eq!(door.kit.taken(), 0);
    let (key, hash) = new_key();
    let door = Door::with(|config| {
        let path = config.tokens_file.take().unwrap().with_file_name("keys");
        std::fs::write(&path, format!("[apps.{APP}]\nkeys = [\"{hash}\"]\n")).unwrap();
        config.keys_file = Some(path);
    });
    assert_eq!(wrong(&door, &key), Vec::<String>::new());
    assert_eq!(door.kit.taken(), 0);
}

#[test]
fn a_gateway_that_answers_otherwise_is_told_from_one_that_does_not() {
    let door = Door::with(|config| config.limits.body_bytes = 100);
    let wrong = wrong(&door, TOKEN);
    assert!(
        wrong.iter().any(|one| one.starts_with("json: wanted 202")),
        "{wrong:?}"
    );
}

#[test]
fn the_kit_has_every_file_of_its_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known = uploads().unwrap();
    let known: BTreeSet<String> = known
        .iter()
        .map(|(name, _)| format!("{name}.toml"))
        .collect();
    assert_eq!(known, there);
}
