//! Which package may name which, and which outside crates stand where: the table that the walls are held to.

/// Package, then what it may name, in the order in which data flows. An edge that nobody has is not
/// allowed either: it goes when its last use does.
pub(super) const EDGES: &[(&str, &[&str])] = &[
    // The contract.
    ("kaiku-wire", &[]),
    ("kaiku-raw", &["kaiku-wire"]),
    ("kaiku-stripped", &["kaiku-wire", "kaiku-catalogue"]),
    ("kaiku-catalogue", &["kaiku-wire"]),
    // What is mined behind the strip and read on devices: it knows neither side.
    ("kaiku-suggestions", &["kaiku-wire"]),
    // What every stage stands on.
    ("kaiku-metric", &[]),
    ("kaiku-registry", &[]),
    ("kaiku-broker", &["kaiku-wire"]),
    (
        "kaiku-stage",
        &[
            "kaiku-wire",
            "kaiku-catalogue",
            "kaiku-metric",
            "kaiku-registry",
            "kaiku-broker",
        ],
    ),
    // The side of the devices.
    (
        "kaiku-ingest",
        &[
            "kaiku-wire",
            "kaiku-raw",
            "kaiku-metric",
            "kaiku-registry",
            "kaiku-broker",
        ],
    ),
    (
        "kaiku-gateway",
        &[
            "kaiku-wire",
            "kaiku-raw",
            "kaiku-suggestions",
            "kaiku-metric",
            "kaiku-ingest",
        ],
    ),
    // What an app takes in: it knows what a device says, and neither Kafka nor a stage.
    (
        "kaiku-device",
        &["kaiku-wire", "kaiku-raw", "kaiku-suggestions"],
    ),
    // The same for other languages, what makes their sources, and an app in Rust.
    ("kaiku-device-c", &["kaiku-device"]),
    ("kaiku-device-uniffi", &["kaiku-device"]),
    ("kaiku-device-bindgen", &[]),
    ("kaiku-device-native", &["kaiku-device"]),
    // The strip: the only one that names both sides.
    (
        "kaiku-enrich",
        &[
            "kaiku-wire",
            "kaiku-raw",
            "kaiku-stripped",
            "kaiku-catalogue",
            "kaiku-metric",
            "kaiku-registry",
            "kaiku-broker",
            "kaiku-stage",
        ],
    ),
    // The side without identity.
    (
        "kaiku-aggregate",
        &[
            "kaiku-wire",
            "kaiku-stripped",
            "kaiku-catalogue",
            "kaiku-metric",
            "kaiku-registry",
            "kaiku-broker",
            "kaiku-stage",
            "kaiku-release",
        ],
    ),
    ("kaiku-release", &["kaiku-wire"]),
    // What reads what was released knows numbers and nothing of where they come from.
    ("kaiku-change", &[]),
    ("kaiku-recommend", &["kaiku-wire", "kaiku-suggestions"]),
    (
        "kaiku-report",
        &["kaiku-wire", "kaiku-change", "kaiku-recommend"],
    ),
    // What proves the pipeline: it plays the devices and looks at what comes out.
    (
        "kaiku-fleet",
        &["kaiku-wire", "kaiku-raw", "kaiku-catalogue"],
    ),
    (
        "kaiku-handsets",
        &[
            "kaiku-wire",
            "kaiku-raw",
            "kaiku-catalogue",
            "kaiku-device",
            "kaiku-fleet",
        ],
    ),
    // Rollups of a long history, for whoever tries what reads them.
    (
        "kaiku-history",
        &[
            "kaiku-wire",
            "kaiku-catalogue",
            "kaiku-aggregate",
            "kaiku-release",
        ],
    ),
    (
        "kaiku-rehearsal",
        &[
            "kaiku-wire",
            "kaiku-raw",
            "kaiku-catalogue",
            "kaiku-broker",
            "kaiku-stage",
            "kaiku-ingest",
            "kaiku-gateway",
            "kaiku-enrich",
            "kaiku-aggregate",
            "kaiku-release",
            "kaiku-fleet",
        ],
    ),
    // The program: it knows the stages, and neither side's types.
    (
        "kaiku",
        &[
            "kaiku-wire",
            "kaiku-catalogue",
            "kaiku-metric",
            "kaiku-registry",
            "kaiku-broker",
            "kaiku-stage",
            "kaiku-ingest",
            "kaiku-gateway",
            "kaiku-enrich",
            "kaiku-suggestions",
            "kaiku-aggregate",
            "kaiku-release",
            "kaiku-report",
            "kaiku-recommend",
            "kaiku-fleet",
            "kaiku-handsets",
            "kaiku-rehearsal",
        ],
    ),
];

/// What only some may use, and who.
pub(super) const FOREIGN: &[(&str, &[&str])] = &[
    (
        "rdkafka",
        &[
            "kaiku-broker",
            "kaiku-ingest",
            "kaiku-enrich",
            "kaiku-aggregate",
            "kaiku-rehearsal",
        ],
    ),
    ("datafusion", &["kaiku-aggregate"]),
    ("object_store", &["kaiku-aggregate"]),
    ("axum", &["kaiku-gateway", "kaiku"]),
    ("hyper", &["kaiku-gateway", "kaiku"]),
    (
        "ureq",
        &["kaiku-registry", "kaiku-device", "kaiku-rehearsal"],
    ),
    ("rusqlite", &["kaiku-device"]),
    ("uniffi", &["kaiku-device-uniffi", "kaiku-device-bindgen"]),
    // Names and help texts stand where `kaiku-metric` has them; the program records.
    ("metrics", &["kaiku-metric", "kaiku"]),
];

/// Packages that are pure: no network, no runtime, no Kafka, however far down. The contract, the
/// gate, and the simulated devices.
pub(super) const PURE: &[&str] = &[
    "kaiku-wire",
    "kaiku-raw",
    "kaiku-stripped",
    "kaiku-catalogue",
    "kaiku-suggestions",
    "kaiku-release",
    "kaiku-change",
    "kaiku-recommend",
    "kaiku-fleet",
];
pub(super) const IMPURE: &[&str] = &[
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
