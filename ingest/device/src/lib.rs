//! What an app takes in so that its owner can take part: records, keeps, and hands out uploads.
//!
//! ```no_run
//! use kaiku_device::{Answer, Connection, DeviceCatalogue, DeviceFacts, Level, Program, Settings};
//!
//! # fn send(_: &kaiku_device::Upload) -> Answer { Answer::none() }
//! # fn main() -> Result<(), kaiku_device::Error> {
//! let catalogue = DeviceCatalogue::parse(r#"{"format":1,"app":"maps","consent":{"version":2},
//!     "features":[{"name":"route.bicycle"}]}"#)?;
//! let facts = DeviceFacts { brand: "Nokia".into(), model: "TA-1053".into(), ..DeviceFacts::default() };
//! let program = Program::open(Settings::new("/var/lib/maps/kaiku", catalogue, "4.2", facts, "app key"));
//! let worker = program.spawn_worker()?;
//! program.turn_on(Level::Both, 2, "en")?; // when its owner says so, and not before
//! program.started();
//! program.used("route.bicycle");
//! // In a background job, once in a while:
//! if let Some(upload) = program.next_upload(Connection::Unmetered) {
//!     program.uploaded(upload.id, send(&upload));
//! }
//! # drop(worker);
//! # Ok(())
//! # }
//! ```

mod answer;
mod book;
mod catalogue;
mod consent;
mod contents;
mod debug;
mod disk;
mod encode;
mod error;
mod failpoint;
pub mod failures;
#[cfg(feature = "http")]
mod http;
mod key;
mod leave;
mod limits;
mod memory;
mod place;
mod program;
mod random;
pub mod recommend;
mod seal;
mod session;
mod settings;
mod shared;
mod side;
mod spool;
mod switch;
mod tally;
mod testing;
mod uploads;
mod view;
mod watching;
mod words;
mod work;
mod worker;

pub use answer::Answer;
pub use catalogue::{Cause, Component, ConsentText, Controller, DeviceCatalogue, Feature, Texts};
pub use consent::{ConsentReceipt, Hindrance, Level};
pub use contents::{Loss, Receipt};
pub use error::Error;
#[cfg(feature = "http")]
pub use http::{Roots, Sender, SenderSettings};
pub use key::{Key, KeyAnswer, KeyFile, KeySource};
pub use place::{GivenPlace, MachineId, PlaceMark};
pub use program::{Fatal, Program};
pub use random::Random;
pub use settings::{DeviceFacts, Environment, Settings, Variables};
pub use switch::{Forget, Transport};
pub use testing::{Happened, Recorded};
pub use uploads::{Connection, Upload};
pub use view::{KeyState, Problems, State, Status, Waiting};
pub use work::Worked;
pub use worker::Worker;
