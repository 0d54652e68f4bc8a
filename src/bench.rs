//! `kaiku bench`: how quick enrich is on this machine and this broker, beside the limit that librdkafka
//! sets, with every single run written down.

mod args;
mod compare;
mod figures;
mod machine;
mod matrix;
mod passing;
mod place;
mod plot;
mod process;
mod processes;
mod progress;
mod report;
mod rounds;
mod scrape;
mod stop;
mod strip;
mod table;

pub(crate) use args::Args;
pub(crate) use compare::{differences, lines as compared};
pub(crate) use machine::{Machine, available_bytes};
pub(crate) use matrix::Matrix;
pub(crate) use passing::child;
pub(crate) use plot::svg;
pub(crate) use report::Report;
pub(crate) use rounds::{Bench, measure};
pub(crate) use stop::Stop;
pub(crate) use table::lines as table;
