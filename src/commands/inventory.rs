//! `kaiku inventory`: every field of every record, who sees it, how long, and what for.

use anyhow::{Context, Result};
use kaiku_wire::CONTRACTS;
use kaiku_wire::contract::{Contract, topic};
use serde_json::Value;

use crate::cli::InventoryArgs;
use crate::output::{Out, columns};

/// What the columns are called.
const HEAD: [&str; 6] = ["topic", "field", "type", "seen by", "kept", "what for"];

/// What stands on topics whose records follow no schema file.
const OTHERS: [[&str; 6]; 4] = [
    [
        topic::RAW,
        "(record key)",
        "16 bytes",
        "enrich",
        "until enrich has committed it; 14 days at most",
        "device.id again, so that all of a device comes to one partition.",
    ],
    [
        "enrich.state.YYYY-MM",
        "(record key)",
        "16 bytes",
        "enrich",
        "until the month after is over",
        "Keyed hash of the device's identifier; the key is random, of that month, and destroyed with it.",
    ],
    [
        "enrich.state.YYYY-MM",
        "(record)",
        "encrypted",
        "enrich",
        "until the month after is over",
        "Last sequence numbers, and which apps, releases, features and causes the device counted for in the open day and week.",
    ],
    [
        topic::KEYS,
        "(record)",
        "encrypted",
        "enrich",
        "until the month after is over",
        "The month's key, sealed under a key-encryption key that lies in a file.",
    ],
];

/// Runs the verb.
pub(crate) fn run(args: &InventoryArgs) -> Result<()> {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    for contract in &CONTRACTS {
        let schema = json(contract)?;
        let place = Place {
            topic: contract.topic,
            kept: contract.kept,
        };
        let name = text(&schema, "name");
        if fields(&schema).is_empty() {
            rows.push(place.row(&name, "no fields", &schema));
        }
        place.walk(&name, &schema, &mut rows);
    }
    rows.extend(OTHERS.map(|row| row.map(str::to_owned).to_vec()));
    let mut out = Out::new();
    let lines = if args.tsv {
        rows.iter().map(|row| row.join("\t")).collect()
    } else {
        columns(&rows)
    };
    for line in lines {
        out.line(line)?;
    }
    out.finish()
}

/// The schema as JSON.
fn json(contract: &Contract) -> Result<Value> {
    serde_json::from_str(contract.text).context("reading a schema that is compiled in")
}

struct Place {
    topic: &'static str,
    kept: &'static str,
}

impl Place {
    /// Adds a row for each field of a record, and for those of the records inside of it.
    fn walk(&self, path: &str, record: &Value, rows: &mut Vec<Vec<String>>) {
        for field in fields(record) {
            let path = format!("{path}.{}", text(field, "name"));
            let kind = field.get("type").unwrap_or(&Value::Null);
            match inner_record(kind) {
                Some(inner) => self.walk(&path, inner, rows),
                None => rows.push(self.row(&path, &type_name(kind), field)),
            }
        }
    }

    fn row(&self, path: &str, kind: &str, described: &Value) -> Vec<String> {
        [
            self.topic,
            path,
            kind,
            &text(described, "seen_by"),
            self.kept,
            &text(described, "doc"),
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn fields(record: &Value) -> &[Value] {
    record
        .get("fields")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The record inside of a type: itself, a nullable one, or the items of a list.
fn inner_record(kind: &Value) -> Option<&Value> {
    match kind {
        Value::Array(branches) => branches.iter().find_map(inner_record),
        Value::Object(_) if kind.get("fields").is_some() => Some(kind),
        Value::Object(_) => kind.get("items").and_then(inner_record),
        _ => None,
    }
}

fn type_name(kind: &Value) -> String {
    match kind {
        Value::String(name) => name.clone(),
        Value::Array(branches) => {
            let names: Vec<_> = branches
                .iter()
                .map(type_name)
                .filter(|name| name != "null")
                .collect();
            format!("{}?", names.join("|"))
        }
        Value::Object(_) => {
            let size = kind.get("size").and_then(Value::as_u64);
            match (kind.get("logicalType").and_then(Value::as_str), size) {
                (Some(logical), _) => logical.to_owned(),
                (None, Some(size)) => format!("{size} bytes"),
                (None, None) => text(kind, "type"),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_says_who_sees_it_and_what_for() {
        for contract in &CONTRACTS {
            let schema = json(contract).expect("a schema that can be read");
            let mut rows = Vec::new();
            Place {
                topic: contract.topic,
                kept: contract.kept,
            }
            .walk("", &schema, &mut rows);
            for row in rows {
                assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
            }
        }
    }
}
