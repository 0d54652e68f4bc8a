//! Places for connections: who sits where, what each is at, and who has to leave for a newcomer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kaiku_metric::GaugeHandle;
use tokio::sync::Notify;

use crate::addresses::Hash;
use crate::metrics::{CONNECTIONS, CONNECTIONS_ENDED};

/// Connections beyond the limit that are told so; more are closed.
pub(crate) const TOLD: usize = 64;

/// For how long a body that is being received keeps its connection from having to leave.
const BODY: Duration = Duration::from_secs(2);

/// What the times of the seats are counted from.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It makes its TLS session.
    Handshake,
    /// It has no request.
    Idle,
    /// The head of a request has begun to arrive.
    Head,
    /// The body of a request arrives.
    Body,
    /// Its request is worked on, or waits for Kafka.
    Work,
    /// It has ended, and what it still sends is dropped.
    Linger,
}

impl Phase {
    const ALL: [Phase; 6] = [
        Phase::Handshake,
        Phase::Idle,
        Phase::Head,
        Phase::Body,
        Phase::Work,
        Phase::Linger,
    ];
}

/// One connection: what it is at and since when, and the word that it has to leave.
pub(crate) struct Seat {
    /// The phase in the low byte, the milliseconds since [`EPOCH`] above it.
    state: AtomicU64,
    leave: Notify,
}

impl Seat {
    fn new() -> Seat {
        let seat = Seat {
            state: AtomicU64::new(0),
            leave: Notify::new(),
        };
        seat.enter(Phase::Handshake);
        seat
    }

    /// From now on it is at this.
    pub(crate) fn enter(&self, phase: Phase) {
        let millis = u64::try_from(EPOCH.elapsed().as_millis()).unwrap_or(0);
        self.state
            .store(millis << 8 | phase as u64, Ordering::Relaxed);
    }

    /// Something came in: where there was no request, one begins.
    pub(crate) fn has_heard(&self) {
        if self.phase().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// It has ended.
    pub(crate) fn lingers(&self) {
        self.enter(Phase::Linger);
    }

    /// What it is at, and for how long.
    pub(crate) fn phase(&self) -> (Phase, Duration) {
        let state = self.state.load(Ordering::Relaxed);
        let phase = Phase::ALL
            .into_iter()
            .find(|phase| *phase as u64 == state & 0xff)
            .unwrap_or(Phase::Work);
        let since = Duration::from_millis(state >> 8);
        (phase, EPOCH.elapsed().saturating_sub(since))
    }

    /// Waits until it has to leave.
    pub(crate) async fn must_leave(&self) {
        self.leave.notified().await;
    }

    /// For how long it has been of no use; `None` where it may not be sent away.
    fn idle(&self) -> Option<Duration> {
        match self.phase() {
            (Phase::Work, _) => None,
            (Phase::Body, time) => (time >= BODY).then_some(time),
            (_, time) => Some(time),
        }
    }
}

/// The seats of the gateway.
pub(crate) struct Seats {
    inner: Mutex<Inner>,
    most: usize,
}

#[derive(Default)]
struct Inner {
    next: u64,
    seated: HashMap<u64, Entry>,
    told: usize,
}

struct Entry {
    seat: Arc<Seat>,
    address: Option<Hash>,
}

/// Room for one connection, as long as it lives.
pub(crate) struct Taken {
    seats: Arc<Seats>,
    seat: Arc<Seat>,
    number: Option<u64>,
    open: GaugeHandle,
}

impl Seats {
    pub(crate) fn new(most: usize) -> Arc<Seats> {
        Arc::new(Seats {
            inner: Mutex::default(),
            most,
        })
    }

