//! One simulated device: what it is, drawn anew from the seed whenever it is needed, and the few
//! bytes that must be remembered between its days.

use kaiku_raw::{DeviceId, StreamId};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use crate::models;
use crate::places::{self, Network};
use crate::plan::APPS;

/// What is remembered of a device between its days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// How many identifiers it had before this one.
    pub(crate) generation: u16,
    /// Opted out until this day of the simulation; `u16::MAX` for ever.
    pub(crate) out_until: u16,
    /// Its apps, in the order of the plan.
    pub(crate) apps: [Spool; APPS],
}

/// The spool of one app on one device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spool {
    /// Number of the first event that the device does not know to have arrived.
    pub(crate) next: u32,
    /// First day whose events are in the spool; `u16::MAX` where it is empty.
    pub(crate) since: u16,
    /// Its one app was forgotten: nothing is collected any more.
    pub(crate) off: bool,
}

/// No day of the simulation.
pub(crate) const NEVER: u16 = u16::MAX;

impl Memory {
    /// A device that has sent nothing yet.
    pub(crate) const NEW: Memory = Memory {
        generation: 0,
        out_until: 0,
        apps: [Spool::EMPTY; APPS],
    };
}

impl Spool {
    /// Nothing collected yet.
    pub(crate) const EMPTY: Spool = Spool {
        next: 0,
        since: NEVER,
        off: false,
    };
}

/// What a device is. The same for the same seed and number, identifiers aside, which change
/// with the generation.
#[derive(Clone, Copy)]
pub(crate) struct Traits {
    pub(crate) id: DeviceId,
    pub(crate) streams: [StreamId; APPS],
    pub(crate) brand: &'static str,
    pub(crate) code: &'static str,
    pub(crate) network: Option<Network>,
    pub(crate) country: Option<&'static str>,
    /// Chance that each app is used on a day.
    pub(crate) activity: [f64; APPS],
    /// Chance that there is a connection on a day.
    pub(crate) online: f64,
    /// Mean number of sessions on a day.
    pub(crate) sessions: f64,
    /// Which apps are installed.
    pub(crate) installed: [bool; APPS],
    /// Which group of features it cares most for.
    pub(crate) persona: u32,
    /// Its taste beyond that.
    pub(crate) taste: u64,
    /// How late it takes an update, 0 to 1; above 0.98 never.
    pub(crate) lateness: f64,
    /// Whether it numbers its events.
    pub(crate) counts: bool,
    /// Whether it uploads to the gateway.
    pub(crate) gateway: bool,
    /// Days between its opting in and the first day of the simulation.
    pub(crate) consent_age: u32,
}

/// Which numbers of the seeded generator serve what: the upper half is the device.
pub(crate) fn stream_of(base: &ChaCha8Rng, device: u32, purpose: u32) -> ChaCha8Rng {
    let mut rng = base.clone();
    rng.set_stream((u64::from(device) << 32) | u64::from(purpose));
    rng.set_word_pos(0);
    rng
}

/// Purposes above every (day, app).
const TRAITS: u32 = u32::MAX;
const IDENTITY: u32 = 0x8000_0000;
const TRAVEL: u32 = 0x2000_0000;

/// Share of the weeks in which a device goes abroad for some days.
const TRAVELS: f64 = 0.02;

