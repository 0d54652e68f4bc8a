//! A host that does what hosts do, and comes to its end whatever goes wrong in the library; with a
//! second argument it dies.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, DeviceFacts, Fatal, Forget, Level, Program, Settings,
    Variables,
};

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let json = r#"{"format":1,"app":"maps","consent":{"version":2},
        "features":[{"name":"feature.1"}],
        "causes":[{"name":"disk.full"},{"name":"ended_unexpectedly"}]}"#;
    let catalogue = DeviceCatalogue::parse(json).unwrap();
    let facts = DeviceFacts::default();
    let mut settings = Settings::new(folder, catalogue, "4.2", facts, "key");
    settings.variables = Variables::default();
    settings.policy_files = Vec::new();
    let program = Program::open(settings);
    program.turn_on(Level::Both, 2, "en").unwrap();
    if std::env::args().nth(2).is_some() {
        // It ends as nothing should.
        program.started();
        program.work();
        std::process::abort();
    }
    for _ in 0..3 {
        program.started();
        program.used("feature.1");
        program.failed("disk.full", None, Fatal::No);
        program.background();
        program.foreground();
        program.work();
        program.send_now();
        if let Some(upload) = program.next_upload(Connection::Unmetered) {
            program.uploaded(upload.id, Answer::status(503));
        }
        program.waiting("en");
        program.export("en");
        program.stopped();
    }
    let problems = program.status().problems;
    let _ = program.turn_off(Forget::No);
    drop(program);
    println!(
        "the host came to its end; went wrong inside: {}",
        problems.internal
    );
}
