//! The cells of a table on one day or in one week.

use std::collections::BTreeMap;

use kaiku_catalogue::Catalogue;
use kaiku_release::{Cell, Dimension, Table, Unit};
use kaiku_wire::{LengthBucket, Mark};

use crate::history::History;

/// The apps, and the values of all dimensions; those that come first are more frequent.
#[derive(Clone, Debug)]
pub struct Names {
    /// The apps.
    pub apps: Vec<String>,
    /// Features of each app.
    pub features: BTreeMap<String, Vec<String>>,
    /// Causes of each app.
    pub causes: BTreeMap<String, Vec<String>>,
    /// Components of each app.
    pub components: BTreeMap<String, Vec<String>>,
    /// Releases of each app, the oldest first; a new one every eight weeks.
    pub releases: BTreeMap<String, Vec<String>>,
    /// Countries, each with its operators.
    pub countries: Vec<(String, Vec<String>)>,
    /// Brands, each with its models.
    pub brands: Vec<(String, Vec<String>)>,
}

impl Names {
    /// Those of a catalogue, with some countries, operators, brands and models.
    pub fn of(catalogue: &Catalogue) -> Names {
        let mut names = Names {
            apps: catalogue
                .apps()
                .map(|app| app.as_str().to_owned())
                .collect(),
            features: BTreeMap::new(),
            causes: BTreeMap::new(),
            components: BTreeMap::new(),
            releases: BTreeMap::new(),
            countries: Vec::new(),
            brands: Vec::new(),
        };
        for line in catalogue.listed() {
            let list = match line.kind {
                "feature" => &mut names.features,
                "cause" => &mut names.causes,
                "component" => &mut names.components,
                "release" => &mut names.releases,
                _ => continue,
            };
            list.entry(line.app.to_string())
                .or_default()
                .push(line.name.to_string());
        }
        for country in ["IN", "US", "DE", "JP", "BR", "FI", "FR", "GB", "SE", "ZA"] {
            let operators = ["One", "Two", "Three"].map(|name| format!("{name} ({country})"));
            names
                .countries
                .push((country.to_owned(), operators.to_vec()));
        }
        for brand in [
            "Samsung", "Apple", "Xiaomi", "Oppo", "Vivo", "Motorola", "Nokia",
        ] {
            let models = (1..=20).map(|number| format!("{brand}/M-{number}"));
            names.brands.push((brand.to_owned(), models.collect()));
        }
        names
    }
}

impl Names {
    /// The same with so many apps: those that are too many are left out, and those that are missing are
    /// called `app-2` and so on, and have what the first app has.
    #[must_use]
    pub fn with_apps(mut self, apps: usize) -> Names {
        self.apps.truncate(apps);
        let Some(first) = self.apps.first().cloned() else {
            return self;
        };
        while self.apps.len() < apps {
            let app = format!("app-{}", self.apps.len());
            for list in [
                &mut self.features,
                &mut self.causes,
                &mut self.components,
                &mut self.releases,
            ] {
                let same = list.get(&first).cloned().unwrap_or_default();
                list.insert(app.clone(), same);
            }
            self.apps.push(app);
        }
        self
    }
}

/// What a value is called, and which part of the devices it has.
type Weighted = (Vec<String>, f64);

/// The cells of a table in the period that begins on a day of the history.
pub(crate) fn cells(history: &History, table: &Table, number: u32) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (place, app) in history.names.apps.iter().enumerate() {
        let devices = devices(history, table, number) / (1.0 + place as f64 * 0.6);
        for (values, share) in values(history, table, app, number) {
            let dims: Vec<String> = [app.clone()].into_iter().chain(values).collect();
            let (mut all, mut parts) = (devices * share, 1.0);
            for change in history
                .changes
                .iter()
                .filter(|change| change.from <= number)
            {
                let is_it = |(asked, is): (&String, &String)| asked.is_empty() || asked == is;
                if change.table == table.name() && change.dims.iter().zip(&dims).all(is_it) {
                    all *= change.devices;
                    parts *= change.parts;
                }
            }
            // Made of the whole devices, so that no part is more than its whole.
            let all = all.round();
            let counts = table.marks().iter().map(|mark| {
                let part = match part(*mark) {
                    part if part < 1.0 => (part * parts).min(1.0),
                    whole => whole,
                };
                // Whole numbers of devices, far below 2^53.
                (all * part) as u64
            });
            let counts = counts.collect();
            cells.push(Cell { dims, counts });
        }
    }
    cells
}

/// The devices of the largest app: fewer at weekends, and more every week.
fn devices(history: &History, table: &Table, number: u32) -> f64 {
    let all = f64::from(history.devices) * (1.0 + f64::from(number / 7) * 0.002);
    match table.unit() {
        Unit::Week => all * 1.6,
        Unit::Day if number % 7 >= 5 => all * 0.85,
        Unit::Day => all,
    }
}

