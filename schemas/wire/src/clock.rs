//! The time, handed in, so that tests and a replay can set it: the one way to ask for "now" and
//! for "today".

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Day;

/// A clock: milliseconds since 1970-01-01, UTC.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Clock {
        Clock::from_fn(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// A clock that shows what the function says.
    pub fn from_fn(now: impl Fn() -> i64 + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// A clock that runs ahead of this one by so many milliseconds.
    #[must_use]
    pub fn ahead_by(self, millis: i64) -> Clock {
        Clock::from_fn(move || self.millis().saturating_add(millis))
    }

    /// Milliseconds since 1970-01-01, UTC.
    pub fn millis(&self) -> i64 {
        (self.0)()
    }

    /// The present UTC day.
    pub fn today(&self) -> Day {
        Day::from_millis(self.millis())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
