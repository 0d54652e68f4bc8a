//! How often a page without change shows a flag, and how often a true change is found: prints the figures of the documents.
//!
//! `cargo run --release -p kaiku-change --example pages [PAGES]`

#![allow(
    clippy::print_stdout,
    reason = "a program for people, which prints a table"
)]

mod fleet;
mod pages;

#[cfg(test)]
mod tests;

use fleet::Plan;
use kaiku_change::Settings;
use pages::{Outcome, run};

fn main() {
    let pages = std::env::args().nth(1).and_then(|pages| pages.parse().ok());
    let pages: u64 = pages.unwrap_or(1_000);
    println!(
        "{pages} pages each: 3 apps, 24 features and 6 crash rates an app, 7 days against the 7 before\n"
    );
    println!(
        "| fleet | pages with a flag, nothing changed | arrows a page by intervals that do not meet | +20 % on 1,000 devices a day found | false flags a page beside it | could have been missed |"
    );
    println!("|---|---|---|---|---|---|");
    for plan in Plan::ALL {
        let Outcome {
            any,
            arrows,
            found,
            beside,
            missed,
        } = run(&plan, pages, &Settings::default());
        println!(
            "| {} | {:.1} % | {arrows:.1} | {:.1} % | {beside:.3} | {:.1} % |",
            plan.name,
            any * 100.0,
            found * 100.0,
            missed * 100.0
        );
    }
}
