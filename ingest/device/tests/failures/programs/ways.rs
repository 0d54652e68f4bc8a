//! The ways to end.

use std::time::Duration;

use kaiku_device::failures::Watch;
use kaiku_device::failures::signals::guard_thread;
use libc::{c_int, c_void};

use super::hosts::{self, handle};
use super::{say, wait};

/// What a host has set up before it opens the program.
pub(crate) fn before(way: &str) {
    match way {
        "handles_term_before" | "stops_on_term" => handle(libc::SIGTERM, hosts::COUNT, 0, &[]),
        "ignores_hup" => hosts::ignore(libc::SIGHUP),
        "panics_with_a_hook" => std::panic::set_hook(Box::new(|_| say("their hook"))),
        "repairs_faults" => hosts::repair_before(),
        "keeps_flags" => hosts::flags_before(),
        "gives_up" => handle(libc::SIGSEGV, hosts::GIVE_UP, libc::SA_SIGINFO, &[]),
        "handler_exits" => handle(libc::SIGSEGV, hosts::EXIT, libc::SA_SIGINFO, &[]),
        _ => {}
    }
}

pub(crate) fn go(way: &str, watch: Watch, arguments: &[String]) {
    match way {
        "stops" => watch.clean_stop(),
        "drops" => drop(watch),
        "returns" => std::mem::forget(watch),
        "exits" => {
            std::mem::forget(watch);
            std::process::exit(3);
        }
        "exits_at_once" => leave(),
        "waits" => {
            say("ready");
            wait();
            leave();
        }
        "goes_to_the_background" => {
            watch.background();
            say("ready");
            wait();
        }
        "comes_to_the_foreground" => {
            watch.background();
            watch.foreground();
            say("ready");
            wait();
        }
        "is_traced" => {
            // SAFETY: no pointers are read.
            unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
            watch.flushed();
            say("ready");
            wait();
        }
        "says_that_it_was_told_to_end" => {
            watch.asked_to_end();
            leave();
        }
        "forks" => fork(|| {
            watch.clean_stop();
            std::process::exit(0);
        }),
        "forks_and_the_child_aborts" => fork(|| {
            // SAFETY: none; that is what is tried.
            unsafe { libc::abort() }
        }),
        "replaces_itself" => replace(arguments),
        _ => panics(way, watch, arguments),
    }
}

fn panics(way: &str, watch: Watch, arguments: &[String]) {
    match way {
        "panics" | "panics_with_a_hook" => panic!("a text that nobody is to keep"),
        "panics_and_exits" => {
            let _ = std::panic::catch_unwind(|| panic!("a text that nobody is to keep"));
            std::process::exit(1);
        }
        "panics_in_a_thread" => {
            let ended = std::thread::spawn(|| panic!("a text that nobody is to keep")).join();
            ended.unwrap();
        }
        "panics_where_it_may_not_unwind" => may_not_unwind(),
        "panics_and_goes_on" => {
            let _ = std::thread::spawn(|| panic!("a text that nobody is to keep")).join();
            std::thread::sleep(Duration::from_millis(1100));
            watch.flushed();
            say("ready");
            wait();
        }
        "panics_in_another_hook" => {
            std::panic::set_hook(Box::new(|_| leave()));
            panic!("a text that nobody is to keep");
        }
        _ => faults(way, watch, arguments),
    }
}

fn faults(way: &str, watch: Watch, arguments: &[String]) {
    match way {
        // SAFETY: none; that is what is tried.
        "aborts" => unsafe { libc::abort() },
        "faults" | "gives_up" | "handler_exits" => fault(),
        "does_what_no_processor_can" => illegal(),
        "divides" => send(libc::SIGFPE),
        "reads_behind_a_file" => bus(),
        "overflows" => drop(overflow(0)),
        "overflows_in_a_thread" => {
            let thread = std::thread::Builder::new().stack_size(256 * 1024);
            let _ = thread.spawn(|| overflow(0)).unwrap().join();
        }
        "overflows_in_a_guarded_thread" => {
            let thread = std::thread::Builder::new().stack_size(256 * 1024);
            let _ = thread
                .spawn(|| (guard_thread(), overflow(0)))
                .unwrap()
                .join();
        }
        "overflows_in_a_foreign_thread" => foreign_thread(),
        _ => goes_on(way, watch, arguments),
    }
}

