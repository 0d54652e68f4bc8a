//! Waiting at a start for what does not answer yet: Kafka, or the schema registry.

use std::error::Error;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{Causes, Readiness};

/// Between two tries.
const BETWEEN: Duration = Duration::from_secs(1);
/// How soon a shutdown is noticed between them.
const STEP: Duration = Duration::from_millis(50);
/// How often it is said in the log that somebody is waited for.
const SAY: Duration = Duration::from_secs(60);

/// Tries to start until it succeeds or fails in a way that waiting can't mend; `None` where the
/// shutdown comes first. What is waited for stands in `readiness`. It blocks.
///
/// # Errors
/// The first error of which `retry_helps` says no.
pub fn start_patiently<T, E: Error + 'static>(
    shutdown: &CancellationToken,
    readiness: &Readiness,
    retry_helps: impl Fn(&E) -> bool,
    mut start: impl FnMut() -> Result<T, E>,
) -> Result<Option<T>, E> {
    let mut said: Option<Instant> = None;
    loop {
        let error = match start() {
            Ok(started) => {
                readiness.set_trouble(None);
                return Ok(Some(started));
            }
            Err(error) if retry_helps(&error) => Causes(&error).to_string(),
            Err(error) => return Err(error),
        };
        if said.is_none_or(|said| said.elapsed() >= SAY) {
            said = Some(Instant::now());
            tracing::warn!(error, "can't start yet; trying again");
        }
        readiness.set_trouble(Some(error));
        let tried = Instant::now();
        while tried.elapsed() < BETWEEN {
            if shutdown.is_cancelled() {
                return Ok(None);
            }
            std::thread::sleep(STEP);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Failure {
        Away,
        Refused,
    }

    impl fmt::Display for Failure {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("nobody answers")
        }
    }

    impl Error for Failure {}

    fn is_away(failure: &Failure) -> bool {
        *failure == Failure::Away
    }

    #[test]
    fn it_starts_once_somebody_answers_and_shows_meanwhile_what_it_waits_for() {
        let readiness = Readiness::default();
        let mut tries = 0;
        let started = start_patiently(&CancellationToken::new(), &readiness, is_away, || {
            tries += 1;
            match tries {
                1 => Err(Failure::Away),
                _ => Ok(readiness.complaints()),
            }
        });
        assert_eq!(started, Ok(Some(vec!["nobody answers".to_owned()])));
        assert_eq!(readiness.complaints(), Vec::<String>::new());
    }

    #[test]
    fn what_waiting_can_t_mend_is_an_error_at_once() {
        let mut tries = 0;
        let token = CancellationToken::new();
        let started = start_patiently(&token, &Readiness::default(), is_away, || {
            tries += 1;
            Err::<(), _>(Failure::Refused)
        });
        assert_eq!((started, tries), (Err(Failure::Refused), 1));
    }

    #[test]
    fn a_shutdown_ends_the_waiting() {
        let token = CancellationToken::new();
        let started = start_patiently(&token, &Readiness::default(), is_away, || {
            token.cancel();
            Err::<(), _>(Failure::Away)
        });
        assert_eq!(started, Ok(None));
    }
}
