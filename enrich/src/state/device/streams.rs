//! Which numbers of a device's streams were counted: what tells a repetition from something new, in
//! whatever order the uploads of a stream come.

use std::ops::Range;

use super::Device;

/// Streams that are remembered of one app: those that were used last. One is what an app should have;
/// several processes of it, or a restored copy, have more.
pub(super) const STREAMS_PER_APP: usize = 4;
/// Streams that are remembered of one device.
const STREAMS: usize = 16;
/// Gaps that are remembered of one stream: so many uploads, each with one before it that has not come
/// yet. Of more, the one with the lowest numbers is taken for counted.
pub(super) const GAPS: usize = 16;

/// How far one numbered stream of events was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::state) struct Stream {
    pub(in crate::state) app: u64,
    pub(in crate::state) id: [u8; 8],
    /// One more than the highest number that was counted.
    pub(in crate::state) next: i64,
    /// What was left out below it; most streams have none.
    pub(in crate::state) gaps: Option<Box<Gaps>>,
}

/// Numbers of a stream that were never counted, from each first one to before each last, in their
/// order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::state) struct Gaps(pub(in crate::state) Vec<(i64, i64)>);

/// What of an upload was not counted before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// Places of its events that come late: behind others with higher numbers.
    late: Vec<Range<usize>>,
    /// The place from which on all are new.
    from: usize,
    /// Whether another stream of the device was forgotten for this one.
    pub(crate) evicts: bool,
}

impl Fresh {
    /// Whether the event at this place is new.
    pub(crate) fn has(&self, at: usize) -> bool {
        at >= self.from || self.late.iter().any(|range| range.contains(&at))
    }

    /// How many events come late, and count all the same.
    pub(crate) fn late(&self) -> usize {
        self.late.iter().map(ExactSizeIterator::len).sum()
    }

    /// How many of so many events are new.
    pub(crate) fn count(&self, events: usize) -> usize {
        events.saturating_sub(self.from) + self.late()
    }
}

impl Stream {
    /// One that was never seen. What stands before its first upload may still come.
    fn new(app: u64, id: [u8; 8]) -> Stream {
        Stream {
            app,
            id,
            next: 0,
            gaps: None,
        }
    }

    /// Takes the numbers from `first` to before `end`.
    fn take(&mut self, first: i64, end: i64) -> Fresh {
        let place = |number: i64| usize::try_from(number.saturating_sub(first)).unwrap_or(0);
        let late = match &mut self.gaps {
            Some(gaps) if first < self.next => gaps.take(first, end),
            _ => Vec::new(),
        };
        let fresh = Fresh {
            late: late.iter().map(|(a, b)| place(*a)..place(*b)).collect(),
            from: place(self.next.clamp(first, end)),
            evicts: false,
        };
        if first > self.next {
            let gap = (self.next, first);
            match &mut self.gaps {
                Some(gaps) => gaps.0.push(gap),
                None => self.gaps = Some(Box::new(Gaps(vec![gap]))),
            }
        }
        if let Some(gaps) = &mut self.gaps {
            let over = gaps.0.len().saturating_sub(GAPS);
            gaps.0.drain(..over);
        }
        self.gaps.take_if(|gaps| gaps.0.is_empty());
        self.next = self.next.max(end);
        fresh
    }
}

impl Gaps {
    /// Takes out what lies from `first` to before `end`, and says what that was.
    fn take(&mut self, first: i64, end: i64) -> Vec<(i64, i64)> {
        let mut taken = Vec::new();
        let mut left = Vec::with_capacity(self.0.len() + 1);
        for &(from, to) in &self.0 {
            let of_it = (from.max(first), to.min(end));
            if of_it.0 >= of_it.1 {
                left.push((from, to));
                continue;
            }
            taken.push(of_it);
            left.extend(
                [(from, of_it.0), (of_it.1, to)]
                    .into_iter()
                    .filter(|(a, b)| a < b),
            );
        }
        self.0 = left;
        taken
    }
}

impl Device {
    /// What of an upload was not counted before, by its stream and numbers; it is now.
    ///
    /// A gap in the numbers is taken as it is: what was lost on the device stays lost, and what comes
    /// later counts then.
    pub(crate) fn fresh(&mut self, app: u64, id: [u8; 8], first: i64, events: usize) -> Fresh {
        let end = first.saturating_add(i64::try_from(events).unwrap_or(i64::MAX));
        // The one that was used last stands at the end.
        if let Some(at) = self.streams.iter().position(|s| s.app == app && s.id == id) {
            self.streams[at..].rotate_left(1);
            let last = self.streams.len() - 1;
            return self.streams[last].take(first, end);
        }
        let evicts = self.make_room(app);
        let mut stream = Stream::new(app, id);
        let fresh = stream.take(first, end);
        // Most devices have one, or one more than they had.
        self.streams.reserve_exact(1);
        self.streams.push(stream);
        Fresh { evicts, ..fresh }
    }

    /// Forgets a stream where one more of this app would be too many; says whether it did.
    fn make_room(&mut self, app: u64) -> bool {
        let mut of_app = self.streams.iter().filter(|stream| stream.app == app);
        let oldest = if of_app.by_ref().count() >= STREAMS_PER_APP {
            self.streams.iter().position(|stream| stream.app == app)
        } else {
            (self.streams.len() >= STREAMS).then_some(0)
        };
        oldest.map(|at| self.streams.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests;
