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
    /// Chance that an app is used on a day.
    pub(crate) activity: f64,
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
        let (place, network) = places::draw(rng);
        let sim = rng.random_bool(0.93);
        let tells_country = rng.random_bool(0.8);
        let heavy = rng.random_bool(0.01);
        let activity = match rng.random_range(0..10_u32) {
            0..3 => 0.92,
            3..7 => 0.6,
            _ => 0.18,
        };
        Traits {
            id,
            streams,
            brand,
            code,
            network: sim.then_some(network),
            country: tells_country.then_some(place.country),
            activity: if heavy { 0.98 } else { activity },
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
