//! The limits of what a policy file may say in numbers.

use kaiku_release::{Policy, Rho};

use crate::policy::{SMALL, first_share, refused_any};
use crate::support::NARROW;

#[test]
fn numbers_beyond_their_limits_are_refused() {
    for k in ["9", "0", "1000001", "-50", "50.0", "\"fifty\""] {
        refused_any(
            "k = 50",
            &format!("k = {k}"),
            &["k is at least 10", "`k` is a whole number"],
        );
    }
    for delta in ["1.1e-6", "9e-16", "0", "-1e-9", "nan", "inf", "\"small\""] {
        refused_any(
            "delta = 1e-9",
            &format!("delta = {delta}"),
            &["delta lies between", "`delta` is a number"],
        );
    }
    let cap = format!("cap_rho = {}", Policy::small().cap());
    for wrong in ["10.000001", "0", "-1", "nan", "1.0000001", "true"] {
        refused_any(
            &cap,
            &format!("cap_rho = {wrong}"),
            &[
                "`cap_rho` is a number above 0 and at most 10",
                "`cap_rho` is a number",
            ],
        );
    }
    let share = first_share();
    for wrong in ["1.000001", "0.0", "-0.1", "0.0180001", "inf", "[0.1]"] {
        refused_any(
            &share,
            &format!("rho = {wrong}"),
            &[
                "`rho` is a number above 0 and at most 1",
                "`rho` is a number",
            ],
        );
    }
}

#[test]
fn numbers_at_their_limits_are_taken() {
    for (from, to) in [
        ("k = 50", "k = 10"),
        ("k = 50", "k = 1_000_000"),
        ("k = 50", "k = 0x32"),
        ("delta = 1e-9", "delta = 1e-6"),
        ("delta = 1e-9", "delta = 1e-15"),
    ] {
        Policy::parse(&SMALL.replacen(from, to, 1)).unwrap();
    }
    let cap = format!("cap_rho = {}", Policy::small().cap());
    assert_eq!(
        Policy::parse(&SMALL.replacen(&cap, "cap_rho = 10", 1))
            .unwrap()
            .cap(),
        Rho::from_millionths(10_000_000)
    );
}

#[test]
fn a_device_week_that_costs_too_much_is_refused() {
    let share = |rho: &str| NARROW.replacen("rho = 0.08", &format!("rho = {rho}"), 1);
    Policy::parse(&share("1")).unwrap();
    let two = share("1").replacen("rho = 0.08", "rho = 1", 1);
    Policy::parse(&two).unwrap();
    let more = two
        + "\n[[table.measure]]\nname = \"again\"\ndescription = \"x\"\nmark = \"first_app_week\"\nrho = 0.000001\n";
    let problems = Policy::parse(&more).unwrap_err();
    assert!(
        problems[0]
            .text
            .contains("costs ρ = 2.000001, at most 2 is allowed"),
        "{problems:?}"
    );
}
