//! UniFFI's generator as a program of the version that the library was built with, and behind it what makes `used` quick.
#![expect(clippy::print_stderr, reason = "it says what went wrong")]

mod quick;

use std::path::PathBuf;

fn main() {
    uniffi::uniffi_bindgen_main();
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let (Some(language), Some(folder)) = (after("--language"), after("--out-dir")) else {
        return;
    };
    if let Err(why) = quick::make(language, &PathBuf::from(folder)) {
        eprintln!("{why}");
        std::process::exit(1);
    }
}
