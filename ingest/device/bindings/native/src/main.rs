//! An app in Rust: its owner turns the program on, uses a feature, sends, looks at the receipts, and
//! turns it off again. It sends with the library's own sender.
//!
//! `kaiku-device-native FOLDER CATALOGUE GATEWAY CA [test]`
#![expect(clippy::print_stdout, reason = "it shows what it does")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use kaiku_device::{
    Connection, DeviceCatalogue, DeviceFacts, Environment, Fatal, Forget, Level, Program, Roots,
    Sender, SenderSettings, Settings,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, catalogue, gateway, ca, rest @ ..] = arguments.as_slice() else {
        return Err("kaiku-device-native FOLDER CATALOGUE GATEWAY CA [test]".into());
    };
    let json = fs::read_to_string(catalogue)?;
    let mut settings = settings(&Path::new(folder).join("kaiku"), &json)?;
    if !rest.is_empty() {
        settings.environment = Environment::Test;
    }
    let program = Program::open(settings);
    let sender = sender(&program, gateway.clone(), ca.into())?;
    live(&program, &sender)?;
    println!("off: {:?}", program.status().state);
    drop(sender);
    test_of_an_app(&json)
}

fn settings(folder: &Path, json: &str) -> Result<Settings> {
    let catalogue = DeviceCatalogue::parse(json)?;
    let device = DeviceFacts {
        brand: "Nokia".into(),
        model: "TA-1053".into(),
        ..DeviceFacts::default()
    };
    let settings = Settings::new(folder, catalogue, "4.2", device, "the-key-of-the-app");
    Ok(settings)
}

fn sender(program: &Program, url: String, ca: PathBuf) -> Result<Sender> {
    let sender = Sender::start(
        program,
        SenderSettings {
            url,
            roots: Roots::File(ca),
            connection: Box::new(|| Connection::Unmetered),
        },
    )?;
    Ok(sender)
}

/// What happens in the app, at its owner's wish.
fn live(program: &Program, sender: &Sender) -> Result<()> {
    let worker = program.spawn_worker()?;
    program.turn_on(Level::Both, 2, "en")?;

    program.started();
    program.used("route.bicycle");
    program.used("route.bicycle");
    program.failed("network.timeout", Some("tiles"), Fatal::No);
    program.background();
    program.foreground();

    program.send_now();
    await_receipt(program)?;

    program.turn_off(Forget::First(sender))?;
    drop(worker);
    Ok(())
}

fn await_receipt(program: &Program) -> Result<()> {
    let begin = Instant::now();
    while program.receipts().is_empty() {
        if begin.elapsed() > Duration::from_secs(60) {
            return Err(format!("nothing arrived: {:?}", program.status()).into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    for receipt in program.receipts() {
        println!("receipt: {} {} events", receipt.day, receipt.events);
    }
    Ok(())
}

/// What a test of the app looks like.
fn test_of_an_app(json: &str) -> Result<()> {
    let catalogue = DeviceCatalogue::parse(json)?;
    let program = Program::for_tests(catalogue);
    program.used("route.bicycle");
    let recorded = program.recorded();
    assert_eq!(recorded.len(), 1);
    println!("the app goes on");
    Ok(())
}
