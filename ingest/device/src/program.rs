//! The face of the library: what a host calls. No call fails, blocks or slows its host for a
//! reason of ours; what goes wrong inside is counted.

use std::sync::Arc;
use std::time::Duration;

use crate::failpoint::{self, step};
use crate::failures::ExitReason;
use crate::memory::Thing;
use crate::recommend::{Fetch, Fetched, Recommendation};
use crate::shared::Shared;
use crate::testing::Recorded;
use crate::{
    Answer, Connection, DeviceCatalogue, Error, Forget, Level, Receipt, Settings, Status, Upload,
    Waiting, Worked, Worker,
};

/// The improvement program of one app. Off until its owner turns it on.
///
/// Recording touches a small map in memory and nothing else. [`Program::work`] does the rest, on
/// the host's own job or in the thread of [`Program::spawn_worker`]. Dropping the program stops
/// the session and writes down what is left.
pub struct Program {
    pub(crate) shared: Arc<Shared>,
}

/// Whether the app ended by a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fatal {
    /// It did.
    Yes,
    /// It goes on.
    No,
}

impl Program {
    /// Opens the program. It touches no file and starts no thread; the first work looks into the
    /// folder. What is recorded before is kept in memory, and forgotten if the program turns out
    /// to be off.
    pub fn open(settings: Settings) -> Program {
        failpoint::set_up();
        Program {
            shared: Arc::new_cyclic(|me| Shared::new(settings, me.clone())),
        }
    }

    /// Turns the program on, at the owner's wish: `version` is that of the text that was shown,
    /// `language` the one in which. The consent is on disk when this returns. Where it is on
    /// already, level and version are changed and the device stays the same.
    ///
    /// # Errors
    /// Where a policy, the environment or the disk forbids it, or the text was another.
    pub fn turn_on(&self, level: Level, version: i32, language: &str) -> Result<(), Error> {
        let shared = &self.shared;
        shared.guard_disk(
            || Err(Error::Internal),
            || shared.turn_on(level, version, language),
        )
    }

    /// Turns the program off: when this returns nothing is recorded, no request begins, and what
    /// was stored is destroyed, identifier and key included.
    ///
    /// # Errors
    /// Where it is off but something could not be destroyed, which the next work tries again; or
    /// where not even that it is off could be written down.
    pub fn turn_off(&self, forget: Forget<'_>) -> Result<(), Error> {
        let shared = &self.shared;
        shared.guard_disk(|| Err(Error::Internal), || shared.turn_off(&forget))
    }

    /// For hosts that send by themselves: turns the program off, and hands out the request by
    /// which the server is to forget this device, if anything of it ever left. The host makes it,
    /// within five seconds, and then calls [`Program::turn_off`], which destroys what is stored.
    ///
    /// # Errors
    /// Where it could not be written down.
    pub fn forget_upload(&self) -> Result<Option<Upload>, Error> {
        let shared = &self.shared;
        shared.guard_disk(|| Err(Error::Internal), || shared.forget_upload())
    }

    /// The app started: a session begins.
    pub fn started(&self) {
        self.turn(false, |sessions, now| sessions.start(now));
    }

    /// The app went into the background. What is recorded is written down at the next work, and
    /// five minutes end the session. Like the next two it may write the run's marker, one small
    /// file, without a sync.
    pub fn background(&self) {
        self.turn(true, |sessions, now| sessions.background(now));
        self.shared
            .guard(|| (), || self.shared.watched(|watch| watch.background()));
    }

    /// The app came back.
    pub fn foreground(&self) {
        self.turn(false, |sessions, now| sessions.foreground(now));
        self.shared
            .guard(|| (), || self.shared.watched(|watch| watch.foreground()));
    }

    /// The app stopped: the session ends.
    pub fn stopped(&self) {
        self.turn(true, |sessions, now| sessions.stop(now));
        self.shared
            .guard(|| (), || self.shared.watched(|watch| watch.clean_stop()));
    }

    /// What the system says of how the last run ended; it wins over what the marker says. To be
    /// called before the first work.
    pub fn last_exit(&self, reason: ExitReason) {
        self.shared.guard(|| (), || self.shared.last_exit(reason));
    }

