//! Names for Swift: an enumeration of texts a kind.

use std::fmt::Write as _;

use super::{Group, Source, signs};

/// The file. Its names stand in one enumeration without cases, so that they meet no others.
pub(super) fn write(source: &Source<'_>) -> String {
    let mut out = String::new();
    for line in source.made_by() {
        let _ = writeln!(out, "// {line}");
    }
    let _ = writeln!(
        out,
        "\n/// What {} may report.\npublic enum Catalogue {{",
        source.app
    );
    let _ = writeln!(
        out,
        "    /// The app.\n    public static let app = {:?}\n",
        source.app
    );
    out.push_str("    /// The catalogue of the app, as the device library reads it.\n");
    let _ = writeln!(out, "    public static let json = {}", raw(&source.json));
    for group in &source.groups {
        enumeration(&mut out, group);
    }
    out.push_str("}\n");
    out
}

/// A raw string with as many number signs as it takes.
fn raw(text: &str) -> String {
    let signs = signs(text, &['"', '\\']);
    format!("{signs}\"{text}\"{signs}")
}

fn enumeration(out: &mut String, group: &Group<'_>) {
    let Group { kind, name, items } = group;
    let _ = writeln!(
        out,
        "\n    /// Every {kind} that the app may report.\n    public enum {name}: String, CaseIterable, Sendable {{"
    );
    for item in items {
        let _ = writeln!(
            out,
            "        /// {}\n        case {} = {:?}",
            item.says, item.identifier, item.name
        );
    }
    out.push_str("    }\n");
}
