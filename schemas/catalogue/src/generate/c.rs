//! Names for C and C++: a header with an enumeration a kind, and a function that gives the name.

use std::fmt::Write as _;

use super::identifier::{Case, of};
use super::{Group, Source};

/// The bytes of one string literal; compilers join neighbours.
const PIECE: usize = 96;

/// The header.
pub(super) fn write(source: &Source<'_>) -> String {
    let app = of(source.app, Case::Upper);
    let mut out = String::new();
    for line in source.made_by() {
        let _ = writeln!(out, "/* {line} */");
    }
    let _ = writeln!(out, "#ifndef KAIKU_{app}_H\n#define KAIKU_{app}_H\n");
    let _ = writeln!(
        out,
        "/* The app. */\n#define KAIKU_{app}_APP {:?}\n",
        source.app
    );
    let _ = writeln!(
        out,
        "/* The catalogue of the app, as the device library reads it. */"
    );
    let _ = write!(out, "static const char KAIKU_{app}_CATALOGUE[] =");
    for piece in source.pieces(PIECE) {
        let _ = write!(out, "\n    \"{}\"", escaped(piece));
    }
    out.push_str(";\n");
    for group in &source.groups {
        enumeration(&mut out, source, &app, group);
    }
    let _ = writeln!(out, "\n#endif");
    out
}

/// The inside of a string literal. What is not ASCII is written in octal, which ends by itself.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            // `??` would begin a trigraph.
            b'?' => out.push_str("\\?"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out
}

fn enumeration(out: &mut String, source: &Source<'_>, app: &str, group: &Group<'_>) {
    let Group { kind, items, .. } = group;
    let upper = format!("KAIKU_{app}_{}", kind.to_ascii_uppercase());
    let lower = format!(
        "kaiku_{}_{kind}",
        of(source.app, Case::Upper).to_ascii_lowercase()
    );
    let _ = writeln!(
        out,
        "\n/* Every {kind} that the app may report. */\ntypedef enum {lower} {{"
    );
    for (at, item) in items.iter().enumerate() {
        let comma = if at + 1 < items.len() { "," } else { "" };
        let _ = writeln!(
            out,
            "    /* {} */\n    {upper}_{}{comma}",
            item.says, item.identifier
        );
    }
    let _ = writeln!(
        out,
        "}} {lower};\n\n/* The name in the catalogue; NULL for a number that is none. */\nstatic inline const char *{lower}_name({lower} value)\n{{\n    switch (value) {{"
    );
    for item in items {
        let _ = writeln!(
            out,
            "    case {upper}_{}: return {:?};",
            item.identifier, item.name
        );
    }
    let _ = writeln!(out, "    }}\n    return 0;\n}}");
}