impl Traits {
    /// What device `number` is in its present generation.
    pub(crate) fn of(
        base: &ChaCha8Rng,
        number: u32,
        generation: u16,
        gateway_share: f64,
    ) -> Traits {
        let (id, streams) = identity(base, number, generation);
        let rng = &mut stream_of(base, number, TRAITS);
        let (brand, code) = models::draw(rng);
        let (country, network) = places::draw(rng);
        let sim = rng.random_bool(0.93);
        let tells_country = rng.random_bool(0.8);
        let heavy = rng.random_bool(0.01);
        // Who uses one app every day may open another once a week.
        let activity = std::array::from_fn(|_| match rng.random_range(0..10_u32) {
            _ if heavy => 0.98,
            0..3 => 0.92,
            3..7 => 0.6,
            _ => 0.18,
        });
        Traits {
            id,
            streams,
            brand,
            code,
            network: sim.then_some(network),
            country: tells_country.then_some(country),
            activity,
            online: if rng.random_bool(0.05) { 0.35 } else { 0.96 },
            sessions: if heavy {
                7.0
            } else {
                0.6 + 1.6 * rng.random::<f64>()
            },
            installed: installed(rng),
            persona: rng.random_range(0..4),
            taste: rng.next_u64(),
            lateness: rng.random(),
            counts: !rng.random_bool(0.02),
            gateway: rng.random_bool(gateway_share),
            consent_age: rng.random_range(1..200),
        }
    }

    /// Whether its home is this country.
    pub(crate) fn is_of(&self, country: &str) -> bool {
        match self.network {
            Some(network) => places::is_of(network, country),
            None => self.country == Some(country),
        }
    }

    /// Where a device is on a day of the simulation: at home, or in the network of another country
    /// for the rest of a week.
    pub(crate) fn whereabouts(
        &self,
        base: &ChaCha8Rng,
        number: u32,
        day: u16,
    ) -> (Option<Network>, Option<&'static str>) {
        let rng = &mut stream_of(base, number, TRAVEL | u32::from(day / 7));
        let travels = rng.random_bool(TRAVELS);
        if !travels || day % 7 < rng.random_range(1..7) {
            return (self.network, self.country);
        }
        let (country, network) = places::draw(rng);
        let network = self.network.map(|_| network);
        (network, self.country.map(|_| country))
    }
}

/// The identifier of a device and its streams, in one of its generations.
pub(crate) fn identity(
    base: &ChaCha8Rng,
    number: u32,
    generation: u16,
) -> (DeviceId, [StreamId; APPS]) {
    let mut rng = stream_of(base, number, IDENTITY | u32::from(generation));
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    let streams = std::array::from_fn(|_| {
        let mut stream = [0; 8];
        rng.fill_bytes(&mut stream);
        StreamId::new(stream)
    });
    (DeviceId::new(id), streams)
}

/// Two apps of the catalogue, and on a few devices one that no catalogue lists.
fn installed(rng: &mut ChaCha8Rng) -> [bool; APPS] {
    let first = rng.random_bool(0.8);
    let second = !first || rng.random_bool(0.55);
    [first, second, rng.random_bool(0.02)]
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_device_is_remembered_in_a_few_dozen_bytes() {
        assert!(size_of::<Memory>() <= 48);
    }

    #[test]
    fn some_devices_are_abroad_at_the_end_of_a_week_and_none_at_its_beginning() {
        let base = ChaCha8Rng::seed_from_u64(1);
        let mut abroad = [0; 14];
        for number in 0..2_000 {
            let traits = Traits::of(&base, number, 0, 0.1);
            for (day, count) in (0..).zip(&mut abroad) {
                let found = traits.whereabouts(&base, number, day);
                *count += u32::from(found != (traits.network, traits.country));
            }
        }
        assert_eq!((abroad[0], abroad[7]), (0, 0));
        assert!((15..60).contains(&abroad[6]) && (15..60).contains(&abroad[13]));
    }

    #[test]
    fn a_new_generation_is_the_same_device_under_a_new_identifier() {
        let base = ChaCha8Rng::seed_from_u64(1);
        let (old, new) = (Traits::of(&base, 7, 0, 0.1), Traits::of(&base, 7, 1, 0.1));
        assert!(old.id != new.id && old.streams != new.streams);
        assert_eq!(
            (old.brand, old.code, old.taste),
            (new.brand, new.code, new.taste)
        );
        assert!(Traits::of(&base, 8, 0, 0.1).id != old.id);
    }
}
