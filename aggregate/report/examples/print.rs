//! Prints the report of a folder as JSON, with the time that it took.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("name a folder of rollups")?
        .into();
    let begun = Instant::now();
    let made = kaiku_report::make(&folder, &kaiku_report::Settings::default())?;
    eprintln!("{:?}", begun.elapsed());
    println!("{}", serde_json::to_string(&made.report)?);
    Ok(())
}
