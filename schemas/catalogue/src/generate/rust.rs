//! Names for Rust: an enumeration a kind.

use std::fmt::Write as _;

use super::{Group, Source, signs};

/// The file; it can be a module, or be included in one.
pub(super) fn write(source: &Source<'_>) -> String {
    let mut out = String::new();
    for line in source.made_by() {
        let _ = writeln!(out, "// {line}");
    }
    let _ = writeln!(
        out,
        "\n/// The app.\npub const APP: &str = {:?};\n\n/// The catalogue of the app, as the device library reads it.\npub const CATALOGUE: &str = {};",
        source.app,
        raw(&source.json)
    );
    for group in &source.groups {
        enumeration(&mut out, group);
    }
    out
}

/// A raw string with as many hashes as it takes.
fn raw(text: &str) -> String {
    let hashes = signs(text, &['"']);
    format!("r{hashes}\"{text}\"{hashes}")
}

fn enumeration(out: &mut String, group: &Group<'_>) {
    let Group { kind, name, items } = group;
    let _ = writeln!(
        out,
        "\n/// Every {kind} that the app may report.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum {name} {{"
    );
    for item in items {
        let _ = writeln!(out, "    /// {}", item.says);
        let _ = writeln!(out, "    {},", item.identifier);
    }
    let _ = writeln!(
        out,
        "}}\n\nimpl {name} {{\n    /// Every one, in the order of the catalogue.\n    pub const ALL: &'static [{name}] = &["
    );
    for item in items {
        let _ = writeln!(out, "        {name}::{},", item.identifier);
    }
    let _ = writeln!(
        out,
        "    ];\n\n    /// The name in the catalogue.\n    pub const fn as_str(self) -> &'static str {{\n        match self {{"
    );
    for item in items {
        let _ = writeln!(
            out,
            "            {name}::{} => {:?},",
            item.identifier, item.name
        );
    }
    let _ = writeln!(
        out,
        "        }}\n    }}\n}}\n\nimpl AsRef<str> for {name} {{\n    fn as_ref(&self) -> &str {{\n        self.as_str()\n    }}\n}}"
    );
}
