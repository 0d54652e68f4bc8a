#[path = "../src/demo/mod.rs"]
mod demo;
#[path = "../src/output.rs"]
mod output;
use clap::Parser;
#[derive(Parser)]
struct Cli { #[command(flatten)] args: demo::Args }
fn main() -> std::process::ExitCode {
    match demo::run(Cli::parse().args) { Ok(c) => c, Err(e) => { output::failure(&e); std::process::ExitCode::FAILURE } }
}
