//! The hash of a catalogue: of everything that it says, and of the reference tables.

use sha2::{Digest, Sha256};

use crate::declared::{Declared, Info};
use crate::program::Program;
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
        put(&consent.text);
    }
    hasher.update(reference::hash());
    hasher.finalize().into()
}

fn put_info(put: &mut impl FnMut(&str), info: &Info) {
    let Info {
        title,
        description,
        owner,
        expires,
        recommend,
        place: _,
    } = info;
    put(title.as_deref().unwrap_or_default());
    put(description.as_deref().unwrap_or_default());
    put(owner);
    put(&expires.to_string());
    put(if *recommend { "recommend" } else { "" });
}
