//! `kaiku topics`: makes the topics, and checks them.

use std::process::ExitCode;

use anyhow::{Context, Result};
use kaiku_broker::{Admin, Cluster, Scope, TopicsConfig, create_topics};
use kaiku_wire::Clock;

use crate::cli::{CreateArgs, TopicsVerb};
use crate::config::Settings;
use crate::output::{self, Out};

/// Runs the verb.
pub(crate) fn run(verb: &TopicsVerb, settings: Settings) -> Result<ExitCode> {
    let cluster = Cluster::new(&settings.kafka)?;
    let mut shape = settings.topics;
    if let TopicsVerb::Create(args) = verb {
        let CreateArgs {
            partitions,
            replication,
        } = *args;
        shape.partitions = partitions.unwrap_or(shape.partitions);
        shape.replication = replication.unwrap_or(shape.replication);
        create(&cluster, &shape)?;
    }
    check(&cluster, &shape)
}

/// Makes the topics that are missing, and the state of this month, and names each.
pub(crate) fn create(cluster: &Cluster, shape: &TopicsConfig) -> Result<()> {
    // In a replay the month of the first record decides.
    let months = match shape.replay {
        true => Vec::new(),
        false => vec![Clock::system().today().month()],
    };
    let created = Admin::connect(cluster)
        .and_then(|admin| create_topics(&admin, shape, &months))
        .context("making the topics")?;
    let mut out = Out::new();
    for topic in created {
        let what = if topic.was_there { "was there" } else { "made" };
        out.line(format!("{what:<9}  {}", topic.topic))?;
    }
    out.finish()
}

fn check(cluster: &Cluster, shape: &TopicsConfig) -> Result<ExitCode> {
    let topics = Admin::connect(cluster)
        .and_then(|admin| admin.examine(shape, Scope::All, &admin.months()?))
        .context("checking the topics")?;
    let mut out = Out::new();
    for sentence in &topics.wrong {
        out.line(format!("wrong      {sentence}"))?;
    }
    for remark in &topics.remarks {
        out.line(format!("note       {remark}"))?;
    }
    out.finish()?;
    if topics.wrong.is_empty() {
        output::note("the topics are as they must be");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