    /// Watches from now on, with a thread of its own, whether the host says
    /// [`Program::alive`] often enough, where failures are watched for at all. Whether it does.
    pub fn watch_hangs(&self, threshold: Duration) -> bool {
        self.shared
            .guard(|| false, || self.shared.watch_hangs(threshold))
    }

    /// The host's main loop goes round.
    pub fn alive(&self) {
        self.shared
            .guard(|| (), || self.shared.watched(|watch| watch.alive()));
    }

    fn turn(
        &self,
        is_urgent: bool,
        change: impl FnOnce(&mut crate::session::Sessions, i64) -> crate::session::Turn,
    ) {
        let shared = &self.shared;
        shared.guard(
            || (),
            || {
                step!("device.session");
                let now = shared.now();
                let mut memory = shared.memory();
                let turn = change(&mut memory.sessions, now);
                let tell = memory.turned(turn, now);
                let tell = memory.session_moved(is_urgent) || tell;
                drop(memory);
                shared.tell(tell);
            },
        );
    }

    /// A feature was used, by its name in the catalogue. One that the catalogue does not have, or
    /// not any more, is not recorded.
    pub fn used(&self, feature: &str) {
        self.used_by(|catalogue| catalogue.feature(feature));
    }

    /// The same by its place among [`crate::DeviceCatalogue::features`], for bindings that look a
    /// name up once.
    pub fn used_at(&self, place: usize) {
        self.used_by(|catalogue| {
            let number = u16::try_from(place).ok()?;
            (place < catalogue.features().len()).then_some(number)
        });
    }

    fn used_by(&self, find: impl FnOnce(&DeviceCatalogue) -> Option<u16>) {
        let shared = &self.shared;
        shared.guard(
            || (),
            || {
                step!("device.used");
                let day = shared.today();
                let known = find(&shared.catalogue).filter(|number| {
                    let feature = &shared.catalogue.features()[usize::from(*number)];
                    feature.expires.is_none_or(|expires| day < expires)
                });
                let mut memory = shared.memory();
                let tell = match known {
                    Some(number) => memory.record(day, Thing::Used(number)),
                    None => {
                        memory.problems.unknown_names += 1;
                        false
                    }
                };
                drop(memory);
                shared.tell(tell);
            },
        );
    }

    /// Something failed, by a cause and perhaps in a component of the catalogue. An unknown cause
    /// is not recorded; an unknown component is left out.
    pub fn failed(&self, cause: &str, component: Option<&str>, fatal: Fatal) {
        let shared = &self.shared;
        shared.guard(
            || (),
            || {
                step!("device.failed");
                let day = shared.today();
                let catalogue = &shared.catalogue;
                let part = component.map(|name| catalogue.component(name));
                let known = catalogue.cause(cause);
                let mut memory = shared.memory();
                let is_unknown = known.is_none() || part == Some(None);
                memory.problems.unknown_names += u64::from(is_unknown);
                let tell = known.is_some_and(|number| {
                    let is_fatal = fatal == Fatal::Yes;
                    let fatal_only = catalogue.causes()[usize::from(number)].fatal_only;
                    let thing = Thing::failed(number, part.flatten(), is_fatal || fatal_only);
                    memory.record(day, thing)
                });
                drop(memory);
                shared.tell(tell);
            },
        );
    }

    /// Does what is to be done: looks whether the program is on, asks the keystore, writes down
    /// what was recorded. For a host's background job; it reads and writes files, and asks the
    /// keystore, which may block.
    pub fn work(&self) -> Worked {
        let shared = &self.shared;
        shared.guard_disk(|| Worked::Later, || shared.work())
    }

