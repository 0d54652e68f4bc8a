//! `program.toml`: who runs the program, and what its participants agree to.

use std::collections::BTreeMap;
use std::path::Path;

use crate::document::{Document, Section};
use crate::problem::{Place, Problem};

/// The name of the file.
pub(crate) const FILE: &str = "program.toml";

/// The improvement program as a whole.
#[derive(Clone, Debug)]
pub struct Program {
    /// Version of this file, counted up by its owner from 1.
    pub version: u32,
    /// Who answers for the program.
    pub controller: Controller,
    /// The texts that participants agree to, by their version.
    pub consent: BTreeMap<u32, ConsentText>,
    pub(crate) place: Place,
}

/// Who answers for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Name of the organisation.
    pub name: String,
    /// Where to reach it.
    pub contact: String,
}

/// One version of the text that participants agree to.
#[derive(Clone, Debug)]
pub struct ConsentText {
    /// The text as it is shown.
    pub text: String,
    pub(crate) place: Place,
}

impl Program {
    /// Reads the file; what is wrong with it is added to `problems`.
    pub(crate) fn read(file: &Path, text: &str, problems: &mut Vec<Problem>) -> Option<Program> {
        Document::read(file, text, problems, read)
    }
}

fn read(mut top: Section<'_>) -> Option<Program> {
    let version = top.count("version");
    let controller = top.section("controller").and_then(|mut section| {
        let (name, contact) = (section.text("name"), section.text("contact"));
        section.finish();
        Some(Controller {
            name: name?,
            contact: contact?,
        })
    });
    let mut consent = BTreeMap::new();
    for named in top.named("consent") {
        let (name, place) = (named.name, named.place.clone());
        let version = name.parse().ok().filter(|version: &u32| *version > 0);
        // `01` would be a second name of version 1.
        let version = version.filter(|version| version.to_string() == name);
        if version.is_none() {
            top.tell(
                &place,
                format!("consent `{name}` must be called by its version, a number from 1"),
            );
        }
        let Some(mut section) = top.open(named, "consent") else {
            continue;
        };
        let text = section.text("text");
        section.finish();
        if let (Some(version), Some(text)) = (version, text) {
            consent.insert(version, ConsentText { text, place });
        }
    }
    let place = top.place().clone();
    if consent.is_empty() {
        top.tell(
            &place,
            "the program has no consent text: give one for each version, as `[consent.1]`",
        );
    }
    top.finish();
    Some(Program {
        version: version?,
        controller: controller?,
        consent,
        place,
    })
}
