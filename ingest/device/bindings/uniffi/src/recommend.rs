//! Suggestions: how their file comes, what is suggested, and what its owner does with it.

use kaiku_device::Answer;

use crate::outcome::guard;
use crate::program::Program;
use crate::uploads::{Connection, Upload};

/// What became of a file of suggestions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Fetched {
    /// It was accepted.
    Accepted,
    /// There is no other than the one that lies here.
    Unchanged,
    /// The gateway has none, or did not answer: what lies here is used until it expires.
    None,
    /// It was refused: signed by no key of the settings, damaged, expired, too old or too long. What lies here is used until
    /// it expires.
    Refused,
    /// Nothing is wanted: no fetch was asked for, or the program was turned off meanwhile.
    Unwanted,
}

impl From<kaiku_device::recommend::Fetched> for Fetched {
    fn from(fetched: kaiku_device::recommend::Fetched) -> Fetched {
        match fetched {
            kaiku_device::recommend::Fetched::Accepted => Fetched::Accepted,
            kaiku_device::recommend::Fetched::Unchanged => Fetched::Unchanged,
            kaiku_device::recommend::Fetched::None => Fetched::None,
            kaiku_device::recommend::Fetched::Refused(_) => Fetched::Refused,
            kaiku_device::recommend::Fetched::Unwanted => Fetched::Unwanted,
        }
    }
}

/// A feature that its owner might like.
#[derive(Debug, PartialEq, Eq, uniffi::Record)]
pub struct Recommendation {
    /// The feature, by its name in the catalogue.
    pub feature: String,
    /// What it is called, in the owner's language.
    pub title: String,
    /// Why, in the owner's language: it names a feature that its owner uses.
    pub because: String,
    /// That feature, by its name in the catalogue.
    pub because_feature: String,
}

impl From<kaiku_device::recommend::Recommendation> for Recommendation {
    fn from(made: kaiku_device::recommend::Recommendation) -> Recommendation {
        Recommendation {
            feature: made.feature,
            title: made.title,
            because: made.because,
            because_feature: made.because_feature,
        }
    }
}

#[uniffi::export]
impl Program {
    /// The request by which the file of suggestions is to be fetched now, if it is to be: behind an upload that arrived,
    /// once a week at the most. To be asked behind each `uploaded`. The host makes it on the same connection, and adds
    /// nothing that names the device or its owner.
    pub fn next_fetch(&self, connection: Connection) -> Option<Upload> {
        let next = || self.program.next_fetch(connection.into()).map(Upload::from);
        guard(|| None, next)
    }

    /// What became of a fetch: the status of the answer, none where there was no answer, and its body, of which no more than
    /// 8193 bytes need be read.
    pub fn fetched(&self, status: Option<u16>, body: Vec<u8>) -> Fetched {
        let answer = Answer {
            status,
            retry_after: None,
        };
        guard(
            || Fetched::None,
            || self.program.fetched(answer, &body).into(),
        )
    }

    /// Features that its owner might like, the best first, `most` at the most and within what may be shown today. It changes
    /// nothing: tell with `shown` what was shown. It reads a file, so it is for a background job.
    pub fn recommend(&self, language: &str, most: u32) -> Vec<Recommendation> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let recommend = || {
            let made = self.program.recommend(language, most).into_iter();
            made.map(Recommendation::from).collect()
        };
        guard(Vec::new, recommend)
    }

    /// A suggestion was shown to its owner.
    pub fn shown(&self, feature: &str) {
        guard(|| (), || self.program.shown(feature));
    }

    /// Its owner does not want this one suggested again.
    pub fn dismiss(&self, feature: &str) {
        guard(|| (), || self.program.dismiss(feature));
    }

    /// Its owner wants suggestions, those that were dismissed included; or none are made from now on, and what was
    /// remembered for them is forgotten.
    pub fn want_suggestions(&self, wanted: bool) {
        let want = || match wanted {
            true => self.program.again(),
            false => self.program.never(),
        };
        guard(|| (), want);
    }
}
