//! An alternate stack for handlers: without one, a thread that ran out of stack has none for its handler either.

use std::cell::OnceCell;
use std::mem::MaybeUninit;

/// For our handler, the one before it, and a second signal that this one raises, each with all registers of the
/// processor. It takes memory only when it is used.
const SIZE: usize = 64 * 1024;
/// One of this size is left alone: runtimes such as Go's know the bounds of their own.
const ENOUGH: usize = 32 * 1024;

thread_local! {
    static STACK: OnceCell<Option<Stack>> = const { OnceCell::new() };
}

/// Gives the calling thread an alternate stack until it ends, where it has none that is large enough. To be called at
/// the start of each thread whose overflow is to be told from other ends: by hand, or where a pool runs something for
/// each new thread. Whether the thread has one now is the answer.
///
/// The thread that [begins](crate::failures::Watch::begin) a run with handlers for crashes has one.
pub fn guard_thread() -> bool {
    STACK
        .try_with(|stack| {
            let made = stack.get_or_init(Stack::new);
            made.is_some() || current().is_some_and(|current| is_enough(&current))
        })
        .unwrap_or(false)
}

/// A mapping with a page before it that nobody may touch.
struct Stack {
    mapping: *mut libc::c_void,
    guard: usize,
}

impl Stack {
    fn new() -> Option<Self> {
        if is_enough(&current()?) {
            return None;
        }
        // SAFETY: a fresh mapping that nobody else knows; what fails is given back.
        unsafe {
            let guard = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).ok()?;
            let mapping = libc::mmap(
                std::ptr::null_mut(),
                guard + SIZE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            );
            if mapping == libc::MAP_FAILED {
                return None;
            }
            // Unmapped where a step fails.
            let made = Self { mapping, guard };
            let rights = libc::PROT_READ | libc::PROT_WRITE;
            if libc::mprotect(made.start(), SIZE, rights) != 0 {
                return None;
            }
            let stack = libc::stack_t {
                ss_sp: made.start(),
                ss_flags: 0,
                ss_size: SIZE,
            };
            let set = libc::sigaltstack(&raw const stack, std::ptr::null_mut());
            (set == 0).then_some(made)
        }
    }

    fn start(&self) -> *mut libc::c_void {
        self.mapping.wrapping_byte_add(self.guard)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // The one that was there before is not put back: the standard library has unmapped its own by now.
        let is_in_use = current().is_some_and(|current| current.ss_sp == self.start());
        // SAFETY: nobody runs on it: a handler that did would have to return before its thread ends.
        unsafe {
            if is_in_use {
                let mut none = MaybeUninit::<libc::stack_t>::zeroed().assume_init();
                none.ss_flags = libc::SS_DISABLE;
                libc::sigaltstack(&raw const none, std::ptr::null_mut());
            }
            libc::munmap(self.mapping, self.guard + SIZE);
        }
    }
}

fn current() -> Option<libc::stack_t> {
    let mut current = MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: the pointer is to what is on this stack.
    unsafe {
        (libc::sigaltstack(std::ptr::null(), current.as_mut_ptr()) == 0)
            .then(|| current.assume_init())
    }
}

fn is_enough(stack: &libc::stack_t) -> bool {
    stack.ss_flags & libc::SS_DISABLE == 0 && stack.ss_size >= ENOUGH
}
