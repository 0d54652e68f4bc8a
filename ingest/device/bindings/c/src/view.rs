//! What its owner can see. Lists are JSON, which the host shows or hands on; `kaiku_free` frees
//! them.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::ptr;

use kaiku_device::{Happened, KeyState, Program, State, Status};
use serde::Serialize;
use serde_json::{Value, json};

use crate::outcome::guard;
use crate::program::{KaikuProgram, behind};
use crate::text;

/// On or off, and why.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuState {
    /// Nobody has looked into the folder yet: the first work does.
    NotLookedYet = 0,
    /// On.
    On = 1,
    /// Off.
    Off = 2,
    /// The text asks for more than its owner agreed to: nothing is collected until it is accepted.
    AsksAgain = 3,
    /// The machine or its environment forbids it.
    Hindered = 4,
}

/// A view of an open program as JSON.
///
/// # Safety
/// An open handle or null.
unsafe fn show<T: Serialize>(
    program: *const KaikuProgram,
    view: impl FnOnce(&KaikuProgram) -> Option<T>,
) -> *mut c_char {
    guard(ptr::null_mut(), || {
        // SAFETY: the caller's promise.
        let view = unsafe { behind(program) }.and_then(view);
        let json = view.and_then(|view| serde_json::to_string(&view).ok());
        json.map_or(ptr::null_mut(), |json| text::give(&json))
    })
}

/// The same in a language.
///
/// # Safety
/// An open handle or null, a text or null.
pub(crate) unsafe fn show_in<T: Serialize>(
    program: *const KaikuProgram,
    language: *const c_char,
    view: impl FnOnce(&KaikuProgram, &str) -> T,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe {
        show(program, |handle| {
            text::read(language).map(|language| view(handle, language))
        })
    }
}

/// On or off, and why. It never waits.
///
/// # Safety
/// An open handle or null, which is off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_state(program: *const KaikuProgram) -> KaikuState {
    guard(KaikuState::NotLookedYet, || {
        // SAFETY: the caller's promise.
        match unsafe { behind(program) }.map(|handle| handle.program.status().state) {
            Some(State::NotLookedYet) => KaikuState::NotLookedYet,
            Some(State::On { .. }) => KaikuState::On,
            Some(State::Off) | None => KaikuState::Off,
            Some(State::AsksAgain) => KaikuState::AsksAgain,
            Some(State::Hindered(_)) => KaikuState::Hindered,
        }
    })
}

/// What a consent screen shows, as JSON: `app`, `version`, `text`, `controller`.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_consent(
    program: *const KaikuProgram,
    language: *const c_char,
) -> *mut c_char {
    let view = |handle: &KaikuProgram, language: &str| {
        let (catalogue, controller) = (&handle.catalogue, handle.catalogue.controller());
        json!({
            "app": catalogue.title(language),
            "version": catalogue.consent().version,
            "text": catalogue.consent().text(language),
            "controller": { "name": controller.name, "contact": controller.contact },
        })
    };
    // SAFETY: the caller's promise.
    unsafe { show_in(program, language, view) }
}

/// How the program stands, as JSON: `state`, `level`, `since`, `hindrance`, `waiting`, `oldest`,
/// `last_sent`, `quiet_until`, `lost`, `key`, `problems`. It never waits.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_status(program: *const KaikuProgram) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { show(program, |handle| Some(status(&handle.program.status()))) }
}

/// What waits, oldest first, as JSON: a list of `day`, `text`, `times`, `is_leaving`.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_waiting(
    program: *const KaikuProgram,
    language: *const c_char,
) -> *mut c_char {
    let view = |handle: &KaikuProgram, language: &str| handle.program.waiting(language);
    // SAFETY: the caller's promise.
    unsafe { show_in(program, language, view) }
}

/// The last 90 uploads that arrived, as JSON: a list of `day`, `sent`, `bytes`, `events`, `hash`.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_receipts(program: *const KaikuProgram) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { show(program, |handle| Some(handle.program.receipts())) }
}

/// Everything that is stored, for its owner to take along, as JSON. It holds the device's
/// identifier.
///
/// # Safety
/// An open handle or null, a text or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_export(
    program: *const KaikuProgram,
    language: *const c_char,
) -> *mut c_char {
    guard(ptr::null_mut(), || {
        // SAFETY: the caller's promise.
        let (handle, language) = unsafe { (behind(program), text::read(language)) };
        match (handle, language) {
            (Some(handle), Some(language)) => text::give(&handle.program.export(language)),
            _ => ptr::null_mut(),
        }
    })
}

/// What was recorded since this was asked last, as JSON, for programs of `kaiku_open_for_tests`: a
/// list of `happened`, `feature`, `cause`, `component`, `fatal`, `times`.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_recorded(program: *const KaikuProgram) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { show(program, |handle| Some(recorded(&handle.program))) }
}

fn status(status: &Status) -> Value {
    let (state, level, since, hindrance) = match status.state {
        State::NotLookedYet => ("not_looked_yet", None, None, None),
        State::On { level, since } => ("on", Some(level), Some(since), None),
        State::Off => ("off", None, None, None),
        State::AsksAgain => ("asks_again", None, None, None),
        State::Hindered(hindrance) => ("hindered", None, None, Some(hindrance.to_string())),
    };
    let key = match status.key {
        KeyState::NotAsked => "not_asked",
        KeyState::NotYet => "not_yet",
        KeyState::Held => "held",
    };
    let problems = &status.problems;
    json!({
        "state": state,
        "level": level,
        "since": since,
        "hindrance": hindrance,
        "waiting": status.waiting,
        "oldest": status.oldest,
        "last_sent": status.last_sent,
        "quiet_until": status.quiet_until,
        "lost": status.lost.iter().copied().collect::<BTreeMap<_, _>>(),
        "key": key,
        "problems": {
            "unknown_names": problems.unknown_names,
            "internal": problems.internal,
            "storage": problems.storage,
        },
    })
}

fn recorded(program: &Program) -> Vec<Value> {
    let recorded = program.recorded().into_iter();
    let shown = recorded.map(|one| {
        let times = one.times;
        match one.happened {
            Happened::Started => json!({ "happened": "started", "times": times }),
            Happened::Stopped => json!({ "happened": "stopped", "times": times }),
            Happened::Used(feature) => {
                json!({ "happened": "used", "feature": feature, "times": times })
            }
            Happened::Failed {
                cause,
                component,
                fatal,
            } => json!({
                "happened": "failed",
                "cause": cause,
                "component": component,
                "fatal": fatal,
                "times": times,
            }),
        }
    });
    shown.collect()
}
