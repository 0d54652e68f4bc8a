//! The hash of a catalogue: of everything that it says, and of the reference tables.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::declared::{Declared, Info};
use crate::program::{ConsentText, Program};
use crate::reference;

/// Every part with its length before it, so that no two catalogues read the same.
pub(crate) fn of(apps: &[Declared], program: &Program) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut put = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for Declared {
        name,
        info,
        releases,
        features,
        components,
        causes,
    } in apps
    {
        put("app");
        put(name);
        put_info(&mut put, info);
        for release in releases {
            put("release");
            put(&release.name);
            put(&release.date.to_string());
        }
        for (kind, items) in [
            ("feature", features),
            ("component", components),
            ("cause", causes),
        ] {
            for item in items {
                put(kind);
                put(&item.name);
                put_info(&mut put, &item.info);
            }
        }
    }
    put("program");
    put(&program.version.to_string());
    put(&program.controller.name);
    put(&program.controller.contact);
    for (version, consent) in &program.consent {
        put(&version.to_string());
        put_consent(&mut put, consent);
    }
    if let Some(version) = program.lowest_accepted {
        put("lowest_accepted");
        put(&version.to_string());
    }
    hasher.update(reference::hash());
    hasher.finalize().into()
}

fn put_info(put: &mut impl FnMut(&str), info: &Info) {
    let Info {
        title,
        titles,
        description,
        owner,
        expires,
        recommend,
        paths,
        place: _,
    } = info;
    put(title.as_deref().unwrap_or_default());
    put(description.as_deref().unwrap_or_default());
    put(owner);
    put(&expires.to_string());
    put(if *recommend { "recommend" } else { "" });
    put_texts(put, "titles", titles);
    for path in paths {
        put("path");
        put(path);
    }
}

fn put_consent(put: &mut impl FnMut(&str), consent: &ConsentText) {
    let ConsentText {
        text,
        texts,
        asks_for_more,
        since,
        place: _,
    } = consent;
    put(text);
    put_texts(put, "texts", texts);
    if *asks_for_more {
        put("asks_for_more");
    }
    if let Some(since) = since {
        put("since");
        put(&since.to_string());
    }
}

/// What a catalogue may leave out enters only where it is there: what was declared before there was
/// such a thing has the hash that it had.
fn put_texts(put: &mut impl FnMut(&str), what: &str, texts: &BTreeMap<String, String>) {
    for (language, text) in texts {
        put(what);
        put(language);
        put(text);
    }
}
