//! Test kits: the Kafka broker of the tests, and what reads and writes on it.
// Each kit serves several test modules; not every module uses all of it.
#![allow(dead_code)]

pub(crate) mod apicurio;
pub(crate) mod demo;
pub(crate) mod environment;
pub(crate) mod folders;
pub(crate) mod kafka;
#[path = "../aggregate/src/testing/moto.rs"]
pub(crate) mod moto;
pub(crate) mod oracle;
pub(crate) mod outcome;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod promtool;
pub(crate) mod python;
pub(crate) mod registry;
pub(crate) mod replay;
pub(crate) mod watch;
pub(crate) mod world;
