//! Whether the owner agreed, to which text and to how much of it: one small file in the folder,
//! and the one thing there that is not sealed, since it must be believed without a key.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kaiku_wire::Day;
use serde::{Deserialize, Serialize};

use crate::key::{sync_folder, wipe};
use crate::{DeviceCatalogue, Environment, Variables};

/// How many receipts of consent are kept.
const RECEIPTS: usize = 90;

/// What its owner lets a device say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Starts, sessions and features, and no failures.
    Usage,
    /// Failures alone.
    Failures,
    /// All of it.
    Both,
}

/// Why nothing is collected although the app would like to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Hindrance {
    /// A policy file turns the program off for the whole machine.
    #[error("policy_file")]
    PolicyFile,
    /// `DO_NOT_TRACK` is set.
    #[error("do_not_track")]
    DoNotTrack,
    /// `CI` is set, and this is no test.
    #[error("ci")]
    Ci,
}

/// One turn of the switch, as its owner can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentReceipt {
    /// The day.
    pub day: Day,
    /// Given, or withdrawn.
    pub given: bool,
    /// Version of the text.
    pub version: i32,
    /// To how much.
    pub level: Level,
    /// Language in which the text was shown.
    pub language: String,
}

/// What the consent file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    format: u32,
    /// On.
    pub(crate) given: bool,
    /// To how much.
    pub(crate) level: Level,
    /// Version of the text.
    pub(crate) version: i32,
    /// The day on which it was given.
    pub(crate) since: Day,
    /// How often the switch was turned: tells other processes that something changed.
    pub(crate) turns: u32,
    /// The latest turns.
    pub(crate) receipts: Vec<ConsentReceipt>,
}

impl Hindrance {
    /// The reason in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Hindrance::PolicyFile => "a policy file of this machine turns it off",
            Hindrance::DoNotTrack => "DO_NOT_TRACK is set",
            Hindrance::Ci => "CI is set, and this is no test",
        }
    }

    /// What the environment says; it is looked at without touching a file.
    pub(crate) fn of(variables: Variables, environment: Environment) -> Option<Hindrance> {
        if variables.do_not_track {
            Some(Hindrance::DoNotTrack)
        } else if variables.ci && environment != Environment::Test {
            Some(Hindrance::Ci)
        } else {
            None
        }
    }

    /// What the policy files say.
    pub(crate) fn of_files(files: &[PathBuf]) -> Option<Hindrance> {
        // A file that may not be looked at is there.
        let is_there = |file: &PathBuf| file.try_exists().unwrap_or(true);
        files.iter().any(is_there).then_some(Hindrance::PolicyFile)
    }
}

impl Level {
    pub(crate) fn has_usage(self) -> bool {
        self != Level::Failures
    }

    pub(crate) fn has_failures(self) -> bool {
        self != Level::Usage
    }
}

impl Consent {
    /// Nobody was asked yet.
    pub(crate) fn none() -> Consent {
        Consent {
            format: 1,
            given: false,
            level: Level::Usage,
            version: 0,
            since: Day::MIN,
            turns: 0,
            receipts: Vec::new(),
        }
    }

    /// Whether it is given and still enough for the catalogue's text.
    pub(crate) fn holds(&self, catalogue: &DeviceCatalogue) -> bool {
        self.given && self.version >= catalogue.consent().asks_for_more_since
    }

    /// Given.
    pub(crate) fn turned_on(
        &self,
        day: Day,
        level: Level,
        version: i32,
        language: &str,
    ) -> Consent {
        let receipt = ConsentReceipt {
            day,
            given: true,
            version,
            level,
            language: language.chars().take(35).collect(),
        };
        Consent {
            given: true,
            level,
            version,
            since: day,
            ..self.turned(receipt)
        }
    }

    /// Withdrawn.
    pub(crate) fn turned_off(&self, day: Day) -> Consent {
        let last = self.receipts.last();
        let receipt = ConsentReceipt {
            day,
            given: false,
            version: self.version,
            level: self.level,
            language: last.map_or_else(String::new, |last| last.language.clone()),
        };
        Consent {
            given: false,
            ..self.turned(receipt)
        }
    }

    fn turned(&self, receipt: ConsentReceipt) -> Consent {
        let mut next = self.clone();
        next.turns = next.turns.wrapping_add(1);
        next.receipts.push(receipt);
        let over = next.receipts.len().saturating_sub(RECEIPTS);
        next.receipts.drain(..over);
        next
    }
}

/// The file.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("consent.json")
}

/// What the owner has agreed to: nothing, where no file says so. A file that can't be read at this moment
/// says neither.
pub(crate) fn read(folder: &Path) -> io::Result<Consent> {
    let text = match fs::read(file(folder)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        read => read.unwrap_or_default(),
    };
    let consent = serde_json::from_slice::<Consent>(&text).ok();
    let known = consent.filter(|consent| consent.format == 1);
    Ok(known.unwrap_or_else(Consent::none))
}

/// Writes it: on disk when this returns, and the old one until then.
pub(crate) fn write(folder: &Path, consent: &Consent) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = file(folder);
    // One name a process: two may turn the switch at once.
    let next = folder.join(format!("consent.{}.next", std::process::id()));
    let mut file = File::create(&next)?;
    file.write_all(&serde_json::to_vec(consent)?)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&next, &path)?;
    sync_folder(&path)
}

/// Whoever turns the switch holds this meanwhile; other processes wait.
pub(crate) fn lock(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true);
    let file = file.open(folder.join("switch"))?;
    file.lock()?;
    Ok(file)
}

/// Consents that were being written when their process was killed.
pub(crate) fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "next"))
        .collect()
}

/// Withdraws what can't be withdrawn in writing (a full disk): without a file nobody agreed.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    wipe(&file(folder))
}
