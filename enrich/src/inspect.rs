//! What an operator is told of the months' keys, and of what should be gone, without anything being
//! changed: for `kaiku doctor` and `kaiku status`.

use std::collections::BTreeSet;

use kaiku_broker::{Admin, Cluster};
use kaiku_stage::{Causes, RandomSource};
use kaiku_wire::{Day, Month};

use crate::config::Config;
use crate::error::Error;
use crate::keys::KeyRing;
use crate::upkeep::{Due, Months, Trouble};

/// So long before a month begins its key-encryption key must be there, where none is made.
const AHEAD: u32 = 3;

/// What was found, a sentence each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What somebody has to do something about.
    pub wrong: Vec<String>,
    /// What somebody should know of.
    pub notes: Vec<String>,
}

impl Findings {
    fn add(&mut self, is_wrong: bool, sentence: String) {
        let sentences = match is_wrong {
            true => &mut self.wrong,
            false => &mut self.notes,
        };
        sentences.push(sentence);
    }
}

/// Looks at the keys as the stage would on this day, with the files of this host, and at what should be
/// gone.
///
/// # Errors
/// Where Kafka does not answer.
pub fn inspect(cluster: &Cluster, config: &Config, today: Day) -> Result<Findings, Error> {
    let keys = KeyRing::new(cluster.clone(), config.clone(), RandomSource::system());
    let mut found = Findings::default();
    look_at_keys(&keys, config, today, &mut found)?;
    look_at_months(cluster, &keys, today, &mut found)?;
    Ok(found)
}

/// Looks at what should be gone on this day alone: for a host that has no keys.
///
/// # Errors
/// Where Kafka does not answer.
pub fn inspect_months(cluster: &Cluster, config: &Config, today: Day) -> Result<Findings, Error> {
    let keys = KeyRing::new(cluster.clone(), config.clone(), RandomSource::system());
    let mut found = Findings::default();
    look_at_months(cluster, &keys, today, &mut found)?;
    Ok(found)
}

fn look_at_keys(
    keys: &KeyRing,
    config: &Config,
    today: Day,
    found: &mut Findings,
) -> Result<(), Error> {
    let files = keys.files()?;
    let old = today.month().prev().prev();
    for (month, error) in keys.unopened()? {
        // Where the file of a month that is over is gone, its key is to go too.
        if month > old {
            found.wrong.push(Causes(&error).to_string());
        }
    }
    if !config.create_keys {
        look_for_files(&files, &keys.records()?, today, found);
    }
    Ok(())
}

fn look_at_months(
    cluster: &Cluster,
    keys: &KeyRing,
    today: Day,
    found: &mut Findings,
) -> Result<(), Error> {
    let admin = Admin::connect(cluster).map_err(Error::broker("making a client for questions"))?;
    let partitions = admin
        .partition_count(&cluster.topics().raw())
        .map_err(Error::broker("counting the partitions"))?;
    let months = Months {
        cluster,
        admin: &admin,
        keys,
        partitions,
    };
    let mut trouble = Trouble::default();
    let due = months.due(today, &mut trouble)?;
    if let Some(error) = trouble.first {
        return Err(error);
    }
    // Partitions turn within minutes, and enrich looks within minutes again.
    let is_late = today != today.month().first_day();
    for sentence in overdue(cluster, &due) {
        found.add(is_late, sentence);
    }
    Ok(())
}

/// The files that somebody has to hand out.
fn look_for_files(
    files: &BTreeSet<Month>,
    records: &BTreeSet<Month>,
    today: Day,
    found: &mut Findings,
) {
    let (now, next) = (today.month(), today.month().next());
    let missing = |month: Month| {
        format!(
            "{month}.key is not in enrich.keys_dir, and enrich.create_keys is off: put it there on \
             every host before {} begins, or every partition stands still then",
            month.first_day()
        )
    };
    // A key that was made already and can't be opened is told of.
    if !files.contains(&now) && !records.contains(&now) {
        found.wrong.push(missing(now));
    }
    if !files.contains(&next) {
        found.add(today.plus(AHEAD).month() == next, missing(next));
    }
}

/// What should be gone, and why it is not.
fn overdue(cluster: &Cluster, due: &Due) -> Vec<String> {
    let why = |month: Month| match due.goes(month) {
        true => "enrich deletes it within minutes; where it does not, its log says why".to_owned(),
        false => {
            let behind: Vec<_> = due.behind.keys().map(ToString::to_string).collect();
            format!(
                "it stays until each partition has committed in a later month, and these have not: {}",
                behind.join(", ")
            )
        }
    };
    let topics = due.topics.iter().map(|month| {
        let topic = cluster.topics().state(*month);
        format!("topic `{topic}` should be gone: {}", why(*month))
    });
    let records = due.records.iter().flatten().map(|month| {
        let topic = cluster.topics().keys();
        format!(
            "the key of {month} should be gone from `{topic}`: {}",
            why(*month)
        )
    });
    let files = due.files.iter().flatten().map(|month| {
        format!(
            "{month}.key should be gone from enrich.keys_dir: {}",
            why(*month)
        )
    });
    topics.chain(records).chain(files).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn found(today: &str, files: &[&str]) -> Findings {
        let files = files.iter().map(|month| Month::parse(month).unwrap());
        let mut found = Findings::default();
        let today = Day::parse(today).unwrap();
        look_for_files(&files.collect(), &BTreeSet::new(), today, &mut found);
        found
    }

    #[test]
    fn a_file_that_must_be_handed_out_is_asked_for_before_its_month_begins() {
        let both = ["2026-11", "2026-12"];
        assert_eq!(found("2026-11-30", &both), Findings::default());
        let early = found("2026-11-20", &both[..1]);
        assert_eq!((early.wrong.len(), early.notes.len()), (0, 1));
        assert!(
            early.notes[0].contains("before 2026-12-01 begins"),
            "{early:?}"
        );
        let late = found("2026-11-29", &both[..1]);
        assert_eq!((late.wrong.len(), late.notes.len()), (1, 0));
        assert_eq!(found("2026-11-20", &both[1..]).wrong.len(), 1);
    }
}
