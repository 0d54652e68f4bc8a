//! How days, counts and rates are written, and the sentences that stand in many places.

use kaiku_wire::Day;

use crate::numbers::Measured;
use crate::rollups::Unit;

/// What every interval of a number of devices covers, and what it does not.
pub(crate) const COVERS: &str = "The numbers are of devices that take part and were heard from. The \
    interval holds the true number of these devices 95 times in 100: it is about the noise that \
    protects them, and not about people who do not take part.";

/// The same of a rate.
pub(crate) const RATE_COVERS: &str = "The rate is of devices that take part and were heard from. Its \
    interval reaches from the lower end of the part over the upper end of the whole to the upper end over \
    the lower end. So it is rather too wide: it holds where both of these intervals hold, at least 90 times in \
    100. It is about the noise that protects the devices, and not about people who do not take part.";

/// The same of a sum of days.
pub(crate) const DAYS_COVER: &str = "A device that was heard from on several days is counted on each of \
    them.";

/// What it means that something is missing.
pub(crate) const MISSING: &str = "What is below the threshold or withheld is not shown. That is not the \
    same as none.";

/// What everything is called that is in no list, and a country that is not known.
pub(crate) const NOT_LISTED: &str = "not listed";

/// A name of the tables as it is written for people.
pub(crate) fn plain(name: &str) -> &str {
    match name {
        "unlisted" | "ZZ" => NOT_LISTED,
        name => name,
    }
}

/// A flag as it is written for people: a sign and a word.
pub(crate) fn flag(flag: &str) -> &str {
    match flag {
        "rising" => "▲ rising",
        "falling" => "▼ falling",
        "worse" => "▲ worse",
        "better" => "▼ better",
        "new" => "+ new",
        _ => "no reliable change",
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// `29 November 2026`.
pub(crate) fn date(day: Day) -> String {
    let text = day.to_string();
    let part = |range: std::ops::Range<usize>| -> usize {
        text.get(range)
            .and_then(|part| part.parse().ok())
            .unwrap_or(0)
    };
    let month = MONTHS.get(part(5..7).wrapping_sub(1)).unwrap_or(&"");
    format!("{} {month} {}", part(8..10), part(0..4))
}

/// `Sunday`.
pub(crate) fn weekday(day: Day) -> &'static str {
    let since_monday = day.days_since_epoch() - day.week().monday().days_since_epoch();
    let position = usize::try_from(since_monday).unwrap_or(0);
    WEEKDAYS.get(position).unwrap_or(&"")
}

/// `Sunday 29 November 2026`, or `the week of 23 November 2026`.
pub(crate) fn period(unit: Unit, first: Day) -> String {
    match unit {
        Unit::Day => format!("{} {}", weekday(first), date(first)),
        Unit::Week => format!("the week of {}", date(first)),
    }
}

/// The same behind a preposition: `on Sunday …`, `in the week of …`.
pub(crate) fn within(unit: Unit, first: Day) -> String {
    match unit {
        Unit::Day => format!("on {}", period(unit, first)),
        Unit::Week => format!("in {}", period(unit, first)),
    }
}

/// `12,345`.
pub(crate) fn count(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match count < 0 {
        true => format!("−{text}"),
        false => text,
    }
}

/// `98.91 %`.
pub(crate) fn percent(rate: f64) -> String {
    format!("{:.2} %", rate * 100.0)
}

/// `6 %`: of a change.
pub(crate) fn change(ratio: f64) -> String {
    let percent = ratio * 100.0;
    match percent < 9.5 {
        true => format!("{percent:.1} %"),
        false => format!("{percent:.0} %"),
    }
}

/// `between 1,200 and 1,300`.
pub(crate) fn between_counts(measured: Measured) -> String {
    let whole = |end: f64| count(end.round() as i64);
    format!(
        "between {} and {}",
        whole(measured.lower),
        whole(measured.upper)
    )
}

/// `between 98.10 % and 98.95 %`.
pub(crate) fn between_rates(measured: Measured) -> String {
    format!(
        "between {} and {}",
        percent(measured.lower),
        percent(measured.upper)
    )
}

/// Why a table was withheld, by the closed list of reasons of the manifests.
pub(crate) fn withheld(reason: &str) -> String {
    let sentence = match reason {
        "state_lost" => {
            "What was known of some devices was lost, and they would have counted twice."
        }
        "stripped_lost" => "Records were gone before they were counted.",
        "bounds_changed" => {
            "The period was counted under two sets of bounds, as after an update of the program."
        }
        "policy_changed" => "The table was defined anew within the period.",
        "contradiction" => {
            "A part counted more devices than its whole, so what was counted contradicts itself."
        }
        "partial_week" => "The program began within this week, which is not whole.",
        other => return format!("It was withheld for the reason {other}."),
    };
    sentence.to_owned()
}

/// What happened to the data of a period, by the closed list of incidents of the manifests.
pub(crate) fn incident(incident: kaiku_wire::Incident) -> &'static str {
    use kaiku_wire::Incident;
    match incident {
        Incident::RawLost => {
            "Published, but uploads were gone before they were counted: numbers may be too low."
        }
        Incident::StrippedLost => {
            "Records were gone before they were gathered: what is published may be too low."
        }
        Incident::StateLost => "What was known of some devices was lost on this day.",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn days_and_weeks_are_written_as_people_write_them() {
        let sunday = day("2026-11-29");
        assert_eq!(within(Unit::Day, sunday), "on Sunday 29 November 2026");
        let monday = day("2026-11-23");
        assert_eq!(
            within(Unit::Week, monday),
            "in the week of 23 November 2026"
        );
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        let numbers = [0, 7, 999, 1_000, 1_234_567, -1_234];
        let written = ["0", "7", "999", "1,000", "1,234,567", "−1,234"];
        assert_eq!(numbers.map(count), written);
        assert_eq!(percent(0.010_94), "1.09 %");
        assert_eq!(
            (change(0.062), change(0.35)),
            ("6.2 %".into(), "35 %".into())
        );
    }

    #[test]
    fn every_reason_of_the_manifests_has_a_sentence_of_its_own() {
        let reasons = [
            "state_lost",
            "stripped_lost",
            "bounds_changed",
            "policy_changed",
            "contradiction",
            "partial_week",
        ];
        let mut sentences: Vec<String> = reasons.map(withheld).to_vec();
        assert!(sentences.iter().all(|one| !one.contains("for the reason")));
        sentences.dedup();
        assert_eq!(sentences.len(), reasons.len());
    }
}
