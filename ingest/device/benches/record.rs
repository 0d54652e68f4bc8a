//! What it costs: a call, opening with a full spool, memory, and the bytes of a week.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // It prints its figures.

use std::time::Instant;

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, DeviceFacts, Fatal, KeyFile, Level, Program, Settings,
    Variables,
};
use kaiku_wire::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const DAY: i64 = 86_400_000;
/// Monday, 2026-11-23, eight in the morning.
const MORNING: i64 = 1_795_420_800_000;

fn settings(folder: &std::path::Path, features: usize, now: &Arc<AtomicI64>) -> Settings {
    let features: Vec<String> = (0..features)
        .map(|n| format!(r#"{{"name":"area.{n:03}.feature"}}"#))
        .collect();
    let json = format!(
        r#"{{"format":1,"app":"maps","consent":{{"version":2}},"features":[{}],
        "causes":[{{"name":"network.timeout"}},{{"name":"disk.full"}}],"components":[{{"name":"tiles"}}]}}"#,
        features.join(",")
    );
    let catalogue = DeviceCatalogue::parse(&json).unwrap();
    let facts = DeviceFacts {
        brand: "Nokia".to_owned(),
        model: "TA-1053".to_owned(),
        mcc: Some("244".to_owned()),
        mnc: Some("05".to_owned()),
        country: None,
    };
    let mut settings = Settings::new(folder, catalogue, "4.2", facts, "app-key");
    let now = Arc::clone(now);
    settings.clock = Clock::from_fn(move || now.load(Ordering::Relaxed));
    settings.key = Box::new(KeyFile::new(folder.join("key")));
    settings.variables = Variables::default();
    settings.policy_files = Vec::new();
    settings
}

fn show(what: &str, mut times: Vec<u128>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what}: median {} ns, p99 {} ns", at(0.5), at(0.99));
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or(0)
}

fn main() {
    call();
    full();
    week();
}

fn call() {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    let mut settings = settings(folder.path(), 60, &now);
    settings.clock = Clock::system();
    let program = Program::open(settings);
    program.turn_on(Level::Both, 2, "en").unwrap();
    let worker = program.spawn_worker().unwrap();
    let names: Vec<String> = (0..60).map(|n| format!("area.{n:03}.feature")).collect();
    let times = (0..200_000).map(|n| {
        let name = &names[n % 60];
        let begun = Instant::now();
        program.used(name);
        begun.elapsed().as_nanos()
    });
    show("a feature that was used", times.collect());
    let times = (0..20_000).map(|_| {
        let begun = Instant::now();
        program.failed("network.timeout", Some("tiles"), Fatal::No);
        begun.elapsed().as_nanos()
    });
    show("a failure", times.collect());
    drop(worker);
}

fn full() {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    let fill = Program::open(settings(folder.path(), 400, &now));
    fill.turn_on(Level::Both, 2, "en").unwrap();
    for _ in 0..10 {
        for n in 0..400 {
            fill.used(&format!("area.{n:03}.feature"));
        }
        fill.work();
        now.fetch_add(DAY, Ordering::Relaxed);
    }
    drop(fill);
    let size = std::fs::metadata(folder.path().join("spool.db"))
        .unwrap()
        .len();
    println!("a full spool: {size} bytes");
    let (mut opened, mut worked, before) = (Vec::new(), Vec::new(), resident());
    for _ in 0..200 {
        let settings = settings(folder.path(), 400, &now);
        let begun = Instant::now();
        let program = Program::open(settings);
        opened.push(begun.elapsed().as_nanos());
        program.work();
        worked.push(begun.elapsed().as_nanos());
    }
    show("opening, on the host's thread", opened);
    show("opening and the first work", worked);
    println!(
        "resident memory: {} KB more",
        resident().saturating_sub(before)
    );
}

/// 40 starts, 250 uses of 12 features, 3 failures.
fn week() {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    let program = Program::open(settings(folder.path(), 60, &now));
    program.turn_on(Level::Both, 2, "en").unwrap();
    let (mut bodies, mut heads, mut count) = (0, 0, 0);
    for day in 0..9 {
        if day < 7 {
            for session in 0..6 {
                program.started();
                for n in 0..6 {
                    program.used(&format!("area.{:03}.feature", (n * n + session + day) % 12));
                }
                now.fetch_add(20 * 60_000, Ordering::Relaxed);
                program.stopped();
            }
            if day % 3 == 0 {
                program.failed("network.timeout", Some("tiles"), Fatal::No);
            }
        }
        // A quarter to midnight: whatever minute was drawn has come.
        now.store(
            MORNING + day * DAY + 15 * 3_600_000 + 44 * 60_000,
            Ordering::Relaxed,
        );
        while let Some(upload) = program.next_upload(Connection::Unmetered) {
            bodies += upload.body.len();
            let headers = upload
                .headers
                .iter()
                .map(|(name, value)| name.len() + value.len() + 4);
            heads += headers.sum::<usize>() + "POST /v1/batch HTTP/1.1\r\n\r\n".len();
            heads += "host: gateway.example\r\ncontent-length: 512\r\n".len();
            count += 1;
            program.uploaded(upload.id, Answer::status(202));
        }
        now.store(MORNING + (day + 1) * DAY, Ordering::Relaxed);
    }
    println!(
        "a week: {count} uploads, {bodies} bytes of bodies, {heads} of heads; lost {:?}",
        program.status().lost
    );
}
