//! Who may name whom: the edges between the packages, and the few that may speak Kafka or run
//! DataFusion.
//!
//! A line below is all that a package may depend on of this workspace, tests aside. An edge that is
//! not here fails; so does a package that is not here. The design of the pipeline rests on these
//! absences: nothing but `enrich` can name both what a device says and what may be kept of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Package, then what it may name, in the order in which data flows.
const EDGES: &[(&str, &[&str])] = &[
    // The contract.
    ("kaiku-wire", &[]),
    ("kaiku-raw", &["kaiku-wire"]),
    ("kaiku-stripped", &["kaiku-wire", "kaiku-catalogue"]),
    ("kaiku-catalogue", &["kaiku-wire"]),
    // Clients.
    ("kaiku-registry", &["kaiku-wire"]),
    ("kaiku-broker", &["kaiku-wire"]),
    // The side of the devices.
    (
        "kaiku-ingest",
        &["kaiku-wire", "kaiku-raw", "kaiku-registry", "kaiku-broker"],
    ),
    (
        "kaiku-gateway",
        &["kaiku-wire", "kaiku-raw", "kaiku-ingest"],
    ),
    (
        "kaiku-fleet",
        &["kaiku-wire", "kaiku-raw", "kaiku-catalogue", "kaiku-ingest"],
    ),
    // The strip: the only one that names both sides.
    (
        "kaiku-enrich",
        &[
            "kaiku-wire",
            "kaiku-raw",
            "kaiku-stripped",
            "kaiku-catalogue",
            "kaiku-registry",
            "kaiku-broker",
        ],
    ),
    // The side without identity.
    (
        "kaiku-aggregate",
        &[
            "kaiku-wire",
            "kaiku-stripped",
            "kaiku-catalogue",
            "kaiku-registry",
            "kaiku-broker",
            "kaiku-release",
        ],
    ),
    ("kaiku-release", &["kaiku-wire"]),
    // The program: it knows the stages, and neither side's types.
    (
        "kaiku",
        &[
            "kaiku-wire",
            "kaiku-catalogue",
            "kaiku-registry",
            "kaiku-broker",
            "kaiku-ingest",
            "kaiku-gateway",
            "kaiku-fleet",
            "kaiku-enrich",
            "kaiku-aggregate",
            "kaiku-release",
        ],
    ),
];

/// What only some may use, and who.
const FOREIGN: &[(&str, &[&str])] = &[
    // `kaiku` for the broker that runs inside the demo.
    (
        "rdkafka",
        &[
            "kaiku-broker",
            "kaiku-ingest",
            "kaiku-enrich",
            "kaiku-aggregate",
            "kaiku",
        ],
    ),
    ("datafusion", &["kaiku-aggregate"]),
    // What does I/O has no place in the contract, in the gate or in the simulated devices.
    ("axum", &["kaiku-gateway", "kaiku"]),
    ("hyper", &["kaiku-gateway", "kaiku"]),
    ("ureq", &["kaiku-registry", "kaiku"]),
    ("object_store", &["kaiku-aggregate", "kaiku"]),
];

/// Packages that are pure: no network, no runtime, no Kafka, however far down.
const PURE: &[&str] = &[
    "kaiku-wire",
    "kaiku-raw",
    "kaiku-stripped",
    "kaiku-catalogue",
    "kaiku-release",
];
const IMPURE: &[&str] = &[
    "tokio",
    "rdkafka",
    "datafusion",
    "axum",
    "hyper",
    "ureq",
    "object_store",
    "rustls",
    "reqwest",
];

