//! Consent texts: which count, and what is wrong with them.

use super::*;
use crate::ConsentRefused;

/// Reads a program with these lines behind its head.
fn program(lines: &str) -> Result<Program, Vec<String>> {
    let text = format!("version = 1\n{lines}[controller]\nname = \"A\"\ncontact = \"a\"\n");
    let catalogue = read(&[("maps.toml", APP), ("program.toml", &text)]);
    let told = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
    catalogue.map(|one| one.program).map_err(told)
}

#[test]
fn a_consent_counts_where_its_text_exists_was_there_and_is_accepted() {
    let texts = "consent.1.text = \"a\"\nconsent.2 = { text = \"b\", since = 2026-10-01 }\n\
                 consent.3.text = \"c\"\n";
    let all = program(texts).expect("a good program");
    let accepted = |program: &Program, version, given| program.accepts(version, day(given)).is_ok();
    assert!(accepted(&all, 1, "2026-01-01") && accepted(&all, 2, "2026-11-01"));
    for version in [0, 4, 99, 2_147_483_647] {
        let refused = all.accepts(version, day("2026-11-01"));
        assert_eq!(refused, Err(ConsentRefused::UnknownText), "{version}");
    }
    // A text without a day of its own was not there before an older one.
    for (version, first) in [(1, "2020-01-01"), (2, "2026-10-01"), (3, "2026-10-01")] {
        let first = day(first);
        assert!(all.accepts(version, first).is_ok(), "{version}");
        assert!(
            all.accepts(version, first.prev()).is_ok(),
            "{version}: the day before, elsewhere"
        );
        let early = Err(ConsentRefused::BeforeItsText);
        assert_eq!(all.accepts(version, first.minus(2)), early, "{version}");
        assert_eq!(all.accepts(version, Day::MIN), early, "{version}");
    }
    let lowest = program(&format!("lowest_accepted = 2\n{texts}")).expect("a good program");
    let too_old = lowest.accepts(1, day("2026-11-01"));
    assert_eq!(too_old, Err(ConsentRefused::NoLongerAccepted));
    assert!(accepted(&lowest, 2, "2026-11-01"));
}

#[test]
fn a_device_asks_anew_where_a_later_text_asks_for_more_or_its_own_is_not_accepted() {
    let since = |lines: &str| {
        let texts = "consent.1.text = \"a\"\nconsent.2.text = \"b\"\nconsent.3.text = \"c\"\n";
        let program = program(&format!("{lines}{texts}")).expect("a good program");
        (
            program.asks_for_more_since(),
            program.newest().map(|(version, _)| version),
        )
    };
    assert_eq!(since(""), (1, Some(3)));
    assert_eq!(since("consent.2.asks_for_more = true\n"), (2, Some(3)));
    assert_eq!(
        since("lowest_accepted = 3\nconsent.2.asks_for_more = true\n"),
        (3, Some(3))
    );
}

#[test]
fn what_is_wrong_with_consent_texts_is_told() {
    let told = program(
        "lowest_accepted = 3\nconsent.1 = { text = \"a\", since = 2026-10-02 }\n\
         consent.2 = { text = \"b\", since = 2026-10-01, asks_for_more = 1, texts.en = \"b\" }\n",
    );
    let expected = [
        "program.toml:1:1: `lowest_accepted` is 3, but there is no `[consent.3]`",
        "program.toml:4:9: consent 2 is there since 2026-10-01, and consent 1 only since 2026-10-02",
        "program.toml:4:63: `asks_for_more` of consent `2` must be true or false",
        "program.toml:4:72: `texts.en` is written as `text`",
    ];
    assert_eq!(told.expect_err("no program"), expected);
}

#[test]
fn a_program_that_nobody_can_join_yet_is_told_with_the_day_from_which_on() {
    let text = "consent.1 = { text = \"a\", since = 2026-12-01 }\n";
    let program = program(text).expect("a good program");
    let told = program.no_text_yet(day("2026-11-29")).expect("a sentence");
    assert!(
        told.contains("program.toml:2:") && told.contains("before 2026-12-01"),
        "{told}"
    );
    assert_eq!(program.no_text_yet(day("2026-11-30")), None);
}
