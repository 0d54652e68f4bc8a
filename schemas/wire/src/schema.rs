//! One Avro schema of the contract, with its name, its fingerprint and its text.

use std::fmt;

use serde_json::Value;

use crate::Contract;

/// A schema that this version of the program writes, or knows how to read.
pub struct Schema {
    name: &'static str,
    text: &'static str,
    parsed: serde_avro_fast::Schema,
    fingerprint: u64,
}

impl Schema {
    /// Takes one of the contract's own schema files.
    ///
    /// # Panics
    /// Where the text is no Avro schema: the files are compiled in, and a test reads each.
    pub fn compiled_in(contract: &Contract) -> Schema {
        let Contract { name, text, .. } = *contract;
        let parsed: serde_avro_fast::Schema = match text.parse() {
            Ok(parsed) => parsed,
            Err(error) => panic!("the compiled-in schema {name} can't be read: {error}"),
        };
        let fingerprint = u64::from_le_bytes(*parsed.rabin_fingerprint());
        Schema {
            name,
            text,
            parsed,
            fingerprint,
        }
    }

    /// The full name of the record, as the registry's subject has it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The text of the schema file, with its documentation.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// The CRC-64-AVRO fingerprint of the schema's canonical form.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The schema as the hot codec reads it.
    pub fn parsed(&self) -> &serde_avro_fast::Schema {
        &self.parsed
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The CRC-64-AVRO fingerprint of the canonical form of a schema, by its text; `None` where it is no schema.
pub fn fingerprint(text: &str) -> Option<u64> {
    let parsed: serde_avro_fast::Schema = text.parse().ok()?;
    Some(u64::from_le_bytes(*parsed.rabin_fingerprint()))
}

/// The full name of a record's schema, by its text; `None` where it is no named schema.
pub fn full_name(text: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(text).ok()?;
    let name = schema.get("name")?.as_str()?;
    match schema.get("namespace").and_then(Value::as_str) {
        Some(space) if !name.contains('.') => Some(format!("{space}.{name}")),
        _ => Some(name.to_owned()),
    }
}
