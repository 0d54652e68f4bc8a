//! A quick way for `used` in languages where a text, a handle and a status cost more than the call: a name becomes a number
//! once, and one call with that number counts it.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use crate::outcome::guard;
use crate::program::Program;

/// Every program that has given a number away, by its place. A number that outlives its program finds nobody there.
static PROGRAMS: RwLock<Vec<Weak<Program>>> = RwLock::new(Vec::new());

/// Bits of a number that say which feature it is.
const FEATURE_BITS: u32 = 16;

/// The place of a program among all, once it has one.
#[derive(Default)]
pub(crate) struct Place(OnceLock<u64>);

impl Place {
    fn of(program: &Arc<Program>) -> u64 {
        *program.place.0.get_or_init(|| {
            let mut programs = PROGRAMS.write().unwrap_or_else(PoisonError::into_inner);
            programs.push(Arc::downgrade(program));
            programs.len() as u64 - 1
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(place) = self.0.get() {
            let mut programs = PROGRAMS.write().unwrap_or_else(PoisonError::into_inner);
            // What is left of the program's memory goes with its last mention.
            if let Some(program) = usize::try_from(*place)
                .ok()
                .and_then(|at| programs.get_mut(at))
            {
                *program = Weak::new();
            }
        }
    }
}

#[uniffi::export]
impl Program {
    /// The number by which `used` of Python and Kotlin tells of a feature; none where the catalogue does not have it. It
    /// holds in this process alone.
    pub fn number(self: Arc<Self>, feature: &str) -> Option<u64> {
        let number = || {
            let mut features = self.catalogue.features().iter();
            let at = features.position(|one| one.name == feature)?;
            let at = u64::from(u16::try_from(at).ok()?);
            Some(Place::of(&self) << FEATURE_BITS | at)
        };
        guard(|| None, number)
    }
}

/// A feature was used, by its number. A number that is none, or of a program that is no more, does nothing.
#[expect(unsafe_code, reason = "it is called by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn kaiku_quick_used(number: u64) {
    guard(
        || (),
        || {
            let place = usize::try_from(number >> FEATURE_BITS).unwrap_or(usize::MAX);
            let program = {
                let programs = PROGRAMS.read().unwrap_or_else(PoisonError::into_inner);
                programs.get(place).and_then(Weak::upgrade)
            };
            if let Some(program) = program {
                let feature = number & ((1 << FEATURE_BITS) - 1);
                program
                    .program
                    .used_at(usize::try_from(feature).unwrap_or(usize::MAX));
            }
        },
    );
}
