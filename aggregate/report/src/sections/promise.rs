//! What was spent, and what is guaranteed for it, in plain words; `docs/privacy.md` has the whole claim.

use kaiku_wire::Day;

use crate::context::Context;
use crate::draft::Draft;
use crate::model::{Cell, Group, Kind, Section};
use crate::report::spent_within;
use crate::rollups::{Manifest, Unit};
use crate::words;

/// ISO weeks that a year touches.
const WEEKS_OF_A_YEAR: f64 = 53.0;

/// What is not covered, as `docs/privacy.md` has it.
const NOT_COVERED: &str = "Several identifiers of one person, and faked identifiers, are not covered; nor are those who may \
    read raw, stripped, state or landing data, or the live metrics.";

/// The price of a device-week, and of which weeks.
struct Price<'a> {
    last: &'a Manifest,
    /// The first Monday from which on the last policy is in force, where there was another one before.
    since: Option<Day>,
}

impl<'a> Price<'a> {
    fn of(manifests: &'a [Manifest]) -> Option<Price<'a>> {
        let last = manifests.last()?;
        let others = manifests
            .iter()
            .filter(|one| one.policy_hash != last.policy_hash);
        // A week that was counted under two policies has the price of neither.
        let since = others.map(|one| {
            let monday = one.last_day().week().monday();
            monday.plus(7)
        });
        Some(Price {
            last,
            since: since.max(),
        })
    }

    /// ε, rounded up: what is said is never less than what it costs.
    fn epsilon(&self) -> String {
        format!("{:.1}", up(self.last.week_epsilon, 10.0))
    }

    /// e^ε, rounded up.
    fn factor(&self) -> String {
        words::count(up(self.last.week_epsilon.exp(), 1.0) as i64)
    }

    fn delta(&self) -> String {
        let one_in = 1.0 / self.last.week_delta;
        match (one_in - 1e9).abs() < 1.0 {
            true => "one in a billion".to_owned(),
            false => format!("{:e}", self.last.week_delta),
        }
    }

    /// Of which weeks it is, as the beginning of a sentence that goes on with `rest`.
    fn about(&self, rest: &str) -> String {
        match self.since {
            Some(since) => format!("Of the weeks from {} on: {rest}", words::date(since)),
            None => rest.to_owned(),
        }
    }

    /// What an attacker makes of so many weeks: of so many pairs of 100 he tells the one with the device, rounded up.
    fn pairs(&self, weeks: f64) -> u32 {
        let rho = weeks * self.last.week_rho_millionths as f64 / 1e6;
        up(100.0 * told_apart(rho), 1.0) as u32
    }
}

/// Rounded up to one part of `parts`.
fn up(number: f64, parts: f64) -> f64 {
    (number * parts - 1e-9).ceil() / parts
}

/// The chance to tell a pair, with a device and without it, the right way round: between two Gaussians whose means lie
/// √(2ρ) standard deviations apart.
fn told_apart(rho: f64) -> f64 {
    0.5 * libm::erfc(-(2.0 * rho).sqrt() / 2.0)
}

/// ρ of so many millionths, rounded up.
fn rho(millionths: u64) -> Cell {
    Cell::text(format!("{:.3}", up(millionths as f64 / 1e6, 1e3)))
}

/// ε, rounded up.
fn epsilon(number: f64) -> Cell {
    Cell::text(format!("{:.1}", up(number, 10.0)))
}

/// δ.
fn small(number: f64) -> Cell {
    Cell::text(format!("{number:e}"))
}

/// What the last day and the last week cost.
fn newest(manifests: &[Manifest]) -> Vec<[Cell; 5]> {
    let newest = |unit: Unit| manifests.iter().rev().find(move |one| one.unit == unit);
    let both = [newest(Unit::Day), newest(Unit::Week)];
    let row = |one: &Manifest| {
        let (what, plain) = match one.unit {
            Unit::Day => (
                format!("The daily tables of {}", words::date(one.first_day)),
                "That day alone.",
            ),
            Unit::Week => (
                format!(
                    "The weekly tables of {}",
                    words::period(Unit::Week, one.first_day)
                ),
                "What they add to the days of that week.",
            ),
        };
        [
            Cell::text(what),
            rho(one.rho_millionths),
            epsilon(one.epsilon),
            small(one.delta),
            Cell::text(plain),
        ]
    };
    both.into_iter().flatten().map(row).collect()
}

pub(super) fn spent(context: &Context<'_>) -> Section {
    let manifests = &context.rollups.manifests;
    let mut draft = Draft::new("spent", Group::Unseen, "What was spent", None)
        .column("what", "What", Kind::Text)
        .column("rho", "ρ", Kind::Text)
        .column("epsilon", "ε", Kind::Text)
        .column("delta", "δ", Kind::Text)
        .column("plain", "In plain words", Kind::Text)
        .sentence(
            "What all that is published can tell of one device, at most, over all apps together. ρ adds up over periods; ε and \
             δ say the same as a guarantee. Less is better for the device, and more makes numbers more exact. It is what a \
             device pays that does as much as counts; most do less, and pay less.",
        );
    let Some(price) = Price::of(manifests) else {
        return draft.empty("Nothing is sealed yet.");
    };
    let last = price.last;
    for row in newest(manifests) {
        draft.row(row);
    }
    draft.row([
        Cell::text("A whole week: all daily and weekly tables together, by the policy"),
        rho(last.week_rho_millionths),
        epsilon(last.week_epsilon),
        small(last.week_delta),
        Cell::text("The price of one device-week, which is what the guarantee is about."),
    ]);
    let end = manifests
        .iter()
        .map(Manifest::last_day)
        .max()
        .unwrap_or(last.first_day);
    draft.row([
        Cell::text(format!(
            "Published in the 28 days up to {}, added up",
            words::date(end)
        )),
        rho(spent_within(manifests, end)),
        Cell::None,
        Cell::None,
        Cell::text("What a device that was in all of it has paid at most; a week that these days touch counts in full."),
    ]);
    draft.row([
        Cell::text("What any 28 days may cost by the policy"),
        rho(last.cap_rho_millionths),
        Cell::None,
        Cell::None,
        Cell::text("Beyond that nothing is published."),
    ]);
    let quote = price.about(&format!(
        "What is published of one ISO week costs one reporting identifier at most ε {} at δ {:e}, over all apps and tables \
         together. Several weeks cost more.",
        price.epsilon(),
        last.week_delta
    ));
    draft.quote(quote).done(None, "")
}

/// What is guaranteed, in sentences.
pub(crate) fn promises(manifests: &[Manifest]) -> Vec<String> {
    let Some(price) = Price::of(manifests) else {
        return Vec::new();
    };
    let least = manifests.iter().map(|one| one.k).min().unwrap_or(0);
    vec![
        "What is published is differentially private for one reporting identifier and one ISO week.".to_owned(),
        price.about(&format!(
            "All that was counted for one identifier in one week, in all daily and weekly tables together, changes the \
             chance of anything that could be published by at most a factor of e^ε, but for a δ of {:e}; ε is {} with \
             the policy {}.",
            price.last.week_delta,
            price.epsilon(),
            price.last.policy
        )),
        format!(
            "Every published row holds at least {least} identifiers; numbers of crashes in it may be smaller."
        ),
        "The claim is computational: the noise is a keyed function.".to_owned(),
        NOT_COVERED.to_owned(),
    ]
}

pub(super) fn guarantee(context: &Context<'_>) -> Section {
    let manifests = &context.rollups.manifests;
    let mut draft = Draft::new("guarantee", Group::Unseen, "What is guaranteed", None)
        .column("about", "About", Kind::Text)
        .column("promise", "What is guaranteed", Kind::Text)
        .sentence("The promise behind everything on this page, and what it does not cover.");
    let Some(price) = Price::of(manifests) else {
        return draft.empty("Nothing is sealed yet.");
    };
    let factor = price.factor();
    let plain = price.about(&format!(
        "Every number has random noise on it. Whether what one identifier did in a week was counted or not changes the chance of \
         anything that could be published by at most a factor of {factor}, which is e^ε, but for a δ of {}.",
        price.delta()
    ));
    draft.row([Cell::text("In plain words"), Cell::text(plain)]);
    draft.row([Cell::text("What that is worth"), Cell::text(worth(&price))]);
    let abouts = [
        "What is private",
        "How private",
        "The least crowd",
        "On what it rests",
        "What is not covered",
    ];
    for (about, promise) in abouts.into_iter().zip(promises(manifests)) {
        draft.row([Cell::text(about), Cell::text(promise)]);
    }
    let quote = price.about(&format!(
        "What is published is differentially private for one reporting identifier and one ISO week, at ε {} and δ {:e}: all \
         that was counted for the identifier in that week changes the chance of anything that could be published by at most a \
         factor of {factor}, but for that δ. The claim is computational. {NOT_COVERED}",
        price.epsilon(),
        price.last.week_delta
    ));
    draft.quote(quote).done(None, "")
}

/// What the best attacker makes of it, as `docs/privacy.md` works it out.
fn worth(price: &Price<'_>) -> String {
    let (week, four, year) = (
        price.pairs(1.0),
        price.pairs(4.0),
        price.pairs(WEEKS_OF_A_YEAR),
    );
    format!(
        "Somebody knows every other device, all that was published, and what this one would have done, and it does as much as \
         counts in every week. Of 100 pairs, one with the device and one without it, he tells at most {week} the right way round \
         by one week, {four} by four weeks and {year} by a year; 50 is guessing. So no device that is in it for a year at full is \
         hidden from who knows everything else. Most do far less, and are hidden better."
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const DOCUMENT: &str = include_str!("../../../../docs/privacy.md");

    fn manifest(policy: &str, first_day: &str) -> Manifest {
        let json = serde_json::json!({
            "number": 1, "unit": "day", "first_day": first_day, "policy": policy, "policy_hash": policy,
            "bounds": kaiku_wire::BOUNDS, "k": if policy == "small" { 50 } else { 40 },
            "rho_millionths": 39_340, "week_rho_millionths": 335_281, "epsilon": 1.69, "delta": 1e-9,
            "week_epsilon": 5.294_608, "week_delta": 1e-9, "cap_rho_millionths": 1_676_405,
            "incidents": [], "withheld": [], "tables": []
        });
        serde_json::from_value(json).unwrap()
    }

    /// The sentences of the page that are a claim stand in the document, word for word.
    #[test]
    fn what_is_claimed_is_what_the_document_claims() {
        let words = |text: &str| {
            text.replace("**", "")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let document = words(DOCUMENT);
        for claim in [
            NOT_COVERED,
            "differentially private for one reporting identifier and one ISO week",
            "all that was counted for one identifier in one week, in all daily and weekly tables together, changes the chance \
             of anything that could be published by at most a factor of e^ε, but for a δ of one in a billion",
            "the noise is a keyed function",
        ] {
            assert!(document.contains(claim), "{claim}");
        }
    }

    #[test]
    fn what_may_be_quoted_has_the_price_of_one_device_week_rounded_up() {
        let manifests = [manifest("small", "2026-11-30")];
        let price = Price::of(&manifests).unwrap();
        assert_eq!(
            (price.epsilon().as_str(), price.factor().as_str()),
            ("5.3", "200")
        );
        assert_eq!(
            (price.pairs(1.0), price.pairs(4.0), price.pairs(53.0)),
            (72, 88, 100)
        );
        assert_eq!(price.about("Yes."), "Yes.");
    }

    /// A week of which some days were counted under another policy has the price of neither.
    #[test]
    fn after_a_change_of_policy_the_price_is_that_of_the_weeks_from_the_next_monday_on() {
        let manifests = [
            manifest("tuned", "2026-11-24"),
            manifest("small", "2026-11-25"),
        ];
        let price = Price::of(&manifests).unwrap();
        assert!(
            price
                .about("Yes.")
                .starts_with("Of the weeks from 30 November 2026 on: ")
        );
        assert!(
            promises(&manifests)
                .iter()
                .any(|promise| promise.contains("at least 40 identifiers"))
        );
    }

    /// The table of `docs/privacy.md`.
    #[test]
    fn an_attackers_success_is_that_of_the_document() {
        for policy in ["small", "default", "large"] {
            for over in ["a day", "a device-week", "four weeks", "a year"] {
                let row = format!("| {policy} | {over} | ");
                let rest = DOCUMENT.split(&row).nth(1).unwrap_or_default();
                let mut cells = rest.split(" | ");
                let mut number = || cells.next().and_then(|cell| cell.parse::<f64>().ok());
                let (rho, _, auc) = (number(), number(), number());
                let off = told_apart(rho.unwrap_or(0.0)) - auc.unwrap_or(0.0);
                assert!(off.abs() < 0.0006, "{row}: {off}");
            }
        }
    }

    #[test]
    fn a_price_is_rounded_up_and_what_is_exact_stays() {
        assert_eq!(up(5.294608, 10.0), 5.3);
        assert_eq!(up(4.31, 10.0), 4.4);
        assert_eq!(up(3.0, 10.0), 3.0);
        assert_eq!(up(0.335281, 1e3), 0.336);
    }
}
