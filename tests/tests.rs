//! One integration binary, so that one Kafka serves all of its tests.
//!
//! The tests need Java and Maven, or the address of a broker in `KAIKU_TEST_BROKERS`; see
//! `support/kafka.rs`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

// The broker of the tests, and what reads and writes on it.
mod support;

// Who may name whom among the packages.
mod walls;

// Kafka: settings, topics, records, TLS.
mod topics;

// Exactly once across the strip: duplicates, two processes, SIGKILL.
mod exactly_once;

// Exactly once, proved: kills, zombies, clocks, retention, half-finished landings.
mod proof;

// One device-week less, and what of all that is published changes by it.
mod audit;

// Flipped bits, truncations, other records than batches.
mod poison;

// Marks planted in every identifying field, and looked for behind the strip.
mod canary;

// Settings and the command line.
mod config;

// Settings and the command line.
mod cli;

// The selftest that users run on their own broker.
mod selftest;

// The benchmark that users run on their own broker.
mod bench;

// The page of the rollups, as a command.
mod report;

// What the README shows.
mod readme;

// Brokers that say that they are elsewhere.
mod elsewhere;

// A bucket that speaks TLS.
mod bucket_tls;

// What becomes of one record, and why.
mod explain;

// How far everything has come, without a stage being asked.
mod status;

// How each tool reads the tables.
mod readers;

// Producers in other languages, as docs/clients shows them; needs Go, Node.js with npm, and Python too.
mod clients;

// The device's library in C, Python and Kotlin, against the gateway; needs curl and a C compiler too.
mod device;

// The stages as an operator runs them.
mod live;

// Alert rules and the dashboard; Prometheus' own checker comes out of Debian's package where it is not installed.
mod operation;
