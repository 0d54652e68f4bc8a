//! What an app says of the program in the privacy forms of the app stores: read off the contract,
//! field by field, and off the app's catalogue.

use std::fmt::Write as _;

use kaiku_wire::contract::RAW_BATCH;
use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::generate::{GenerateError, listed};
use crate::values::App;

/// A store whose form is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A privacy manifest, `PrivacyInfo.xcprivacy`.
    Apple,
    /// The answers to the data safety form.
    Google,
}

/// What a store calls a kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Identifier,
    Interaction,
    Crash,
    Diagnostic,
    Place,
}

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Identifier,
        Kind::Interaction,
        Kind::Crash,
        Kind::Diagnostic,
        Kind::Place,
    ];

    /// The key of Apple's manifest.
    fn apple(self) -> &'static str {
        match self {
            Kind::Identifier => "NSPrivacyCollectedDataTypeDeviceID",
            Kind::Interaction => "NSPrivacyCollectedDataTypeProductInteraction",
            Kind::Crash => "NSPrivacyCollectedDataTypeCrashData",
            Kind::Diagnostic => "NSPrivacyCollectedDataTypeOtherDiagnosticData",
            Kind::Place => "NSPrivacyCollectedDataTypeCoarseLocation",
        }
    }

    /// The heading and the line of Google's form.
    fn google(self) -> &'static str {
        match self {
            Kind::Identifier => "Device or other IDs > Device or other IDs",
            Kind::Interaction => "App activity > App interactions",
            Kind::Crash => "App info and performance > Crash logs",
            Kind::Diagnostic => "App info and performance > Diagnostics",
            Kind::Place => "Location > Approximate location",
        }
    }
}

/// What each field of an upload is to a store; a field that is not here fails a test.
const FIELDS: [(&str, &[Kind]); 20] = [
    ("device.id", &[Kind::Identifier]),
    ("device.brand", &[Kind::Diagnostic]),
    ("device.model", &[Kind::Diagnostic]),
    // The network's codes name a country, and the operator.
    ("device.mcc", &[Kind::Place, Kind::Diagnostic]),
    ("device.mnc", &[Kind::Diagnostic]),
    ("device.country", &[Kind::Place]),
    ("app", &[Kind::Interaction]),
    ("release", &[Kind::Diagnostic]),
    // What was agreed to, and how events are numbered: no data that a form asks for.
    ("consent.version", &[]),
    ("consent.since", &[]),
    ("stream", &[Kind::Identifier]),
    ("first_sequence", &[]),
    ("events.type", &[Kind::Interaction]),
    ("events.feature", &[Kind::Interaction]),
    ("events.cause", &[Kind::Crash, Kind::Diagnostic]),
    ("events.component", &[Kind::Crash, Kind::Diagnostic]),
    ("events.fatal", &[Kind::Crash]),
    ("events.duration_s", &[Kind::Interaction]),
    ("events.length", &[Kind::Interaction]),
    ("events.times", &[Kind::Interaction]),
];

/// The fields of what the device left out: numbers about the program itself.
const LOSSES: [(&str, &[Kind]); 2] = [
    ("losses.reason", &[Kind::Diagnostic]),
    ("losses.count", &[Kind::Diagnostic]),
];

/// A field of an upload, and what it is there for.
struct Field {
    path: String,
    doc: String,
}

/// The text for a store's form, ready to be pasted; it ends with a line break.
///
/// It covers what the program sends, and not what else the app does.
///
/// # Errors
/// Where the catalogue does not list the app.
pub fn store_text(catalogue: &Catalogue, app: &str, store: Store) -> Result<String, GenerateError> {
    let app = listed(catalogue, app)?;
    Ok(match store {
        Store::Apple => apple(app),
        Store::Google => google(catalogue, app),
    })
}

/// The fields of an upload, as the contract has them.
fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    let schema = serde_json::from_str(RAW_BATCH.text).unwrap_or(Value::Null);
    walk("", &schema, &mut fields);
    fields
}

