//! How far the numbered streams of a device were counted: what tells a repetition from something
//! new.

use serde::Deserialize;

use super::Device;

/// Streams that are remembered of one app: those that were used last. One is what an app should have;
/// several processes of it, or a restored copy, have more.
pub(super) const STREAMS_PER_APP: usize = 4;
/// Streams that are remembered of one device.
const STREAMS: usize = 16;

/// How far one numbered stream of events was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(in crate::state) struct Stream {
    pub(in crate::state) app: u64,
    pub(in crate::state) id: [u8; 8],
    pub(in crate::state) next: i64,
}

impl Device {
    /// How many of the first events of an upload were counted before, by its stream and numbers.
    ///
    /// A gap in the numbers is taken as it is: what was lost on the device stays lost.
    pub(crate) fn seen_before(
        &mut self,
        app: u64,
        id: [u8; 8],
        first: i64,
        events: usize,
    ) -> usize {
        let end = first.saturating_add(i64::try_from(events).unwrap_or(i64::MAX));
        // The one that was used last stands at the end.
        if let Some(at) = self.streams.iter().position(|s| s.app == app && s.id == id) {
            self.streams[at..].rotate_left(1);
            let last = self.streams.len() - 1;
            let stream = &mut self.streams[last];
            let seen = stream.next.saturating_sub(first).max(0);
            stream.next = stream.next.max(end);
            return usize::try_from(seen).unwrap_or(usize::MAX).min(events);
        }
        let of_app = self
            .streams
            .iter()
            .filter(|stream| stream.app == app)
            .count();
        if of_app >= STREAMS_PER_APP {
            if let Some(oldest) = self.streams.iter().position(|stream| stream.app == app) {
                self.streams.remove(oldest);
            }
        } else if self.streams.len() >= STREAMS {
            self.streams.remove(0);
        }
        // Most devices have one, or one more than they had.
        self.streams.reserve_exact(1);
        self.streams.push(Stream { app, id, next: end });
        0
    }
}
