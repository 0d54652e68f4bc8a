//! One day of the fleet: what each device uploads, and the order in which it is sent.

use std::collections::VecDeque;

use kaiku_raw::{Consent, Device, Encoder, Forget, RawBatch, RawEvent};
use kaiku_wire::Day;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Changed, Fleet};
use crate::device::{self, Memory, NEVER, Spool, Traits};
use crate::garbage;
use crate::habits;
use crate::plan::APPS;
use crate::upload::{Route, Upload, What};

/// Days of events that a spool holds.
const SPOOL_DAYS: u16 = 6;
/// A repeated upload comes after those of so many other devices.
const LATER: u32 = 150;
/// Purpose of a device's day as a whole, beside those of its apps.
const DAY: u32 = 0x4000_0000;

/// The uploads of one day, in the order in which they must be sent.
pub struct DayUploads<'a> {
    fleet: &'a mut Fleet,
    day: Day,
    /// Days since the first one.
    number: u16,
    visited: u32,
    stride: u32,
    ready: VecDeque<Upload>,
    /// Repeated uploads, and after how many visits each comes.
    later: VecDeque<(u32, Upload)>,
    encoder: Encoder,
    weights: Vec<f32>,
}

impl<'a> DayUploads<'a> {
    /// Those of a day which is that number since the first one.
    pub(super) fn new(fleet: &'a mut Fleet, day: Day, number: u16) -> DayUploads<'a> {
        DayUploads {
            day,
            number,
            visited: 0,
            stride: fleet.stride,
            ready: VecDeque::new(),
            later: VecDeque::new(),
            encoder: Encoder::single_object(),
            weights: Vec::new(),
            fleet,
        }
    }

    /// Those of one device alone.
    pub(super) fn of(mut self, device: u32) -> DayUploads<'a> {
        self.visited = self.fleet.config.devices;
        self.visit(device);
        self
    }
}

impl Iterator for DayUploads<'_> {
    type Item = Upload;

    fn next(&mut self) -> Option<Upload> {
        loop {
            if let Some(upload) = self.ready.pop_front() {
                return Some(upload);
            }
            let done = self.visited >= self.fleet.config.devices;
            if self
                .later
                .front()
                .is_some_and(|(due, _)| done || *due <= self.visited)
            {
                return self.later.pop_front().map(|(_, upload)| upload);
            }
            if done {
                return None;
            }
            let product = u64::from(self.visited) * u64::from(self.stride);
            let device = product % u64::from(self.fleet.config.devices);
            self.visited += 1;
            self.visit(u32::try_from(device).unwrap_or(0));
        }
    }
}

