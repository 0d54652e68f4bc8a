//! kaiku-device for Python, Kotlin and Swift: what UniFFI makes their sources of.
//!
//! Every method is behind `catch_unwind`: UniFFI would hand a panic to the host as an exception,
//! and what goes wrong in here is never the host's trouble.

mod keys;
mod outcome;
mod program;
mod quick;
mod recommend;
mod settings;
mod uploads;
mod view;

#[cfg(test)]
mod tests;

pub use keys::{KeyAnswer, KeyStore, KeyStoreError};
pub use outcome::KaikuError;
pub use program::{ExitReason, Level, Program, Worked};
pub use quick::kaiku_quick_used;
pub use recommend::{Fetched, Recommendation};
pub use settings::{DeviceFacts, Settings};
pub use uploads::{Connection, Header, Upload};
pub use view::{Consent, Lost, Receipt, Recorded, State, Status, Waiting};

uniffi::setup_scaffolding!("kaiku");
