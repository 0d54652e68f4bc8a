//! What may go, by how far the partitions have come. That it goes is shown on a real broker.
#![allow(clippy::unwrap_used)]

use super::*;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn going(months: &[&str], behind: &[Option<&str>]) -> Vec<String> {
    let behind = (0..).zip(behind.iter().map(|one| one.map(month)));
    let due = Due {
        behind: behind.collect(),
        ..Due::default()
    };
    let months = months.iter().copied().map(month).collect();
    let going = due.going(&months).into_iter();
    going.map(|month| month.to_string()).collect()
}

#[test]
fn a_month_goes_once_every_partition_has_committed_in_the_second_one_behind_it() {
    let months = ["2026-09", "2026-10", "2026-11"];
    assert_eq!(going(&months, &[]), months);
    assert_eq!(going(&months, &[Some("2026-12")]), ["2026-09", "2026-10"]);
    let apart = [Some("2026-12"), Some("2026-11")];
    assert_eq!(going(&months, &apart), ["2026-09"]);
    assert_eq!(going(&months, &[Some("2026-12"), None]), [""; 0]);
}
