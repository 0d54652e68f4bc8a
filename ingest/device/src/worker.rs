//! A thread that does the work, for hosts that want one. While nothing is to be written down it
//! sleeps without a timeout.

use std::sync::{Arc, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::Error;
use crate::shared::Shared;
use crate::work::Worked;

/// From the first event that is not written down yet to the moment when it is: under the ten
/// seconds that are promised.
const FLUSH: Duration = Duration::from_secs(5);
/// Where the work could not be done it waits longer each time, up to this.
const LONGEST: Duration = Duration::from_secs(320);

/// The thread. Dropping it writes down what is left, and ends it.
pub struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn spawn(shared: &Arc<Shared>, name: &str) -> Result<Worker, Error> {
        shared.memory().workers += 1;
        let of_thread = Arc::clone(shared);
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&of_thread))
            .map_err(Error::Folder);
        if thread.is_err() {
            shared.memory().workers -= 1;
        }
        Ok(Worker {
            shared: Arc::clone(shared),
            thread: Some(thread?),
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.memory().is_ending = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // It catches its own panics.
            let _ = thread.join();
        }
        let mut memory = self.shared.memory();
        memory.is_ending = false;
        memory.workers -= 1;
    }
}

fn run(shared: &Shared) {
    let mut pause = FLUSH;
    // The first look into the folder.
    let mut worked = work(shared);
    loop {
        pause = match worked {
            Worked::Done | Worked::Off => FLUSH,
            Worked::NoKey | Worked::Later => (pause * 2).min(LONGEST),
        };
        if !wait(shared, pause, worked) {
            work(shared);
            return;
        }
        worked = work(shared);
    }
}

fn work(shared: &Shared) -> Worked {
    shared.guard_disk(|| Worked::Later, || shared.work())
}

/// Waits until there is something to do: without an end where nothing is to be written down, and
/// no longer than `pause` where something is. Whether to go on.
fn wait(shared: &Shared, pause: Duration, worked: Worked) -> bool {
    let mut memory = shared.memory();
    while !memory.is_dirty && !memory.is_ending {
        memory = shared
            .wake
            .wait(memory)
            .unwrap_or_else(PoisonError::into_inner);
    }
    // After a failure even what is urgent waits, or the thread would spin.
    let may_hurry = matches!(worked, Worked::Done | Worked::Off);
    let until =
        |memory: &mut crate::memory::Memory| !(memory.is_ending || memory.is_urgent && may_hurry);
    let waited = shared.wake.wait_timeout_while(memory, pause, until);
    let (memory, _) = waited.unwrap_or_else(PoisonError::into_inner);
    !memory.is_ending
}
