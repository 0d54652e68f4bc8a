//! Simulated devices that run the device's own library, with all that befalls a device: days without
//! a connection, kills, answers that get lost, owners who turn the program off, reinstallations,
//! copies of the folder on another device, and clocks that jump.
//!
//! The fleet of `kaiku-fleet` makes uploads as the contract has them; these few make theirs with
//! `kaiku-device`, its store on a disk included. What they send is read back from the bytes that
//! leave, so that a perfect observer counts what arrived and not what was meant.

mod folder;
mod handset;
mod random;
mod request;

use std::path::PathBuf;

use anyhow::{Context, Result};
use kaiku_catalogue::{Catalogue, Language, generate};
use kaiku_device::DeviceCatalogue;
use kaiku_wire::Day;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use handset::Book;
use handset::Handset;
pub use request::Request;

/// What the handsets are like. Every chance is that of a handset on a day.
#[derive(Clone, Debug)]
pub struct HandsetsConfig {
    /// The same seed makes the same days.
    pub seed: u64,
    /// How many there are at the beginning; copies come to them.
    pub handsets: u32,
    /// There is no connection all day.
    pub offline: f64,
    /// The process is killed, with what it had not written down yet.
    pub killed: f64,
    /// The answer to an upload that was taken never arrives.
    pub unanswered: f64,
    /// The owner turns the program off, has the device forgotten, and on again after some days.
    pub opt_out: f64,
    /// The app is installed anew: the folder is gone, and nobody was told.
    pub reinstalled: f64,
    /// The folder is copied to another device, and both go on.
    pub copied: f64,
    /// The clock is set wrong by up to twenty days, or right again.
    pub clock: f64,
}

impl Default for HandsetsConfig {
    fn default() -> HandsetsConfig {
        HandsetsConfig {
            seed: 1,
            handsets: 12,
            offline: 0.15,
            killed: 0.05,
            unanswered: 0.05,
            opt_out: 0.01,
            reinstalled: 0.01,
            copied: 0.005,
            clock: 0.02,
        }
    }
}

impl HandsetsConfig {
    /// The same devices with nothing that befalls them but days without a connection and answers
    /// that get lost: whatever was done on them must arrive.
    pub fn undisturbed(self) -> HandsetsConfig {
        HandsetsConfig {
            killed: 0.0,
            opt_out: 0.0,
            reinstalled: 0.0,
            copied: 0.0,
            clock: 0.0,
            ..self
        }
    }
}

/// Number of the first handset, far above those of a fleet's devices.
pub const FIRST_NUMBER: u32 = 1 << 30;

/// The handsets.
pub struct Handsets {
    config: HandsetsConfig,
    folder: PathBuf,
    catalogues: Vec<DeviceCatalogue>,
    plans: Vec<Plan>,
    all: Vec<Handset>,
    rng: ChaCha8Rng,
}

/// What there is to be used in one app.
pub(crate) struct Plan {
    /// Releases, with the days on which they came out, the oldest first.
    pub(crate) releases: Vec<(String, Day)>,
}

impl Plan {
    fn of(catalogue: &Catalogue, app: kaiku_catalogue::App) -> Plan {
        let releases = catalogue.releases(app).into_iter();
        let mut releases: Vec<_> = releases
            .map(|(release, since)| (release.as_str().to_owned(), since))
            .collect();
        releases.sort_by_key(|(_, since)| *since);
        Plan { releases }
    }

    /// The newest release of a day.
    pub(crate) fn release(&self, day: Day) -> &str {
        let out = self.releases.iter().rfind(|(_, since)| *since <= day);
        let first = self.releases.first();
        out.or(first).map_or("0", |(release, _)| release)
    }
}

impl Handsets {
    /// Handsets that use the apps of a catalogue; each has a folder below `folder`.
    ///
    /// # Errors
    /// Where the catalogue has no app, or a name that no device can have.
    pub fn new(config: HandsetsConfig, catalogue: &Catalogue, folder: PathBuf) -> Result<Handsets> {
        let mut apps: Vec<_> = catalogue.apps().collect();
        apps.sort_by_key(|app| app.as_str());
        let (mut catalogues, mut plans) = (Vec::new(), Vec::new());
        for app in apps {
            let json = generate(catalogue, app.as_str(), Language::Json)
                .context("making the catalogue of a device")?;
            let read =
                DeviceCatalogue::parse(&json).context("reading the catalogue of a device")?;
            catalogues.push(read);
            plans.push(Plan::of(catalogue, app));
        }
        anyhow::ensure!(!catalogues.is_empty(), "the catalogue has no app");
        let mut handsets = Handsets {
            rng: ChaCha8Rng::seed_from_u64(config.seed),
            all: Vec::new(),
            folder,
            catalogues,
            plans,
            config,
        };
        for _ in 0..handsets.config.handsets {
            handsets.add(None)?;
        }
        Ok(handsets)
    }

    /// Every identifier that a handset can have, up to so many of them each, those of copies that
    /// may still come included.
    pub fn identifiers_ahead(&self, each: u32) -> impl Iterator<Item = [u8; 16]> + '_ {
        let (seed, handsets) = (self.config.seed, self.config.handsets * 2 + 8);
        (0..handsets)
            .flat_map(move |number| (0..each).map(move |n| random::identifier(seed, number, n)))
    }

    /// Lives a day, hour by hour. `send` makes each request at the moment when it leaves, and says
    /// with which status it was answered.
    ///
    /// # Errors
    /// Where a request was refused that may not be, or a folder can't be used.
    pub fn day(&mut self, day: Day, send: &mut dyn FnMut(&Request) -> Result<u16>) -> Result<()> {
        let copied = self.config.copied;
        let mut originals = Vec::new();
        for handset in &mut self.all {
            let app = handset.app();
            let plan = &self.plans[app];
            handset.day(day, plan, &self.config, send)?;
            if self.rng.random_bool(copied) {
                originals.push(handset.number());
            }
        }
        for original in originals {
            self.add(Some(original))?;
        }
        Ok(())
    }

    /// What was done on the handsets and what became of it, over all of them.
    pub fn book(&self) -> Book {
        let mut sum = Book::default();
        for handset in &self.all {
            sum.add(&handset.book());
        }
        sum
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    fn add(&mut self, original: Option<u32>) -> Result<()> {
        let number = u32::try_from(self.all.len()).unwrap_or(0);
        let from = original.and_then(|number| self.all.get(number as usize));
        let app = from.map_or(number as usize % self.catalogues.len(), Handset::app);
        let copy = from.map(Handset::to_copy);
        let made = Handset::new(
            number,
            app,
            self.catalogues[app].clone(),
            self.config.seed,
            &self.folder,
            copy,
        )?;
        self.all.push(made);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
