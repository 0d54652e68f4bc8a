//! The words in which an owner is shown what waits: the catalogue's titles in the owner's
//! language, and the few of our own.

use crate::DeviceCatalogue;
use crate::catalogue::in_language;
use crate::tally::{Length, What};

struct Words {
    started: &'static str,
    /// Lengths of sessions, shortest first.
    stopped: [&'static str; 6],
    failed: &'static str,
    ended: &'static str,
    /// Before and behind the title of a feature that its owner uses.
    because: [&'static str; 2],
    remembered: &'static str,
}

const ENGLISH: Words = Words {
    started: "Started",
    stopped: [
        "Used for less than 10 seconds",
        "Used for 10 seconds to 1 minute",
        "Used for 1 to 10 minutes",
        "Used for 10 minutes to 1 hour",
        "Used for 1 to 6 hours",
        "Used for more than 6 hours",
    ],
    failed: "Failed",
    ended: "the app ended by it",
    because: ["You use “", "”"],
    remembered: "Remembered here for suggestions and never sent",
};

const GERMAN: Words = Words {
    started: "Gestartet",
    stopped: [
        "Weniger als 10 Sekunden benutzt",
        "10 Sekunden bis 1 Minute benutzt",
        "1 bis 10 Minuten benutzt",
        "10 Minuten bis 1 Stunde benutzt",
        "1 bis 6 Stunden benutzt",
        "Mehr als 6 Stunden benutzt",
    ],
    failed: "Fehler",
    ended: "die App wurde dadurch beendet",
    because: ["Du benutzt „", "“"],
    remembered: "Hier für Vorschläge gemerkt und nie gesendet",
};

impl Words {
    fn of(language: &str) -> &'static Words {
        match language.split(['-', '_']).next() {
            Some("de") => &GERMAN,
            _ => &ENGLISH,
        }
    }
}

/// Why something is suggested, by the title of a feature.
pub(crate) fn because(title: &str, language: &str) -> String {
    let [before, behind] = Words::of(language).because;
    format!("{before}{title}{behind}")
}

/// What is remembered of a feature, by its title.
pub(crate) fn remembered(title: &str, language: &str) -> String {
    format!("{}: {title}", Words::of(language).remembered)
}

/// A thing in a language.
pub(crate) fn say(what: &What, catalogue: &DeviceCatalogue, language: &str) -> String {
    let words = Words::of(language);
    match what {
        What::Started => words.started.to_owned(),
        What::Stopped(length) => {
            let lengths = [
                Length::Under10Seconds,
                Length::Under1Minute,
                Length::Under10Minutes,
                Length::Under1Hour,
                Length::Under6Hours,
                Length::Over6Hours,
            ];
            let place = lengths.iter().position(|one| one == length);
            words.stopped[place.unwrap_or(0)].to_owned()
        }
        What::Used(name) => {
            let feature = catalogue.feature(name).map(usize::from);
            let feature = feature.and_then(|number| catalogue.features().get(number));
            title(name, feature.map(|feature| &feature.titles), language)
        }
        What::Failed {
            cause,
            component,
            fatal,
        } => {
            let known = catalogue.cause(cause).map(usize::from);
            let known = known.and_then(|number| catalogue.causes().get(number));
            let mut text = format!(
                "{}: {}",
                words.failed,
                title(cause, known.map(|cause| &cause.titles), language)
            );
            if let Some(name) = component {
                let known = catalogue.component(name).map(usize::from);
                let known = known.and_then(|number| catalogue.components().get(number));
                let title = title(name, known.map(|component| &component.titles), language);
                text.push_str(&format!(" ({title})"));
            }
            if *fatal {
                text.push_str(&format!(", {}", words.ended));
            }
            text
        }
    }
}

fn title(name: &str, titles: Option<&crate::Texts>, language: &str) -> String {
    let found = titles.and_then(|titles| in_language(titles, language));
    found.unwrap_or(name).to_owned()
}
