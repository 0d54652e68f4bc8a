//! Whether somebody has asked to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use crate::output;
use crate::shutdown;

/// A wish that everything that takes long asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks to stop at the first signal; the second leaves at once.
    ///
    /// # Errors
    /// Where signals can't be taken over.
    pub(crate) fn at_signal() -> Result<Stop> {
        let stop = Stop::default();
        let asked = stop.clone();
        shutdown::on_signal(move || {
            asked.0.store(true, Ordering::Relaxed);
            output::note("stopping, and deleting the topics; once more leaves at once");
        })?;
        Ok(stop)
    }

    /// Whether somebody has.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes on where nobody has.
    ///
    /// # Errors
    /// Where somebody has.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_asked() {
            bail!("it was told to stop");
        }
        Ok(())
    }
}
