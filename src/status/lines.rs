//! The lines for people: what needs a hand, then each part in a line or a short table. Pure.

use std::collections::BTreeMap;

use super::moment::span;
use super::report::Report;
use super::views::{Days, First, Next, Raw, RawRow, Rejected, Stripped, StrippedRow};
use crate::output::columns;
use crate::output::count;

/// So many partitions of a part are shown at most, the worst of them.
const MOST: usize = 8;

/// Everything, the worst first.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |word: &str, part: &str, text: &str| {
        lines.push(format!("{word:<7} {part:<10}  {}", text.replace('\n', " ")));
    };
    for one in &report.findings {
        say("HAND", one.part.as_str(), &one.text);
    }
    for one in &report.unread {
        say("UNREAD", one.part.as_str(), &one.text);
    }
    for one in &report.notes {
        say("note", one.part.as_str(), &one.text);
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let mut part = |name: &str, (text, table): (String, Vec<Vec<String>>)| {
        lines.push(format!("{name:<10}  {text}"));
        lines.extend(
            columns(&table)
                .into_iter()
                .map(|row| format!("            {row}")),
        );
    };
    if let Some(raw) = &report.raw {
        part("raw", of_raw(raw));
    }
    if let Some(stripped) = &report.stripped {
        part("stripped", of_stripped(stripped));
    }
    if let Some(days) = &report.days {
        part("days", of_days(days));
    }
    if let Some(rejected) = &report.rejections {
        part("rejected", (of_rejected(rejected), Vec::new()));
    }
    lines
}

fn of_raw(raw: &Raw) -> (String, Vec<Vec<String>>) {
    let is_behind = |one: &&RawRow| one.lag != Some(0);
    let mut rows: Vec<&RawRow> = raw.partitions.iter().filter(is_behind).collect();
    // What is not known first, then what is nearest to being deleted, then what has most.
    rows.sort_by_key(|one| {
        let left = one.headroom_seconds.unwrap_or(i64::MAX);
        (one.lag.is_some(), left, one.lag.map(std::cmp::Reverse))
    });
    let waiting = many(raw.lag, "record", "waits for enrich", "wait for enrich");
    let text = format!(
        "{waiting}, in {} of {}{}",
        rows.len(),
        count(raw.partitions.len(), "partition"),
        members(raw.members, "process", "processes")
    );
    let headrooms = raw.partitions.iter().map(|one| one.headroom_seconds);
    let text = match headrooms.flatten().min() {
        Some(least) => format!("{text}; no record is deleted for {}", seconds(least)),
        None => text,
    };
    let cells = |one: &&RawRow| {
        vec![
            one.partition.to_string(),
            shown(one.lag),
            one.waits_seconds.map_or_else(unknown, seconds),
            one.headroom_seconds.map_or_else(unknown, seconds),
            owner(one.owned),
        ]
    };
    let head = ["partition", "waiting", "for", "deleted in", "owned"];
    (text, table(&head, &rows, cells))
}

fn of_stripped(stripped: &Stripped) -> (String, Vec<Vec<String>>) {
    let closed = stripped.partitions.iter().map(|one| one.closed);
    let newest = closed.max().flatten();
    // The mark of the last transaction is landed by nobody.
    let is_behind = |one: &&StrippedRow| one.closed < newest || one.lag.is_none_or(|lag| lag > 1);
    let mut rows: Vec<&StrippedRow> = stripped.partitions.iter().filter(is_behind).collect();
    rows.sort_by_key(|one| (one.closed, one.lag.map(std::cmp::Reverse)));
    let waiting = many(stripped.lag, "offset", "is not landed", "are not landed");
    let text = format!(
        "{waiting}; {} of {} behind{}",
        rows.len(),
        count(stripped.partitions.len(), "partition"),
        members(stripped.members, "lander", "landers")
    );
    let cells = |one: &&StrippedRow| {
        vec![
            one.partition.to_string(),
            shown(one.lag),
            one.closed
                .map_or_else(|| "none".to_owned(), |day| day.to_string()),
            owner(one.owned),
        ]
    };
    let head = ["partition", "not landed", "closed to", "owned"];
    (text, table(&head, &rows, cells))
}

