//! The tables that are compiled in: models, operators, countries.

mod countries;
mod models;
mod operators;
mod spelling;

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

pub use countries::Country;
pub use models::Model;
pub use operators::Operator;

const MODELS_CSV: &str = include_str!("../reference/models.csv");
const OPERATORS_CSV: &str = include_str!("../reference/operators.csv");
const SHARED_CSV: &str = include_str!("../reference/shared.csv");

/// The tables of models and of operators as they are compiled in, in CSV: for whoever makes up devices
/// that are in them.
pub fn models_and_operators() -> [&'static str; 2] {
    [MODELS_CSV, OPERATORS_CSV]
}

/// A hash of the tables, in bytes as they are compiled in.
pub(crate) fn hash() -> &'static [u8; 32] {
    static HASH: OnceLock<[u8; 32]> = OnceLock::new();
    HASH.get_or_init(|| {
        let mut hasher = Sha256::new();
        hasher.update(Sha256::digest(MODELS_CSV));
        hasher.update(Sha256::digest(OPERATORS_CSV));
        hasher.update(Sha256::digest(SHARED_CSV));
        hasher.update(countries::CODES.concat());
        hasher.finalize().into()
    })
}

/// The rows of a table, each with `N` columns.
fn rows<const N: usize>(table: &str) -> Vec<[String; N]> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    reader
        .records()
        .map(|row| {
            // Unwrap safety: the table is compiled in, and a test reads it.
            let row = row.expect("the compiled-in table is well formed");
            let mut fields = row.iter().map(str::to_owned);
            std::array::from_fn(|_| fields.next().unwrap_or_default())
        })
        .collect()
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

macro_rules! say_text {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

say_text!(Model, Operator, Country);
