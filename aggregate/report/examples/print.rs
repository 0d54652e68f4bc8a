//! Makes the page of a folder, and prints what it took: `cargo run -p kaiku-report --example print -- FOLDER PAGE`.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder: PathBuf = args.next().ok_or("name a folder of rollups")?.into();
    let page: PathBuf = args
        .next()
        .ok_or("name the page that is to be written")?
        .into();
    let begun = Instant::now();
    let made = kaiku_report::make(&folder, &kaiku_report::Settings::default())?;
    let read = begun.elapsed();
    let json = serde_json::to_string(&made.report)?;
    let html = kaiku_report::html(&made.report)?;
    let all = begun.elapsed();
    std::fs::write(&page, &html)?;
    std::fs::write(page.with_extension("json"), &json)?;
    println!(
        "read {read:?}, made {all:?}, page {} bytes, JSON {} bytes",
        html.len(),
        json.len()
    );
    Ok(())
}
