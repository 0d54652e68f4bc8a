//! Ports for processes that are started later, and perhaps again and again.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rand::Rng;

/// Below those that Linux gives to outgoing connections: one of these would take the port of a process
/// that is away for a moment.
const PORTS: Range<u16> = 12_000..32_000;

/// A port of 127.0.0.1 on which nobody listens, and which this process has given to nobody else.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut rng = rand::rng();
    for _ in 0..1_000 {
        let port = rng.random_range(PORTS);
        let is_new = GIVEN
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(port);
        if is_new && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("127.0.0.1 has a free port");
}
