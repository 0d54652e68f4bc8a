//! The places in the marker that handlers mark: one for each thread that is in a handler, one for being told to end.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::failures::marker::{CRASHES, ENDING, HEAD, MARK, MARKED, UNMARKED};

static DESCRIPTOR: AtomicI32 = AtomicI32::new(-1);
static PROCESS: AtomicI32 = AtomicI32::new(0);
static DEVICE: AtomicU64 = AtomicU64::new(0);
static INODE: AtomicU64 = AtomicU64::new(0);

/// Who is in a handler, and since when. No thread is 0.
struct Place {
    thread: AtomicUsize,
    since: AtomicU64,
}

static PLACES: [Place; CRASHES] = [const {
    Place {
        thread: AtomicUsize::new(0),
        since: AtomicU64::new(0),
    }
}; CRASHES];

/// When the process was told to end; 0 is never.
static TOLD_TO_END: AtomicU64 = AtomicU64::new(0);

/// A thread's place for the time in a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// It has this one now.
    Anew(usize),
    /// It is in a handler already, whose signal is the first and so the cause.
    Again,
    /// All are taken.
    Full,
}

pub(super) fn open(file: &File) {
    let Ok(metadata) = file.metadata() else {
        return;
    };
    DESCRIPTOR.store(-1, Ordering::SeqCst);
    PROCESS.store(std::process::id().cast_signed(), Ordering::SeqCst);
    DEVICE.store(metadata.dev(), Ordering::SeqCst);
    INODE.store(metadata.ino(), Ordering::SeqCst);
    DESCRIPTOR.store(file.as_raw_fd(), Ordering::SeqCst);
}

pub(super) fn is_at(file: &File) -> bool {
    DESCRIPTOR.load(Ordering::SeqCst) == file.as_raw_fd()
}

pub(super) fn close() {
    DESCRIPTOR.store(-1, Ordering::SeqCst);
}

/// In a handler: marks a place for this thread.
pub(super) fn enter(signal: libc::c_int) -> Entered {
    let me = this_thread();
    if PLACES
        .iter()
        .any(|place| place.thread.load(Ordering::SeqCst) == me)
    {
        return Entered::Again;
    }
    for (at, place) in PLACES.iter().enumerate() {
        let taken = place
            .thread
            .compare_exchange(0, me, Ordering::SeqCst, Ordering::SeqCst);
        if taken.is_ok() {
            place.since.store(seconds(), Ordering::SeqCst);
            write(at, &marked(signal));
            return Entered::Anew(at);
        }
    }
    Entered::Full
}

/// In a handler: the fault was dealt with.
pub(super) fn leave(entered: Entered) {
    if let Entered::Anew(at) = entered {
        write(at, &UNMARKED);
        PLACES[at].thread.store(0, Ordering::SeqCst);
    }
}

/// In a handler: nobody deals with this one, and there was no place for it.
pub(super) fn mark_without_place(signal: libc::c_int) {
    write(CRASHES - 1, &marked(signal));
}

/// In a handler: the process was told to end.
pub(super) fn told_to_end(signal: libc::c_int) {
    TOLD_TO_END.store(seconds().max(1), Ordering::SeqCst);
    write(ENDING, &marked(signal));
}

/// Outside of handlers: a place that a handler left by a jump, or whose signal the process survived, is free again.
pub(super) fn outlived(outlives: Duration, drains: Duration) {
    let now = seconds();
    for (at, place) in PLACES.iter().enumerate() {
        let thread = place.thread.load(Ordering::SeqCst);
        let since = place.since.load(Ordering::SeqCst);
        if thread != 0 && now.saturating_sub(since) >= outlives.as_secs() {
            write(at, &UNMARKED);
            let _ = place
                .thread
                .compare_exchange(thread, 0, Ordering::SeqCst, Ordering::SeqCst);
        }
    }
    let told = TOLD_TO_END.load(Ordering::SeqCst);
    if told != 0 && now.saturating_sub(told) >= drains.as_secs() {
        TOLD_TO_END.store(0, Ordering::SeqCst);
        write(ENDING, &UNMARKED);
    }
}

fn marked(signal: libc::c_int) -> [u8; MARK] {
    let mut mark = MARKED;
    let signal = signal.clamp(0, 99).to_le_bytes()[0];
    mark[7] += signal / 10;
    mark[8] += signal % 10;
    mark
}

/// Safe in a handler: four calls of the system, none of which needs memory or a lock of this process.
fn write(place: usize, mark: &[u8; MARK]) {
    let descriptor = DESCRIPTOR.load(Ordering::SeqCst);
    if descriptor < 0 {
        return;
    }
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the pointers are to what is on this stack, of the right size; a descriptor that is none gives an error.
    unsafe {
        // A forked child is another run.
        if libc::getpid() != PROCESS.load(Ordering::SeqCst) {
            return;
        }
        // Who closes all descriptors of a process closes ours too, and its number then names a file of the host.
        if libc::fstat(descriptor, status.as_mut_ptr()) != 0 {
            return;
        }
        let status = status.assume_init();
        #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)] // Their types differ by system.
        let same = status.st_dev as u64 == DEVICE.load(Ordering::SeqCst)
            && status.st_ino as u64 == INODE.load(Ordering::SeqCst);
        if same {
            #[allow(clippy::cast_possible_wrap)] // A little over a thousand.
            let at = (HEAD + place * MARK) as libc::off_t;
            let _ = libc::pwrite(descriptor, mark.as_ptr().cast(), MARK, at);
        }
    }
}

/// Safe in a handler, and no variable of the thread.
fn this_thread() -> usize {
    // SAFETY: no arguments, no failure.
    unsafe { libc::pthread_self() as usize }
}

/// Safe in a handler.
fn seconds() -> u64 {
    let mut now = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the pointer is to what is on this stack.
    let now = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr());
        now.assume_init()
    };
    u64::try_from(now.tv_sec).unwrap_or(0)
}
