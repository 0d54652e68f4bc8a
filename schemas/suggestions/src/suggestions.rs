//! What a file says, checked.

use std::collections::BTreeSet;

use kaiku_wire::{Day, Week};

use crate::{Error, MOST_DAYS};

/// The longest name, as the contract has it.
const NAME_BYTES: usize = 96;

/// A feature of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name in the catalogue.
    pub name: String,
    /// Whether it may be suggested. One that may not can still be a reason.
    pub is_offered: bool,
}

/// Which features of an app are used by the same people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestions {
    pub(crate) app: String,
    pub(crate) week: Week,
    pub(crate) expires: Day,
    pub(crate) features: Vec<Feature>,
    pub(crate) pairs: Vec<Pair>,
}

/// Two features by their numbers, the lower first, and how much they go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) a: u16,
    pub(crate) b: u16,
    /// The root of the score in 255ths: small scores keep their order that way.
    pub(crate) root: u8,
}

impl Pair {
    pub(crate) fn score(self) -> f64 {
        let root = f64::from(self.root) / 255.0;
        root * root
    }
}

impl Suggestions {
    /// What is to be signed. `week` is the last one that was looked at, `expires` the first day on which the file is
    /// not used any more. `features` stand by popularity, the most used first. A pair is two of their numbers and a score from
    /// 0 to 1; one that rounds to nothing is left out.
    ///
    /// # Errors
    /// Where it contradicts itself.
    pub fn new(
        app: &str,
        week: Week,
        expires: Day,
        features: Vec<Feature>,
        pairs: impl IntoIterator<Item = (usize, usize, f64)>,
    ) -> Result<Suggestions, Error> {
        let mut rounded = Vec::new();
        for (a, b, score) in pairs {
            // A score is a part of one; what is no number rounds to nothing.
            let root = (score.clamp(0.0, 1.0).sqrt() * 255.0).round() as u8;
            let (a, b) = (a.min(b), a.max(b));
            let number = |index| u16::try_from(index).map_err(|_| Error::Pair);
            let (a, b) = (number(a)?, number(b)?);
            if root > 0 {
                rounded.push(Pair { a, b, root });
            }
        }
        rounded.sort_unstable();
        Suggestions {
            app: app.to_owned(),
            week,
            expires,
            features,
            pairs: rounded,
        }
        .checked()
    }

    /// The same, where it does not contradict itself.
    pub(crate) fn checked(self) -> Result<Suggestions, Error> {
        let end = self.week.sunday().next();
        if !(end..=end.plus(MOST_DAYS)).contains(&self.expires) {
            return Err(Error::Expiry);
        }
        let fits = |name: &str| {
            (1..=NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
        };
        let names: BTreeSet<&str> = (self.features.iter().map(|one| &*one.name)).collect();
        let is_named = names.len() == self.features.len() && names.into_iter().all(fits);
        if !(is_named && fits(&self.app)) {
            return Err(Error::Name);
        }
        let is_there = |pair: &Pair| pair.a < pair.b && usize::from(pair.b) < self.features.len();
        let is_sorted = (self.pairs).is_sorted_by(|one, next| (one.a, one.b) < (next.a, next.b));
        if !(self.pairs.iter().all(is_there) && is_sorted) {
            return Err(Error::Pair);
        }
        Ok(self)
    }

    /// Whose features these are.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The last week that was looked at.
    pub fn week(&self) -> Week {
        self.week
    }

    /// The first day on which it is not used any more.
    pub fn expires(&self) -> Day {
        self.expires
    }

    /// The features, the most used first.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Each pair by its names, with its score from 0 to 1.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str, f64)> {
        let name = |number: u16| &*self.features[usize::from(number)].name;
        (self.pairs.iter()).map(move |pair| (name(pair.a), name(pair.b), pair.score()))
    }
}
