//! The handle: opening, closing, on, off, and the work.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::c_char;
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kaiku_device::failures::ExitReason;
use kaiku_device::{DeviceCatalogue, Forget, Level, Program, Worked, Worker};

use crate::outcome::{KaikuResult, guard, said};
use crate::settings::{self, KaikuSettings};
use crate::text;
use crate::uploads::{self, KaikuUpload};

/// The improvement program of one app. Its functions may be called from any thread. Null stands
/// for a program that is off.
pub struct KaikuProgram {
    // Dropped before the program: what is on its way is cut, and what is left is written down.
    #[cfg(feature = "http")]
    pub(crate) sender: Mutex<Option<kaiku_device::Sender>>,
    worker: Mutex<Option<Worker>>,
    pub(crate) program: Program,
    pub(crate) catalogue: DeviceCatalogue,
}

/// What its owner lets a device say.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuLevel {
    /// Starts, sessions and features, and no failures.
    Usage = 0,
    /// Failures alone.
    Failures = 1,
    /// All of it.
    Both = 2,
}

/// What a system says of how the last run ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuExitReason {
    /// The system does not know. Then the marker decides.
    Unknown = 0,
    /// It left by itself.
    Clean = 1,
    /// An exception that nobody caught.
    Unhandled = 2,
    /// `SIGABRT` or an instruction that can't be done.
    Abort = 3,
    /// `SIGSEGV` or `SIGBUS`.
    Segfault = 4,
    /// It did not answer, so the system ended it.
    NotResponding = 5,
    /// It went over its own limit of memory.
    OutOfMemory = 6,
    /// The system needed memory.
    MemoryPressure = 7,
    /// Its owner ended it.
    EndedByOwner = 8,
    /// The system ended it for a reason of its own.
    EndedBySystem = 9,
    /// It was replaced by another release.
    ReleaseChanged = 10,
}

/// What stands behind a handle.
///
/// # Safety
/// It is null, or came from an `open` of this library and was not closed.
pub(crate) unsafe fn behind<'a>(program: *const KaikuProgram) -> Option<&'a KaikuProgram> {
    // SAFETY: the caller's promise.
    unsafe { program.as_ref() }
}

/// Hands a new program out.
///
/// # Safety
/// `opened` is null or may be written to.
unsafe fn hand_out(
    opened: *mut *mut KaikuProgram,
    open: impl FnOnce() -> Result<(Program, DeviceCatalogue), KaikuResult>,
) -> KaikuResult {
    if opened.is_null() {
        return KaikuResult::BadArgument;
    }
    // SAFETY: the caller's promise.
    unsafe { opened.write(ptr::null_mut()) };
    guard(KaikuResult::Internal, || match open() {
        Ok((program, catalogue)) => {
            let handle = KaikuProgram {
                #[cfg(feature = "http")]
                sender: Mutex::new(None),
                worker: Mutex::new(None),
                program,
                catalogue,
            };
            // SAFETY: the caller's promise.
            unsafe { opened.write(Box::into_raw(Box::new(handle))) };
            KaikuResult::Ok
        }
        Err(result) => result,
    })
}

/// Opens the program and writes its handle to `opened`, null where it could not. It touches no
/// file and starts no thread. What is recorded before the first work is kept in memory, and
/// forgotten if the program turns out to be off.
///
/// # Safety
/// `settings` points to settings as they are described there, `opened` to a place for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_open(
    settings: *const KaikuSettings,
    opened: *mut *mut KaikuProgram,
) -> KaikuResult {
    let open = || {
        // SAFETY: the caller's promise.
        let settings = unsafe { settings::read(settings) }?;
        let catalogue = settings.catalogue.clone();
        Ok((Program::open(settings), catalogue))
    };
    // SAFETY: the caller's promise.
    unsafe { hand_out(opened, open) }
}

/// Opens a program for the tests of an app: it is on, writes and sends nothing, and
/// `kaiku_recorded` shows what was recorded.
///
/// # Safety
/// `catalogue` is a text or null, `opened` points to a place for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_open_for_tests(
    catalogue: *const c_char,
    opened: *mut *mut KaikuProgram,
) -> KaikuResult {
    let open = || {
        // SAFETY: the caller's promise.
        let json = unsafe { text::read(catalogue) }.ok_or(KaikuResult::BadArgument)?;
        let catalogue = DeviceCatalogue::parse(json);
        let catalogue = catalogue.map_err(|error| KaikuResult::from(&error))?;
        Ok((Program::for_tests(catalogue.clone()), catalogue))
    };
    // SAFETY: the caller's promise.
    unsafe { hand_out(opened, open) }
}

