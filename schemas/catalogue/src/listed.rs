//! The catalogue as a list of lines, for whoever shows it or compares it.

use std::path::PathBuf;

use kaiku_wire::Day;

use crate::declared::{Declared, Info};
use crate::problem::Place;

/// One declaration of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// app, release, feature, component or cause.
    pub kind: &'static str,
    /// The app that it belongs to.
    pub app: String,
    /// Its name.
    pub name: String,
    /// What it is called where people read it; its name where it has no title.
    pub title: String,
    /// What it means; empty where nothing is said.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// The first day on which it counts as unlisted; that of the app where it is the earlier one.
    pub expires: Day,
    /// Releases: the day of the release.
    pub since: Option<Day>,
    /// Features: whether it may be recommended.
    pub recommend: bool,
    /// The file in which it stands.
    pub file: PathBuf,
    /// The line of its name, from 1.
    pub line: usize,
}

impl Listed {
    /// Where it stands, and since or until when it counts under its name, where that is over on a day or
    /// will be within so many.
    pub fn expiry(&self, today: Day, within: u32) -> Option<String> {
        let Listed {
            kind,
            app,
            name,
            expires,
            file,
            line,
            ..
        } = self;
        let left = expires.days_since_epoch() - today.days_since_epoch();
        let when = match u32::try_from(left) {
            Err(_) | Ok(0) => format!("has expired on {expires}, and counts as `unlisted`"),
            Ok(left) if left <= within => {
                format!(
                    "expires on {expires}, in {left} days, and counts as `unlisted` from then on"
                )
            }
            Ok(_) => return None,
        };
        let what = match *kind {
            "app" => format!("app `{app}`"),
            _ => format!("{kind} `{name}` of {app}"),
        };
        let place = file.file_name().unwrap_or_default().to_string_lossy();
        Some(format!("{place}:{line}: {what} {when}"))
    }
}

/// The lines of one app: itself, then all else in the order of its file, kind by kind.
pub(crate) fn lines(declared: &Declared) -> Vec<Listed> {
    let Declared {
        name: app,
        info: of_app,
        releases,
        features,
        components,
        causes,
    } = declared;
    let line = |kind, name: &str, info: &Info, place: &Place, since| Listed {
        kind,
        app: app.clone(),
        name: name.to_owned(),
        title: info.title.clone().unwrap_or_else(|| name.to_owned()),
        description: info.description.clone().unwrap_or_default(),
        owner: info.owner.clone(),
        expires: info.expires.min(of_app.expires),
        since,
        recommend: info.recommend,
        file: place.file.to_path_buf(),
        line: place.line,
    };
    let mut lines = vec![line("app", app, of_app, &of_app.place, None)];
    for release in releases {
        let listed = line(
            "release",
            &release.name,
            of_app,
            &release.place,
            Some(release.date),
        );
        let (title, description) = (release.name.clone(), String::new());
        lines.push(Listed {
            title,
            description,
            ..listed
        });
    }
    for (kind, items) in [
        ("feature", features),
        ("component", components),
        ("cause", causes),
    ] {
        let of_kind = items.iter();
        lines
            .extend(of_kind.map(|item| line(kind, &item.name, &item.info, &item.info.place, None)));
    }
    lines
}
