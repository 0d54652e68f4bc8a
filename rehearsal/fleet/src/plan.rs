//! What there is to be used: two apps of the catalogue, and one that no catalogue lists.

use kaiku_catalogue::Catalogue;
use kaiku_wire::Day;

/// Apps in a plan: two of the catalogue, and one that is not listed.
pub(crate) const APPS: usize = 3;

/// Groups of features that go together.
const GROUPS: usize = 4;

/// One app, as its makers shipped it.
pub(crate) struct App {
    pub(crate) name: &'static str,
    /// Releases by the day of their start, the oldest first.
    pub(crate) releases: Vec<(&'static str, Day)>,
    pub(crate) features: Vec<&'static str>,
    pub(crate) causes: Vec<&'static str>,
    pub(crate) components: Vec<&'static str>,
    /// The release that crashes more than the others.
    pub(crate) buggy: Option<usize>,
}

/// What there is to be used.
pub(crate) struct Plan {
    pub(crate) apps: [App; APPS],
}

/// Names that no catalogue lists.
const STRAY_FEATURE: &str = "beta.experiment";
const STRAY_CAUSE: &str = "vendor.quirk";
const STRAY_RELEASE: &str = "0.0-nightly";

/// Causes that every app has.
const BUILT_IN: &[&str] = &["panic", "segfault", "out_of_memory", "not_responding"];

/// The app that no catalogue lists.
const STRAY_APP: &str = "game";

impl Plan {
    /// What the first two apps of a catalogue have, and an app that is not listed.
    pub(crate) fn of(catalogue: &Catalogue, first_day: Day) -> Plan {
        let mut apps: Vec<_> = catalogue.apps().collect();
        apps.sort_by_key(|app| app.as_str());
        let mut apps = apps
            .into_iter()
            .map(|app| App::of(catalogue, app, first_day));
        let (mut first, second) = (apps.next(), apps.next());
        if let Some(first) = &mut first {
            // What comes out while the simulation runs, if it runs for some weeks.
            first.buggy = first
                .releases
                .iter()
                .position(|(_, since)| *since > first_day);
        }
        let stray = || App {
            name: STRAY_APP,
            releases: vec![(STRAY_RELEASE, Day::MIN)],
            features: Vec::new(),
            causes: Vec::new(),
            components: Vec::new(),
            buggy: None,
        };
        Plan {
            apps: [
                first.unwrap_or_else(stray),
                second.unwrap_or_else(stray),
                stray(),
            ],
        }
    }
}

impl App {
    fn of(catalogue: &Catalogue, app: kaiku_catalogue::App, day: Day) -> App {
        let mut lines: Vec<_> = catalogue
            .listed()
            .filter(|line| line.app == app.as_str())
            .collect();
        lines.sort_by_key(|line| line.line);
        let named = |kind: &str| {
            let of_kind = lines.iter().filter(move |line| line.kind == kind);
            of_kind.map(|line| line.name.as_str()).collect::<Vec<_>>()
        };
        let find = |name: &str| catalogue.features(app).find(|one| one.as_str() == name);
        let causes = named("cause")
            .into_iter()
            .map(|name| catalogue.cause(app, name, day));
        let components = named("component")
            .into_iter()
            .map(|c| catalogue.component(app, c, day));
        let releases = catalogue.releases(app).into_iter();
        App {
            name: app.as_str(),
            releases: releases
                .map(|(release, since)| (release.as_str(), since))
                .collect(),
            features: named("feature")
                .into_iter()
                // What a library counts by itself, and no app.
                .filter(|name| !name.starts_with("suggestion."))
                .filter_map(find)
                .map(|f| f.as_str())
                .collect(),
            causes: causes
                .map(|cause| cause.as_str())
                .chain(BUILT_IN.iter().copied())
                .collect(),
            components: components.map(|component| component.as_str()).collect(),
            buggy: None,
        }
    }

    /// Which release runs on `day` on a device of this lateness (0 to 1, above 0.98 never).
    pub(crate) fn release_on(&self, day: Day, lateness: f64) -> (&'static str, usize) {
        if (0.4..0.403).contains(&lateness) {
            return (STRAY_RELEASE, usize::MAX);
        }
        let days = if lateness > 0.98 {
            f64::MAX
        } else {
            -(1.0 - lateness).ln() * 5.0
        };
        let runs = |since: Day| {
            f64::from(day.days_since_epoch()) - f64::from(since.days_since_epoch()) >= days.floor()
        };
        let newest = self
            .releases
            .iter()
            .rposition(|(_, since)| runs(*since))
            .unwrap_or(0);
        (
            self.releases
                .get(newest)
                .map_or(STRAY_RELEASE, |(name, _)| name),
            newest,
        )
    }

    /// The weight of each feature for a device: popularity, persona and taste.
    pub(crate) fn weights(&self, persona: u32, taste: u64, weights: &mut Vec<f32>) {
        weights.clear();
        for index in 0..self.features.len() {
            let noise = mix(taste, index as u64);
            // A third of the features are never used by a device.
            let likes = if noise.is_multiple_of(3) {
                0.0
            } else {
                0.3 + (noise >> 40) as f32 / 8_388_608.0
            };
            let group = if index % GROUPS == persona as usize {
                5.0
            } else {
                1.0
            };
            let popularity = 1.0 / (index as f32 + 1.0).powf(0.6);
            weights.push(popularity * group * likes);
        }
        // Whatever its taste, the first feature is what the app is for.
        if let Some(first) = weights.first_mut() {
            *first = first.max(0.5);
        }
    }

    /// The name of a feature; the one beyond the last is listed nowhere.
    pub(crate) fn feature(&self, index: usize) -> &'static str {
        self.features.get(index).copied().unwrap_or(STRAY_FEATURE)
    }

    /// The name of a cause; the one beyond the last is listed nowhere.
    pub(crate) fn cause(&self, index: usize) -> &'static str {
        self.causes.get(index).copied().unwrap_or(STRAY_CAUSE)
    }
}

/// A number that looks random, from two others (the finaliser of splitmix64).
fn mix(one: u64, other: u64) -> u64 {
    let mut x = one.wrapping_add(other.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
