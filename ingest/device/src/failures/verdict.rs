//! How a run ended: what the marker and the host know, and the one decision made from it.

use serde::{Deserialize, Serialize};

/// How a run of the app ended.
///
/// The first group are failures, each with a cause of the catalogue. The second are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It ended in a Rust panic.
    Panic,
    /// It ended itself (`SIGABRT`), or by an instruction that no processor can do (`SIGILL`, `SIGFPE`).
    Abort,
    /// It touched memory that was not there (`SIGSEGV`, `SIGBUS`).
    Segfault,
    /// It did not answer any more, and ended in that.
    NotResponding,
    /// It ran out of memory in the foreground. Only a host can know.
    OutOfMemory,
    /// An exception that nobody caught, of a runtime that is not ours. Only a host can know.
    Unhandled,
    /// It ended in the foreground, and nothing explains why.
    EndedUnexpectedly,

    /// It stopped by itself, or left by `exit`.
    Clean,
    /// A debugger or a test ran it.
    DebuggerOrTest,
    /// Another release of the app starts now: who installs it ends the old one.
    ReleaseChanged,
    /// The machine was started anew since.
    Rebooted,
    /// Somebody ended it: `SIGTERM`, `SIGHUP`, `SIGINT`, or the owner by the system's own means.
    EndedFromOutside,
    /// It was in the background, where systems end apps as they need the room.
    InBackground,
}

impl Verdict {
    /// The cause in the catalogue; `None` where it is no failure.
    pub fn cause(self) -> Option<&'static str> {
        match self {
            Self::Panic => Some("panic"),
            Self::Abort => Some("abort"),
            Self::Segfault => Some("segfault"),
            Self::NotResponding => Some("not_responding"),
            Self::OutOfMemory => Some("out_of_memory"),
            Self::Unhandled => Some("unhandled"),
            Self::EndedUnexpectedly => Some("ended_unexpectedly"),
            Self::Clean
            | Self::DebuggerOrTest
            | Self::ReleaseChanged
            | Self::Rebooted
            | Self::EndedFromOutside
            | Self::InBackground => None,
        }
    }
}

/// What the system that runs the app says of how it ended. It knows better than any marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It left by itself.
    Clean,
    /// An exception that nobody caught.
    Unhandled,
    /// `SIGABRT` or an instruction that can't be done.
    Abort,
    /// `SIGSEGV` or `SIGBUS`.
    Segfault,
    /// It did not answer, so the system ended it.
    NotResponding,
    /// It went over its own limit of memory.
    OutOfMemory,
    /// The system needed memory. In the foreground the app was too large, in the background it was only in the way.
    MemoryPressure,
    /// The owner ended it.
    EndedByOwner,
    /// The system ended it for a reason of its own: a permission that changed, a service that went, a freeze.
    EndedBySystem,
    /// It was replaced by another release.
    ReleaseChanged,
    /// The system does not know. Then the marker decides.
    Unknown,
}

impl ExitReason {
    /// Android's `ApplicationExitInfo`: `getReason()`, and `getStatus()`, which is the signal where the reason is
    /// `REASON_SIGNALED`.
    pub fn android(reason: i32, status: i32) -> Self {
        match reason {
            1 => Self::Clean,
            2 => match status {
                6 | 4 | 8 => Self::Abort,
                11 | 7 => Self::Segfault,
                1 | 2 | 15 => Self::EndedByOwner,
                // SIGKILL: whoever sent it did not say why.
                _ => Self::Unknown,
            },
            3 => Self::MemoryPressure,
            4 => Self::Unhandled,
            5 => match status {
                6 | 4 | 8 => Self::Abort,
                _ => Self::Segfault,
            },
            6 | 7 => Self::NotResponding,
            8 | 9 | 12 | 14 => Self::EndedBySystem,
            10 | 11 => Self::EndedByOwner,
            15 | 16 => Self::ReleaseChanged,
            _ => Self::Unknown,
        }
    }
}

/// A signal that a handler of ours saw, and that the process did not outlive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    Segfault,
    Abort,
}

/// What the marker of a run says, seen from the start that judges it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) stopped: bool,
    /// The process that judges is the one that ran: it replaced itself by `exec`.
    pub(crate) replaced_itself: bool,
    pub(crate) debugger_or_test: bool,
    pub(crate) crash: Option<Crash>,
    pub(crate) panicked: bool,
    pub(crate) hung: bool,
    pub(crate) release_changed: bool,
    pub(crate) rebooted: bool,
    pub(crate) from_outside: bool,
    pub(crate) in_background: bool,
}

/// The decision. What is known for sure comes first, what excuses an end that nothing explains comes after it.
pub(crate) fn judge(seen: &Evidence) -> Verdict {
    if seen.stopped {
        return Verdict::Clean;
    }
    if seen.debugger_or_test {
        return Verdict::DebuggerOrTest;
    }
    match (seen.crash, seen.panicked) {
        // Memory that was not there is a matter of its own, whatever panicked before.
        (Some(Crash::Segfault), _) => return Verdict::Segfault,
        // A panic that may not unwind ends by `abort`: the panic is the cause.
        (_, true) => return Verdict::Panic,
        (Some(Crash::Abort), false) => return Verdict::Abort,
        (None, false) => {}
    }
    if seen.hung {
        return Verdict::NotResponding;
    }
    if seen.replaced_itself {
        return Verdict::Clean;
    }
    if seen.release_changed {
        Verdict::ReleaseChanged
    } else if seen.rebooted {
        Verdict::Rebooted
    } else if seen.from_outside {
        Verdict::EndedFromOutside
    } else if seen.in_background {
        Verdict::InBackground
    } else {
        Verdict::EndedUnexpectedly
    }
}

/// What stands where the host has its own word on it.
pub(crate) fn overrule(marker: Verdict, in_background: bool, host: ExitReason) -> Verdict {
    match host {
        ExitReason::Unknown => marker,
        // A debugger or a test is our own affair, of which the system knows nothing.
        _ if marker == Verdict::DebuggerOrTest => marker,
        // The system sees how a panic ended the process, not that it was one.
        ExitReason::Abort | ExitReason::Clean if marker == Verdict::Panic => marker,
        ExitReason::Clean => Verdict::Clean,
        ExitReason::Unhandled => Verdict::Unhandled,
        ExitReason::Abort => Verdict::Abort,
        ExitReason::Segfault => Verdict::Segfault,
        ExitReason::NotResponding => Verdict::NotResponding,
        ExitReason::OutOfMemory => Verdict::OutOfMemory,
        ExitReason::MemoryPressure if in_background => Verdict::InBackground,
        ExitReason::MemoryPressure => Verdict::OutOfMemory,
        ExitReason::EndedByOwner | ExitReason::EndedBySystem => Verdict::EndedFromOutside,
        ExitReason::ReleaseChanged => Verdict::ReleaseChanged,
    }
}
