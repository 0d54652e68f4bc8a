//! What a signal does now, what it did before us, and how that is called.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_int, c_void, siginfo_t};

/// What our handlers are.
pub(super) type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// A signal and what was there before our handler.
pub(super) struct Chained {
    pub(super) signal: c_int,
    is_installed: AtomicBool,
    before: UnsafeCell<MaybeUninit<libc::sigaction>>,
}

// SAFETY: `before` is written once, before the handler that reads it is in place.
unsafe impl Sync for Chained {}

/// What was there before.
pub(super) enum Before<'a> {
    Default,
    Ignored,
    Handler(&'a libc::sigaction),
}

impl Chained {
    pub(super) const fn new(signal: c_int) -> Self {
        Self {
            signal,
            is_installed: AtomicBool::new(false),
            before: UnsafeCell::new(MaybeUninit::zeroed()),
        }
    }

    /// Puts the handler in front of what is there, once. With `keep_ignored` a signal that is ignored stays so.
    pub(super) fn install(&self, handler: Handler, keep_ignored: bool) {
        if self.is_installed.swap(true, Ordering::SeqCst) {
            return;
        }
        let Some(before) = current(self.signal) else {
            return;
        };
        if keep_ignored && before.sa_sigaction == libc::SIG_IGN {
            return;
        }
        let mut ours = before;
        if matches!(before.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) {
            ours.sa_flags = libc::SA_ONSTACK;
        }
        // Otherwise with the mask and flags of the one before: what it was promised of its stack, of nested signals and
        // of interrupted calls holds on.
        ours.sa_flags |= libc::SA_SIGINFO;
        ours.sa_sigaction = handler as usize;
        // SAFETY: nobody reads it yet, and nobody else writes it: the flag above is set once.
        unsafe { (*self.before.get()).write(before) };
        // SAFETY: the handler has the form that SA_SIGINFO asks for, and does only what a handler may.
        unsafe { libc::sigaction(self.signal, &raw const ours, std::ptr::null_mut()) };
    }

    pub(super) fn before(&self) -> Before<'_> {
        // SAFETY: all zeros is a disposition too (the default), and it is written once, before a handler can run.
        let before = unsafe { (*self.before.get()).assume_init_ref() };
        match before.sa_sigaction {
            libc::SIG_DFL => Before::Default,
            libc::SIG_IGN => Before::Ignored,
            _ => Before::Handler(before),
        }
    }
}

/// Safe in a handler.
pub(super) fn current(signal: c_int) -> Option<libc::sigaction> {
    let mut current = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the pointer is to what is on this stack; nothing is changed.
    unsafe {
        (libc::sigaction(signal, std::ptr::null(), current.as_mut_ptr()) == 0)
            .then(|| current.assume_init())
    }
}

/// Safe in a handler.
pub(super) fn is_current(signal: c_int, handler: Handler) -> bool {
    current(signal).is_some_and(|current| current.sa_sigaction == handler as usize)
}

/// Safe in a handler.
pub(super) fn set_default(signal: c_int) {
    // SAFETY: all zeros is the default with no flags and an empty mask.
    unsafe {
        let default = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        libc::sigaction(signal, &raw const default, std::ptr::null_mut());
    }
}

/// Calls a handler as the kernel would.
///
/// # Safety
/// The arguments are those that the kernel gave to the handler in front of it.
pub(super) unsafe fn call(
    handler: &libc::sigaction,
    signal: c_int,
    info: *mut siginfo_t,
    context: *mut c_void,
) {
    // SAFETY: whoever put it in place said by the flag which form it has.
    unsafe {
        if handler.sa_flags & libc::SA_SIGINFO == 0 {
            let call: extern "C" fn(c_int) = std::mem::transmute(handler.sa_sigaction);
            call(signal);
        } else {
            let call: Handler = std::mem::transmute(handler.sa_sigaction);
            call(signal, info, context);
        }
    }
}
