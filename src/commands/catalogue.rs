//! `kaiku catalogue`: what is wrong with it, what would break readers, and what apps build in of it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use kaiku_aggregate::{Rollups, SeenFeatures};
use kaiku_catalogue::{Catalogue, Language, Store, check_against, generate, store_text};
use kaiku_wire::Clock;

use crate::cli::{
    CatalogueArgs, CatalogueVerb, GenerateArgs, Global, Lang, StoreArgs, StoreName, UnusedArgs,
};
use crate::output::{self, Out};

/// So many days before something expires it is told.
pub(super) const SOON: u32 = 60;

/// Over how many sealed days a feature has to be seen.
const DAYS: usize = 28;

/// Runs the verb.
pub(crate) fn run(verb: &CatalogueVerb, global: &Global) -> Result<ExitCode> {
    match verb {
        CatalogueVerb::Check(args) => check(args, global),
        CatalogueVerb::Generate(args) => source(args, global),
        CatalogueVerb::Unused(args) => unused(args, global),
        CatalogueVerb::Texts(args) => texts(args, global),
    }
}

fn check(args: &CatalogueArgs, global: &Global) -> Result<ExitCode> {
    let catalogue = catalogue(args.dir.as_deref(), global)?;
    let breaks = match &args.against {
        None => Vec::new(),
        Some(old) => check_against(&read(old)?, &catalogue, Clock::system().today()),
    };
    let mut out = Out::new();
    for line in &breaks {
        out.line(format!("breaks readers: {line}"))?;
    }
    for line in catalogue.warnings(Clock::system().today(), SOON) {
        out.line(format!("warning: {line}"))?;
    }
    out.finish()?;
    if breaks.is_empty() {
        output::note("the catalogue is right");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn source(args: &GenerateArgs, global: &Global) -> Result<ExitCode> {
    let catalogue = catalogue(args.dir.as_deref(), global)?;
    let app = app(&catalogue, args.app.as_deref())?;
    let language = match args.lang {
        Lang::Rust => Language::Rust,
        Lang::C => Language::C,
        Lang::Python => Language::Python,
        Lang::Kotlin => Language::Kotlin,
        Lang::Swift => Language::Swift,
        Lang::Json => Language::Json,
    };
    write(
        args.output.as_deref(),
        &generate(&catalogue, app, language)?,
    )
}

fn texts(args: &StoreArgs, global: &Global) -> Result<ExitCode> {
    let catalogue = catalogue(args.dir.as_deref(), global)?;
    let app = app(&catalogue, args.app.as_deref())?;
    let store = match args.store {
        StoreName::Apple => Store::Apple,
        StoreName::Google => Store::Google,
    };
    write(args.output.as_deref(), &store_text(&catalogue, app, store)?)
}

fn unused(args: &UnusedArgs, global: &Global) -> Result<ExitCode> {
    let catalogue = catalogue(args.catalogue.as_deref(), global)?;
    let rollups = Rollups::open_to_read(&args.dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let seen = runtime.block_on(SeenFeatures::of_last(&rollups, DAYS))?;
    let Some(seen) = seen else {
        bail!("no day is sealed yet in {}", args.dir);
    };
    if seen.tables.is_empty() {
        bail!(
            "none of the tables that were published from {} to {} has features",
            seen.first,
            seen.last
        );
    }
    let mut out = Out::new();
    for line in not_seen(&catalogue, &seen) {
        out.line(line)?;
    }
    out.finish()?;
    let tables: Vec<_> = seen.tables.iter().map(String::as_str).collect();
    output::note(&format!(
        "looked at {} sealed days, {} to {}, in {}; not seen means below what is published, not unused by everybody",
        seen.days,
        seen.first,
        seen.last,
        tables.join(", ")
    ));
    Ok(ExitCode::SUCCESS)
}

/// App, feature, title and owner of each feature that is listed on the last day and was not seen.
fn not_seen(catalogue: &Catalogue, seen: &SeenFeatures) -> Vec<String> {
    let features = catalogue.listed().filter(|one| one.kind == "feature");
    let listed = features.filter(|one| seen.last < one.expires);
    let missing = listed.filter(|one| {
        let name = (one.app.clone(), one.name.clone());
        !seen.features.contains(&name)
    });
    missing
        .map(|one| [&*one.app, &one.name, &one.title, &one.owner].join("\t"))
        .collect()
}

/// The app that was named, else the only one.
fn app<'a>(catalogue: &'a Catalogue, named: Option<&'a str>) -> Result<&'a str> {
    let apps: Vec<_> = catalogue.apps().map(|app| app.as_str()).collect();
    match (named, &apps[..]) {
        (Some(named), _) => Ok(named),
        (None, [only]) => Ok(only),
        (None, _) => bail!("say which app with --app: there is {}", apps.join(", ")),
    }
}

fn write(file: Option<&Path>, text: &str) -> Result<ExitCode> {
    match file {
        Some(file) => {
            fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
        None => {
            let mut out = Out::new();
            out.line(text.strip_suffix('\n').unwrap_or(text))?;
            out.finish()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The catalogue of a folder, else that of the settings, else the sample.
pub(super) fn catalogue(dir: Option<&Path>, global: &Global) -> Result<Catalogue> {
    let dir = match dir {
        Some(dir) => Some(dir.to_owned()),
        None => global.settings(&[])?.catalogue.dir,
    };
    match &dir {
        Some(dir) => read(dir),
        None => {
            output::note("no catalogue is set: looking at the built-in sample");
            Ok(Catalogue::sample())
        }
    }
}

fn read(dir: &Path) -> Result<Catalogue> {
    match Catalogue::load(dir) {
        Ok(catalogue) => Ok(catalogue),
        Err(problems) => {
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            bail!("the catalogue can't be used:\n  - {}", lines.join("\n  - "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kaiku_wire::Day;

    use super::*;

    #[test]
    fn a_feature_is_unused_where_it_is_listed_and_was_not_seen() {
        let catalogue = Catalogue::sample();
        let mut features: BTreeSet<_> = catalogue
            .listed()
            .filter(|one| one.kind == "feature")
            .map(|one| (one.app.clone(), one.name.clone()))
            .collect();
        features.remove(&("maps".to_owned(), "route.walk".to_owned()));
        // It expires on 2026-11-30.
        features.remove(&("maps".to_owned(), "labs.street_view".to_owned()));
        let mut seen = SeenFeatures {
            first: Day::MIN,
            last: Day::from_ymd(2026, 11, 30).unwrap_or(Day::MAX),
            days: DAYS,
            tables: BTreeSet::new(),
            features,
        };
        let walk = "maps\troute.walk\tWalking routes\trouting@example.com";
        assert_eq!(not_seen(&catalogue, &seen), [walk]);
        seen.last = seen.last.prev();
        let both = not_seen(&catalogue, &seen);
        assert!(both.len() == 2 && both[1].starts_with("maps\tlabs.street_view\t"));
    }
}
