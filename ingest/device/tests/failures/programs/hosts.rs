//! Hosts that have handlers of their own, as runtimes do.

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kaiku_device::failures::Watch;
use kaiku_device::failures::signals::dealt_with_by_others;
use libc::{c_int, c_void, siginfo_t};

use super::ways::{fault, leave};
use super::{ALLOCATIONS, say, wait};

/// A handler, as the system wants its address.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Plain(extern "C" fn(c_int)),
    WithDetails(extern "C" fn(c_int, *mut siginfo_t, *mut c_void)),
}

pub(crate) const COUNT: Handler = Handler::Plain(count);
pub(crate) const GIVE_UP: Handler = Handler::WithDetails(give_up);
pub(crate) const EXIT: Handler = Handler::WithDetails(exit);

static HANDLED: AtomicUsize = AtomicUsize::new(0);
static PAGE: AtomicUsize = AtomicUsize::new(0);
const PAGE_SIZE: usize = 4096;

pub(crate) fn handle(signal: c_int, handler: Handler, flags: c_int, blocked: &[c_int]) {
    // SAFETY: the handlers of this file do what handlers may.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        action.sa_sigaction = match handler {
            Handler::Plain(handler) => handler as usize,
            Handler::WithDetails(handler) => handler as usize,
        };
        action.sa_flags = flags;
        for &signal in blocked {
            libc::sigaddset(&raw mut action.sa_mask, signal);
        }
        assert_eq!(
            libc::sigaction(signal, &raw const action, std::ptr::null_mut()),
            0
        );
    }
}

pub(crate) fn ignore(signal: c_int) {
    // SAFETY: no handler.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

extern "C" fn count(_: c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

/// Until a signal came that the host counts.
pub(crate) fn drain() {
    say("ready");
    while HANDLED.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As the standard library and Python do where a fault is not theirs.
extern "C" fn give_up(signal: c_int, _: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: no handler.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// As Go does.
extern "C" fn exit(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
    leave();
}

/// As a garbage collector does that finds out who writes.
extern "C" fn repair(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
    protect(libc::PROT_READ);
    // It does not put back what its calls left here, as it should.
    set_errno(libc::EIO);
}

fn protect(rights: c_int) {
    let page = std::ptr::with_exposed_provenance_mut(PAGE.load(Ordering::SeqCst));
    // SAFETY: a page of our own.
    unsafe { libc::mprotect(page, PAGE_SIZE, rights) };
}

fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap()
}

fn set_errno(errno: c_int) {
    // SAFETY: always a pointer to this thread's number.
    unsafe { *libc::__errno_location() = errno }
}

pub(crate) fn repair_before() {
    // SAFETY: a fresh mapping.
    let page = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        libc::mmap(
            std::ptr::null_mut(),
            PAGE_SIZE,
            libc::PROT_NONE,
            flags,
            -1,
            0,
        )
    };
    PAGE.store(page.expose_provenance(), Ordering::SeqCst);
    handle(
        libc::SIGSEGV,
        Handler::WithDetails(repair),
        libc::SA_SIGINFO,
        &[],
    );
}

/// A thousand faults that the host repairs, and what they cost.
pub(crate) fn repair_faults() {
    let before = (ALLOCATIONS.load(Ordering::SeqCst), dealt_with_by_others());
    let page = std::ptr::with_exposed_provenance::<u8>(PAGE.load(Ordering::SeqCst));
    set_errno(libc::ENOENT);
    for _ in 0..1000 {
        protect(libc::PROT_NONE);
        // SAFETY: the handler gives the right to read.
        unsafe { page.read_volatile() };
    }
    assert_eq!(
        errno(),
        libc::ENOENT,
        "a fault came between a call and its error"
    );
    let after = (ALLOCATIONS.load(Ordering::SeqCst), dealt_with_by_others());
    let handled = HANDLED.load(Ordering::SeqCst);
    say(&format!(
        "handled {handled} dealt {} allocated {}",
        after.1 - before.1,
        after.0 - before.0
    ));
    wait();
}

const FLAGS: c_int = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_RESTART;

pub(crate) fn flags_before() {
    let handler = Handler::WithDetails(give_up);
    handle(libc::SIGSEGV, handler, FLAGS, &[libc::SIGUSR1]);
}

/// What is in place now has another address and is else the same.
pub(crate) fn keeps_flags() {
    // SAFETY: reads what is in place.
    unsafe {
        let mut now = std::mem::zeroed::<libc::sigaction>();
        libc::sigaction(libc::SIGSEGV, std::ptr::null(), &raw mut now);
        assert_ne!(now.sa_sigaction, give_up as *const () as usize);
        // The kernel adds one of its own, by which handlers return.
        assert_eq!(
            now.sa_flags & 0x7bff_ffff & !0x0400_0000,
            FLAGS & 0x7bff_ffff
        );
        for signal in 1..32 {
            let blocked = libc::sigismember(&raw const now.sa_mask, signal) == 1;
            assert_eq!(blocked, signal == libc::SIGUSR1, "{signal}");
        }
    }
    say("kept");
    wait();
}

/// A host that closes what it does not know, and whose own file then has our number.
pub(crate) fn closes_descriptors(watch: &Watch, folder: &str) {
    let file = std::fs::File::create_new(format!("{folder}/host")).unwrap();
    // SAFETY: they are ours, and that is what is tried.
    unsafe {
        for descriptor in 3..64 {
            libc::dup2(file.as_raw_fd(), descriptor);
        }
    }
    watch.flushed();
    assert!(watch.trouble().is_some());
    fault();
}