impl DayUploads<'_> {
    /// One device's day.
    fn visit(&mut self, device: u32) {
        let mut memory = self.fleet.memory[device as usize];
        if memory.out_until > self.number {
            return;
        }
        if memory.out_until == self.number && self.number > 0 {
            memory = Memory {
                generation: memory.generation + 1,
                ..Memory::NEW
            };
        }
        let config = &self.fleet.config;
        let traits = Traits::of(&self.fleet.base, device, memory.generation, config.gateway);
        let purpose = DAY | u32::from(self.number);
        let mut rng = device::stream_of(&self.fleet.base, device, purpose);
        let online = rng.random_bool(traits.online);
        let opts_out = rng.random_bool(config.opt_out);
        for app in 0..APPS {
            if !traits.installed[app] || memory.apps[app].off {
                continue;
            }
            if memory.apps[app].since == NEVER && self.active(device, &traits, app, self.number) {
                memory.apps[app].since = self.number;
            }
            if online && memory.apps[app].since != NEVER {
                self.upload(device, &traits, app, &mut memory.apps[app], &mut rng);
            }
        }
        if opts_out {
            self.opt_out(device, &traits, &mut memory, &mut rng);
        }
        self.fleet.memory[device as usize] = memory;
    }

    /// Uploads what is in an app's spool.
    fn upload(
        &mut self,
        device: u32,
        traits: &Traits,
        app: usize,
        spool: &mut Spool,
        rng: &mut ChaCha8Rng,
    ) {
        // A full spool has lost its oldest days: their numbers stay a gap.
        while self.number - spool.since > SPOOL_DAYS {
            let mut lost = Vec::new();
            self.collect(device, traits, app, spool.since, &mut lost);
            spool.next += u32::try_from(lost.len()).unwrap_or(0);
            spool.since += 1;
        }
        let mut events = Vec::with_capacity(16);
        for number in spool.since..=self.number {
            self.collect(device, traits, app, number, &mut events);
        }
        let count = u32::try_from(events.len()).unwrap_or(0);
        if count == 0 {
            spool.since = NEVER;
            return;
        }
        let batch = self.batch(device, traits, app, spool.next, events);
        let acknowledged = !rng.random_bool(self.fleet.config.unacknowledged);
        if acknowledged {
            *spool = Spool {
                next: spool.next + count,
                since: NEVER,
                off: false,
            };
        }
        self.send(device, traits, batch, rng);
    }

    fn send(
        &mut self,
        device: u32,
        traits: &Traits,
        batch: RawBatch<'static>,
        rng: &mut ChaCha8Rng,
    ) {
        let route = if traits.gateway {
            Route::Gateway
        } else {
            Route::Library
        };
        let config = &self.fleet.config;
        if rng.random_bool(config.garbage) {
            let garbage = garbage::spoil(rng, &mut self.encoder, &batch, config.partitions);
            let what = What::Garbage(garbage);
            self.ready.push_back(Upload {
                device,
                route: Route::Raw,
                what,
            });
        }
        if rng.random_bool(config.repeated) {
            let what = What::Duplicate(batch.clone());
            self.later.push_back((
                self.visited + LATER,
                Upload {
                    device,
                    route,
                    what,
                },
            ));
        }
        self.ready.push_back(Upload {
            device,
            route,
            what: What::Batch(batch),
        });
    }

    /// The owner turns the program off: for one app, or for all, and perhaps on again later.
    fn opt_out(&mut self, device: u32, traits: &Traits, memory: &mut Memory, rng: &mut ChaCha8Rng) {
        let route = if traits.gateway {
            Route::Gateway
        } else {
            Route::Library
        };
        let one_app = (0..APPS)
            .find(|app| traits.installed[*app])
            .filter(|_| rng.random_bool(0.3));
        let forget = Forget {
            device_id: traits.id,
            app: one_app.map(|app| self.fleet.plan.apps[app].name),
        };
        let mut send = |what| {
            self.ready.push_back(Upload {
                device,
                route,
                what,
            })
        };
        send(What::Forget(forget));
        let straggler = rng.random_bool(0.3);
        match one_app {
            Some(app) => memory.apps[app].off = true,
            None => {
                let back = rng.random_bool(0.5).then(|| rng.random_range(2..9_u16));
                memory.out_until = back.map_or(NEVER, |days| self.number + days);
            }
        }
        // An upload that was already on its way: it must not count.
        if straggler {
            let app = one_app.unwrap_or(usize::from(!traits.installed[0]));
            let mut events = Vec::new();
            let from = memory.apps[app].next + 10_000;
            let plan = &self.fleet.plan.apps[app];
            let day = (self.day, Changed::default());
            habits::events(rng, traits, plan, day, &mut self.weights, &mut events);
            let batch = self.batch(device, traits, app, from, events);
            self.ready.push_back(Upload {
                device,
                route,
                what: What::Batch(batch),
            });
        }
    }

    fn batch(
        &self,
        device: u32,
        traits: &Traits,
        app: usize,
        first: u32,
        events: Vec<RawEvent<'static>>,
    ) -> RawBatch<'static> {
        let plan = &self.fleet.plan.apps[app];
        let (network, country) = traits.whereabouts(&self.fleet.base, device, self.number);
        let (mcc, mnc) = network.unzip();
        RawBatch {
            device: Device {
                id: traits.id,
                brand: traits.brand,
                model: traits.code,
                mcc,
                mnc,
                country,
            },
            app: plan.name,
            release: plan.release_on(self.day, traits.lateness).0,
            consent: Some(Consent::new(
                1,
                self.fleet.config.first_day.minus(traits.consent_age),
            )),
            stream: traits.counts.then_some(traits.streams[app]),
            first_sequence: traits.counts.then_some(i64::from(first)),
            events,
            losses: Vec::new(),
        }
    }

    fn active(&self, device: u32, traits: &Traits, app: usize, number: u16) -> bool {
        self.begun(device, traits, app, number).is_some()
    }

    /// An app's day on a device that uses it then: what is drawn from behind that, the day, and what
    /// is different on it.
    fn begun(
        &self,
        device: u32,
        traits: &Traits,
        app: usize,
        number: u16,
    ) -> Option<(ChaCha8Rng, Day, Changed)> {
        let day = self.fleet.config.first_day.plus(u32::from(number));
        let changed = Changed::of(self.fleet.config.changes, day, app, traits);
        let mut rng = self.habits(device, app, number);
        let is_active = habits::active(&mut rng, traits.activity[app], day);
        (is_active && !changed.has_left).then_some((rng, day, changed))
    }

    /// Appends what was done in an app on a day: always the same for the same day.
    fn collect(
        &mut self,
        device: u32,
        traits: &Traits,
        app: usize,
        number: u16,
        out: &mut Vec<RawEvent<'static>>,
    ) {
        if let Some((mut rng, day, changed)) = self.begun(device, traits, app, number) {
            let plan = &self.fleet.plan.apps[app];
            let weights = &mut self.weights;
            habits::events(&mut rng, traits, plan, (day, changed), weights, out);
        }
    }

    fn habits(&self, device: u32, app: usize, number: u16) -> ChaCha8Rng {
        let app = u32::try_from(app).unwrap_or(0);
        device::stream_of(&self.fleet.base, device, (u32::from(number) << 4) | app)
    }
}
