//! `kaiku recommend`: from released rollups to one signed file of suggestions an app, and the keys that sign them.

mod rows;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use kaiku_aggregate::Rollups;
use kaiku_catalogue::{App, Catalogue};
use kaiku_recommend::{Fact, Facts};
use kaiku_stage::RandomSource;
use kaiku_suggestions::{MOST_DAYS, SigningKey, Suggestions};
use kaiku_wire::Clock;

use super::catalogue::catalogue;
use crate::cli::Global;
use crate::output::{Out, note};

/// `kaiku recommend`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Only what is published is read, so a file is as anonymous as the rollups. It names features of the catalogue
that may be recommended and have not expired, and those that go with them.

Examples:
  kaiku recommend key suggestions.key
  kaiku recommend rollups --out suggestions/ --key-file suggestions.key
  kaiku recommend show suggestions/maps.suggestions"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Folder of the rollups
    #[arg(value_name = "DIR", required = true)]
    dir: Option<String>,
    /// The folder in which the files are put, one an app: gateway.recommendations_dir
    #[arg(long, value_name = "FOLDER", required = true)]
    out: Option<PathBuf>,
    /// The key that signs, as `kaiku recommend key` makes it
    #[arg(long, value_name = "FILE", required = true)]
    key_file: Option<PathBuf>,
    /// Folder of the catalogue [default: that of the settings]
    #[arg(long, value_name = "DIR")]
    catalogue: Option<PathBuf>,
    /// How many of the last sealed weeks are averaged
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=52))]
    weeks: u8,
    /// Days from the end of the last week until a file expires
    #[arg(long, value_name = "DAYS", default_value_t = MOST_DAYS, value_parser = clap::value_parser!(u32).range(7..=i64::from(MOST_DAYS)))]
    days: u32,
}

/// What else there is to do for suggestions.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a key that signs, and print the one by which apps believe it
    Key {
        /// The file that is made; it must not be there yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print what a file says, whoever has signed it
    Show {
        /// A signed file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs the verb.
pub(crate) fn run(args: &Args, global: &Global) -> Result<ExitCode> {
    match (&args.verb, &args.dir, &args.out, &args.key_file) {
        (Some(Verb::Key { file }), ..) => key(file)?,
        (Some(Verb::Show { file }), ..) => show(file)?,
        (None, Some(dir), Some(out), Some(key)) => make(args, dir, out, &read_key(key)?, global)?,
        // Clap asks for them.
        _ => bail!("say where the rollups are, --out and --key-file"),
    }
    Ok(ExitCode::SUCCESS)
}

fn make(args: &Args, dir: &str, out: &Path, key: &SigningKey, global: &Global) -> Result<()> {
    let catalogue = catalogue(args.catalogue.as_deref(), global)?;
    let today = Clock::system().today();
    let settings = kaiku_recommend::Settings {
        weeks: args.weeks.into(),
        day: today,
    };
    let mut lines = Out::new();
    for made in files(dir, &catalogue, &settings, args.days, out, key)? {
        let Made { path, said, bytes } = made;
        lines.line(format!(
            "{}: week of {}, {} features, {} pairs, {bytes} bytes, good until {}",
            path.display(),
            said.week().monday(),
            said.features().len(),
            said.pairs().count(),
            said.expires(),
        ))?;
        if said.expires() <= today {
            note(&format!(
                "{}: that week is so long ago that no device will accept the file",
                said.app()
            ));
        }
    }
    lines.finish()
}

/// A file that was made.
pub(crate) struct Made {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) said: Suggestions,
    /// Its size.
    pub(crate) bytes: usize,
}

/// Makes the signed file of each app of which enough is published, good for so many days.
///
/// # Errors
/// Where the rollups can't be read or a file can't be written.
pub(crate) fn files(
    dir: &str,
    catalogue: &Catalogue,
    settings: &kaiku_recommend::Settings,
    days: u32,
    out: &Path,
    key: &SigningKey,
) -> Result<Vec<Made>> {
    let rollups = Rollups::open_to_read(dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    let mut files = Vec::new();
    for app in catalogue.apps() {
        let name = app.as_str();
        let features = runtime.block_on(rows::features(&rollups, name))?;
        let pairs = runtime.block_on(rows::pairs(&rollups, name))?;
        let Some(last) = features.iter().map(|row| row.week).max() else {
            note(&format!("{name}: nothing of its features is published"));
            continue;
        };
        let expires = last.sunday().plus(days + 1);
        let facts = facts(catalogue, app);
        let made = kaiku_recommend::file(name, expires, &pairs, &features, &facts, settings);
        let Some(said) = made.with_context(|| format!("the file of {name}"))? else {
            continue;
        };
        let file = said.sign(key)?;
        let path = out.join(format!("{name}.suggestions"));
        put(&path, &file).with_context(|| format!("writing {}", path.display()))?;
        files.push(Made {
            path,
            said,
            bytes: file.len(),
        });
    }
    Ok(files)
}

/// What the catalogue says of the features of an app.
fn facts(catalogue: &Catalogue, app: App) -> Facts {
    let until = catalogue.app_info(app).map(|info| info.expires);
    let features = catalogue.features(app).filter_map(|feature| {
        let info = catalogue.feature_info(app, feature)?;
        let fact = Fact {
            recommend: info.recommend,
            expires: until.map_or(info.expires, |until| until.min(info.expires)),
        };
        Some((feature.as_str().to_owned(), fact))
    });
    features.collect()
}

/// Puts a file in its place, whole: a gateway may read it at any moment.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    // A temporary file is its owner's alone, and this one is for everybody.
    #[cfg(unix)]
    fs::set_permissions(
        file.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn key(path: &Path) -> Result<()> {
    let key = SigningKey::from_seed(RandomSource::system().bytes())?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        writeln!(file, "{}", *key.to_text())?;
        file.sync_all()
    });
    written.with_context(|| format!("making {}", path.display()))?;
    let mut out = Out::new();
    out.line(key.public().to_string())?;
    out.finish()?;
    note(
        "apps pin this key, and one more that can follow it; the secret stays in the file, for its owner alone",
    );
    Ok(())
}

/// The key of a file. What stands in it is told nowhere.
fn read_key(path: &Path) -> Result<SigningKey> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let line = text.lines().next().unwrap_or("").trim();
    SigningKey::from_text(line)
        .with_context(|| format!("{} holds no key that signs", path.display()))
}

