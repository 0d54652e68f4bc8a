//! How the producer queues and how long it tries.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The settings of a [`crate::Producer`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most bytes that wait for the broker, counting 256 for each record beside its own. Behind
    /// them, [`crate::Producer::send`] waits.
    pub queue_bytes: u32,
    /// How long a record is tried before its delivery fails.
    #[serde(with = "humantime_serde")]
    pub delivery_timeout: Duration,
    /// How long a record waits for others to travel with.
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            queue_bytes: 64 << 20,
            delivery_timeout: Duration::from_secs(120),
            linger: Duration::from_millis(10),
        }
    }
}

impl Config {
    /// Everything that keeps these settings from being used, each a sentence that says what to do.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.queue_bytes < 1 << 20 {
            problems
                .push("queue_bytes is at least 1048576, for a record of any size to fit".into());
        }
        if self.delivery_timeout < Duration::from_secs(1) {
            problems.push("delivery_timeout is at least \"1s\"".into());
        }
        if self.linger >= self.delivery_timeout || self.linger > Duration::from_secs(60) {
            problems.push("linger is at most \"60s\", and less than delivery_timeout".into());
        }
        problems
    }
}
