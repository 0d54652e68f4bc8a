//! Policy files: what is refused, and the figures of the embedded one.

use kaiku_release::{Policy, Rho, Unit};

use crate::support::FOLDING;

const SMALL: &str = include_str!("../../policies/small.toml");

/// What is said about the small policy after a change to its text.
fn complaints(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    let problems = Policy::parse(&SMALL.replace(from, to)).unwrap_err();
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether a change to the small policy is refused, for a reason with these words.
fn refused(from: &str, to: &str, words: &str) {
    let text = complaints(from, to);
    assert!(text.contains(words), "{text}");
}

/// The figures of each measure, a line a level, as the comment in front of it has them.
fn figures_of(policy: &Policy) -> Vec<(String, Vec<String>)> {
    let measures = policy.tables().iter().flat_map(|table| {
        let measures = table.measures().iter();
        measures.map(move |measure| (format!("{} {}", table.name(), measure.name()), measure))
    });
    let lines = measures.map(|(name, measure)| {
        let lines = measure.figures().map(|figures| {
            let tau = figures.tau.map(|tau| format!(", τ {tau}"));
            let tau = tau.unwrap_or_default();
            format!("Δ² {}, σ {:.1}{tau}", figures.delta2, figures.sigma)
        });
        (name, lines.collect())
    });
    lines.collect()
}

/// The figures that stand in front of each measure of a policy file, a line a level, without the
/// level's name.
fn stated_figures(text: &str) -> Vec<Vec<String>> {
    let (mut stated, mut comment) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match line.strip_prefix('#') {
            Some(words) => comment.push(
                words
                    .split_once('Δ')
                    .map_or(String::new(), |(_, figures)| format!("Δ{figures}")),
            ),
            None if line == "[[table.measure]]" => stated.push(std::mem::take(&mut comment)),
            None => comment.clear(),
        }
    }
    stated
}

