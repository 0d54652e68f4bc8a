//! Suggestions: what is picked, how often, what is remembered for it, and how the file comes.

use kaiku_device::recommend::{self, Fetch, Fetched};
use kaiku_device::{Answer, Connection, DeviceCatalogue, Level, Program};
use kaiku_suggestions::{Feature, SigningKey, Suggestions};
use kaiku_wire::Day;

use crate::support::*;

mod chosen;
mod fetched;
mod remembered;

const CATALOGUE: &str = r#"{"format":1,"app":"maps","consent":{"version":2},"features":[
    {"name":"base.map","titles":{"en":"The map"}},
    {"name":"route.car","titles":{"en":"Car routes","de":"Autorouten"},"recommend":true},
    {"name":"route.bicycle","titles":{"en":"Bicycle routes","de":"Fahrradrouten"},"recommend":true},
    {"name":"layer.traffic","titles":{"en":"Traffic"},"recommend":true},
    {"name":"trial","titles":{"en":"A trial"},"recommend":true,"expires":"2026-11-24"},
    {"name":"suggestion.shown"},{"name":"suggestion.used"}],"causes":[{"name":"panic"}]}"#;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32]).unwrap()
}

/// A file of the week that began so many weeks before the tests.
fn file_of(weeks_ago: u32, signer: &SigningKey) -> Vec<u8> {
    let week = Day::from_millis(NOON).minus(7 * weeks_ago).week();
    let names = [
        "base.map",
        "route.car",
        "layer.traffic",
        "route.bicycle",
        "trial",
        "later",
    ];
    let features = names.map(|name| Feature {
        name: name.to_owned(),
        is_offered: true,
    });
    let pairs = [
        (0, 1, 0.7),
        (1, 2, 0.5),
        (1, 3, 0.2),
        (1, 4, 0.9),
        (1, 5, 0.95),
        (2, 3, 0.1),
    ];
    let expires = week.sunday().plus(36);
    let said = Suggestions::new("maps", week, expires, features.to_vec(), pairs).unwrap();
    said.sign(signer).unwrap()
}

fn bench(folder: &std::path::Path) -> Bench {
    let mut bench = Bench::new(folder);
    bench.catalogue = DeviceCatalogue::parse(CATALOGUE).unwrap();
    bench
}

fn open(bench: &Bench) -> Program {
    let mut settings = bench.settings();
    let keys = [key(1).public(), key(2).public()];
    settings.recommend = Some(recommend::Settings::new(keys));
    Program::open(settings)
}

fn open_on(bench: &Bench) -> Program {
    let program = open(bench);
    program.turn_on(Level::Both, 2, "en").unwrap();
    program.work();
    program
}

/// Sends something, so that a fetch may follow, and hands it out where it is due.
fn fetch_behind_an_upload(program: &Program, bench: &Bench) -> Option<Fetch> {
    program.used("base.map");
    program.send_now();
    let mut server = Server::default();
    assert!(send_all(program, &mut server, &bench.hand) > 0);
    program.next_fetch(Connection::Unmetered)
}

fn take(program: &Program, bench: &Bench, file: &[u8]) -> Fetched {
    fetch_behind_an_upload(program, bench).expect("a fetch is due");
    program.fetched(Answer::status(200), file)
}

/// A device that has the file and uses the map and routes for cars.
fn driver(bench: &Bench) -> Program {
    let program = open_on(bench);
    assert_eq!(
        take(&program, bench, &file_of(1, &key(1))),
        Fetched::Accepted
    );
    program.used("route.car");
    program.work();
    program
}

fn names(program: &Program) -> Vec<String> {
    let recommended = program.recommend("en", 10).into_iter();
    recommended.map(|one| one.feature).collect()
}

fn reopened(bench: &Bench) -> Program {
    let program = open(bench);
    program.work();
    program
}
