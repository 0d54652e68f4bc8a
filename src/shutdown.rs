//! Signals: the first asks every stage to stop, the second leaves at once.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a process ended by its user's wish returns, as shells have it for SIGINT.
const INTERRUPTED: u8 = 130;

/// The signals that ask a process to stop.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes over SIGINT and SIGTERM; from now on they end the process only through here.
    ///
    /// # Errors
    /// Where the system does not allow that.
    pub(crate) fn listen() -> Result<Signals> {
        let listen = |kind| signal(kind).context("listening to signals");
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one, and gives its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// The exit code of a process that was told to stop twice.
pub(crate) fn at_once() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}

/// For verbs without a runtime of their own: calls `first` at the first signal, and leaves at
/// once at the second.
///
/// # Errors
/// Where signals can't be taken over.
pub(crate) fn on_signal(first: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("preparing to listen to signals")?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::listen()?
    };
    let wait = move || {
        runtime.block_on(async {
            signals.next().await;
            first();
            signals.next().await;
            std::process::exit(i32::from(INTERRUPTED));
        });
    };
    std::thread::Builder::new()
        .name("kaiku-signals".into())
        .spawn(wait)
        .context("starting the thread that listens to signals")?;
    Ok(())
}
