//! The library's own sender, for hosts that have no HTTP of their own.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::c_char;
use std::sync::PoisonError;

use kaiku_device::{Connection, Forget, Roots, Sender, SenderSettings};

use crate::outcome::{KaikuResult, guard, said};
use crate::program::{KaikuProgram, behind};
use crate::text;

/// Starts a thread that makes the uploads over HTTPS when they are due, until the program is
/// closed. `url` is that of the gateway, such as `https://gateway.example`; `ca_file` has the
/// certificates of those who may vouch for it, PEM, and null stands for those that the system
/// trusts. A second call does nothing.
///
/// # Safety
/// An open handle or null, a text, a text or null.
// Again here, since cbindgen looks at this file alone.
#[cfg(feature = "http")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_start_sender(
    program: *const KaikuProgram,
    url: *const c_char,
    ca_file: *const c_char,
) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let (handle, url, file) =
            unsafe { (behind(program), text::read(url), text::read(ca_file)) };
        let Some(handle) = handle else {
            return KaikuResult::Nothing;
        };
        let roots = match (ca_file.is_null(), file) {
            (true, _) => Roots::System,
            (false, Some(file)) => Roots::File(file.into()),
            (false, None) => return KaikuResult::BadArgument,
        };
        let Some(url) = url else {
            return KaikuResult::BadArgument;
        };
        let mut sender = handle.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.is_some() {
            return KaikuResult::Ok;
        }
        let settings = SenderSettings {
            url: url.to_owned(),
            roots,
            connection: Box::new(|| Connection::Unmetered),
        };
        match Sender::start(&handle.program, settings) {
            Ok(started) => {
                *sender = Some(started);
                KaikuResult::Ok
            }
            // Its address or its roots.
            Err(kaiku_device::Error::Sender(_)) => KaikuResult::BadArgument,
            Err(error) => KaikuResult::from(&error),
        }
    })
}

/// Turns the program off like `kaiku_turn_off`, but has the sender ask the server first to forget
/// the device, within five seconds. Whether that worked or not, the program is off.
///
/// # Safety
/// An open handle or null.
// Again here, since cbindgen looks at this file alone.
#[cfg(feature = "http")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_turn_off_and_forget(program: *const KaikuProgram) -> KaikuResult {
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { behind(program) }) else {
            return KaikuResult::Nothing;
        };
        let sender = handle.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let forget = sender
            .as_ref()
            .map_or(Forget::No, |sender| Forget::First(sender));
        said(handle.program.turn_off(forget))
    })
}