fn show(path: &Path) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let said = Suggestions::unverified(&bytes).with_context(|| path.display().to_string())?;
    // Names are those of whoever made the file: nothing of them steers a terminal.
    let plain = |text: &str| text.replace(char::is_control, "?");
    let mut out = Out::new();
    out.line(format!(
        "{}: week of {}, {} bytes, good until {}",
        plain(said.app()),
        said.week().monday(),
        bytes.len(),
        said.expires()
    ))?;
    for feature in said.features() {
        let is_offered = if feature.is_offered {
            "may be suggested"
        } else {
            "a reason only"
        };
        out.line(format!("feature\t{}\t{is_offered}", plain(&feature.name)))?;
    }
    let mut pairs: Vec<_> = said.pairs().collect();
    pairs.sort_by(|one, other| other.2.total_cmp(&one.2));
    for (a, b, score) in pairs {
        out.line(format!("pair\t{}\t{}\t{score:.3}", plain(a), plain(b)))?;
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_is_for_its_owner_alone_signs_and_is_never_made_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("suggestions.key");
        key(&path).unwrap();
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let made = read_key(&path).unwrap().public();
        assert!(key(&path).is_err());
        assert_eq!(read_key(&path).unwrap().public(), made);
        fs::write(&path, "no key").unwrap();
        let error = format!("{:#}", read_key(&path).unwrap_err());
        assert!(
            error.ends_with("holds no key that signs: a key is 64 hexadecimal digits"),
            "{error}"
        );
    }

    #[test]
    fn what_the_catalogue_does_not_mark_or_lets_expire_is_known_as_such() {
        let catalogue = Catalogue::sample();
        let app = catalogue.apps().find(|app| app.as_str() == "maps").unwrap();
        let facts = facts(&catalogue, app);
        assert!(facts["route.bicycle"].recommend);
        assert!(!facts["route.car"].recommend);
        assert_eq!(facts["labs.street_view"].expires.to_string(), "2026-11-30");
    }
}
