//! Who may name whom: the edges between the packages, and the few that may speak Kafka or run
//! DataFusion.
//!
//! A line of `walls/table.rs` is all that a package may depend on of this workspace, tests aside. An edge that is
//! not here fails; so does a package that is not here. The design of the pipeline rests on these
//! absences: nothing but `enrich` can name both what a device says and what may be kept of it.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use table::{EDGES, FOREIGN, IMPURE, PURE};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .no_deps()
            .exec()
            .expect("cargo reads its own manifests")
    })
}

/// The packages of the workspace with all that each names, tests aside; for `cargo test` builds
/// those as well.
fn edges() -> &'static BTreeMap<String, BTreeSet<String>> {
    static EDGES: OnceLock<BTreeMap<String, BTreeSet<String>>> = OnceLock::new();
    EDGES.get_or_init(|| {
        let packages = metadata().packages.iter().map(|package| {
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

/// What a file says to the compiler when nothing is tested; nothing for a file of tests.
fn without_tests(source: &Path) -> String {
    if source.ends_with("tests.rs") || source.ends_with("testing.rs") {
        return String::new();
    }
    let text = fs::read_to_string(source).unwrap();
    text.split("#[cfg(test)]\nmod")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The Rust files under a folder, but for what was built.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
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
        fallen.extend(
            allowed
                .iter()
                .filter(|name| !named.contains(**name))
                .map(|name| format!("{package} does not name {name}: strike it from the table")),
        );
    }
    assert_eq!(fallen, Vec::<String>::new());
}

#[test]
fn every_package_has_a_use_for_what_it_names() {
    let mut idle = Vec::new();
    for package in &metadata().packages {
        let folder = package.manifest_path.parent().unwrap().join("src");
        let code: String = sources(folder.as_std_path())
            .iter()
            .map(|source| without_tests(source))
            .collect();
        let ours = edges()[package.name.as_str()]
            .iter()
            .filter(|name| edges().contains_key(*name));
        idle.extend(
            ours.filter(|name| !code.contains(&name.replace('-', "_")))
                .map(|name| format!("{} has no use for {name} but in tests", package.name)),
        );
    }
    assert_eq!(idle, Vec::<String>::new());
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
    for package in [
        "kaiku-stripped",
        "kaiku-aggregate",
        "kaiku-release",
        "kaiku-change",
        "kaiku-recommend",
        "kaiku-report",
    ] {
        let reached = reaches(package);
        for identity in [
            "kaiku-raw",
            "kaiku-ingest",
            "kaiku-gateway",
            "kaiku-device",
            "kaiku-device-c",
            "kaiku-device-uniffi",
            "kaiku-fleet",
            "kaiku-enrich",
            "kaiku-rehearsal",
        ] {
            assert!(!reached.contains(identity), "{package} reaches {identity}");
        }
    }
}

/// What is read of the rollups is what anybody can read: no type of a record, on either side of the strip, and no
/// code of what made them.
#[test]
fn the_report_is_made_of_what_is_public() {
    let reached = reaches("kaiku-report");
    for inside in [
        "kaiku-raw",
        "kaiku-stripped",
        "kaiku-aggregate",
        "kaiku-release",
    ] {
        assert!(!reached.contains(inside), "kaiku-report reaches {inside}");
    }
}

#[test]
fn nothing_before_the_strip_reaches_what_may_be_kept() {
    for package in [
        "kaiku-raw",
        "kaiku-ingest",
        "kaiku-gateway",
        "kaiku-device",
        "kaiku-device-c",
        "kaiku-device-uniffi",
        "kaiku-fleet",
    ] {
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

/// The names of one side's types reach whoever names a package that hands them on.
#[test]
fn the_program_names_no_type_of_either_side_by_whatever_way_it_comes() {
    let mut handed_on = BTreeSet::new();
    for source in sources(Path::new(ROOT)) {
        let text = fs::read_to_string(&source).unwrap();
        // At the start of a line, or this very test would be one that hands on.
        for side in ["\npub use kaiku_raw::", "\npub use kaiku_stripped::"] {
            for rest in text.split(side).skip(1) {
                let names = rest.split(';').next().unwrap_or_default();
                let names = names.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                handed_on.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
            }
        }
    }
    assert!(handed_on.contains("DeviceId"), "{handed_on:?}");
    let mut named = Vec::new();
    for source in sources(&Path::new(ROOT).join("src")) {
        let text = fs::read_to_string(&source).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for word in code.flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_'))) {
            if handed_on.contains(word) {
                named.push(format!("{}: {word}", source.display()));
            }
        }
    }
    assert_eq!(named, Vec::<String>::new());
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
fn the_table_speaks_of_packages_that_exist() {
    for (package, allowed) in EDGES {
        for name in allowed.iter().chain([package]) {
            assert!(
                edges().contains_key(*name),
                "{name} is no package of this workspace"
            );
        }
    }
}

#[test]
fn modules_have_one_style_and_unit_tests_stand_where_one_looks_for_them() {
    // The test that is looked at would find itself.
    let (path, module) = (["#[", "path"].concat(), "mod.rs");
    let mut odd = Vec::new();
    for source in sources(Path::new(ROOT)) {
        let shown = source.display();
        if source.ends_with(module) {
            odd.push(format!("{shown}: name it after its module"));
        }
        // The benchmark borrows the kit of the tests, which lies outside of its folder; a second
        // binary of tests has its modules in a folder of its own, or borrows those of the first; and
        // the servers of the tests are those of a package's own tests.
        let may = [
            "benches/enrich/main.rs",
            "ingest/device/tests/failures.rs",
            "aggregate/report/tests/browser.rs",
            "aggregate/src/testing.rs",
            "tests/support.rs",
        ];
        let text = fs::read_to_string(&source).unwrap();
        if text.contains(&path) && !may.iter().any(|one| source.ends_with(one)) {
            odd.push(format!("{shown}: a test module is called tests.rs"));
        }
    }
    assert_eq!(odd, Vec::<String>::new());
}

/// Behind Kafka an event's kind and marks have the names of the contract, and no others.
#[test]
fn no_kind_and_no_mark_is_a_literal_in_aggregate() {
    let marks = kaiku_wire::Mark::ALL.iter().map(|mark| mark.as_str());
    let kinds = kaiku_wire::KindName::ALL.iter().map(|kind| kind.as_str());
    let literals: Vec<_> = marks
        .chain(kinds)
        .map(|name| format!("\"{name}\""))
        .collect();
    let mut found = Vec::new();
    for source in sources(&Path::new(ROOT).join("aggregate/src")) {
        // Tests say by themselves what they expect.
        let text = without_tests(&source);
        let here = literals.iter().filter(|literal| text.contains(*literal));
        found.extend(here.map(|literal| format!("{}: {literal}", source.display())));
    }
    assert_eq!(found, Vec::<String>::new());
}