    /// Starts a thread that does the work.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn_worker(&self) -> Result<Worker, Error> {
        self.spawn_worker_named("kaiku")
    }

    /// The same, with a name for the thread.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn_worker_named(&self, name: &str) -> Result<Worker, Error> {
        Worker::spawn(&self.shared, name)
    }

    /// The upload that is to be made now, if there is one. It does the work first, so it is for a
    /// background job too. One is handed out at a time: the next one comes when this one was
    /// answered; unanswered for ten minutes, or after a restart, the same bytes come again.
    pub fn next_upload(&self, connection: Connection) -> Option<Upload> {
        let shared = &self.shared;
        shared.guard_disk(
            || None,
            || {
                let next = shared.next_upload(connection);
                next.unwrap_or_else(|error| {
                    shared.went_wrong(&error);
                    None
                })
            },
        )
    }

    /// What became of an upload. Only the answer 202 deletes what was sent.
    pub fn uploaded(&self, id: i64, answer: Answer) {
        let shared = &self.shared;
        shared.guard_disk(
            || (),
            || {
                if let Err(error) = shared.uploaded(id, answer) {
                    shared.went_wrong(&error);
                }
            },
        );
    }

    /// The file of suggestions is to be fetched now, on the connection of the upload that was just answered, if there is one to
    /// be fetched: once a week at the most, and nothing of the device is in it. For hosts that send by themselves: ask
    /// behind each [`Program::uploaded`].
    pub fn next_fetch(&self, connection: Connection) -> Option<Fetch> {
        let shared = &self.shared;
        shared.guard_disk(
            || None,
            || {
                let next = shared.next_fetch(connection);
                next.unwrap_or_else(|error| {
                    shared.went_wrong(&error);
                    None
                })
            },
        )
    }

    /// What became of a fetch: the answer and its body, of which no more than 8 KiB and a byte need be read.
    pub fn fetched(&self, answer: Answer, body: &[u8]) -> Fetched {
        let shared = &self.shared;
        shared.guard_disk(
            || Fetched::None,
            || {
                let became = shared.fetched(answer, body);
                became.unwrap_or_else(|error| {
                    shared.went_wrong(&error);
                    Fetched::None
                })
            },
        )
    }

    /// Features that the owner might like, the best first, up to `most` and within what may be shown today. It changes
    /// nothing: tell with [`Program::shown`] what was shown. It reads a file, and waits for one that is being written, so it
    /// is for a background job.
    pub fn recommend(&self, language: &str, most: usize) -> Vec<Recommendation> {
        self.shared
            .guard(Vec::new, || self.shared.recommend(language, most))
    }

    /// A suggestion was shown to the owner.
    pub fn shown(&self, feature: &str) {
        self.shared.guard(|| (), || self.shared.shown(feature));
    }

    /// The owner does not want this one suggested again.
    pub fn dismiss(&self, feature: &str) {
        self.shared.guard(|| (), || self.shared.dismiss(feature));
    }

    /// The owner wants no suggestions: none are made from now on, and what was remembered for them is forgotten.
    pub fn never(&self) {
        self.shared.guard(|| (), || self.shared.want(false));
    }

    /// The owner wants suggestions after all, those that were dismissed included.
    pub fn again(&self) {
        self.shared.guard(|| (), || self.shared.want(true));
    }

    /// The owner wants to send now: the next [`Program::next_upload`] does not wait for the drawn
    /// minute, and hands out what there is of today as well, within the bounds of a day.
    pub fn send_now(&self) {
        let shared = &self.shared;
        shared.guard(
            || (),
            || {
                shared.disk().is_asked = true;
                shared.ring();
            },
        );
    }

    /// The moment at which [`Program::next_upload`] has something next, in milliseconds since
    /// 1970, for a host that plans its jobs; `None` where nothing waits.
    pub fn next_due(&self) -> Option<i64> {
        self.shared.guard(|| None, || self.shared.next_due())
    }

    /// How the program stands. It never waits.
    pub fn status(&self) -> Status {
        self.shared.guard(Status::unknown, || self.shared.status())
    }

    /// What waits, oldest first, in the owner's language.
    pub fn waiting(&self, language: &str) -> Vec<Waiting> {
        self.shared
            .guard(Vec::new, || self.shared.waiting(language))
    }

    /// The last 90 uploads that arrived.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.shared.guard(Vec::new, || self.shared.receipts())
    }

    /// Everything that is stored, for the owner to take along, as JSON. It holds the device's
    /// identifier.
    pub fn export(&self, language: &str) -> String {
        self.shared
            .guard(String::new, || self.shared.export(language))
    }

    /// What was recorded since this was asked last; for programs of [`Program::for_tests`].
    pub fn recorded(&self) -> Vec<Recorded> {
        self.shared.guard(Vec::new, || self.shared.recorded())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stopped();
        let shared = &self.shared;
        if shared.memory().workers > 0 {
            // The worker writes down what is left.
            return;
        }
        // Without the key it would ask the host's keystore.
        if shared.memory().has_key {
            self.work();
        }
        shared.guard(|| (), || shared.disk().close());
    }
}
