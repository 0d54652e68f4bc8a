//! Texts that come from C, and texts that go there.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use crate::outcome::guard;

/// A text from C; `None` where it is null or no UTF-8.
///
/// # Safety
/// It is null, or ends with a zero byte, and stays as it is during the call.
pub(crate) unsafe fn read<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

/// A text for C, which `kaiku_free` takes back; null where it has a zero byte inside.
pub(crate) fn give(text: &str) -> *mut c_char {
    CString::new(text).map_or(ptr::null_mut(), CString::into_raw)
}

/// Frees a text that a function of this library has returned. Null does nothing.
///
/// # Safety
/// It is null, or such a text that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: the caller's promise: it came from `give`.
        guard((), || drop(unsafe { CString::from_raw(text) }));
    }
}
