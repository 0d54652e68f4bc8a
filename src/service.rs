//! Stages side by side in one process: started, watched, and brought to a clean end.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use kaiku_stage::Readiness;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::shutdown::{self, Signals};
use crate::telemetry::Health;

/// How long the stages get to finish what they are at. Container runtimes send SIGKILL 10 s
/// (Docker) or 30 s (Kubernetes) after SIGTERM; Compose files and pods should allow this much.
const GRACE: Duration = Duration::from_secs(25);

/// The stages of this process.
pub(crate) struct Service {
    stages: JoinSet<(&'static str, Result<()>)>,
    shutdown: CancellationToken,
    health: Health,
}

impl Service {
    /// Nothing yet; the stages are asked to stop by this token.
    pub(crate) fn new(health: Health, shutdown: CancellationToken) -> Service {
        Service {
            stages: JoinSet::new(),
            shutdown,
            health,
        }
    }

    /// Adds what a stage says of its being ready.
    pub(crate) fn ready_when(&self, name: &'static str, readiness: Readiness) {
        self.health.add(name, readiness);
    }

    /// Starts a stage that is a future.
    pub(crate) fn task(
        &mut self,
        name: &'static str,
        stage: impl Future<Output = Result<()>> + Send + 'static,
    ) {
        self.stages.spawn(async move { (name, stage.await) });
    }

    /// Starts a stage that blocks, on a thread of its own.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn thread(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let (done, wait) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("kaiku-{name}"))
            .spawn(move || {
                // Where nobody waits any more the process is about to end.
                let _ = done.send(stage());
            })
            .with_context(|| format!("starting the thread of {name}"))?;
        let panicked = move |_| Err(anyhow!("{name} ended by a fault of this program"));
        self.stages
            .spawn(async move { (name, wait.await.unwrap_or_else(panicked)) });
        Ok(())
    }

    /// Waits for a signal, or for a stage that ends by itself; then asks all of them to stop, and
    /// waits for that within the grace period. A second signal leaves at once.
    ///
    /// # Errors
    /// The first error of a stage, or a stage that did not stop in time.
    pub(crate) async fn run_until_stopped(mut self, mut signals: Signals) -> Result<ExitCode> {
        self.health.set_running(true);
        let mut first_error = None;
        tokio::select! {
            signal = signals.next() => tracing::info!(signal, "stopping"),
            ended = self.stages.join_next() => take(ended, &mut first_error),
        }
        self.health.set_running(false);
        self.shutdown.cancel();
        let deadline = tokio::time::sleep(GRACE);
        tokio::pin!(deadline);
        while !self.stages.is_empty() {
            tokio::select! {
                ended = self.stages.join_next() => take(ended, &mut first_error),
                signal = signals.next() => {
                    tracing::warn!(signal, "leaving at once");
                    return Ok(shutdown::at_once());
                }
                () = &mut deadline => {
                    let late = anyhow!("{} stages did not stop within {GRACE:?}", self.stages.len());
                    return Err(first_error.unwrap_or(late));
                }
            }
        }
        tracing::info!("stopped");
        first_error.map_or(Ok(ExitCode::SUCCESS), Err)
    }
}

type Ended = Result<(&'static str, Result<()>), tokio::task::JoinError>;

fn take(ended: Option<Ended>, first_error: &mut Option<anyhow::Error>) {
    let error = match ended {
        None => return,
        Some(Ok((name, Ok(())))) => {
            tracing::info!(stage = name, "has ended");
            return;
        }
        Some(Ok((name, Err(error)))) => error.context(format!("{name} has failed")),
        Some(Err(_)) => anyhow!("a stage ended by a fault of this program"),
    };
    first_error.get_or_insert(error);
}