/// Which part of the devices of a cell a mark has.
fn part(mark: Mark) -> f64 {
    match mark {
        Mark::SecondUseDay => 0.45,
        Mark::FifthUseDay => 0.12,
        Mark::FirstFatalDay | Mark::FirstFatalReleaseDay => 0.008,
        Mark::FirstFatalWeek => 0.02,
        Mark::FirstBoundedDay => 0.015,
        _ => 1.0,
    }
}

/// The values of the dimensions behind the app, each with its part of the devices.
fn values(history: &History, table: &Table, app: &str, number: u32) -> Vec<Weighted> {
    let names = &history.names;
    let mut all: Vec<Weighted> = vec![(Vec::new(), 1.0)];
    let mut dimensions = table.dimensions().iter().skip(1).peekable();
    while let Some(dimension) = dimensions.next() {
        let next: Vec<Weighted> = match (dimension, dimensions.peek()) {
            (Dimension::Country, Some(Dimension::Operator)) => {
                dimensions.next();
                nested(&names.countries)
            }
            (Dimension::Brand, Some(Dimension::Model)) => {
                dimensions.next();
                nested(&names.brands)
            }
            (Dimension::A, _) => {
                dimensions.next();
                pairs(&of_app(&names.features, app))
            }
            (Dimension::Country, _) => by_rank(names.countries.iter().map(|(name, _)| name), 1.0),
            (Dimension::Brand, _) => by_rank(names.brands.iter().map(|(name, _)| name), 1.0),
            (Dimension::Feature, _) => by_rank(of_app(&names.features, app).iter(), 6.0),
            (Dimension::Cause, _) => by_rank(of_app(&names.causes, app).iter(), 0.2),
            (Dimension::Component, _) => by_rank(of_app(&names.components, app).iter(), 1.0),
            (Dimension::Release, _) => releases(&of_app(&names.releases, app), number),
            (Dimension::Length, _) => {
                let lengths = LengthBucket::ALL.map(|bucket| bucket.as_str().to_owned());
                by_rank(lengths.iter(), 1.0)
            }
            (Dimension::App | Dimension::B | Dimension::Model | Dimension::Operator, _) => continue,
        };
        all = all
            .iter()
            .flat_map(|(before, share)| {
                next.iter().map(move |(values, part)| {
                    (before.iter().chain(values).cloned().collect(), share * part)
                })
            })
            .collect();
    }
    all
}

fn of_app(all: &BTreeMap<String, Vec<String>>, app: &str) -> Vec<String> {
    all.get(app).cloned().unwrap_or_default()
}

/// Parts that fall with the rank, and add up to `sum`; a device may have several features.
fn by_rank<'a>(names: impl ExactSizeIterator<Item = &'a String>, sum: f64) -> Vec<Weighted> {
    let weights = |count: usize| (1..=count).map(|rank| 1.0 / rank as f64);
    let total: f64 = weights(names.len()).sum();
    let weights: Vec<f64> = weights(names.len()).collect();
    let each = names.zip(weights);
    each.map(|(name, weight)| (vec![name.clone()], (sum * weight / total).min(0.95)))
        .collect()
}

fn nested(all: &[(String, Vec<String>)]) -> Vec<Weighted> {
    let outer = by_rank(all.iter().map(|(name, _)| name), 1.0);
    let each = outer
        .into_iter()
        .zip(all)
        .flat_map(|((name, share), (_, inner))| {
            let inner = by_rank(inner.iter(), 1.0);
            inner.into_iter().map(move |(inner, part)| {
                (name.iter().cloned().chain(inner).collect(), share * part)
            })
        });
    each.collect()
}

/// Pairs of features, the one that sorts first in front; neighbours go together best.
fn pairs(features: &[String]) -> Vec<Weighted> {
    let shares: Vec<f64> = by_rank(features.iter(), 6.0)
        .into_iter()
        .map(|(_, share)| share)
        .collect();
    let mut pairs = Vec::new();
    for (first, a) in features.iter().enumerate() {
        for (second, b) in features.iter().enumerate().skip(first + 1) {
            let both = shares[first] * shares[second] * if second - first == 1 { 1.5 } else { 0.6 };
            let pair = if a < b { [a, b] } else { [b, a] };
            pairs.push((pair.map(Clone::clone).to_vec(), both.min(0.9)));
        }
    }
    pairs
}

/// A new release every eight weeks, which takes over within three.
fn releases(releases: &[String], number: u32) -> Vec<Weighted> {
    if releases.is_empty() {
        return Vec::new();
    }
    let newest = (number / 56) as usize;
    let taken = (f64::from(number % 56) / 21.0).min(1.0);
    let name = |place: usize| vec![releases[place.min(releases.len() - 1)].clone()];
    let mut shares = vec![(name(newest), if newest == 0 { 1.0 } else { taken })];
    if newest > 0 && taken < 1.0 && name(newest - 1) != name(newest) {
        shares.push((name(newest - 1), 1.0 - taken));
    }
    shares.retain(|(_, share)| *share > 0.0);
    shares
}
