//! A file that was tampered with in any way is refused, and one that was not says what was said.

#![allow(clippy::unwrap_used)]

use kaiku_wire::{Day, Week};
use proptest::prelude::*;

use crate::{Error, Expected, Feature, MOST_BYTES, PublicKey, Refusal, SigningKey, Suggestions};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn week(text: &str) -> Week {
    Week::from_monday(day(text)).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32]).unwrap()
}

fn features(names: &[&str]) -> Vec<Feature> {
    (names.iter())
        .map(|name| Feature {
            name: (*name).to_owned(),
            is_offered: !name.starts_with("base."),
        })
        .collect()
}

fn said() -> Suggestions {
    Suggestions::new(
        "maps",
        week("2026-11-16"),
        day("2026-12-21"),
        features(&["base.search", "route.car", "route.bicycle", "layer.traffic"]),
        [(0, 1, 0.6), (2, 0, 0.2), (1, 3, 0.55), (3, 2, 0.011)],
    )
    .unwrap()
}

fn expected<'a>(keys: &'a [PublicKey]) -> Expected<'a> {
    Expected {
        app: "maps",
        keys,
        today: day("2026-11-24"),
        last: Some(week("2026-11-16")),
    }
}

#[test]
fn what_was_signed_is_read_and_every_flip_of_a_bit_is_refused() {
    let keys = [key(1).public(), key(2).public()];
    for signer in [key(1), key(2)] {
        let file = said().sign(&signer).unwrap();
        let read = Suggestions::verify(&file, &expected(&keys)).unwrap();
        assert_eq!(read, said());
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let refused = Suggestions::verify(&flipped, &expected(&keys)).unwrap_err();
            let is_known = matches!(
                refused,
                Refusal::NotSuggestions | Refusal::UnknownKey | Refusal::BadSignature
            );
            assert!(is_known, "bit {bit}: {refused:?}");
        }
    }
}

#[test]
fn a_file_that_was_cut_or_goes_on_is_refused() {
    let keys = [key(1).public()];
    let file = said().sign(&key(1)).unwrap();
    for length in 0..file.len() {
        assert!(
            Suggestions::verify(&file[..length], &expected(&keys)).is_err(),
            "{length}"
        );
        assert!(
            Suggestions::verify(&file[file.len() - length..], &expected(&keys)).is_err(),
            "the last {length}"
        );
    }
    for more in 1..200 {
        let longer = [&*file, &vec![0; more]].concat();
        assert!(Suggestions::verify(&longer, &expected(&keys)).is_err());
    }
    let huge = vec![b'K'; MOST_BYTES + 1];
    assert_eq!(
        Suggestions::verify(&huge, &expected(&keys)),
        Err(Refusal::TooLarge)
    );
}

#[test]
fn another_key_is_refused_also_where_it_claims_to_be_one_of_ours() {
    let keys = [key(1).public(), key(2).public()];
    let mut file = said().sign(&key(3)).unwrap();
    assert_eq!(
        Suggestions::verify(&file, &expected(&keys)),
        Err(Refusal::UnknownKey)
    );
    file[4..12].copy_from_slice(&key(1).public().id());
    assert_eq!(
        Suggestions::verify(&file, &expected(&keys)),
        Err(Refusal::BadSignature)
    );
    assert_eq!(
        Suggestions::verify(&said().sign(&key(1)).unwrap(), &expected(&[])),
        Err(Refusal::UnknownKey)
    );
}

#[test]
fn a_signature_for_something_else_is_none_for_suggestions() {
    let file = said().sign(&key(1)).unwrap();
    let signed = &file[..file.len() - 64];
    let other = [signed, &key(1).sign(signed)].concat();
    assert_eq!(
        Suggestions::verify(&other, &expected(&[key(1).public()])),
        Err(Refusal::BadSignature)
    );
}

#[test]
fn a_file_is_good_until_the_day_before_it_expires() {
    let keys = [key(1).public()];
    let file = said().sign(&key(1)).unwrap();
    let on = |today| {
        let expected = Expected {
            today: day(today),
            ..expected(&keys)
        };
        Suggestions::verify(&file, &expected).map(|_| ())
    };
    assert_eq!(on("2026-12-20"), Ok(()));
    assert_eq!(on("2026-12-21"), Err(Refusal::Expired));
    assert_eq!(on("2031-01-01"), Err(Refusal::Expired));
}

#[test]
fn an_older_week_than_the_last_that_was_accepted_is_refused_and_the_same_is_not() {
    let keys = [key(1).public()];
    let file = said().sign(&key(1)).unwrap();
    let behind = |last| {
        let expected = Expected {
            last,
            ..expected(&keys)
        };
        Suggestions::verify(&file, &expected).map(|_| ())
    };
    assert_eq!(behind(None), Ok(()));
    assert_eq!(behind(Some(week("2026-11-16"))), Ok(()));
    assert_eq!(behind(Some(week("2026-11-23"))), Err(Refusal::Older));
}

#[test]
fn the_file_of_another_app_is_refused() {
    let keys = [key(1).public()];
    let file = said().sign(&key(1)).unwrap();
    let expected = Expected {
        app: "music",
        ..expected(&keys)
    };
    assert_eq!(
        Suggestions::verify(&file, &expected),
        Err(Refusal::OtherApp)
    );
}

