//! `kaiku topics`: makes the topics, and checks them.

use std::process::ExitCode;

use anyhow::{Context, Result};
use kaiku_broker::Scope;

use crate::cli::{CreateArgs, TopicsVerb};
use crate::config::Settings;
use crate::output::{self, Out};

/// Runs the verb.
pub(crate) fn run(verb: &TopicsVerb, mut settings: Settings) -> Result<ExitCode> {
    match verb {
        TopicsVerb::Create(args) => {
            let CreateArgs {
                partitions,
                replication,
            } = *args;
            settings.topics.partitions = partitions.unwrap_or(settings.topics.partitions);
            settings.topics.replication = replication.unwrap_or(settings.topics.replication);
            create(&settings)?;
            check(&settings)
        }
        TopicsVerb::Check => check(&settings),
    }
}

/// Makes the topics that are missing, and names each.
pub(crate) fn create(settings: &Settings) -> Result<()> {
    let options = settings.topics.create_options();
    let created = kaiku_broker::create(&settings.kafka, &options).context("making the topics")?;
    let mut out = Out::new();
    for topic in created {
        let what = if topic.was_there { "was there" } else { "made" };
        out.line(format!("{what:<9}  {}", topic.topic))?;
    }
    out.finish()
}

fn check(settings: &Settings) -> Result<ExitCode> {
    let options = settings.topics.check_options(Scope::All);
    let sentences =
        kaiku_broker::check(&settings.kafka, &options).context("checking the topics")?;
    let mut out = Out::new();
    for sentence in &sentences {
        out.line(format!("wrong      {sentence}"))?;
    }
    out.finish()?;
    if sentences.is_empty() {
        output::note("the topics are as they must be");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
