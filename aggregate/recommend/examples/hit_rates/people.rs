//! Who uses what: the simulated fleet, or a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, What};

/// The app of the fleet that is looked at.
const APP: &str = "maps";

/// People, and what each uses.
pub(crate) struct People {
    pub(crate) name: String,
    /// Names of what there is to use, the most used first.
    pub(crate) items: Vec<String>,
    /// For each of them the numbers of what they use.
    pub(crate) uses: Vec<Vec<usize>>,
}

impl People {
    /// What the simulated devices use within a week, by what they upload.
    pub(crate) fn of_fleet(devices: u32) -> People {
        let config = FleetConfig {
            devices,
            ..FleetConfig::default()
        };
        let catalogue = Catalogue::sample();
        let mut fleet = Fleet::new(config, &catalogue);
        let listed: BTreeSet<String> = (catalogue.listed())
            .filter(|one| one.kind == "feature" && one.app == APP)
            .map(|one| one.name.clone())
            .collect();
        let mut used: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut day = fleet.first_day();
        for _ in 0..7 {
            for upload in fleet.day(day) {
                let What::Batch(batch) = upload.what else {
                    continue;
                };
                if batch.app == APP {
                    let features = batch.events.iter().filter_map(|event| event.feature);
                    let listed = features.filter(|name| listed.contains(*name));
                    let of_device = used.entry(upload.device).or_default();
                    of_device.extend(listed.map(str::to_owned));
                }
            }
            day = day.next();
        }
        People::new("fleet".to_owned(), used.into_values())
    }

    pub(crate) fn read(file: &Path) -> std::io::Result<People> {
        let text = std::fs::read_to_string(file)?;
        let lines = text.lines();
        let sets = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        Ok(People::new(name.into_owned(), sets))
    }

    fn new(name: String, sets: impl Iterator<Item = BTreeSet<String>>) -> People {
        let sets: Vec<BTreeSet<String>> = sets.collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for item in sets.iter().flatten() {
            *counts.entry(item).or_default() += 1;
        }
        let mut items: Vec<(&str, usize)> = counts.into_iter().collect();
        items.sort_by_key(|(item, count)| (usize::MAX - count, *item));
        let items: Vec<String> = items.into_iter().map(|(item, _)| item.to_owned()).collect();
        let numbers: BTreeMap<&str, usize> = (items.iter().enumerate())
            .map(|(number, item)| (item.as_str(), number))
            .collect();
        let uses = sets
            .iter()
            .map(|set| set.iter().map(|item| numbers[item.as_str()]).collect());
        People {
            uses: uses.collect(),
            name: format!("{name}, {} items", items.len()),
            items,
        }
    }

    /// The same with so many items, the most used.
    pub(crate) fn top(&self, most: usize) -> People {
        let sets = self.uses.iter().map(|set| {
            let kept = set.iter().filter(|item| **item < most);
            kept.map(|item| self.items[*item].clone()).collect()
        });
        let name = self.name.split(',').next().unwrap_or_default().to_owned();
        People::new(name, sets)
    }
}
