//! Files that nobody means: those of the sample with lines and characters changed, through the reader
//! and the generators. It runs a few hundred of them; `KAIKU_TEST_MINUTES` lets it run for as long as
//! it says, and `KAIKU_TEST_SEED` repeats one.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::generate::{GenerateError, Language, generate};
use crate::{Catalogue, load};

/// Cases of a short run.
const CASES: u64 = 300;

/// The most that one case may take: the machine may have much else to do, and a case that costs
/// more is one to look at.
const LONGEST: Duration = Duration::from_secs(5);

/// What stands where a value stood.
const VALUES: [&str; 16] = [
    "",
    "0",
    "-1",
    "18446744073709551616",
    "1e400",
    "nan",
    "true",
    "\"\"",
    "\"\u{202e}\"",
    "\"</script>\"",
    "2026-02-29",
    "0000-00-00",
    "9999-12-31",
    "[]",
    "{}",
    "[[[[[[[[]]]]]]]]",
];

const LANGUAGES: [Language; 6] = [
    Language::Rust,
    Language::C,
    Language::Python,
    Language::Kotlin,
    Language::Swift,
    Language::Json,
];

fn mutate(random: &mut StdRng, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..random.random_range(1..5) {
        let at = random.random_range(0..lines.len());
        match random.random_range(0..8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines.choose(random).unwrap().clone()),
            2 => {
                let other = random.random_range(0..lines.len());
                lines.swap(at, other);
            }
            3 => {
                let key = lines[at].split('=').next().unwrap().to_owned();
                lines[at] = format!("{key}= {}", VALUES.choose(random).unwrap());
            }
            4 => {
                let kept = random.random_range(0..=lines[at].chars().count());
                lines[at] = lines[at].chars().take(kept).collect();
            }
            5 => lines[at].push(random.random()),
            6 => lines.truncate(at + 1),
            _ => {
                let mut characters: Vec<char> = lines[at].chars().collect();
                if let Some(character) = characters.iter_mut().next_back() {
                    *character = random.random();
                }
                lines[at] = characters.into_iter().collect();
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

/// A catalogue that is read can be built into apps, or says which names can't.
fn is_built(catalogue: &Catalogue) {
    for app in catalogue.apps() {
        for language in LANGUAGES {
            match generate(catalogue, app.as_str(), language) {
                Ok(source) if language == Language::Json => {
                    let value: serde_json::Value = serde_json::from_str(&source).unwrap();
                    assert_eq!(value["app"], app.as_str());
                }
                Ok(source) => assert!(source.ends_with('\n')),
                Err(GenerateError::Collision { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn no_file_whatever_makes_the_reader_panic_or_complain_of_a_place_that_is_not_there() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("KAIKU_TEST_SEED").unwrap_or_else(|| rand::rng().random());
    let minutes: Option<u64> = number("KAIKU_TEST_MINUTES");
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut random = StdRng::seed_from_u64(seed);
    let (mut cases, mut taken) = (0, 0_u64);
    while end.map_or(cases < CASES, |end| Instant::now() < end) {
        let mut files: Vec<(PathBuf, String)> = load::SAMPLE
            .map(|(name, text)| (name.into(), text.to_owned()))
            .into();
        let changed = random.random_range(0..files.len());
        files[changed].1 = mutate(&mut random, &files[changed].1);
        let start = Instant::now();
        match load::read(Path::new("sample"), &files, Vec::new()) {
            Ok((declared, program)) => {
                taken += 1;
                is_built(&Catalogue::new(declared, program));
            }
            Err(problems) => {
                assert!(!problems.is_empty(), "seed {seed}, case {cases}");
                for problem in problems {
                    let (_, text) = files
                        .iter()
                        .find(|(file, _)| *file == problem.file)
                        .unwrap();
                    let lines: Vec<&str> = text.split('\n').collect();
                    let line = lines.get(problem.line - 1);
                    let is_there = line.is_some_and(|line| {
                        (1..=line.chars().count() + 1).contains(&problem.column)
                    });
                    assert!(is_there, "seed {seed}, case {cases}: {problem}\n{text}");
                }
            }
        }
        assert!(start.elapsed() < LONGEST, "seed {seed}, case {cases}");
        cases += 1;
    }
    assert!(taken > 0, "seed {seed}: nothing was taken of {cases}");
    println!("KAIKU_TEST_SEED={seed}: {cases} catalogues, {taken} of them without a problem");
}
