//! The three policies that are compiled in: their figures, prices and tables.

use std::collections::BTreeSet;

use kaiku_release::{Dimension, Policy, Rho, Unit};

use crate::support::{measures, shipped};

const FILES: [&str; 3] = [
    include_str!("../../policies/small.toml"),
    include_str!("../../policies/default.toml"),
    include_str!("../../policies/large.toml"),
];

/// The comment in front of each measure of a policy file.
fn stated(text: &str) -> Vec<&str> {
    let lines: Vec<_> = text.lines().collect();
    let pairs = lines
        .windows(2)
        .filter(|pair| pair[1] == "[[table.measure]]");
    pairs
        .map(|pair| pair[0].strip_prefix("# ").unwrap_or_default())
        .collect()
}

#[test]
fn the_comments_of_the_policies_state_their_figures() {
    let mut wrong = Vec::new();
    for (policy, text) in shipped().iter().zip(FILES) {
        let mut stated = stated(text).into_iter();
        for (_, table, measure) in measures(std::slice::from_ref(policy)) {
            let figures = measure.figures();
            let tau = figures.tau.map(|tau| format!(", τ {tau}"));
            let right = format!(
                "Δ² {} ({}), σ {:.1}{}, ± {}",
                figures.delta2,
                measure.derivation(),
                figures.sigma,
                tau.unwrap_or_default(),
                measure.half_width()
            );
            if stated.next() != Some(&right) {
                wrong.push(format!(
                    "{} {} {}: {right}",
                    policy.name(),
                    table.name(),
                    measure.name()
                ));
            }
        }
        let costs = policy.costs();
        let head = [
            (
                "one ISO week of one device, the unit of privacy",
                costs.week,
            ),
            ("one of its days", costs.day),
            ("four weeks", costs.days_28),
            ("a year", costs.year),
        ]
        .map(|(of, cost)| {
            format!(
                "#   {of}: ρ {}, ε {:.2} at δ {:e}",
                cost.rho, cost.epsilon, cost.delta
            )
        });
        let (cells, z) = (policy.cells_touched(), policy.z());
        let touched =
            format!("# A device-week can touch {cells} cells, hence z = {z}. A cell appears");
        for line in head.into_iter().chain([touched]) {
            if !text.lines().any(|other| other.starts_with(&line)) {
                wrong.push(format!("{} at the head: {line}", policy.name()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "the policies' files have other figures than the gate derives; right is\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_device_week_costs_no_more_than_was_promised() {
    for (policy, most) in shipped().iter().zip([5.3, 3.0, 2.0]) {
        let week = policy.costs().week;
        assert!(week.epsilon <= most, "{}: {}", policy.name(), week.epsilon);
        assert_eq!(week.delta, 1e-9);
        assert_eq!(week.rho, policy.week_share());
    }
}

#[test]
fn each_policy_has_the_tables_of_the_smaller_one_and_more() {
    let small = [
        "activity_daily",
        "releases_daily",
        "features_daily",
        "sessions_daily",
        "activity_weekly",
        "countries_weekly",
        "brands_weekly",
        "models_weekly",
        "operators_weekly",
        "features_weekly",
        "causes_weekly",
        "feature_pairs_weekly",
    ];
    let more = [
        "causes_daily",
        "components_weekly",
        "features_by_country_weekly",
        "features_by_brand_weekly",
    ];
    let expected = [&small[..], &more, &["features_by_model_weekly"]];
    for (place, policy) in shipped().iter().enumerate() {
        let names: Vec<_> = policy.tables().iter().map(|table| table.name()).collect();
        assert_eq!(names, expected[..=place].concat());
    }
}

#[test]
fn the_sensitivities_are_those_worked_out_by_hand() {
    let policy = Policy::large();
    let by_hand = [
        ("activity_daily", vec![(4, 16), (2, 8), (4, 16)]),
        ("releases_daily", vec![(6, 20), (2, 8)]),
        ("features_daily", vec![(10, 56), (10, 56), (10, 56)]),
        ("sessions_daily", vec![(4, 16)]),
        ("activity_weekly", vec![(4, 4), (4, 4)]),
        ("countries_weekly", vec![(4, 4), (4, 4)]),
        ("brands_weekly", vec![(4, 4), (4, 4)]),
        ("models_weekly", vec![(4, 4), (4, 4)]),
        ("operators_weekly", vec![(4, 4), (4, 4)]),
        ("features_weekly", vec![(15, 15)]),
        ("causes_weekly", vec![(5, 5)]),
        ("feature_pairs_weekly", vec![(21, 21)]),
        ("causes_daily", vec![(4, 14)]),
        ("components_weekly", vec![(4, 4)]),
        ("features_by_country_weekly", vec![(15, 15)]),
        ("features_by_brand_weekly", vec![(15, 15)]),
        ("features_by_model_weekly", vec![(15, 15)]),
    ];
    for (table, (name, expected)) in policy.tables().iter().zip(by_hand) {
        assert_eq!(table.name(), name);
        let found = table.measures().iter().map(|measure| {
            let figures = measure.figures();
            (figures.delta2, figures.delta2_week)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
    }
    // 16 + 20 + 56 + 16 of the daily tables, 14 of the causes, and the weekly ones.
    assert_eq!(policy.cells_touched(), 122 + 20 + 15 + 5 + 21 + 4 + 3 * 15);
}

#[test]
fn the_price_of_a_week_is_that_of_its_periods_and_never_rounded_down() {
    for policy in shipped() {
        for (_, table, measure) in measures(std::slice::from_ref(&policy)) {
            let figures = measure.figures();
            let exact =
                figures.rho.value() * f64::from(figures.delta2_week) / f64::from(figures.delta2);
            let found = measure.week_share().value();
            assert!(
                found >= exact - 1e-12 && found < exact + 1e-6,
                "{found} for {exact}"
            );
            let week = matches!(table.unit(), Unit::Week);
            assert_eq!(week, measure.week_share() == measure.share());
            // σ is so large that the week's counts cost no more than this.
            let implied = f64::from(figures.delta2_week) / (2.0 * figures.sigma * figures.sigma);
            assert!(implied <= found * (1.0 + 1e-12));
        }
        let costs = policy.costs();
        let tables: Rho = policy.tables().iter().map(|table| table.week_share()).sum();
        assert_eq!(costs.week.rho, tables);
        assert_eq!(costs.days_28.rho, tables.times(4));
        assert_eq!(costs.year.rho, tables.times(53));
        assert_eq!(costs.day.rho, policy.share(Unit::Day));
        assert!(costs.day.rho.times(7) > policy.week_share_of(Unit::Day));
        let delta = policy.delta();
        let deltas =
            [costs.day, costs.week, costs.days_28, costs.year].map(|cost| cost.delta / delta);
        assert_eq!(deltas, [1.0, 1.0, 2.5, 27.0]);
    }
}

#[test]
fn a_policy_is_found_by_its_name() {
    for name in ["small", "default", "large"] {
        assert_eq!(Policy::named(name).unwrap().name(), name);
    }
    assert!(Policy::named("tiny").is_none());
}

#[test]
fn a_definition_is_of_what_shapes_the_counts_alone() {
    let definition = |text: &str, table: &str| {
        let policy = Policy::parse(text).unwrap();
        policy.table(table).unwrap().definition()
    };
    let small = FILES[0];
    let mine = definition(small, "causes_weekly");
    assert_eq!(mine.len(), 64);
    let same = small
        .replace("k = 50", "k = 60")
        .replace("delta = 1e-9", "delta = 2e-9")
        .replace("by cause", "by what caused it")
        .replace("causes_weekly", "reasons_weekly");
    assert_eq!(definition(&same, "reasons_weekly"), mine);
    // The same marks, in the same cells, in two policies.
    assert_eq!(definition(FILES[1], "causes_weekly"), mine);
    let all: BTreeSet<_> = Policy::large()
        .tables()
        .iter()
        .map(|table| table.definition())
        .collect();
    assert_eq!(all.len(), 17);
    // Other marks, or the same in another order, are other counts.
    let features = definition(small, "features_daily");
    let turned = small
        .replace("second_use_day", "swap")
        .replace("fifth_use_day", "second_use_day")
        .replace("swap", "fifth_use_day");
    assert_ne!(definition(&turned, "features_daily"), features);
}

#[test]
fn only_the_table_of_pairs_is_of_pairs_and_a_table_is_of_one_kind_of_event() {
    for table in Policy::large().tables() {
        assert_eq!(table.is_of_pairs(), table.name() == "feature_pairs_weekly");
        let kinds: BTreeSet<_> = table
            .dimensions()
            .iter()
            .filter_map(|dimension| dimension.kind())
            .map(|kind| kind.as_str())
            .collect();
        assert!(kinds.len() <= 1, "{kinds:?}");
    }
    let of_device = Dimension::ALL.into_iter().filter(|one| one.is_of_device());
    let names: Vec<_> = of_device.map(Dimension::as_str).collect();
    assert_eq!(names, ["country", "brand", "model", "operator"]);
    let kinds = Dimension::ALL.map(|one| one.kind().map(|kind| kind.as_str()));
    let (used, failed, stopped) = (Some("feature_used"), Some("failed"), Some("stopped"));
    let expected = [
        None, None, used, failed, failed, stopped, None, None, None, None, None, None,
    ];
    assert_eq!(kinds, expected);
}
