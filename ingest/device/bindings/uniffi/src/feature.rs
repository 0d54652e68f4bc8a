//! A feature that is used often: its name crosses into the library once.

use std::sync::Arc;

use crate::outcome::guard;
use crate::program::Program;

/// A feature that is used often. `used` of it costs less than half of what `used` of the program does,
/// which has to hand a text over each time.
#[derive(uniffi::Object)]
pub struct Feature {
    program: Arc<Program>,
    name: String,
}

#[uniffi::export]
impl Program {
    /// A feature, by its name in the catalogue; of one that is not there no use is recorded.
    pub fn feature(self: Arc<Self>, name: String) -> Arc<Feature> {
        Arc::new(Feature {
            program: self,
            name,
        })
    }
}

#[uniffi::export]
impl Feature {
    /// The feature was used. It touches memory alone.
    pub fn used(&self) {
        guard(|| (), || self.program.program.used(&self.name));
    }
}