fn of_days(days: &Days) -> (String, Vec<Vec<String>>) {
    let mut text = match (&days.last_sealed, &days.last_sealed_week) {
        (None, _) => "nothing is sealed yet".to_owned(),
        (Some(day), None) => format!("sealed to {day}"),
        (Some(day), Some(week)) => format!("sealed to {day}, weeks to that of {week}"),
    };
    if let Some(closed) = days.closed {
        text = format!("{text}; every partition has closed {closed}");
    }
    if days.open_days > 0 {
        let open = usize::try_from(days.open_days).unwrap_or(0);
        text = format!("{text}; {} open, today with them", count(open, "day"));
    }
    let next = days.next.as_ref().map(of_next);
    let first = days.first_report.as_ref().map(of_first);
    let rows = [next, first].into_iter().flatten();
    (text, rows.map(|row| vec![row]).collect())
}

fn of_next(next: &Next) -> String {
    let name = format!("next is the {} of {}", next.unit, next.first_day);
    match (next.closed, &next.expected_at) {
        (true, _) => format!("{name}, which can be sealed now"),
        (false, Some(at)) => format!("{name}, at {}", to_minute(at)),
        (false, None) => format!("{name}, once a tick has closed it in every partition"),
    }
}

/// When the first report can be made, and by which rule.
fn of_first(first: &First) -> String {
    let day = match first.counted {
        true => format!("the first day that is counted is {}", first.day),
        false => format!(
            "nothing has landed yet; where records come today, {} is counted first",
            first.day
        ),
    };
    let weeks = match (&first.week, &first.week_at) {
        (Some(week), Some(at)) => format!(
            ", of the first whole week, from {week}, at {}",
            to_minute(at)
        ),
        _ => String::new(),
    };
    match &first.at {
        Some(at) => format!(
            "{day}: a report of it can be made at {}{weeks} (a day closes at 00:00 UTC and enrich.grace, once \
             every partition has closed it)",
            to_minute(at)
        ),
        None => format!("{day}{weeks}"),
    }
}

fn of_rejected(rejected: &Rejected) -> String {
    let told = |when: String, total: u64, reasons: &BTreeMap<&str, u64>| {
        let mut reasons: Vec<_> = reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let told: Vec<_> = reasons
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        match told.is_empty() {
            true => format!("{when}: none"),
            false => format!("{when}: {total} ({})", told.join(", ")),
        }
    };
    let days = rejected.days.iter().rev();
    let mut parts: Vec<_> = days
        .map(|one| told(one.day.to_string(), one.total, &one.reasons))
        .collect();
    let earlier = &rejected.earlier;
    if earlier.total > 0 {
        parts.push(told("before".to_owned(), earlier.total, &earlier.reasons));
    }
    parts.join("; ")
}

/// The first of these rows under a head; how many were left out stands below.
fn table<T>(head: &[&str], rows: &[T], cells: impl Fn(&T) -> Vec<String>) -> Vec<Vec<String>> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut table = vec![head.iter().map(|&cell| cell.to_owned()).collect()];
    table.extend(rows.iter().take(MOST).map(cells));
    if rows.len() > MOST {
        table.push(vec![format!("and {} more", rows.len() - MOST)]);
    }
    table
}

/// So many of something, and what of it.
fn many(number: Option<i64>, what: &str, one: &str, more: &str) -> String {
    match number {
        Some(1) => format!("1 {what} {one}"),
        Some(number) => format!("{number} {what}s {more}"),
        None => format!("how many {what}s {more} is not known"),
    }
}

fn members(members: Option<usize>, one: &str, more: &str) -> String {
    match members {
        None => String::new(),
        Some(1) => format!("; 1 {one}"),
        Some(many) => format!("; {many} {more}"),
    }
}

fn owner(owned: Option<bool>) -> String {
    match owned {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => unknown(),
    }
}

fn shown(number: Option<i64>) -> String {
    number.map_or_else(unknown, |number| number.to_string())
}

fn seconds(seconds: i64) -> String {
    span(seconds.saturating_mul(1000))
}

fn unknown() -> String {
    "?".to_owned()
}

/// A moment of the object, for people.
fn to_minute(at: &str) -> String {
    match at.get(..16) {
        Some(minutes) => format!("{} UTC", minutes.replace('T', " ")),
        None => at.to_owned(),
    }
}
