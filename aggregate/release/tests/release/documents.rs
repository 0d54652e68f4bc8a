//! The figures of `docs/privacy.md`.

use kaiku_release::{Cost, Policy};

use crate::books::{Event, Kind, week};
use crate::device_week::price_of_week;
use crate::support::{phi, shipped};

const PRIVACY: &str = include_str!("../../../../docs/privacy.md");

/// The quantile of the standard normal at one in a thousand.
const ONE_IN_A_THOUSAND: f64 = -3.090_232_306_167_813;

/// What an attacker makes of ρ: the best test between two Gaussians whose means lie √(2ρ) apart.
fn success(policy: &Policy, over: &str, cost: Cost) -> String {
    let apart = (2.0 * cost.rho.value()).sqrt();
    let auc = phi(apart / std::f64::consts::SQRT_2);
    let hits = phi(apart + ONE_IN_A_THOUSAND);
    format!(
        "| {} | {over} | {} | {:.2} | {auc:.3} | {hits:.4} |",
        policy.name(),
        cost.rho,
        cost.epsilon
    )
}

#[test]
fn the_table_of_the_attackers_success_is_right() {
    let mut wrong = Vec::new();
    for policy in shipped() {
        let costs = policy.costs();
        let rows = [
            ("a day", costs.day),
            ("a device-week", costs.week),
            ("four weeks", costs.days_28),
            ("a year", costs.year),
        ];
        let lines = rows.map(|(over, cost)| success(&policy, over, cost));
        wrong.extend(lines.into_iter().filter(|line| !PRIVACY.contains(line)));
    }
    assert!(
        wrong.is_empty(),
        "docs/privacy.md needs\n{}",
        wrong.join("\n")
    );
}

#[test]
fn guessing_is_a_half_and_one_in_a_thousand() {
    assert!((phi(0.0) - 0.5).abs() < 1e-12);
    assert!((phi(ONE_IN_A_THOUSAND) - 0.001).abs() < 1e-12);
}

#[test]
fn the_table_of_policies_is_right() {
    let fleets = ["5,000 to 100,000", "100,000 to 1,000,000", "from 1,000,000"];
    for (policy, fleet) in shipped().iter().zip(fleets) {
        let table = policy.table("countries_weekly").unwrap();
        let line = format!(
            "| {fleet} | `{}` | ε {:.1} | {} devices |",
            policy.name(),
            policy.costs().week.epsilon,
            table.measures()[0].figures().tau.unwrap()
        );
        assert!(PRIVACY.contains(&line), "docs/privacy.md needs\n{line}");
    }
}

/// A device that has one app, uses two features of it each day, and never fails.
fn light() -> Vec<Event> {
    let mut events = Vec::new();
    for day in 0..7 {
        let kinds = [
            Kind::Started,
            Kind::Used {
                feature: 1,
                times: 1,
            },
            Kind::Used {
                feature: 2,
                times: 1,
            },
            Kind::Stopped { length: 2 },
        ];
        events.extend(kinds.map(|kind| Event {
            day,
            app: 0,
            release: 0,
            kind,
        }));
    }
    events
}

#[test]
fn a_light_device_pays_less_than_a_fifth() {
    let marks = week(&light());
    let parts =
        shipped().map(|policy| price_of_week(&policy, &marks) / policy.week_share().value());
    assert!(parts.iter().all(|part| *part < 0.2), "{parts:?}");
}