/// The packages of the workspace with all that each names, tests aside; for `cargo test` builds
/// those as well.
fn edges() -> &'static BTreeMap<String, BTreeSet<String>> {
    static EDGES: OnceLock<BTreeMap<String, BTreeSet<String>>> = OnceLock::new();
    EDGES.get_or_init(|| {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .no_deps()
            .exec()
            .expect("cargo reads its own manifests");
        let packages = metadata.packages.iter().map(|package| {
            let named = package
                .dependencies
                .iter()
                .filter(|edge| edge.kind != DependencyKind::Development);
            (
                package.name.to_string(),
                named.map(|edge| edge.name.clone()).collect(),
            )
        });
        packages.collect()
    })
}

/// All that `package` reaches over edges of the workspace.
fn reaches(package: &str) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![package.to_owned()];
    while let Some(next) = open.pop() {
        for name in edges().get(&next).into_iter().flatten() {
            if edges().contains_key(name) && seen.insert(name.as_str()) {
                open.push(name.clone());
            }
        }
    }
    seen
}

#[test]
fn every_package_names_what_it_may_and_nothing_else() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut fallen = Vec::new();
    for (package, named) in edges() {
        let Some(allowed) = allowed.get(package.as_str()) else {
            fallen.push(format!(
                "{package} is new: say in tests/walls.rs what it may name"
            ));
            continue;
        };
        let ours = named.iter().filter(|name| edges().contains_key(*name));
        fallen.extend(
            ours.filter(|name| !allowed.contains(&name.as_str()))
                .map(|name| format!("{package} may not name {name}")),
        );
    }
    assert_eq!(fallen, Vec::<String>::new());
}

#[test]
fn only_enrich_names_both_sides() {
    let both: Vec<&str> = edges()
        .iter()
        .filter(|(_, named)| named.contains("kaiku-raw") && named.contains("kaiku-stripped"))
        .map(|(package, _)| package.as_str())
        .collect();
    assert_eq!(both, ["kaiku-enrich"]);
}

#[test]
fn nothing_behind_the_strip_reaches_what_a_device_says() {
    for package in ["kaiku-stripped", "kaiku-aggregate", "kaiku-release"] {
        let reached = reaches(package);
        for identity in [
            "kaiku-raw",
            "kaiku-ingest",
            "kaiku-gateway",
            "kaiku-fleet",
            "kaiku-enrich",
        ] {
            assert!(!reached.contains(identity), "{package} reaches {identity}");
        }
    }
}

#[test]
fn nothing_before_the_strip_reaches_what_may_be_kept() {
    for package in ["kaiku-raw", "kaiku-ingest", "kaiku-gateway", "kaiku-fleet"] {
        let reached = reaches(package);
        for kept in [
            "kaiku-stripped",
            "kaiku-enrich",
            "kaiku-aggregate",
            "kaiku-release",
        ] {
            assert!(!reached.contains(kept), "{package} reaches {kept}");
        }
    }
}

#[test]
fn stages_never_see_each_other() {
    let stages = ["kaiku-gateway", "kaiku-enrich", "kaiku-aggregate"];
    for stage in stages {
        let reached = reaches(stage);
        for other in stages {
            assert!(!reached.contains(other), "{stage} reaches {other}");
        }
    }
}

#[test]
fn kafka_and_datafusion_stay_where_they_are() {
    for (foreign, allowed) in FOREIGN {
        for (package, named) in edges() {
            let may = allowed.contains(&package.as_str());
            assert!(
                may || !named.contains(*foreign),
                "{package} may not name {foreign}"
            );
        }
    }
}

#[test]
fn the_contract_and_the_gate_do_no_io() {
    for package in PURE {
        for reached in reaches(package).into_iter().chain([*package]) {
            for impure in IMPURE {
                let named = &edges()[reached];
                assert!(
                    !named.contains(*impure),
                    "{package} reaches {impure} through {reached}"
                );
            }
        }
    }
}

#[test]
fn the_table_above_speaks_of_packages_that_exist() {
    for (package, allowed) in EDGES {
        for name in allowed.iter().chain([package]) {
            assert!(
                edges().contains_key(*name),
                "{name} is no package of this workspace"
            );
        }
    }
}