fn walk(path: &str, record: &Value, out: &mut Vec<Field>) {
    for field in record["fields"].as_array().into_iter().flatten() {
        let name = field["name"].as_str().unwrap_or_default();
        let path = match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        match inner(&field["type"]) {
            Some(record) => walk(&path, record, out),
            None => out.push(Field {
                path,
                doc: field["doc"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}

/// The record within a type: itself, a nullable one, or the items of a list.
fn inner(kind: &Value) -> Option<&Value> {
    match kind {
        Value::Array(branches) => branches.iter().find_map(inner),
        Value::Object(_) if kind.get("fields").is_some() => Some(kind),
        Value::Object(_) => kind.get("items").and_then(inner),
        _ => None,
    }
}

fn kinds_of(path: &str) -> Option<&'static [Kind]> {
    let mut all = FIELDS.iter().chain(&LOSSES);
    all.find(|(field, _)| *field == path)
        .map(|(_, kinds)| *kinds)
}

/// The fields of each kind, in the order of the contract.
fn by_kind() -> Vec<(Kind, Vec<Field>)> {
    let of_kind = |kind| {
        let mut all = fields();
        all.retain(|field| kinds_of(&field.path).is_some_and(|kinds| kinds.contains(&kind)));
        (kind, all)
    };
    Kind::ALL.into_iter().map(of_kind).collect()
}

fn apple(app: App) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n",
    );
    // No comment of XML has two hyphens behind each other.
    let name = app.as_str().replace("--", "- -");
    let _ = writeln!(
        out,
        "<!-- What {name} sends to its improvement program, and nothing else that it does.\n     Made by `kaiku catalogue texts`. -->\n<plist version=\"1.0\">\n<dict>"
    );
    out.push_str("    <key>NSPrivacyTracking</key>\n    <false/>\n    <key>NSPrivacyTrackingDomains</key>\n    <array/>\n");
    out.push_str("    <key>NSPrivacyCollectedDataTypes</key>\n    <array>\n");
    for (kind, fields) in by_kind() {
        let names: Vec<_> = fields.iter().map(|field| field.path.as_str()).collect();
        let _ = writeln!(out, "        <!-- {} -->\n        <dict>", names.join(", "));
        let _ = writeln!(
            out,
            "            <key>NSPrivacyCollectedDataType</key>\n            <string>{}</string>",
            kind.apple()
        );
        // An upload names its device until it is stripped on arrival: that is linked.
        out.push_str(
            "            <key>NSPrivacyCollectedDataTypeLinked</key>\n            <true/>\n",
        );
        out.push_str(
            "            <key>NSPrivacyCollectedDataTypeTracking</key>\n            <false/>\n",
        );
        out.push_str("            <key>NSPrivacyCollectedDataTypePurposes</key>\n            <array>\n                <string>NSPrivacyCollectedDataTypePurposeAnalytics</string>\n            </array>\n        </dict>\n");
    }
    out.push_str("    </array>\n</dict>\n</plist>\n");
    out
}

fn google(catalogue: &Catalogue, app: App) -> String {
    let program = catalogue.program();
    let title = catalogue
        .app_info(app)
        .and_then(|info| info.title.as_deref());
    let mut out = format!(
        "Data safety form of {}: the answers for its improvement program. They cover what the program\n\
         sends, and nothing else that the app does.\n\n\
         Does your app collect or share any of the required user data types? Yes\n\
         Is all of the user data collected by your app encrypted in transit? Yes\n\
         Do you provide a way for users to request that their data is deleted? Yes (turning the program\n\
         off with \"forget\" deletes what is known of the device)\n\n",
        title.unwrap_or(app.as_str())
    );
    for (kind, fields) in by_kind() {
        let _ = writeln!(out, "{}", kind.google());
        out.push_str("  Collected, not shared. Not processed ephemerally.\n");
        out.push_str("  Users can choose whether this data is collected.\n  Purpose: Analytics\n");
        for Field { path, doc } in fields {
            let _ = writeln!(out, "  - {path}: {doc}");
        }
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "Who answers for it: {}, {}",
        program.controller.name, program.controller.contact
    );
    if let Some((version, text)) = program.newest() {
        let _ = writeln!(
            out,
            "What users agree to (version {version}): {}",
            text.text
        );
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text(store: Store) -> String {
        store_text(&Catalogue::sample(), "maps", store).unwrap()
    }

    #[test]
    fn every_field_of_an_upload_is_decided_on_and_no_other() {
        let fields: Vec<_> = fields().into_iter().map(|field| field.path).collect();
        let decided: Vec<_> = FIELDS
            .iter()
            .chain(&LOSSES)
            .map(|(path, _)| *path)
            .collect();
        assert_eq!(
            fields, decided,
            "a store's form has to say what a new field is"
        );
    }

    #[test]
    fn every_kind_stands_in_both_forms_once() {
        let (apple, google) = (text(Store::Apple), text(Store::Google));
        for kind in Kind::ALL {
            assert_eq!(apple.matches(kind.apple()).count(), 1, "{kind:?}");
            assert_eq!(google.matches(kind.google()).count(), 1, "{kind:?}");
        }
        assert!(
            google.contains("device.id: Random identifier of the device"),
            "{google}"
        );
        assert!(
            google.contains("privacy@example.com") && google.contains("version 2"),
            "{google}"
        );
        let unknown = store_text(&Catalogue::sample(), "chess", Store::Apple).unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "the catalogue lists no app `chess`; it lists maps, music"
        );
    }

    #[test]
    fn the_manifest_is_a_property_list_that_a_reader_takes() {
        let script = "import plistlib, sys\n\
                      read = plistlib.loads(sys.stdin.buffer.read())\n\
                      types = read['NSPrivacyCollectedDataTypes']\n\
                      assert len(types) == 5 and read['NSPrivacyTracking'] is False\n\
                      assert all(len(one) == 4 for one in types)\n";
        let mut python = std::process::Command::new("python3")
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = python.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, text(Store::Apple).as_bytes()).unwrap();
        drop(stdin);
        assert!(python.wait().unwrap().success());
    }
}
