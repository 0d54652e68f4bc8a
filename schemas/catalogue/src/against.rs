//! What a change of the catalogue may not do to those who read what was published before it.

use hashbrown::HashMap;
use kaiku_wire::Day;

use crate::Catalogue;
use crate::declared::Info;
use crate::problem::{Place, Problem};
use crate::program::ConsentText;
use crate::values::App;

/// A name of the old catalogue is kept for ever: published rollups hold it.
const KEEP: &str = "published rollups hold the name; put it back, and let it expire";

/// What is wrong with replacing the catalogue `old` by `new` on the day `today`: names that are
/// gone, names that mean something else, releases in another order, an expiry before tomorrow,
/// consent texts that are not those that people agreed to. Empty where nothing is.
///
/// What is gone is told at its place in the old file, all else at that in the new one.
pub fn check_against(old: &Catalogue, new: &Catalogue, today: Day) -> Vec<Problem> {
    let mut comparison = Comparison {
        today,
        problems: Vec::new(),
    };
    comparison.catalogues(old, new);
    comparison.problems
}

struct Comparison {
    today: Day,
    problems: Vec<Problem>,
}

/// What is declared under one kind, as (name, what is said of it).
type Items<'a> = Vec<(&'static str, &'a Info)>;

impl Comparison {
    fn catalogues(&mut self, old: &Catalogue, new: &Catalogue) {
        let before: Items<'_> = apps(old).collect();
        let after: Items<'_> = apps(new).collect();
        self.items("app", "", &before, &after);
        for app in old.apps() {
            if new.app_info(app).is_some() {
                self.app(old, new, app);
            }
        }
        self.program(old, new);
    }

    fn app(&mut self, old: &Catalogue, new: &Catalogue, app: App) {
        let of = format!(" of app `{app}`");
        self.items("feature", &of, &features(old, app), &features(new, app));
        self.items("cause", &of, &causes(old, app), &causes(new, app));
        self.items(
            "component",
            &of,
            &components(old, app),
            &components(new, app),
        );
        self.releases(&of, old, new, app);
    }

    fn items(&mut self, kind: &str, of: &str, before: &Items<'_>, after: &Items<'_>) {
        let now: HashMap<_, _> = after.iter().copied().collect();
        for (name, was) in before {
            let what = format!("{kind} `{name}`{of}");
            let Some(is) = now.get(name) else {
                let fresh = after
                    .iter()
                    .filter(|(other, _)| !before.iter().any(|(b, _)| b == other));
                let renamed = renamed_to(was, fresh);
                let hint =
                    renamed.map_or(String::new(), |to| format!(", and looks renamed to `{to}`"));
                self.tell(&was.place, format!("{what} is gone{hint}: {KEEP}"));
                continue;
            };
            if was.title != is.title && was.description != is.description {
                let message = format!(
                    "{what} has another title and another description: if it means something \
                     else now, give it a new name; else change one at a time"
                );
                self.tell(&is.place, message);
            }
            let today = self.today;
            if is.expires <= today && was.expires > today {
                let message = format!(
                    "{what} was listed until {} and has now expired on {}: the earliest day is {}",
                    was.expires,
                    is.expires,
                    today.next()
                );
                self.tell(&is.place, message);
            }
        }
    }

    /// Releases fold into older ones, so that their order is part of what was published.
    fn releases(&mut self, of: &str, old: &Catalogue, new: &Catalogue, app: App) {
        let now: HashMap<_, _> = new
            .release_places(app)
            .iter()
            .map(|(release, date, place)| (*release, (*date, place)))
            .collect();
        let mut newest: Option<(Day, Day)> = None;
        for (release, was, old_place) in old.release_places(app) {
            let Some((is, place)) = now.get(release) else {
                self.tell(
                    old_place,
                    format!("release `{release}`{of} is gone: {KEEP}"),
                );
                continue;
            };
            if let Some((newest_was, newest_is)) = newest
                && (*was > newest_was && *is <= newest_is || *was == newest_was && *is != newest_is)
            {
                let message = format!(
                    "release `{release}`{of} has moved from {was} to {is}, which changes the order \
                     of releases: published rollups fold older releases into one"
                );
                self.tell(place, message);
            }
            if newest.is_none_or(|(_, newest_is)| *is >= newest_is) {
                newest = Some((*was, *is));
            }
        }
    }

    fn program(&mut self, old: &Catalogue, new: &Catalogue) {
        let (was, is) = (old.program(), new.program());
        if is.version < was.version {
            let message = format!(
                "the version of the program goes back from {} to {}: count it up",
                was.version, is.version
            );
            self.tell(&is.place, message);
        }
        for (version, text) in &was.consent {
            match is.consent.get(version) {
                None => self.tell(
                    &text.place,
                    format!(
                        "consent text {version} is gone: people have agreed to it; put it back"
                    ),
                ),
                Some(now) => self.consent(*version, text, now),
            }
        }
    }

    /// A translation may be added to a text that people have agreed to, and nothing else changed.
    fn consent(&mut self, version: u32, was: &ConsentText, is: &ConsentText) {
        let same_words = was.text == is.text
            && was
                .texts
                .iter()
                .all(|(language, text)| is.texts.get(language) == Some(text));
        if !same_words {
            let message = format!(
                "consent text {version} has changed: people have agreed to the old words; put them \
                 back, and add the new ones as a version of their own"
            );
            self.tell(&is.place, message);
        }
        if was.asks_for_more != is.asks_for_more {
            let message = format!(
                "`asks_for_more` of consent {version} has changed: devices have acted on it; put it \
                 back, and say it of a version of its own"
            );
            self.tell(&is.place, message);
        }
        if let (Some(before), Some(now)) = (was.since, is.since)
            && now > before
        {
            let message = format!(
                "consent {version} is there since {now}, and was since {before}: who agreed between \
                 would be rejected"
            );
            self.tell(&is.place, message);
        }
    }

    fn tell(&mut self, place: &Place, message: String) {
        self.problems.push(place.problem(message));
    }
}

/// The new entry that says of itself what a lost one did.
fn renamed_to<'a>(
    was: &Info,
    mut fresh: impl Iterator<Item = &'a (&'static str, &'a Info)>,
) -> Option<&'static str> {
    let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    let found = fresh
        .find(|(_, is)| same(&was.description, &is.description) || same(&was.title, &is.title));
    found.map(|(name, _)| *name)
}

fn apps(catalogue: &Catalogue) -> impl Iterator<Item = (&'static str, &Info)> {
    catalogue
        .apps()
        .filter_map(|app| Some((app.as_str(), catalogue.app_info(app)?)))
}

fn features(catalogue: &Catalogue, app: App) -> Items<'_> {
    let info = |feature| catalogue.feature_info(app, feature);
    catalogue
        .features(app)
        .filter_map(|one| Some((one.as_str(), info(one)?)))
        .collect()
}

fn causes(catalogue: &Catalogue, app: App) -> Items<'_> {
    let info = |cause| catalogue.cause_info(app, cause);
    catalogue
        .causes(app)
        .filter_map(|one| Some((one.as_str(), info(one)?)))
        .collect()
}

fn components(catalogue: &Catalogue, app: App) -> Items<'_> {
    let info = |component| catalogue.component_info(app, component);
    catalogue
        .components(app)
        .filter_map(|one| Some((one.as_str(), info(one)?)))
        .collect()
}

#[cfg(test)]
mod tests;
