//! A program that ends in the way that it is told: `failing FOLDER HANDLERS WAY`.

#![allow(unsafe_code, clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod hosts;
mod settings;
mod ways;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kaiku_device::failures::signals::Signals;
use kaiku_device::failures::{Recorder, Watch};

/// Counts, so that a handler that allocates is found out.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: as for this one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as for this one.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Printing;

impl Recorder for Printing {
    fn failed(&self, cause: &str, component: Option<&str>, fatal: bool) {
        say(&format!("failed {cause} {component:?} {fatal}"));
    }
}

/// A line to whoever runs the test.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Until the test has something to say; for ever where it kills.
fn wait() {
    let _ = std::io::stdin().read(&mut [0]);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, handlers, way] = &arguments[..] else {
        panic!("failing FOLDER HANDLERS WAY");
    };
    // SAFETY: a plain structure. A core of each would fill the disk.
    unsafe {
        let none = std::mem::zeroed::<libc::rlimit>();
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        // Tests that run under nohup, or behind a shell's `&`, hand on that these signals end nobody.
        libc::signal(libc::SIGHUP, libc::SIG_DFL);
        libc::signal(libc::SIGINT, libc::SIG_DFL);
    }
    ways::before(way);
    let signals = Signals {
        crashes: handlers.contains("crashes"),
        endings: handlers.contains("endings"),
    };
    // Where a test does not wait for it, no machine is so slow that it comes to pass.
    let outlives = if way == "panics_and_goes_on" { 1 } else { 600 };
    let settings = settings::settings(Path::new(folder), signals, outlives);
    let (watch, ended) = Watch::begin(settings);
    assert_eq!(watch.trouble(), None);
    for run in ended {
        say(&format!("ended {:?}", run.verdict));
    }
    let recorder: Arc<Printing> = Arc::new(Printing);
    let weak: std::sync::Weak<Printing> = Arc::downgrade(&recorder);
    watch.record_to(weak);
    ways::go(way, watch, &arguments);
}
