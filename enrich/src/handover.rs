//! What a lane and the group member that starts it hand to each other.

use std::sync::atomic::{AtomicBool, AtomicI64};

use kaiku_stage::Standstill;

use crate::error::Error;
use crate::lane::Reached;
use crate::state::Table;

/// What a lane and the group member that started it share while it runs.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Set to have the lane end at the next record.
    pub(crate) stop: AtomicBool,
    /// Offset of the record that is being handled, for whoever finds the lane crashed; -1 between
    /// two records.
    pub(crate) handling: AtomicI64,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared {
            stop: AtomicBool::new(false),
            handling: AtomicI64::new(-1),
        }
    }
}

/// The state of a partition as a lane left it: only what is committed.
pub(crate) struct Warm {
    pub(crate) reached: Reached,
    pub(crate) table: Box<Table>,
}

/// A record at which a lane crashed. It is handled alone the next time, and rejected where it
/// crashes the lane again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) offset: i64,
    pub(crate) crashes: u32,
}

/// How a lane ended.
pub(crate) enum End {
    /// It was told to; what was not committed is for whoever comes next.
    Stopped(Option<Warm>),
    /// The partition is somebody else's, or will be.
    Lost,
    /// It may not go on before somebody has looked.
    Refused(Standstill, Error),
    /// Something failed that may not fail the next time.
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        match error {
            Error::Lost { .. } => End::Lost,
            error => match error.refusal() {
                Some(why) => End::Refused(why, error),
                None => End::Failed(error),
            },
        }
    }
}