fn goes_on(way: &str, watch: Watch, arguments: &[String]) {
    match way {
        "hangs" | "hangs_and_answers_again" => {
            assert!(watch.watch_hangs(Duration::from_secs(1)));
            watch.alive();
            say("ready");
            wait();
            loop {
                watch.alive();
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        "hangs_and_exits" => {
            assert!(watch.watch_hangs(Duration::from_millis(200)));
            watch.alive();
            say("ready");
            wait();
            std::mem::forget(watch);
            std::process::exit(0);
        }
        "is_silent_in_the_background" => {
            assert!(watch.watch_hangs(Duration::from_millis(100)));
            watch.alive();
            watch.background();
            std::thread::sleep(Duration::from_millis(500));
            say("ready");
            wait();
        }
        "handles_term_after" => {
            handle(libc::SIGTERM, hosts::COUNT, 0, &[]);
            hosts::drain();
            leave();
        }
        "handles_term_before" => {
            hosts::drain();
            leave();
        }
        "stops_on_term" => {
            hosts::drain();
            watch.clean_stop();
            leave();
        }
        "ignores_hup" => {
            say("ready");
            wait();
            say("still here");
            wait();
        }
        "repairs_faults" => hosts::repair_faults(),
        "keeps_flags" => hosts::keeps_flags(),
        "closes_descriptors" => hosts::closes_descriptors(&watch, &arguments[1]),
        other => panic!("no such way: {other}"),
    }
}

/// Without anything that runs at an end.
pub(crate) fn leave() -> ! {
    // SAFETY: no pointers.
    unsafe { libc::_exit(0) }
}

fn send(signal: c_int) {
    // SAFETY: no pointers.
    unsafe { libc::raise(signal) };
}

/// A child, and what a careless host makes it do.
fn fork(child: impl FnOnce() -> std::convert::Infallible) {
    // SAFETY: this process has no other thread.
    unsafe {
        let number = libc::fork();
        if number == 0 {
            child();
        }
        libc::waitpid(number, std::ptr::null_mut(), 0);
    }
    say("ready");
    wait();
}

fn replace(arguments: &[String]) {
    use std::os::unix::process::CommandExt;
    let error = std::process::Command::new(&arguments[0])
        .args(&arguments[1..3])
        .arg("stops")
        .exec();
    panic!("{error}");
}

extern "C" fn may_not_unwind() {
    panic!("a text that nobody is to keep");
}

pub(crate) fn fault() {
    // SAFETY: none; that is what is tried.
    unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() };
}

fn illegal() {
    // SAFETY: none; that is what is tried.
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    unsafe {
        std::arch::asm!("ud2")
    };
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("udf #0")
    };
}

/// A mapping of a file of no bytes: there is memory, and nothing behind it.
fn bus() {
    let file = tempfile::tempfile().unwrap();
    use std::os::fd::AsRawFd;
    // SAFETY: a mapping of our own.
    unsafe {
        let rights = libc::PROT_READ;
        let descriptor = file.as_raw_fd();
        let at = libc::mmap(
            std::ptr::null_mut(),
            4096,
            rights,
            libc::MAP_SHARED,
            descriptor,
            0,
        );
        at.cast::<u8>().read_volatile();
    }
}

#[allow(unconditional_recursion)] // That is the point.
#[inline(never)]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    overflow(depth + 1) + room[usize::try_from(depth % 64).unwrap()]
}

/// One that the standard library has given no stack for handlers.
fn foreign_thread() {
    extern "C" fn run(_: *mut c_void) -> *mut c_void {
        assert!(guard_thread());
        overflow(0);
        std::ptr::null_mut()
    }
    // SAFETY: a thread that takes nothing; it is waited for.
    unsafe {
        let mut thread = std::mem::zeroed();
        libc::pthread_create(&raw mut thread, std::ptr::null(), run, std::ptr::null_mut());
        libc::pthread_join(thread, std::ptr::null_mut());
    }
}
