//! The time, handed in, so that tests can set it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kaiku_wire::Day;

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
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX) + ahead()
        })
    }

    /// A clock that shows what the function says.
    pub fn from_fn(now: impl Fn() -> i64 + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// Milliseconds since 1970-01-01, UTC.
    pub fn millis(&self) -> i64 {
        (self.0)()
    }

    /// The present UTC day.
    pub fn day(&self) -> Day {
        Day::from_millis(self.millis())
    }
}

/// By how many milliseconds a test has the machine's clock run ahead; never but in builds of tests.
fn ahead() -> i64 {
    fail::fail_point!("clock.ahead", |millis| millis
        .and_then(|millis| millis.parse().ok())
        .unwrap_or(0));
    0
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
