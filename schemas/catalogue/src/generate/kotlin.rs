//! Names for Kotlin: an enumeration a kind.

use std::fmt::Write as _;

use super::{Group, Source};

/// The bytes of one string literal. They are joined when the app runs: the class file takes no
/// constant of more than 65,535 bytes.
const PIECE: usize = 96;

/// The file, in the package of its app.
pub(super) fn write(source: &Source<'_>) -> String {
    let mut out = String::new();
    for line in source.made_by() {
        let _ = writeln!(out, "// {line}");
    }
    let _ = writeln!(out, "package kaiku.catalogue.{}\n", package(source.app));
    let _ = writeln!(
        out,
        "/** The app. */\nconst val APP: String = {:?}\n",
        source.app
    );
    out.push_str("/** The catalogue of the app, as the device library reads it. */\nval CATALOGUE: String = listOf(\n");
    for piece in source.pieces(PIECE) {
        let _ = writeln!(out, "    \"{}\",", escaped(piece));
    }
    out.push_str(").joinToString(\"\")\n");
    for group in &source.groups {
        enumeration(&mut out, group);
    }
    out
}

/// A part of a package's name: letters and digits, behind a letter, so that it is no keyword.
fn package(app: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("app_{}", app.chars().map(plain).collect::<String>())
}

/// The inside of a string literal.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
}

fn enumeration(out: &mut String, group: &Group<'_>) {
    let Group { kind, name, items } = group;
    let _ = writeln!(
        out,
        "\n/** Every {kind} that the app may report, by its [id] in the catalogue. */\nenum class {name}(val id: String) {{"
    );
    for item in items {
        let _ = writeln!(
            out,
            "    /** {} */\n    {}({:?}),",
            item.says, item.identifier, item.name
        );
    }
    out.push_str("    ;\n\n    override fun toString(): String = id\n}\n");
}
