//! The `kaiku` command: the only place that knows all stages.
#![allow(dead_code)]
mod config { mod document; mod problem; pub(crate) use problem::{Problem,Problems}; 
pub(crate) struct Settings{ pub(crate) registry: Option<kaiku_registry::Config> } }
mod cli;
mod demo { #[derive(Debug,clap::Args)] pub(crate) struct Args{} }
mod commands { mod schemas; mod inventory; }
mod output;
mod service;
mod shutdown;
mod telemetry;
fn main() {}
