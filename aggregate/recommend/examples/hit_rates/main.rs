//! How often the feature that somebody uses and that was hidden stands among five suggestions: prints the figures of the documents.
//!
//! `cargo run --release -p kaiku-recommend --example hit_rates [FILE…]`
//!
//! A file has one person a line, and in it the names of what they use, with spaces between. Without a file it is the
//! simulated fleet alone.

#![allow(
    clippy::print_stdout,
    reason = "a program for people, which prints a table"
)]

mod gate;
mod people;
mod rates;

#[cfg(test)]
mod tests;

use std::path::Path;

use gate::Gate;
use people::People;
use rates::{Rates, rates};

fn main() -> std::io::Result<()> {
    let mut sets = vec![People::of_fleet(20_000)];
    for file in std::env::args().skip(1) {
        let whole = People::read(Path::new(&file))?;
        for most in [24, 60] {
            let top = whole.top(most);
            if sets.iter().all(|set| set.name != top.name) {
                sets.push(top);
            }
        }
    }
    println!(
        "hit rate at 5, one use hidden at a time; the share is what ours keeps of what raw data gains over what is popular\n"
    );
    println!(
        "| set | devices, policy | uses | popular | lift | ours, one week | ours, four weeks | raw | share, one week | four weeks |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for people in &sets {
        for gate in [Gate::small(), Gate::default()] {
            let Rates { all, tail } = rates(people, &gate);
            for (which, rate) in [("all", all), ("outside the ten most used", tail)] {
                println!(
                    "| {} | {} | {which} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.0} % | {:.0} % |",
                    people.name,
                    gate.name,
                    rate.popular,
                    rate.lift,
                    rate.one_week,
                    rate.four_weeks,
                    rate.raw,
                    rate.kept(rate.one_week) * 100.0,
                    rate.kept(rate.four_weeks) * 100.0,
                );
            }
        }
    }
    Ok(())
}