/// Ends the session, writes down what is left, and closes the program. The handle is not to be
/// used any more. Null does nothing.
///
/// # Safety
/// It is null or an open handle that no other thread uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_close(program: *mut KaikuProgram) {
    if !program.is_null() {
        // SAFETY: the caller's promise.
        guard((), || {
            let handle = unsafe { Box::from_raw(program) };
            handle.program.stopped();
            drop(handle);
        });
    }
}

/// Turns the program on, at its owner's wish: `level` is a `KaikuLevel`, `version` that of the
/// text that was shown, `language` the one in which. The consent is on disk when this returns.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_turn_on(
    program: *const KaikuProgram,
    level: u32,
    version: i32,
    language: *const c_char,
) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let (program, language) = unsafe { (behind(program), text::read(language)) };
        let level = match level {
            0 => Level::Usage,
            1 => Level::Failures,
            2 => Level::Both,
            _ => return KaikuResult::BadArgument,
        };
        match (program, language) {
            (Some(handle), Some(language)) => {
                said(handle.program.turn_on(level, version, language))
            }
            _ => KaikuResult::BadArgument,
        }
    })
}

/// Turns the program off: when this returns nothing is recorded, no upload is handed out, and what
/// was stored is destroyed, identifier and key included.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_turn_off(program: *const KaikuProgram) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        match unsafe { behind(program) } {
            Some(handle) => said(handle.program.turn_off(Forget::No)),
            None => KaikuResult::Nothing,
        }
    })
}

/// Where the server is to forget the device too: turns the program off, and writes the request
/// that says so to `request`, null where nothing ever left. The host makes it, within five
/// seconds, frees it, and calls `kaiku_turn_off`, which destroys what is stored.
///
/// # Safety
/// An open handle or null, a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_forget(
    program: *const KaikuProgram,
    request: *mut *mut KaikuUpload,
) -> KaikuResult {
    let forget = |handle: &KaikuProgram| handle.program.forget_upload();
    // SAFETY: the caller's promise.
    unsafe { uploads::hand_out(program, request, forget) }
}

/// What the system says of how the last run ended, a `KaikuExitReason`; it wins over what the
/// run's marker says. To be called before the first work.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_last_exit(program: *const KaikuProgram, reason: u32) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { behind(program) }) else {
            return KaikuResult::Nothing;
        };
        let reason = match reason {
            0 => ExitReason::Unknown,
            1 => ExitReason::Clean,
            2 => ExitReason::Unhandled,
            3 => ExitReason::Abort,
            4 => ExitReason::Segfault,
            5 => ExitReason::NotResponding,
            6 => ExitReason::OutOfMemory,
            7 => ExitReason::MemoryPressure,
            8 => ExitReason::EndedByOwner,
            9 => ExitReason::EndedBySystem,
            10 => ExitReason::ReleaseChanged,
            _ => return KaikuResult::BadArgument,
        };
        handle.program.last_exit(reason);
        KaikuResult::Ok
    })
}

/// Watches from now on, with a thread of its own, whether `kaiku_alive` is called often enough: so
/// many milliseconds without it are a hang. `Nothing` where failures are not watched for.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_watch_hangs(
    program: *const KaikuProgram,
    millis: u32,
) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        let threshold = Duration::from_millis(millis.into());
        // SAFETY: the caller's promise.
        let handle = unsafe { behind(program) };
        match handle.is_some_and(|handle| handle.program.watch_hangs(threshold)) {
            true => KaikuResult::Ok,
            false => KaikuResult::Nothing,
        }
    })
}

/// Looks whether the program is on, asks for the key, writes down what was recorded: for a
/// background job. It reads and writes files, and asks the keystore, which may block.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_work(program: *const KaikuProgram) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { behind(program) }) else {
            return KaikuResult::Nothing;
        };
        match handle.program.work() {
            Worked::Done => KaikuResult::Ok,
            Worked::Off => KaikuResult::Nothing,
            Worked::NoKey | Worked::Later => KaikuResult::Later,
        }
    })
}

/// Starts a thread that does the work, until the program is closed. A second call does nothing.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_start_worker(program: *const KaikuProgram) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { behind(program) }) else {
            return KaikuResult::Nothing;
        };
        let mut worker = handle.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if worker.is_some() {
            return KaikuResult::Ok;
        }
        match handle.program.spawn_worker() {
            Ok(started) => {
                *worker = Some(started);
                KaikuResult::Ok
            }
            Err(error) => KaikuResult::from(&error),
        }
    })
}
