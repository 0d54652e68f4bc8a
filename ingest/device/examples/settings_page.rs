//! A settings page in a terminal: turn the program on and off, use features, see what waits and what
//! has gone, against a gateway that runs.
//!
//! `settings_page FOLDER CATALOGUE.json https://localhost:8443 CA.pem APP_KEY`

#![allow(clippy::print_stdout)] // It is a program for a terminal.

use std::io::{BufRead, IsTerminal, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kaiku_device::{
    Connection, DeviceCatalogue, DeviceFacts, Error, Fatal, Forget, Level, Program, Roots, Sender,
    SenderSettings, Settings, State,
};

/// How long it waits for an answer to `send`.
const WITHIN: Duration = Duration::from_secs(20);

const HELP: &str =
    "on [usage|failures|both] · off · forget · use FEATURE · fail CAUSE [COMPONENT] · start · stop
send · status · waiting · sent · export · features · quit";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, catalogue, url, authority, key] = &arguments[..] else {
        println!("settings_page FOLDER CATALOGUE.json URL CA.pem APP_KEY");
        return ExitCode::from(2);
    };
    match run(folder, catalogue, url, authority, key) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(
    folder: &str,
    catalogue: &str,
    url: &str,
    authority: &str,
    key: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let catalogue = DeviceCatalogue::parse(&std::fs::read_to_string(catalogue)?)?;
    let facts = DeviceFacts {
        brand: "Nokia".to_owned(),
        model: "TA-1053".to_owned(),
        country: Some("FI".to_owned()),
        ..DeviceFacts::default()
    };
    let settings = Settings::new(folder, catalogue.clone(), "4.2", facts, key);
    let program = Program::open(settings);
    let worker = program.spawn_worker()?;
    let sender = Sender::start(
        &program,
        SenderSettings {
            url: url.to_owned(),
            roots: Roots::File(authority.into()),
            connection: Box::new(|| Connection::Unmetered),
        },
    )?;
    println!("{}\n{HELP}", catalogue.title("en"));
    prompt()?;
    for line in stdin().lock().lines() {
        let line = line?;
        // What comes from a file is shown as if it had been typed.
        if !stdin().is_terminal() {
            println!("{line}");
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() == Some(&"quit") {
            break;
        }
        if let Err(error) = obey(&program, &sender, &catalogue, &words) {
            println!("{error}");
        }
        prompt()?;
    }
    // The sender first: nothing is to leave while the rest is written down.
    drop(sender);
    drop(worker);
    Ok(())
}

fn prompt() -> std::io::Result<()> {
    print!("> ");
    stdout().flush()
}

fn obey(
    program: &Program,
    sender: &Sender,
    catalogue: &DeviceCatalogue,
    words: &[&str],
) -> Result<(), Error> {
    match words {
        [] => {}
        ["on"] | ["on", "both"] => turn_on(program, catalogue, Level::Both)?,
        ["on", "usage"] => turn_on(program, catalogue, Level::Usage)?,
        ["on", "failures"] => turn_on(program, catalogue, Level::Failures)?,
        ["off"] => program.turn_off(Forget::No)?,
        ["forget"] => program.turn_off(Forget::First(sender))?,
        ["use", feature] => program.used(feature),
        ["fail", cause] => program.failed(cause, None, Fatal::No),
        ["fail", cause, component] => program.failed(cause, Some(component), Fatal::No),
        ["start"] => program.started(),
        ["stop"] => program.stopped(),
        ["send"] => send(program),
        ["status"] => status(program),
        ["waiting"] => {
            for line in program.waiting("en") {
                let leaving = if line.is_leaving { ", on its way" } else { "" };
                println!("{}  {} × {}{leaving}", line.day, line.times, line.text);
            }
        }
        ["sent"] => {
            for receipt in program.receipts() {
                let (day, sent, hash) = (receipt.day, receipt.sent, &receipt.hash[..16]);
                let (events, bytes) = (receipt.events, receipt.bytes);
                println!("{sent}: {events} events of {day}, {bytes} bytes, {hash}");
            }
        }
        ["export"] => println!("{}", program.export("en")),
        ["features"] => {
            for feature in catalogue.features() {
                println!("{}", feature.name);
            }
        }
        _ => println!("{HELP}"),
    }
    Ok(())
}

/// Has the sender send what may leave now, and waits for the answer.
fn send(program: &Program) {
    let waiting = program.status().waiting;
    program.send_now();
    let begin = Instant::now();
    while program.status().waiting >= waiting.max(1) && begin.elapsed() < WITHIN {
        std::thread::sleep(Duration::from_millis(20));
    }
    match program.status().waiting {
        0 if waiting == 0 => println!("there is nothing to send"),
        0 => println!("sent, and deleted here"),
        left => println!("{left} wait on: for a later day, or until the gateway answers"),
    }
}

fn status(program: &Program) {
    let status = program.status();
    match status.state {
        State::On { level, since } => println!("on since {since}: {level:?}"),
        State::Hindered(by) => println!("off, whatever is chosen here: {by}"),
        State::AsksAgain => println!("the text asks for more than before: say on to agree"),
        State::Off | State::NotLookedYet => println!("off"),
    }
    println!("waiting: {}", status.waiting);
    if let Some(day) = status.last_sent {
        println!("last sent on {day}");
    }
    for (reason, events) in status.lost {
        println!("left out, {reason:?}: {events}");
    }
}

fn turn_on(program: &Program, catalogue: &DeviceCatalogue, level: Level) -> Result<(), Error> {
    let consent = catalogue.consent();
    println!("{}", consent.text("en").unwrap_or_default());
    program.turn_on(level, consent.version, "en")
}