    /// A seat for a connection. Where all are taken, one that is idle has to leave: of the address
    /// that has most connections, the one that has been idle for longest.
    pub(crate) fn take(self: &Arc<Seats>, address: Option<Hash>) -> Option<Taken> {
        let mut inner = self.inner();
        if inner.seated.len() >= self.most {
            if let Some(victim) = inner.idlest() {
                if let Some(entry) = inner.seated.remove(&victim) {
                    entry.seat.leave.notify_one();
                }
                CONNECTIONS_ENDED.with(["evicted".into()]).increment(1);
            } else {
                drop(inner);
                return self.tell();
            }
        }
        let number = inner.next;
        inner.next += 1;
        let seat = Arc::new(Seat::new());
        inner.seated.insert(
            number,
            Entry {
                seat: seat.clone(),
                address,
            },
        );
        drop(inner);
        Some(self.taken(seat, Some(number)))
    }

    /// Room for a connection that is told that there is none; `None` where there is not even that.
    pub(crate) fn tell(self: &Arc<Seats>) -> Option<Taken> {
        let mut inner = self.inner();
        if inner.told >= TOLD {
            return None;
        }
        inner.told += 1;
        drop(inner);
        Some(self.taken(Arc::new(Seat::new()), None))
    }

    fn taken(self: &Arc<Seats>, seat: Arc<Seat>, number: Option<u64>) -> Taken {
        let open = CONNECTIONS.with([]);
        open.increment(1.0);
        Taken {
            seats: self.clone(),
            seat,
            number,
            open,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn idlest(&self) -> Option<u64> {
        let mut crowds: HashMap<Hash, usize> = HashMap::new();
        for address in self.seated.values().filter_map(|entry| entry.address) {
            *crowds.entry(address).or_default() += 1;
        }
        let crowd = |entry: &Entry| entry.address.map_or(0, |address| crowds[&address]);
        self.seated
            .iter()
            .filter_map(|(number, entry)| Some((*number, (crowd(entry), entry.seat.idle()?))))
            .max_by_key(|(_, rank)| *rank)
            .map(|(number, _)| number)
    }
}

impl Taken {
    /// Whether requests are served on it, or only told that there is no room.
    pub(crate) fn is_served(&self) -> bool {
        self.number.is_some()
    }

    pub(crate) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.open.decrement(1.0);
        let mut inner = self.seats.inner();
        match self.number {
            // Where it had to leave, it is gone from there already.
            Some(number) => drop(inner.seated.remove(&number)),
            None => inner.told -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_idlest_of_the_most_crowded_address_leaves_for_a_newcomer() {
        let seats = Seats::new(4);
        let lonely = seats.take(Some(Hash::of(1))).unwrap();
        std::thread::sleep(Duration::from_millis(3));
        let crowd: Vec<_> = (0..3)
            .map(|_| {
                std::thread::sleep(Duration::from_millis(3));
                seats.take(Some(Hash::of(2))).unwrap()
            })
            .collect();
        crowd[0].seat().enter(Phase::Work);
        let newcomer = seats.take(Some(Hash::of(3))).unwrap();
        assert!(newcomer.is_served());
        let inner = seats.inner();
        let sits = |taken: &Taken| inner.seated.contains_key(&taken.number.unwrap());
        assert!(sits(&lonely) && sits(&crowd[0]) && sits(&crowd[2]) && sits(&newcomer));
        assert!(!sits(&crowd[1]), "the idlest of the crowd is still there");
    }

    #[test]
    fn nobody_leaves_whose_request_is_worked_on() {
        let seats = Seats::new(2);
        let busy = [seats.take(None).unwrap(), seats.take(None).unwrap()];
        busy[0].seat().enter(Phase::Work);
        busy[1].seat().enter(Phase::Body);
        let told: Vec<_> = (0..TOLD).map(|_| seats.take(None).unwrap()).collect();
        assert!(told.iter().all(|one| !one.is_served()));
        assert!(seats.take(None).is_none());
        drop(busy);
        assert!(seats.take(None).unwrap().is_served());
        drop(told);
        assert_eq!(seats.inner().told, 0);
    }
}
