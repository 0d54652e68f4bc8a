//! The fleet: its devices, and how they are asked for what they upload.

mod changes;
mod day;

use kaiku_catalogue::Catalogue;
use kaiku_raw::DeviceId;
use kaiku_wire::Day;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::device::{self, Memory, NEVER};
use crate::plan::Plan;
pub(crate) use changes::Changed;
pub use changes::TrueChange;
pub use day::DayUploads;

/// What a fleet is like.
#[derive(Clone, Debug)]
pub struct FleetConfig {
    /// The same seed makes the same uploads.
    pub seed: u64,
    /// Number of devices.
    pub devices: u32,
    /// First day of the simulation.
    pub first_day: Day,
    /// Partitions of the raw topic: for the records that must lie in a wrong one.
    pub partitions: i32,
    /// Share of devices that upload to the gateway.
    pub gateway: f64,
    /// Share of uploads that are repeated as they are.
    pub repeated: f64,
    /// Share of uploads whose acknowledgement is lost, so that their events come again with the
    /// next ones.
    pub unacknowledged: f64,
    /// Share of uploads beside which comes a record that must be rejected.
    pub garbage: f64,
    /// Chance that a device opts out on a day, of one app or of all.
    pub opt_out: f64,
    /// From this day on something is different, which a report should find: see
    /// [`Fleet::changes`].
    pub changes: Option<Day>,
}

impl Default for FleetConfig {
    fn default() -> FleetConfig {
        FleetConfig {
            seed: 1,
            devices: 20_000,
            // A Monday, a week before the sample catalogue's next release.
            first_day: Day::from_ymd(2026, 10, 19).unwrap_or(Day::MIN),
            partitions: 4,
            gateway: 0.03,
            repeated: 0.02,
            unacknowledged: 0.01,
            garbage: 0.003,
            opt_out: 0.0006,
            changes: None,
        }
    }
}

/// Simulated devices. Memory: about 30 bytes a device.
pub struct Fleet {
    config: FleetConfig,
    plan: Plan,
    base: ChaCha8Rng,
    memory: Vec<Memory>,
    stride: u32,
}

impl Fleet {
    /// A fleet that uses apps of a catalogue.
    ///
    /// The catalogue must have apps with releases and features; of one that has none, only
    /// unlisted names are reported.
    pub fn new(config: FleetConfig, catalogue: &Catalogue) -> Fleet {
        let plan = Plan::of(catalogue, config.first_day);
        let base = ChaCha8Rng::seed_from_u64(config.seed);
        let memory = vec![Memory::NEW; config.devices as usize];
        Fleet {
            stride: stride(config.devices),
            config,
            plan,
            base,
            memory,
        }
    }

    /// What is uploaded on a day. Days must be asked for once each, in their order, and each
    /// iterator used up: it is what moves the devices on.
    pub fn day(&mut self, day: Day) -> DayUploads<'_> {
        let number = day.days_since_epoch() - self.config.first_day.days_since_epoch();
        let number = u16::try_from(number).unwrap_or(0).min(NEVER - 1);
        DayUploads::new(self, day, number)
    }

    /// What one device of the fleet, by its number from 0, uploads on a day, in the order in which
    /// it does so; what [`Fleet::day`] says of the others does not touch it. A device must be
    /// asked for its days as a fleet is, and by one of the two ways alone.
    pub fn device_day(&mut self, device: u32, day: Day) -> DayUploads<'_> {
        self.day(day).of(device)
    }

    /// What is different from the day of [`FleetConfig::changes`] on.
    pub fn changes(&self) -> Vec<TrueChange> {
        let [first, second, _] = &self.plan.apps;
        vec![
            TrueChange {
                app: first.name,
                table: "features_weekly",
                name: first.feature(changes::RISES),
                says: "a feature is used by more devices",
            },
            TrueChange {
                app: second.name,
                table: "brands_weekly",
                name: changes::CRASHES,
                says: "an app begins to crash on one brand",
            },
            TrueChange {
                app: first.name,
                table: "countries_weekly",
                name: changes::LEAVES,
                says: "most devices of a country leave",
            },
        ]
    }

    /// How many devices it has.
    pub fn devices(&self) -> u32 {
        self.config.devices
    }

    /// The first day of its life.
    pub fn first_day(&self) -> Day {
        self.config.first_day
    }

    /// How many partitions its records go to.
    pub fn partitions(&self) -> i32 {
        self.config.partitions
    }

    /// Every identifier that a device has had so far.
    pub fn identifiers(&self) -> impl Iterator<Item = DeviceId> + '_ {
        (0_u32..)
            .zip(&self.memory)
            .flat_map(move |(number, memory)| {
                (0..=memory.generation).map(move |g| device::identity(&self.base, number, g).0)
            })
    }

    /// Every identifier that a device can have with up to so many of them: for whoever must know
    /// them before the fleet has used them.
    pub fn identifiers_ahead(&self, each: u16) -> impl Iterator<Item = DeviceId> + '_ {
        (0..self.config.devices).flat_map(move |number| {
            (0..each).map(move |g| device::identity(&self.base, number, g).0)
        })
    }
}

/// A step that visits every device once, in an order that is not that of their numbers.
fn stride(devices: u32) -> u32 {
    let gcd = |mut a: u32, mut b: u32| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let golden = (u64::from(devices) * 618 / 1000).max(1);
    let golden = u32::try_from(golden).unwrap_or(1);
    (golden..)
        .find(|step| gcd(*step, devices.max(1)) == 1)
        .unwrap_or(1)
}

#[cfg(test)]
mod tests;
