//! From an app's errors to the causes of its catalogue: by type and value, never by text.

use std::collections::BTreeSet;
use std::error::Error;

/// What an error is called that nothing was said about.
pub const UNHANDLED: &str = "unhandled";

type Rule = Box<dyn Fn(&(dyn Error + 'static)) -> Option<&'static str> + Send + Sync>;

/// The rules by which an app names its errors, over the closed list of its causes.
///
/// ```
/// use kaiku_device::failures::ErrorCauses;
/// use std::io::{Error, ErrorKind};
///
/// let causes = ErrorCauses::new(["network.timeout", "disk.full"]).on::<Error>(|error| match error.kind() {
///     ErrorKind::TimedOut => Some("network.timeout"),
///     ErrorKind::StorageFull => Some("disk.full"),
///     _ => None,
/// });
/// assert_eq!(causes.of(&Error::from(ErrorKind::TimedOut)), "network.timeout");
/// assert_eq!(causes.of(&Error::from(ErrorKind::NotFound)), "unhandled");
/// ```
pub struct ErrorCauses {
    known: BTreeSet<String>,
    rules: Vec<Rule>,
}

/// How far a chain of sources is followed: one that ends in itself must not hold the host.
const DEPTH: usize = 16;

impl ErrorCauses {
    /// `causes` are those of the catalogue. A rule that names another gives `unhandled`.
    pub fn new<S: Into<String>>(causes: impl IntoIterator<Item = S>) -> Self {
        Self {
            known: causes.into_iter().map(Into::into).collect(),
            rules: Vec::new(),
        }
    }

    /// What an error of type `E` is called. Rules are asked in the order in which they were given.
    #[must_use]
    pub fn on<E: Error + 'static>(
        mut self,
        name: impl Fn(&E) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        self.rules.push(Box::new(move |error| {
            error.downcast_ref::<E>().and_then(&name)
        }));
        self
    }

    /// The cause of an error: of itself, else of the first of its sources that a rule knows. Its text is not read.
    pub fn of(&self, error: &(dyn Error + 'static)) -> &str {
        let mut next = Some(error);
        std::iter::from_fn(|| {
            let now = next?;
            next = now.source();
            Some(now)
        })
        .take(DEPTH)
        .find_map(|error| self.rules.iter().find_map(|rule| rule(error)))
        .and_then(|cause| self.known.get(cause))
        .map_or(UNHANDLED, String::as_str)
    }
}

impl std::fmt::Debug for ErrorCauses {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ErrorCauses")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}
