//! What programs in other languages load: begins a run when it is told, and has names for C and for Java.

#![allow(unsafe_code, clippy::unwrap_used, missing_docs)] // It is called from C.

mod settings;

use std::ffi::{CStr, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Mutex;

use kaiku_device::failures::Watch;
use kaiku_device::failures::signals::{Signals, dealt_with_by_others, guard_thread};

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

fn begin(folder: &Path) {
    let signals = Signals {
        crashes: true,
        endings: false,
    };
    let (watch, _) = Watch::begin(settings::settings(folder, signals, 1));
    assert_eq!(watch.trouble(), None);
    *WATCH.lock().unwrap() = Some(watch);
}

/// # Safety
/// `folder` is a text of C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn watched_begin(folder: *const c_char) {
    // SAFETY: as the caller says.
    let folder = unsafe { CStr::from_ptr(folder) };
    begin(Path::new(OsStr::from_bytes(folder.to_bytes())));
}

#[unsafe(no_mangle)]
pub extern "C" fn watched_stop() {
    drop(WATCH.lock().unwrap().take());
}

#[unsafe(no_mangle)]
pub extern "C" fn watched_guard_thread() -> i32 {
    guard_thread().into()
}

#[unsafe(no_mangle)]
pub extern "C" fn watched_goes_on() {
    WATCH.lock().unwrap().as_ref().unwrap().flushed();
}

#[unsafe(no_mangle)]
pub extern "C" fn watched_dealt_with_by_others() -> u64 {
    dealt_with_by_others()
}

#[unsafe(no_mangle)]
pub extern "C" fn watched_fault() {
    // SAFETY: none; that is what is tried.
    unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
}

/// Java finds the folder in its environment, so that no text has to come through its interface.
#[unsafe(no_mangle)]
pub extern "system" fn Java_Watched_begin(_: *mut c_void, _: *mut c_void) {
    begin(Path::new(&std::env::var_os("WATCHED_FOLDER").unwrap()));
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_Watched_stop(_: *mut c_void, _: *mut c_void) {
    watched_stop();
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_Watched_dealtWithByOthers(_: *mut c_void, _: *mut c_void) -> i64 {
    watched_dealt_with_by_others().cast_signed()
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_Watched_fault(_: *mut c_void, _: *mut c_void) {
    watched_fault();
}
