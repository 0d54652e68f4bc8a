//! What is wrong with a line, in words that hold nothing of the line.

use std::fmt;

use kaiku_raw::{Place, Reason};
use serde_json::error::Category;

/// What our own readers say to serde. No message of serde's begins like them.
pub(super) const BAD_IDENTIFIER: &str = "bad identifier";
pub(super) const BAD_DAY: &str = "bad day";
pub(super) const TOO_MANY_EVENTS: &str = "too many events";

/// Why a line is refused. Neither the sentence nor anything else repeats what was in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The reason, from the closed list.
    pub reason: Reason,
    /// Where the reader noticed it: the byte in the line, counted from 1.
    pub column: Option<usize>,
    /// What is wrong, and what would be right.
    pub sentence: String,
}

impl LineError {
    /// A reason from the validation, with the event and the field that are at fault.
    pub(crate) fn of_reason(reason: Reason, place: Option<Place>) -> LineError {
        let sentence = match place {
            Some(place) => format!("{place}: {}", reason.sentence()),
            None => reason.sentence().to_owned(),
        };
        LineError {
            reason,
            column: None,
            sentence,
        }
    }

    /// A line that is longer than any record may be.
    pub(crate) fn too_long() -> LineError {
        LineError::of_reason(Reason::TooLarge, None)
    }

    /// A line that is no text.
    pub(crate) fn not_utf8() -> LineError {
        LineError {
            reason: Reason::BadJson,
            column: None,
            sentence: "the line is no UTF-8 text".to_owned(),
        }
    }

    /// A form that is none, as this sentence says.
    pub(super) fn of_form(sentence: &str) -> LineError {
        LineError {
            reason: Reason::BadJson,
            column: None,
            sentence: sentence.to_owned(),
        }
    }

    /// What serde says, without what it quotes.
    pub(super) fn of_json(error: &serde_json::Error) -> LineError {
        let column = (error.column() > 0).then(|| error.column());
        let text = error.to_string();
        let (reason, sentence) = match error.classify() {
            Category::Data => of_data(&text),
            Category::Eof => (
                Reason::BadJson,
                "the JSON object is not complete".to_owned(),
            ),
            Category::Syntax if text.starts_with("trailing characters") => (
                Reason::BadJson,
                "something stands behind the JSON object: a line is one upload, and so is a request"
                    .to_owned(),
            ),
            Category::Syntax | Category::Io => (Reason::BadJson, "not valid JSON".to_owned()),
        };
        LineError {
            reason,
            column,
            sentence,
        }
    }
}

/// The reason and the sentence for a message of serde's. Its first words are fixed; behind them
/// stands what was read; behind the last `, expected` stands what our own types expect.
fn of_data(message: &str) -> (Reason, String) {
    let expected = || {
        let tail = message
            .rsplit_once(", expected ")
            .map_or("", |(_, tail)| tail);
        tail.split(" at line ").next().unwrap_or("").to_owned()
    };
    let named = || message.split('`').nth(1).unwrap_or("").to_owned();
    if message.starts_with(BAD_IDENTIFIER) {
        (
            Reason::BadIdentifier,
            Reason::BadIdentifier.sentence().to_owned(),
        )
    } else if message.starts_with(BAD_DAY) {
        (Reason::BadConsent, "a day is written YYYY-MM-DD".to_owned())
    } else if message.starts_with(TOO_MANY_EVENTS) {
        let reason = Reason::TooManyEvents;
        (reason, reason.sentence().to_owned())
    } else if message.starts_with("unknown field") {
        let known = expected();
        (
            Reason::UnknownField,
            format!("unknown field; known here: {}", list(&known)),
        )
    } else if message.starts_with("missing field") {
        // The name is that of our own field.
        (
            Reason::BadJson,
            format!("the field `{}` is missing", named()),
        )
    } else if message.starts_with("duplicate field") {
        (
            Reason::BadJson,
            format!("the field `{}` stands there twice", named()),
        )
    } else if message.starts_with("unknown variant") {
        (
            Reason::BadJson,
            format!("unknown value; known: {}", list(&expected())),
        )
    } else {
        let expected = match expected().as_str() {
            "" => "another value".to_owned(),
            text if text.contains("struct ") || text.contains("map") => "an object".to_owned(),
            "a sequence" => "an array".to_owned(),
            text => text.to_owned(),
        };
        (Reason::BadJson, format!("expected {expected} here"))
    }
}

/// The names out of serde's "one of `a`, `b`" or "`a` or `b`".
fn list(expected: &str) -> String {
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    names.join(", ")
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            None => write!(f, "{} ({})", self.sentence, self.reason.as_str()),
            Some(column) => {
                write!(
                    f,
                    "column {column}: {} ({})",
                    self.sentence,
                    self.reason.as_str()
                )
            }
        }
    }
}

impl std::error::Error for LineError {}
