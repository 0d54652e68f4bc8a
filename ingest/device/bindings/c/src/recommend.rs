//! Suggestions: how their file comes, what is suggested, and what its owner does with it.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::c_char;
use std::slice;

use kaiku_device::recommend::Fetched;
use kaiku_device::{Answer, Program};

use crate::outcome::{KaikuResult, guard};
use crate::program::{KaikuProgram, behind};
use crate::text;
use crate::uploads::{self, KaikuUpload};
use crate::view;

/// What became of a file of suggestions.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuFetched {
    /// It was accepted.
    Accepted = 0,
    /// There is no other than the one that lies here.
    Unchanged = 1,
    /// The gateway has none, or did not answer: what lies here is used until it expires.
    None = 2,
    /// It was refused: signed by no key of the settings, damaged, expired, too old or too long. What lies here is used until
    /// it expires.
    Refused = 3,
    /// Nothing is wanted: no fetch was asked for, or the program was turned off meanwhile.
    Unwanted = 4,
}

impl From<Fetched> for KaikuFetched {
    fn from(fetched: Fetched) -> KaikuFetched {
        match fetched {
            Fetched::Accepted => KaikuFetched::Accepted,
            Fetched::Unchanged => KaikuFetched::Unchanged,
            Fetched::None => KaikuFetched::None,
            Fetched::Refused(_) => KaikuFetched::Refused,
            Fetched::Unwanted => KaikuFetched::Unwanted,
        }
    }
}

/// Writes the request by which the file of suggestions is to be fetched now to `fetch`, or null and `Nothing`: behind an
/// upload that arrived, once a week at the most. `connection` is a `KaikuConnection`. To be asked behind each
/// `kaiku_uploaded`. The host makes it on the same connection, and adds nothing that names the device or its owner.
///
/// # Safety
/// An open handle or null, a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_next_fetch(
    program: *const KaikuProgram,
    connection: u32,
    fetch: *mut *mut KaikuUpload,
) -> KaikuResult {
    let Some(connection) = uploads::connection(connection) else {
        return KaikuResult::BadArgument;
    };
    let next = |handle: &KaikuProgram| Ok(handle.program.next_fetch(connection));
    // SAFETY: the caller's promise.
    unsafe { uploads::hand_out(program, fetch, next) }
}

/// What became of a fetch: `status` is that of the answer, 0 where there was none, and `body` its body of `body_size` bytes,
/// of which no more than 8193 need be read.
///
/// # Safety
/// An open handle or null; `body` is null or has so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_fetched(
    program: *const KaikuProgram,
    status: u32,
    body: *const u8,
    body_size: usize,
) -> KaikuFetched {
    guard(KaikuFetched::None, || {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { behind(program) }) else {
            return KaikuFetched::Unwanted;
        };
        let body = match body.is_null() {
            true => &[][..],
            // SAFETY: the caller's promise.
            false => unsafe { slice::from_raw_parts(body, body_size) },
        };
        let answer = Answer {
            status: uploads::status(status),
            retry_after: None,
        };
        handle.program.fetched(answer, body).into()
    })
}

/// Features that its owner might like, the best first, `most` at the most and within what may be shown today, as JSON: a
/// list of `feature`, `title`, `because`, `because_feature`. It changes nothing: tell with `kaiku_shown` what was shown. It
/// reads a file, so it is for a background job.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_recommend(
    program: *const KaikuProgram,
    language: *const c_char,
    most: u32,
) -> *mut c_char {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let view = |handle: &KaikuProgram, language: &str| handle.program.recommend(language, most);
    // SAFETY: the caller's promise.
    unsafe { view::show_in(program, language, view) }
}

/// Tells the program of a feature, where there are both.
///
/// # Safety
/// An open handle or null, a text or null.
unsafe fn tell(
    program: *const KaikuProgram,
    feature: *const c_char,
    what: impl FnOnce(&Program, &str),
) {
    guard((), || {
        // SAFETY: the caller's promise.
        let (handle, feature) = unsafe { (behind(program), text::read(feature)) };
        if let (Some(handle), Some(feature)) = (handle, feature) {
            what(&handle.program, feature);
        }
    });
}

/// A suggestion was shown to its owner.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_shown(program: *const KaikuProgram, feature: *const c_char) {
    // SAFETY: the caller's promise.
    unsafe { tell(program, feature, Program::shown) }
}

/// Its owner does not want this one suggested again.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_dismiss(program: *const KaikuProgram, feature: *const c_char) {
    // SAFETY: the caller's promise.
    unsafe { tell(program, feature, Program::dismiss) }
}

/// Its owner wants suggestions, where `wanted` is not 0, those that were dismissed included; else none are made from now on,
/// and what was remembered for them is forgotten.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_want_suggestions(program: *const KaikuProgram, wanted: u32) {
    guard((), || {
        // SAFETY: the caller's promise.
        match (unsafe { behind(program) }, wanted) {
            (Some(handle), 0) => handle.program.never(),
            (Some(handle), _) => handle.program.again(),
            (None, _) => {}
        }
    });
}
