//! What a host hands over when it opens the program.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::c_char;
use std::mem::{self, MaybeUninit};
use std::{ptr, slice};

use kaiku_device::recommend::{self, PublicKey};
use kaiku_device::{DeviceCatalogue, DeviceFacts, Environment, GivenPlace, Settings};

use crate::keys::{HostKeys, KaikuKeys};
use crate::outcome::KaikuResult;
use crate::text;

/// Whether what is recorded counts.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuEnvironment {
    /// It does.
    Production = 0,
    /// The gateway checks it, answers, and drops it.
    Test = 1,
}

/// Settings. What stays zero has the default that its line says; nothing of it is kept by address.
#[repr(C)]
pub struct KaikuSettings {
    /// `sizeof(KaikuSettings)`.
    pub size: usize,
    /// A folder of the program's own, which backups leave out. Needed.
    pub folder: *const c_char,
    /// The JSON that `kaiku catalogue generate` has made. Needed.
    pub catalogue: *const c_char,
    /// Release of the app. Needed.
    pub release: *const c_char,
    /// The key that names the app to the gateway. Needed.
    pub app_key: *const c_char,
    /// What stands on the device (Android's Build.BRAND, or Apple); null: unknown.
    pub brand: *const c_char,
    /// Model code of the device; null: unknown.
    pub model: *const c_char,
    /// Mobile country code of the SIM's network, three digits; null: none.
    pub mcc: *const c_char,
    /// Mobile network code of the SIM's network, two or three digits; null: none.
    pub mnc: *const c_char,
    /// Country, ISO 3166-1 alpha-2; null: none.
    pub country: *const c_char,
    /// The host's keystore; null: a file of mode 0600 in the folder.
    pub keys: *const KaikuKeys,
    /// 32 bytes that are always the same in this place and nowhere else; null: the machine's id.
    pub place: *const u8,
    /// A `KaikuEnvironment`.
    pub environment: u32,
    /// Not 0: no upload takes a connection that costs its owner by the byte.
    pub unmetered_only: u32,
    /// Which signals are to be noticed, as a sum of `KAIKU_SIGNALS_CRASHES` and
    /// `KAIKU_SIGNALS_ENDINGS`; 0: none, and then no handler is set. Not for a process with a
    /// runtime that has handlers of its own, such as a JVM's or Go's.
    pub signals: u32,
    /// The two keys by which files of suggestions are believed, as `kaiku recommend key` prints them: the one in use, and
    /// the one that will follow it. Null, both: nothing is suggested.
    pub suggestion_keys: [*const c_char; 2],
}

/// Signals of a crash: the next start tells an abort and a segmentation fault from one another.
/// Handlers that are there already are called first.
pub const KAIKU_SIGNALS_CRASHES: u32 = 1;
/// Signals by which a user or a system ends a process: such a run has not failed.
pub const KAIKU_SIGNALS_ENDINGS: u32 = 2;

/// Bytes of the settings of the first header: those that came later may be missing.
const LEAST: usize = mem::offset_of!(KaikuSettings, suggestion_keys);

/// The settings as they are here: what a header of an earlier version does not have is zero.
///
/// # Safety
/// `settings` is null or points to as many bytes as its first field says.
unsafe fn whole(settings: *const KaikuSettings) -> Option<KaikuSettings> {
    if settings.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let size = unsafe { (&raw const (*settings).size).read() };
    if size < LEAST {
        return None;
    }
    let mut whole = MaybeUninit::<KaikuSettings>::zeroed();
    let size = size.min(size_of::<KaikuSettings>());
    // SAFETY: so many bytes are there on both sides, and zero is what every field may be.
    unsafe {
        ptr::copy_nonoverlapping(settings.cast::<u8>(), whole.as_mut_ptr().cast(), size);
        Some(whole.assume_init())
    }
}

/// Takes the settings over.
///
/// # Safety
/// `settings` is null or points to settings whose pointers are null or as their lines say.
pub(crate) unsafe fn read(settings: *const KaikuSettings) -> Result<Settings, KaikuResult> {
    let bad = KaikuResult::BadArgument;
    // SAFETY: the caller's promise.
    let given = unsafe { whole(settings) }.ok_or(bad)?;
    let needed = |pointer| unsafe { text::read(pointer) }.ok_or(bad);
    let optional = |pointer: *const c_char| match pointer.is_null() {
        true => Ok(None),
        false => needed(pointer).map(|text| Some(text.to_owned())),
    };
    let facts = DeviceFacts {
        brand: optional(given.brand)?.unwrap_or_default(),
        model: optional(given.model)?.unwrap_or_default(),
        mcc: optional(given.mcc)?,
        mnc: optional(given.mnc)?,
        country: optional(given.country)?,
    };
    let catalogue = DeviceCatalogue::parse(needed(given.catalogue)?);
    let catalogue = catalogue.map_err(|error| KaikuResult::from(&error))?;
    let (folder, release, app_key) = (
        needed(given.folder)?,
        needed(given.release)?,
        needed(given.app_key)?,
    );
    let mut settings = Settings::new(folder, catalogue, release, facts, app_key);
    settings.environment = match given.environment {
        0 => Environment::Production,
        1 => Environment::Test,
        _ => return Err(bad),
    };
    settings.metered = given.unmetered_only == 0;
    handle_signals(&mut settings, given.signals)?;
    if given.suggestion_keys.iter().any(|key| !key.is_null()) {
        let [first, second] = given.suggestion_keys.map(|key| {
            let key = needed(key)?.parse::<PublicKey>();
            key.map_err(|_| bad)
        });
        settings.recommend = Some(recommend::Settings::new([first?, second?]));
    }
    if !given.keys.is_null() {
        // SAFETY: the caller's promise.
        let keys = unsafe { *given.keys };
        settings.key = Box::new(HostKeys::new(keys).ok_or(bad)?);
    }
    if !given.place.is_null() {
        let mut place = [0; 32];
        // SAFETY: the header demands 32 bytes.
        place.copy_from_slice(unsafe { slice::from_raw_parts(given.place, 32) });
        settings.place = Box::new(GivenPlace(place));
    }
    Ok(settings)
}

fn handle_signals(settings: &mut Settings, signals: u32) -> Result<(), KaikuResult> {
    if signals > (KAIKU_SIGNALS_CRASHES | KAIKU_SIGNALS_ENDINGS) {
        return Err(KaikuResult::BadArgument);
    }
    // Where there are no signals, none is noticed.
    #[cfg(unix)]
    if let Some(failures) = &mut settings.failures {
        failures.signals = kaiku_device::failures::signals::Signals {
            crashes: signals & KAIKU_SIGNALS_CRASHES != 0,
            endings: signals & KAIKU_SIGNALS_ENDINGS != 0,
        };
    }
    Ok(())
}
