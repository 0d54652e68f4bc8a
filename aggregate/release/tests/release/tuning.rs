//! The optimiser: the policies that are compiled in are what it finds, byte for byte.

use kaiku_release::{Aim, Error, Policy, tune};

/// The files of the policies, in the order of [`Aim::shipped`].
const SHIPPED: [(&str, &str); 3] = [
    ("small", include_str!("../../policies/small.toml")),
    ("default", include_str!("../../policies/default.toml")),
    ("large", include_str!("../../policies/large.toml")),
];

/// With `UPDATE_POLICIES=1` the files are written anew instead.
#[test]
fn the_policies_that_are_compiled_in_are_what_tuning_finds() {
    let mut other = Vec::new();
    for (aim, (name, text)) in Aim::shipped().iter().zip(SHIPPED) {
        assert_eq!(aim.name, name);
        let tuned = tune(aim).unwrap();
        if std::env::var_os("UPDATE_POLICIES").is_some() {
            let path = format!("{}/policies/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, tuned).unwrap();
        } else if tuned != text {
            other.push(name);
        }
    }
    assert!(
        other.is_empty(),
        "other than tuned: {other:?}; UPDATE_POLICIES=1 writes them anew"
    );
}

fn tuned(devices: u64, epsilon: f64) -> Policy {
    let aim = Aim {
        epsilon,
        ..Aim::of(devices)
    };
    Policy::parse(&tune(&aim).unwrap()).unwrap()
}

#[test]
fn tuning_spends_what_a_device_week_may_cost_and_not_more() {
    for (devices, epsilon) in [
        (5_000, 5.3),
        (50_000, 1.0),
        (400_000, 3.0),
        (80_000_000, 8.0),
    ] {
        let found = tuned(devices, epsilon).costs().week.epsilon;
        assert!(
            found <= epsilon && found > 0.99 * epsilon,
            "{found} of {epsilon}"
        );
    }
}

#[test]
fn a_dearer_device_week_buys_less_noise_everywhere() {
    let (cheap, dear) = (tuned(50_000, 2.0), tuned(50_000, 5.0));
    let sigmas = |policy: &Policy| -> Vec<f64> {
        let measures = policy.tables().iter().flat_map(|table| table.measures());
        measures.map(|measure| measure.figures().sigma).collect()
    };
    for (cheap, dear) in sigmas(&cheap).into_iter().zip(sigmas(&dear)) {
        assert!(dear < cheap);
    }
}

#[test]
fn a_large_fleet_spends_on_fine_tables_what_coarse_ones_no_longer_need() {
    let part = |policy: &Policy, name: &str| {
        let table = policy.table(name).unwrap();
        table.week_share().value() / policy.week_share().value()
    };
    let (small, large) = (tuned(1_000_000, 2.0), tuned(100_000_000, 2.0));
    assert!(part(&large, "activity_daily") < part(&small, "activity_daily"));
    assert!(part(&large, "features_by_model_weekly") > part(&small, "features_by_model_weekly"));
}

#[test]
fn the_size_of_a_fleet_chooses_the_tables_and_the_price() {
    for (devices, tables, epsilon) in [
        (99_999, 12, 5.3),
        (100_000, 16, 3.0),
        (999_999, 16, 3.0),
        (1_000_000, 17, 2.0),
    ] {
        let aim = Aim::of(devices);
        assert_eq!((aim.name.as_str(), aim.epsilon), ("tuned", epsilon));
        assert_eq!(
            Policy::parse(&tune(&aim).unwrap()).unwrap().tables().len(),
            tables
        );
    }
}

#[test]
fn an_aim_that_makes_no_sense_is_refused() {
    let refused = |aim: Aim, words: &str| {
        let error = tune(&aim).unwrap_err();
        assert!(matches!(error, Error::Aim { .. }));
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(Aim::of(999), "a fleet has");
    refused(Aim::of(10_000_000_001), "a fleet has");
    for epsilon in [0.0, 0.09, 10.1, f64::NAN] {
        let aim = Aim {
            epsilon,
            ..Aim::of(20_000)
        };
        refused(aim, "lies between");
    }
    let aim = Aim {
        name: "No Name".to_owned(),
        ..Aim::of(20_000)
    };
    refused(aim, "a name has");
}
