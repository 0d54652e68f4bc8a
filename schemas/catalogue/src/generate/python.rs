//! Names for Python: an enumeration of texts a kind.

use std::fmt::Write as _;

use super::Source;

/// The bytes of one string literal; the parser joins neighbours.
const PIECE: usize = 96;

/// The module.
pub(super) fn write(source: &Source<'_>) -> String {
    let [what, how] = source.made_by();
    let mut out = format!("\"\"\"{what}\n\n{how}\n\"\"\"\n\nfrom enum import Enum\n\n");
    let _ = writeln!(
        out,
        "APP = {:?}\n\n# The catalogue of the app, as the device library reads it.\nCATALOGUE = (",
        source.app
    );
    for piece in source.pieces(PIECE) {
        let _ = writeln!(out, "    \"{}\"", escaped(piece));
    }
    out.push_str(")\n");
    for group in &source.groups {
        let _ = writeln!(
            out,
            "\n\nclass {}(str, Enum):\n    \"\"\"Every {} that the app may report.\"\"\"\n",
            group.name, group.kind
        );
        for item in &group.items {
            let _ = writeln!(
                out,
                "    # {}\n    {} = {:?}",
                item.says, item.identifier, item.name
            );
        }
        out.push_str("\n    def __str__(self):\n        return self.value\n");
    }
    out
}

/// The inside of a string literal.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
