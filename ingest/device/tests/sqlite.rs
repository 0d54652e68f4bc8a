//! The SQLite that is built in: what `.cargo/config.toml` leaves out of it is not there, and what the spool needs is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

/// What the file of settings asks for, as SQLite's build has it.
fn flags() -> Vec<String> {
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cargo/config.toml");
    let settings = fs::read_to_string(settings).unwrap();
    let words = settings.split(|c: char| c.is_whitespace() || c == '"' || c == '\\');
    let flags = words.filter(|word| word.starts_with("-D") || word.starts_with("-U"));
    flags.map(str::to_owned).collect()
}

/// How the library that is linked says it was built.
fn options() -> BTreeSet<String> {
    let connection = Connection::open_in_memory().unwrap();
    let mut asked = connection.prepare("PRAGMA compile_options").unwrap();
    let options = asked.query_map([], |row| row.get::<_, String>(0)).unwrap();
    options.map(Result::unwrap).collect()
}

#[test]
fn what_is_left_out_of_the_sqlite_that_is_built_in_is_not_there() {
    let (flags, options) = (flags(), options());
    assert!(flags.len() > 20, "{flags:?}");
    let named = |prefix: &str| {
        let named = flags.iter().filter_map(|flag| flag.strip_prefix(prefix));
        named.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut left_out = named("-DSQLITE_OMIT_");
    // The only one that SQLite does not tell of.
    left_out.retain(|one| one != "TRACE");
    for left_out in left_out {
        let option = format!("OMIT_{left_out}");
        assert!(options.contains(&option), "no {option} in {options:?}");
    }
    for left_out in named("-USQLITE_") {
        let is_there = options.iter().any(|option| option.starts_with(&left_out));
        assert!(!is_there, "{left_out} in {options:?}");
    }
    let extra: Vec<&String> = options
        .iter()
        .filter(|one| one.starts_with("ENABLE_"))
        .collect();
    assert!(extra.is_empty(), "{extra:?}");
}
