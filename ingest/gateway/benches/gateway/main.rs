//! Uploads a second of processor time, on connections that are kept and with a TLS session for each,
//! beside what rustls and hyper alone do with the same requests in the same run.
//!
//! `cargo bench -p kaiku-gateway --bench gateway`. The clients are in the same process, on a thread
//! of their own; what they take is measured apart and left out. The sink answers at once: Kafka is
//! not part of it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod load;
mod servers;

use std::time::Duration;

use load::Load;
use servers::Server;

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(4);

/// Connections that are kept.
const CONNECTIONS: usize = 16;

/// How often each figure is taken; the best is shown, for what disturbs only ever takes away.
const TURNS: usize = 3;

fn main() {
    // `cargo test --benches` wants to know that it runs, and no figures.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let time = if is_bench {
        TIME
    } else {
        Duration::from_millis(200)
    };
    let turns = if is_bench { TURNS } else { 1 };
    println!(
        "{:<34} {:>12} {:>18} {:>14}",
        "", "uploads/s", "per second of CPU", "us of CPU each"
    );
    for (name, load) in [
        ("kept alive", Load::KeptAlive(CONNECTIONS)),
        ("a TLS session each", Load::SessionEach(CONNECTIONS)),
    ] {
        for server in [Server::Gateway, Server::HyperAlone] {
            let figures = (0..turns).map(|_| {
                servers::with(server, |port, root, cpu| {
                    load::run(load, port, root, time, cpu)
                })
            });
            let best = figures
                .max_by(|one, other| one.per_cpu().total_cmp(&other.per_cpu()))
                .unwrap();
            println!(
                "{:<34} {:>12.0} {:>18.0} {:>14.1}",
                format!("{name}, {}", server.name()),
                best.per_second(),
                best.per_cpu(),
                1e6 / best.per_cpu(),
            );
        }
    }
}