#[test]
fn the_comments_of_the_small_policy_state_its_figures() {
    let policy = Policy::small();
    let mut wrong = Vec::new();
    let mut stated = stated_figures(SMALL).into_iter();
    for (name, figures) in figures_of(&policy) {
        if stated.next().as_ref() != Some(&figures) {
            wrong.push(format!("in front of {name}: {}", figures.join("; ")));
        }
    }
    let costs = policy.costs();
    let head = [
        ("a day", costs.day),
        ("28 days", costs.days_28),
        ("a year", costs.year),
    ]
    .map(|(of, cost)| format!("#   {of}: ρ {}, ε {:.1}", cost.rho, cost.epsilon));
    let (cells, z) = (policy.cells_touched(), policy.z());
    let touched = format!("# A device can touch {cells} cells in 28 days, hence z = {z}. A cell");
    for line in head.into_iter().chain([touched]) {
        if !SMALL.lines().any(|other| other.starts_with(&line)) {
            wrong.push(format!("at the head: {line}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "policies/small.toml has other figures than the gate derives; right is\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_small_policy_shows_an_item_of_170_devices_and_no_weeks() {
    let policy = Policy::small();
    let features = policy.table("features_daily").unwrap();
    let decides = features.measures()[0].figures().next().unwrap();
    assert_eq!((policy.k(), decides.delta2), (50, 10));
    assert!(decides.tau.is_some_and(|tau| (160..=175).contains(&tau)));
    assert_eq!(policy.share(Unit::Week), Rho::default());
}

#[test]
fn a_mark_that_does_not_fit_its_cells_is_refused_at_the_level_where_it_does_not() {
    let marks = r#"marks = ["first_release_day", "first_app_day"]"#;
    refused(
        marks,
        r#"marks = ["first_app_day", "first_app_day"]"#,
        "at level 0, the mark first_app_day is coarser",
    );
    refused(
        marks,
        r#"marks = ["first_release_day", "first_release_day"]"#,
        "at level 1, the mark first_release_day is finer",
    );
    refused(
        marks,
        r#"marks = ["first_item_day", "first_app_day"]"#,
        "at level 0",
    );
    refused(
        r#"marks = ["first_item_day"]"#,
        r#"marks = ["first_item_week"]"#,
        "of the week",
    );
    refused(
        r#"dimensions = ["app", "feature"]"#,
        r#"dimensions = ["app"]"#,
        "more than once",
    );
}

#[test]
fn items_and_apps_never_fold() {
    let table = r#"dimensions = ["app", "feature"]"#;
    refused(
        table,
        &format!("{table}\nfolds = [\"feature\"]"),
        "a feature never folds",
    );
    refused(
        table,
        &format!("{table}\nfolds = [\"app\"]"),
        "an app never folds",
    );
    refused(
        table,
        &format!("{table}\nfolds = [\"country\"]"),
        "has not this dimension",
    );
    refused(
        table,
        &format!("{table}\nfolds = [\"brand\"]"),
        "a fold is one of",
    );
    refused(
        r#"folds = ["country"]"#,
        r#"folds = ["country", "country"]"#,
        "folded before",
    );
}

#[test]
fn a_policy_that_can_not_be_followed_within_its_cap_is_refused() {
    let policy = Policy::small();
    let needed = policy.costs().days_28.rho;
    refused(
        &format!("cap_rho = {}", policy.cap()),
        "cap_rho = 0.1",
        &format!("28 days of these tables cost a device ρ = {needed}, the cap is 0.1"),
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    refused("k = 50", "k = 5", "k is at least 10");
    refused("delta = 1e-9", "delta = 1e-3", "delta lies between");
    refused("delta = 1e-9", "delta = nan", "delta lies between");
    refused("rho = [0.018]", "rho = [0.0]", "a share is");
    refused("rho = [0.018]", "rho = [0.0180001]", "a share is");
    refused(
        "rho = [0.018]",
        "rho = [0.018, 0.001]",
        "the table has 1 levels",
    );
    refused(
        "rho = [0.010, 0.003]",
        "rho = [0.010]",
        "the table has 2 levels",
    );
}

#[test]
fn names_are_plain_and_columns_are_not_taken_twice() {
    refused(r#"name = "small""#, r#"name = "Small""#, "a name has");
    refused(
        r#"name = "features_daily""#,
        r#"name = "../up""#,
        "a name has",
    );
    refused(
        r#"name = "features_daily""#,
        r#"name = "activity_daily""#,
        "two tables",
    );
    refused(
        r#"name = "crashed""#,
        r#"name = "devices_upper""#,
        "there already",
    );
    refused(
        r#"name = "crashed""#,
        r#"name = "release""#,
        "there already",
    );
    refused(
        r#"rate_of = "devices""#,
        r#"rate_of = "users""#,
        "a rate is of the measure that decides",
    );
}

#[test]
fn a_text_of_another_shape_is_refused_with_its_place() {
    refused("k = 50", "k = \"fifty\"", "line ");
    refused("k = 50", "k = 50\nsecret = 1", "secret");
    refused(r#"period = "day""#, r#"period = "hour""#, "hour");
    refused(
        r#""first_item_day""#,
        r#""first_item_hour""#,
        "first_item_hour",
    );
    refused("[[table]]", "[[table", "line ");
    assert!(Policy::parse("").is_err());
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = SMALL
        .replace("k = 50", "k = 1")
        .replace("delta = 1e-9", "delta = 1.0")
        .replace("rho = [0.018]", "rho = [-1]");
    assert_eq!(Policy::parse(&text).unwrap_err().len(), 3);
}

#[test]
fn the_hash_is_that_of_the_meaning_not_of_the_layout() {
    let hash = |text: &str| Policy::parse(text).unwrap().hash();
    let small = hash(SMALL);
    assert_eq!(small, Policy::small().hash());
    let bare: String = SMALL
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_ne!(bare, SMALL);
    assert_eq!(hash(&bare), small);
    assert_ne!(hash(&SMALL.replace("k = 50", "k = 51")), small);
    assert_ne!(hash(&SMALL.replace("delta = 1e-9", "delta = 2e-9")), small);
    assert_ne!(hash(&SMALL.replace("cap_rho = ", "cap_rho = 9")), small);
    assert_ne!(
        hash(&SMALL.replace("Distinct devices that", "Devices that")),
        small
    );
    assert_ne!(
        hash(&SMALL.replace("rho = [0.018]", "rho = [0.017]")),
        small
    );
    assert_ne!(hash(FOLDING), small);
}

#[test]
fn the_cost_of_a_device_is_never_understated_by_rounding() {
    for table in Policy::small().tables() {
        for measure in table.measures() {
            for figures in measure.figures() {
                let implied = f64::from(figures.delta2) / (2.0 * figures.sigma * figures.sigma);
                assert!(
                    implied <= figures.rho.value() * (1.0 + 1e-12),
                    "{} {}",
                    table.name(),
                    measure.name()
                );
            }
        }
    }
}

#[test]
fn thresholds_are_as_the_design_figures_have_them_or_higher() {
    // Worked by hand for k = 50 and z = 7.2, with z = 7.1 here for fewer tables.
    for (delta2, rho) in [(4.0, 0.010), (4.0, 0.003), (10.0, 0.018), (6.0, 0.010)] {
        let sigma: f64 = f64::sqrt(delta2 / (2.0 * rho));
        let least = (50.0 + 7.1 * sigma).ceil() as i64;
        let found = Policy::small()
            .tables()
            .iter()
            .flat_map(|table| {
                table
                    .measures()
                    .iter()
                    .flat_map(kaiku_release::Measure::figures)
                    .collect::<Vec<_>>()
            })
            .find(|f| (f.sigma - sigma).abs() < 0.01 && f.tau.is_some())
            .and_then(|f| f.tau)
            .unwrap();
        assert!(found >= least && found <= least + 1, "{found} for {least}");
    }
}
