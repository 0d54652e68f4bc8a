//! Making the topics that are missing, and waiting until they can be used.

use std::time::{Duration, Instant};

use futures::executor::block_on;
use kaiku_wire::Month;
use rdkafka::admin::{NewTopic, TopicReplication};
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaErrorCode;

use crate::admin::{Admin, STEP, find, shape_of};
use crate::check::too_few;
use crate::error::{Error, refused};
use crate::topics::{Kind, TopicSpec, TopicsConfig};

/// The longest that the brokers get to elect leaders for a topic just made.
const LEADERS: Duration = Duration::from_secs(30);

/// What became of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its full name.
    pub topic: String,
    /// True where it was there before; nothing of it was changed then: [`Admin::check`] says
    /// whether it will do.
    pub was_there: bool,
}

/// Makes the topics that are missing, and the state of these months. Running it again changes
/// nothing.
///
/// # Errors
/// Brokers that don't answer, or the first topic that was refused.
pub fn create_topics(
    admin: &Admin,
    shape: &TopicsConfig,
    months: &[Month],
) -> Result<Vec<Created>, Error> {
    let wanted = admin.topics().named_of(&Kind::ALL, months);
    let specs = wanted
        .into_iter()
        .map(|(kind, name)| TopicSpec::new(kind, name, shape));
    ensure(admin, &specs.collect::<Vec<_>>())
}

/// Makes the state topic of `month` if it is missing, with the partitions and the replication of
/// `events.raw`.
///
/// # Errors
/// Brokers that don't answer or refuse, or `events.raw` missing.
pub fn ensure_state_topic(admin: &Admin, month: Month) -> Result<Created, Error> {
    let raw = admin.topics().raw();
    let metadata = admin.metadata()?;
    let shape = find(&metadata, &raw)
        .map(shape_of)
        .ok_or(Error::NoTopic(raw))?;
    let name = admin.topics().state(month);
    if find(&metadata, &name).is_some() {
        return Ok(Created {
            topic: name,
            was_there: true,
        });
    }
    let like_raw = TopicsConfig {
        partitions: shape.partitions,
        replication: shape.replication,
        replay: false,
    };
    let spec = TopicSpec::new(Kind::State, name, &like_raw);
    let topic = spec.name.clone();
    let mut created = ensure(admin, &[spec]).map_err(|error| match error {
        Error::TooFewBrokers(_) => Error::TooFewBrokers(format!(
            "`{topic}` is to stand on {} brokers, as `{}` does: start those that are away",
            like_raw.replication,
            admin.topics().raw()
        )),
        error => error,
    })?;
    created.pop().ok_or(Error::NoTopic(topic))
}

fn ensure(admin: &Admin, specs: &[TopicSpec]) -> Result<Vec<Created>, Error> {
    let metadata = admin.metadata()?;
    let (there, missing): (Vec<_>, Vec<_>) = specs
        .iter()
        .partition(|spec| find(&metadata, &spec.name).is_some());
    let mut created: Vec<Created> = there
        .iter()
        .map(|spec| Created {
            topic: spec.name.clone(),
            was_there: true,
        })
        .collect();
    if missing.is_empty() {
        return Ok(created);
    }
    let news: Vec<NewTopic<'_>> = missing.iter().map(|spec| new_topic(spec)).collect();
    let failed = |topic: String, source| Error::CreateTopic { topic, source };
    let results = block_on(admin.client.create_topics(&news, &admin.limits()))
        .map_err(|source| failed(missing[0].name.clone(), source))?;
    for result in results {
        match result {
            Ok(topic) => created.push(Created {
                topic,
                was_there: false,
            }),
            // Somebody else was quicker.
            Err((topic, RDKafkaErrorCode::TopicAlreadyExists)) => {
                created.push(Created {
                    topic,
                    was_there: true,
                });
            }
            // Only the cluster knows: it may put a copy onto a broker that is away for a moment.
            Err((topic, code @ RDKafkaErrorCode::InvalidReplicationFactor)) => {
                let most = missing.iter().map(|spec| spec.replication).max();
                let advice = too_few(most.unwrap_or_default(), metadata.brokers().len());
                let told = advice.map(Error::TooFewBrokers);
                return Err(told.unwrap_or_else(|| failed(topic, refused(code))));
            }
            Err((topic, code)) => return Err(failed(topic, refused(code))),
        }
    }
    wait_for_leaders(admin, &missing)?;
    Ok(created)
}

/// A topic just made is in nobody's metadata yet, and the next client would be told that it does
/// not exist.
fn wait_for_leaders(admin: &Admin, specs: &[&TopicSpec]) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        let metadata = admin.metadata()?;
        let leaderless = specs
            .iter()
            .find(|spec| !find(&metadata, &spec.name).is_some_and(has_leaders));
        match leaderless {
            None => return Ok(()),
            Some(spec) if start.elapsed() >= LEADERS => {
                return Err(Error::NoLeader(spec.name.clone()));
            }
            Some(_) => std::thread::sleep(STEP),
        }
    }
}

fn has_leaders(topic: &MetadataTopic) -> bool {
    !topic.partitions().is_empty()
        && topic
            .partitions()
            .iter()
            .all(|partition| partition.leader() >= 0)
}

fn new_topic(spec: &TopicSpec) -> NewTopic<'_> {
    let new = NewTopic::new(
        &spec.name,
        spec.partitions,
        TopicReplication::Fixed(spec.replication),
    );
    spec.settings
        .iter()
        .fold(new, |new, (key, value)| new.set(key, value))
}
