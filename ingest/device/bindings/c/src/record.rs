//! What happens in the app.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::c_char;

use kaiku_device::{Fatal, Program};

use crate::outcome::guard;
use crate::program::{KaikuProgram, behind};
use crate::text;

/// Calls the program, where there is one.
///
/// # Safety
/// An open handle or null.
unsafe fn with(program: *const KaikuProgram, call: impl FnOnce(&Program)) {
    guard((), || {
        // SAFETY: the caller's promise.
        if let Some(handle) = unsafe { behind(program) } {
            call(&handle.program);
        }
    });
}

/// The app started: a session begins.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_started(program: *const KaikuProgram) {
    // SAFETY: the caller's promise.
    unsafe { with(program, Program::started) }
}

/// The app went out of sight; five minutes of that end the session.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_background(program: *const KaikuProgram) {
    // SAFETY: the caller's promise.
    unsafe { with(program, Program::background) }
}

/// The app came back.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_foreground(program: *const KaikuProgram) {
    // SAFETY: the caller's promise.
    unsafe { with(program, Program::foreground) }
}

/// The app stopped: the session ends.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_stopped(program: *const KaikuProgram) {
    // SAFETY: the caller's promise.
    unsafe { with(program, Program::stopped) }
}

/// The host's main loop goes round, for `kaiku_watch_hangs`.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_alive(program: *const KaikuProgram) {
    // SAFETY: the caller's promise.
    unsafe { with(program, Program::alive) }
}

/// A feature was used, by its name in the catalogue; one that is not there is not recorded. It
/// touches memory alone.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_used(program: *const KaikuProgram, feature: *const c_char) {
    let used = |program: &Program| {
        // SAFETY: the caller's promise.
        if let Some(feature) = unsafe { text::read(feature) } {
            program.used(feature);
        }
    };
    // SAFETY: the caller's promise.
    unsafe { with(program, used) }
}

/// Something failed, by a cause and, unless it is null, in a component of the catalogue. `fatal`
/// is not 0 where the app ended by it.
///
/// # Safety
/// An open handle or null, texts or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_failed(
    program: *const KaikuProgram,
    cause: *const c_char,
    component: *const c_char,
    fatal: u32,
) {
    let failed = |program: &Program| {
        // SAFETY: the caller's promise.
        let (cause, component) = unsafe { (text::read(cause), text::read(component)) };
        let fatal = if fatal == 0 { Fatal::No } else { Fatal::Yes };
        if let Some(cause) = cause {
            program.failed(cause, component, fatal);
        }
    };
    // SAFETY: the caller's promise.
    unsafe { with(program, failed) }
}
