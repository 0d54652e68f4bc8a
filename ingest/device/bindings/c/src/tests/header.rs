//! The header that is handed out is the one of the sources.

use std::fs;
use std::path::Path;

/// With `UPDATE_HEADER=1` the header is written anew instead.
#[test]
fn the_header_is_the_one_of_the_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    let sources = [
        "outcome",
        "text",
        "keys",
        "settings",
        "program",
        "record",
        "uploads",
        "recommend",
        "view",
        "sender",
    ];
    let lib = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter(|line| line.starts_with("mod ")).count();
    // All but this one.
    assert_eq!(
        modules,
        sources.len() + 1,
        "a module of lib.rs is not looked at"
    );
    for source in sources {
        builder = builder.with_src(folder.join(format!("src/{source}.rs")));
    }
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    // What Rust demands of callers is said at the top of the header once.
    let made = without_safety(&made);
    let file = folder.join("kaiku.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let header = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        header == made,
        "kaiku.h is not the one of the sources: UPDATE_HEADER=1 writes it anew"
    );
}

/// The header without the section that only Rust's readers look for.
fn without_safety(header: &str) -> String {
    let mut kept = Vec::new();
    let mut is_safety = false;
    for line in header.lines() {
        if line == " * # Safety" {
            is_safety = true;
            // The empty line before it.
            if kept.last() == Some(&" *") {
                kept.pop();
            }
        }
        if line == " */" {
            is_safety = false;
        }
        if !is_safety {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}