#[test]
fn what_contradicts_itself_is_not_made_and_not_read_though_it_is_signed() {
    let made = |expires: &str, names: &[&str], pairs: &[(usize, usize, f64)]| {
        let week = week("2026-11-16");
        let pairs = pairs.iter().copied();
        Suggestions::new("maps", week, day(expires), features(names), pairs).map(|_| ())
    };
    assert_eq!(made("2026-11-23", &["a", "b"], &[(0, 1, 0.5)]), Ok(()));
    assert_eq!(made("2026-11-22", &["a"], &[]), Err(Error::Expiry));
    assert_eq!(made("2026-12-28", &["a"], &[]), Ok(()));
    assert_eq!(made("2026-12-29", &["a"], &[]), Err(Error::Expiry));
    assert_eq!(made("2026-12-01", &["a", "a"], &[]), Err(Error::Name));
    assert_eq!(made("2026-12-01", &[""], &[]), Err(Error::Name));
    assert_eq!(made("2026-12-01", &["a"], &[(0, 1, 0.5)]), Err(Error::Pair));
    assert_eq!(made("2026-12-01", &["a"], &[(0, 0, 0.5)]), Err(Error::Pair));
    let twice = [(0, 1, 0.5), (1, 0, 0.5)];
    assert_eq!(made("2026-12-01", &["a", "b"], &twice), Err(Error::Pair));

    let mut wrong = said();
    wrong.features.truncate(2);
    // Not what `new` would make: signed all the same.
    wrong.pairs.retain(|pair| pair.a < 2);
    let file = wrong.sign(&key(1)).unwrap();
    assert_eq!(
        Suggestions::verify(&file, &expected(&[key(1).public()])),
        Err(Refusal::Malformed)
    );
}

#[test]
fn sixty_features_with_all_their_pairs_fit_into_a_file_and_five_hundred_do_not() {
    let full = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|n| format!("group.feature_{n:03}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b, 0.3)));
        let (week, day) = (week("2026-11-16"), day("2026-12-01"));
        Suggestions::new("maps", week, day, features(&names), pairs).unwrap()
    };
    let file = full(60).sign(&key(1)).unwrap();
    assert!(file.len() < 5_500, "{} bytes", file.len());
    assert_eq!(full(60).bytes(), file.len());
    assert_eq!(full(500).sign(&key(1)), Err(Error::TooLarge));
}

#[test]
fn what_is_used_or_may_not_be_offered_is_not_picked_and_the_reason_is_the_strongest() {
    let said = said();
    let picked = said.pick(&|name| ["route.bicycle", "base.search"].contains(&name));
    let shown: Vec<_> = picked
        .iter()
        .map(|one| (one.feature, one.because))
        .collect();
    assert_eq!(
        shown,
        [
            ("route.car", "base.search"),
            ("layer.traffic", "route.bicycle")
        ]
    );
    assert!(said.pick(&|_| false).is_empty());
    assert!(said.pick(&|_| true).is_empty());
    let unknown = said.pick(&|name| name == "of.another.app");
    assert!(unknown.is_empty());
}

#[test]
fn the_sum_of_reasons_decides_and_what_is_alike_stands_by_popularity() {
    let said = Suggestions::new(
        "maps",
        week("2026-11-16"),
        day("2026-12-01"),
        features(&["a", "b", "c", "d", "e"]),
        [(0, 2, 0.3), (1, 2, 0.3), (0, 3, 0.5), (0, 4, 0.5)],
    )
    .unwrap();
    let picked = said.pick(&|name| ["a", "b"].contains(&name));
    let names: Vec<_> = picked.iter().map(|one| one.feature).collect();
    assert_eq!(names, ["c", "d", "e"]);
}

#[test]
fn a_secret_is_read_as_it_is_written_and_no_debug_shows_it() {
    let written = key(9).to_text();
    let again = SigningKey::from_text(&written).unwrap();
    assert_eq!(again.public(), key(9).public());
    assert!(!format!("{again:?}").contains(&written[..8]));
    for wrong in ["", "09", &"g".repeat(64), &"0".repeat(66)] {
        assert!(SigningKey::from_text(wrong).is_err());
        assert!(wrong.parse::<PublicKey>().is_err());
    }
    let public = key(9).public();
    assert_eq!(public.to_string().parse(), Ok(public));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let keys = [key(1).public()];
        prop_assert!(Suggestions::verify(&bytes, &expected(&keys)).is_err());
        let _ = Suggestions::unverified(&bytes);
        let headed = [b"KSG1", &*bytes].concat();
        let _ = Suggestions::unverified(&headed);
    }

    #[test]
    fn whatever_is_said_comes_back(
        pairs in proptest::collection::btree_map((0..30_usize, 1..30_usize), 0.0..1.0, 0..200),
    ) {
        let names: Vec<String> = (0..60).map(|n| format!("f{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pairs = pairs.into_iter().map(|((a, step), score)| (a, a + step, score));
        let pairs: Vec<_> = pairs.collect();
        let (week, day) = (week("2026-11-16"), day("2026-12-01"));
        let said = Suggestions::new("maps", week, day, features(&names), pairs.iter().copied()).unwrap();
        let file = said.sign(&key(1)).unwrap();
        let keys = [key(1).public()];
        let read = Suggestions::verify(&file, &expected(&keys)).unwrap();
        prop_assert_eq!(&read, &said);
        for (a, b, score) in read.pairs() {
            let number = |name: &str| name[1..].parse::<usize>().unwrap();
            let given = pairs.iter().find(|pair| (pair.0, pair.1) == (number(a), number(b))).unwrap();
            prop_assert!((given.2 - score).abs() < 0.005, "{} {}", given.2, score);
        }
    }
}
