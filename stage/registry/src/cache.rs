//! Remembers answers: a schema for ever, an unknown id for a short while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an unknown id is not asked for again.
const MISSING_FOR: Duration = Duration::from_secs(5);

/// With more slots than this, those that hold no schema are dropped: ids stand in records that
/// anyone who may produce has written.
const MAX_SLOTS: usize = 4096;

/// What is known of one id. Who asks holds its lock, so that two threads never ask at once.
#[derive(Default)]
pub(crate) struct Slot {
    known: Option<Arc<str>>,
    missing_since: Option<Instant>,
}

impl Slot {
    /// The schema, or `None` where the registry said lately that there is none; `Err` where it
    /// has to be asked.
    pub(crate) fn answer(&self, now: Instant) -> Result<Option<Arc<str>>, ()> {
        if let Some(schema) = &self.known {
            return Ok(Some(schema.clone()));
        }
        match self.missing_since {
            Some(since) if now.duration_since(since) < MISSING_FOR => Ok(None),
            _ => Err(()),
        }
    }

    pub(crate) fn set_known(&mut self, schema: Arc<str>) {
        self.known = Some(schema);
        self.missing_since = None;
    }

    pub(crate) fn set_missing(&mut self, now: Instant) {
        self.missing_since = Some(now);
    }
}

/// All slots, each behind a lock of its own.
#[derive(Default)]
pub(crate) struct Cache {
    slots: Mutex<HashMap<u32, Arc<Mutex<Slot>>>>,
}

impl Cache {
    pub(crate) fn slot(&self, id: u32) -> Arc<Mutex<Slot>> {
        let mut slots = lock(&self.slots);
        if slots.len() >= MAX_SLOTS && !slots.contains_key(&id) {
            // A slot that is locked is being asked for, and stays.
            slots.retain(|_, slot| slot.try_lock().map_or(true, |slot| slot.known.is_some()));
        }
        slots.entry(id).or_default().clone()
    }
}

/// Locks, whether or not a thread panicked while it held the lock: every state is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_id_is_asked_for_again_after_a_while() {
        let mut slot = Slot::default();
        let now = Instant::now();
        assert_eq!(slot.answer(now), Err(()));
        slot.set_missing(now);
        assert_eq!(slot.answer(now + Duration::from_secs(1)), Ok(None));
        assert_eq!(slot.answer(now + MISSING_FOR), Err(()));
        slot.set_known("{}".into());
        assert_eq!(slot.answer(now + MISSING_FOR), Ok(Some("{}".into())));
    }

    #[test]
    fn ids_without_a_schema_do_not_fill_the_memory() {
        let cache = Cache::default();
        lock(&cache.slot(0)).set_known("{}".into());
        for id in 1..3 * u32::try_from(MAX_SLOTS).unwrap_or(0) {
            cache.slot(id);
        }
        assert!(lock(&cache.slots).len() <= MAX_SLOTS);
        assert!(lock(&cache.slot(0)).known.is_some());
    }
}
