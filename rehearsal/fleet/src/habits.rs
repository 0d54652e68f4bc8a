//! What a device does in one app on one day.

use kaiku_raw::{EventType, LengthBucket, RawEvent};
use kaiku_wire::Day;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::device::Traits;
use crate::fleet::Changed;
use crate::plan::App;

/// Chance that a session ends in a fatal failure, in a good release and in the buggy one.
const FATAL: [f64; 2] = [0.004, 0.05];
/// Chance that something fails in a session and the app goes on.
const FAILS: f64 = 0.04;
/// Chance that a name of an event is one that no catalogue lists.
const STRAY: f64 = 0.004;
/// Most sessions on one day.
const SESSIONS: u32 = 12;

/// Whether a device that uses an app so often uses it on a day. It draws from `rng` first.
pub(crate) fn active(rng: &mut ChaCha8Rng, activity: f64, day: Day) -> bool {
    // 1970-01-01 was a Thursday: Saturday and Sunday are 2 and 3.
    let weekend = matches!(day.days_since_epoch().rem_euclid(7), 2 | 3);
    rng.random_bool(activity * if weekend { 1.0 } else { 0.9 })
}

/// Appends what a device does in an app on a day on which it is [`active`].
pub(crate) fn events(
    rng: &mut ChaCha8Rng,
    traits: &Traits,
    app: &App,
    (day, changed): (Day, Changed),
    weights: &mut Vec<f32>,
    out: &mut Vec<RawEvent<'static>>,
) {
    app.weights(traits.persona, traits.taste, weights);
    if let Some((index, more)) = changed.liked
        && let Some(weight) = weights.get_mut(index)
    {
        // Who does not care for it begins to.
        *weight = weight.max(0.05) * more;
    }
    let sum = weights.iter().sum();
    let buggy = app.buggy == Some(app.release_on(day, traits.lateness).1);
    // Geometric, with the device's own mean.
    let another = traits.sessions / (1.0 + traits.sessions);
    let mut session = 0;
    loop {
        let fatal = changed.fatal.unwrap_or(FATAL[usize::from(buggy)]);
        one_session(rng, app, weights, sum, fatal, out);
        session += 1;
        if session >= SESSIONS || !rng.random_bool(another) {
            return;
        }
    }
}

fn one_session(
    rng: &mut ChaCha8Rng,
    app: &App,
    weights: &[f32],
    sum: f32,
    fatal: f64,
    out: &mut Vec<RawEvent<'static>>,
) {
    out.push(RawEvent::new(EventType::Started));
    for _ in 0..rng.random_range(1..=4_u32) {
        let index = if rng.random_bool(STRAY) {
            usize::MAX
        } else {
            pick(rng, weights, sum)
        };
        let times = if rng.random_bool(0.3) {
            rng.random_range(2..=6)
        } else {
            1
        };
        out.push(RawEvent {
            feature: Some(app.feature(index)),
            times,
            ..RawEvent::new(EventType::FeatureUsed)
        });
    }
    if rng.random_bool(fatal) {
        out.push(failed(rng, app, true));
        return;
    }
    if rng.random_bool(FAILS) {
        out.push(failed(rng, app, false));
    }
    // From seconds to hours, most of it minutes; one in fifty does not know.
    let log = rng.random::<f64>() + rng.random::<f64>() + rng.random::<f64>();
    // Truncation to whole seconds is wanted.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = (4.0 * (log * 3.2).exp()) as i32;
    let seconds = (!rng.random_bool(0.02)).then_some(seconds);
    // Half of them keep the bucket alone, as devices do that add up their day.
    let keeps_seconds = seconds.is_some_and(|seconds| seconds % 2 == 0);
    out.push(RawEvent {
        duration_s: seconds.filter(|_| keeps_seconds),
        length: seconds
            .filter(|_| !keeps_seconds)
            .and_then(LengthBucket::of_seconds),
        ..RawEvent::new(EventType::Stopped)
    });
}

fn failed(rng: &mut ChaCha8Rng, app: &App, fatal: bool) -> RawEvent<'static> {
    // The first causes are the most frequent.
    let most = rng.random_range(0..app.causes.len().max(1));
    let index = if rng.random_bool(0.02) {
        usize::MAX
    } else {
        rng.random_range(0..=most)
    };
    let component = match app.components.len() {
        0 => None,
        _ if rng.random_bool(0.2) => None,
        some => Some(app.components[rng.random_range(0..some)]),
    };
    RawEvent {
        cause: Some(app.cause(index)),
        component,
        fatal: (fatal || rng.random_bool(0.7)).then_some(fatal),
        ..RawEvent::new(EventType::Failed)
    }
}

fn pick(rng: &mut ChaCha8Rng, weights: &[f32], sum: f32) -> usize {
    let mut left = rng.random::<f32>() * sum;
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    0
}
