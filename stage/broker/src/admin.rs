//! A connection for requests about topics and records, each bounded in time.

mod advertised;
mod ends;
mod groups;
mod owners;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaErrorCode;

use kaiku_wire::Month;

use crate::check::{Scope, Seen, deviations, remarks, too_few};
use crate::cluster::{Cluster, Isolation};
use crate::error::{Error, refused};
use crate::reason;
use crate::topic_id::topic_id;
use crate::topics::{Kind, Topics, TopicsConfig};

pub use advertised::Advertised;
pub(crate) use advertised::unreached;
pub use ends::Ends;
pub use owners::Owners;

/// The longest that one request to the brokers may take.
const REQUEST: Duration = Duration::from_secs(30);
/// The longest that the brokers may take to list their topics, the first connection included.
const METADATA: Duration = Duration::from_secs(15);
/// The longest that either may take where whoever asks comes again anyway.
const SHORT: Duration = Duration::from_secs(5);
/// After so long without an answer it is asked why.
const PROBE: Duration = Duration::from_secs(4);
/// How often the brokers are asked whether a change has arrived.
pub(crate) const STEP: Duration = Duration::from_millis(50);

/// A connection for requests about topics. Its calls block; run them outside of async code.
pub struct Admin {
    pub(crate) client: AdminClient<DefaultClientContext>,
    client_config: ClientConfig,
    cluster: Cluster,
    request: Duration,
    metadata: Duration,
}

/// How topics stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// What is not as it must be, each a sentence that says what to do.
    pub wrong: Vec<String>,
    /// What works as it is and may cost something one day.
    pub remarks: Vec<String>,
}

impl Admin {
    /// A client of this cluster. Nothing is sent before the first request.
    ///
    /// # Errors
    /// [`Error::Client`] where librdkafka makes none.
    pub fn connect(cluster: &Cluster) -> Result<Admin, Error> {
        let mut client_config = cluster.client("admin");
        // Else the offsets of a partition's ends leave out what stands behind an open transaction.
        client_config.set("isolation.level", Isolation::Uncommitted.as_str());
        let client = client_config.create().map_err(|source| Error::Client {
            role: "admin".into(),
            source,
        })?;
        Ok(Admin {
            client,
            client_config,
            cluster: cluster.clone(),
            request: REQUEST,
            metadata: METADATA,
        })
    }

    /// The same for whoever asks again and again: each of its requests gives up soon.
    ///
    /// # Errors
    /// [`Error::Client`] where librdkafka makes none.
    pub fn impatient(cluster: &Cluster) -> Result<Admin, Error> {
        Ok(Admin {
            request: SHORT,
            metadata: SHORT,
            ..Admin::connect(cluster)?
        })
    }

    /// Waits for an answer of the brokers, not as long as other questions do: for whoever asks again.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn greet(cluster: &Cluster) -> Result<(), Error> {
        Admin::impatient(cluster)?.metadata().map(drop)
    }

    /// Every way in which the topics of a scope, and the state of these months with them, differ
    /// from what is needed, each a sentence that says what to do; empty if none.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn check(
        &self,
        shape: &TopicsConfig,
        scope: Scope,
        months: &[Month],
    ) -> Result<Vec<String>, Error> {
        Ok(self.examine(shape, scope, months)?.wrong)
    }

    /// The same, and beside it what works as it is and may cost something one day, each a sentence
    /// that says what to do.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn examine(
        &self,
        shape: &TopicsConfig,
        scope: Scope,
        months: &[Month],
    ) -> Result<Examined, Error> {
        let wanted = self.topics().named_of(scope.kinds(), months);
        let (seen, brokers) = self.seen(&wanted)?;
        let mut wrong = deviations(shape, &wanted, &seen);
        if seen.len() < wanted.len() {
            wrong.extend(too_few(shape.replication, brokers));
        }
        Ok(Examined {
            wrong,
            remarks: remarks(shape, &wanted, &seen),
        })
    }

    /// What a topic's setting is; `None` where the brokers tell nothing of it.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn setting(&self, topic: &str, setting: &str) -> Result<Option<String>, Error> {
        if self.cluster.is_in_process() {
            return Ok(None);
        }
        let mut seen = BTreeMap::from([(topic.to_owned(), Seen::default())]);
        self.describe(&mut seen)?;
        let topic = seen.remove(topic);
        Ok(topic.and_then(|mut topic| topic.settings.remove(setting)))
    }

    /// These topics as the brokers describe them, those that do not exist left out; and how many brokers
    /// there are.
    fn seen(&self, wanted: &[(Kind, String)]) -> Result<(BTreeMap<String, Seen>, usize), Error> {
        let metadata = self.metadata()?;
        let mut seen = BTreeMap::new();
        for topic in metadata.topics() {
            if wanted.iter().any(|(_, name)| name == topic.name()) {
                seen.insert(topic.name().to_owned(), shape_of(topic));
            }
        }
        // The broker inside the process has topics without settings.
        if !self.cluster.is_in_process() {
            self.describe(&mut seen)?;
        }
        Ok((seen, metadata.brokers().len()))
    }

    /// The identifier that the cluster gave a topic when it was made; `None` where the brokers tell
    /// none, as the broker inside the process does.
    ///
    /// # Errors
    /// Brokers that don't answer, and a topic that does not exist.
    pub fn topic_id(&self, topic: &str) -> Result<Option<String>, Error> {
        if self.cluster.is_in_process() {
            return Ok(None);
        }
        let native = self.client.inner().native_ptr();
        topic_id(native, topic, self.request).map_err(|source| Error::TopicId {
            topic: topic.to_owned(),
            source,
        })
    }

    /// Deletes a topic with everything in it, and returns when the brokers no longer show it; one
    /// that does not exist is deleted already.
    ///
    /// # Errors
    /// Brokers that don't answer or refuse.
    pub fn delete_topic(&self, topic: &str) -> Result<(), Error> {
        if self.cluster.is_in_process() {
            return Ok(());
        }
        let failed = |source| Error::DeleteTopic {
            topic: topic.to_owned(),
            source,
        };
        let results =
            block_on(self.client.delete_topics(&[topic], &self.limits())).map_err(failed)?;
        for result in results {
            match result {
                Ok(_)
                | Err((
                    _,
                    RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic,
                )) => {}
                Err((_, code)) => return Err(failed(refused(code))),
            }
        }
        let begin = Instant::now();
        while find(&self.metadata()?, topic).is_some() && begin.elapsed() < self.request {
            std::thread::sleep(STEP);
        }
        Ok(())
    }

    /// Deletes the records of one partition before `before`; records that are gone already are no
    /// error.
    ///
    /// # Errors
    /// Brokers that don't answer or refuse, for example an offset behind the end of the partition.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<(), Error> {
        if self.cluster.is_in_process() {
            return Ok(());
        }
        let failed = |source| Error::DeleteRecords {
            topic: topic.to_owned(),
            partition,
            before,
            source,
        };
        let mut offsets = TopicPartitionList::with_capacity(1);
        offsets
            .add_partition_offset(topic, partition, Offset::Offset(before))
            .map_err(failed)?;
        let options = AdminOptions::new().request_timeout(Some(self.request));
        let deleted = block_on(self.client.delete_records(&offsets, &options)).map_err(failed)?;
        for element in deleted.elements() {
            let Err(source) = element.error() else {
                continue;
            };
            let is_forbidden =
                source.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed);
            if is_forbidden || before > self.watermarks(topic, partition)?.0 {
                return Err(failed(source));
            }
            // Somebody has deleted further already.
        }
        Ok(())
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// [`Error::NoTopic`], or brokers that don't answer.
    pub fn partition_count(&self, topic: &str) -> Result<i32, Error> {
        let metadata = self.metadata()?;
        let found = find(&metadata, topic).map(|found| shape_of(found).partitions);
        found.ok_or_else(|| Error::NoTopic(topic.to_owned()))
    }

    /// The first offset that a partition still has, and the one that its next record will get, open
    /// transactions included.
    ///
    /// # Errors
    /// Brokers that don't answer, or know no such partition.
    pub fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), Error> {
        let client = self.client.inner();
        let asked = client.fetch_watermarks(topic, partition, self.request);
        if asked.is_err() {
            // As `watermarks` does: else it says for a quarter of an hour what it has heard once.
            let _ = client.fetch_metadata(None, PROBE.min(self.metadata));
        }
        asked.map_err(|source| Error::Watermarks {
            topic: topic.to_owned(),
            partition,
            source,
        })
    }

    /// The months that have a state topic, oldest first.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn months(&self) -> Result<Vec<Month>, Error> {
        Ok(self.topics().months_in(&self.names()?))
    }

    pub(crate) fn limits(&self) -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(self.request))
            .operation_timeout(Some(self.request))
    }

    pub(crate) fn topics(&self) -> &Topics {
        self.cluster.topics()
    }

    /// The names of all topics that exist under the prefix of the settings.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let metadata = self.metadata()?;
        let is_there = |topic: &&MetadataTopic| topic.error().is_none();
        let topics = metadata.topics().iter().filter(is_there);
        let names = topics.map(MetadataTopic::name);
        Ok(names
            .filter(|name| name.starts_with(self.cluster.prefix()))
            .map(str::to_owned)
            .collect())
    }

    /// All topics are asked for, not the one of interest: a question by name may make the topic.
    pub(crate) fn metadata(&self) -> Result<Metadata, Error> {
        let begin = Instant::now();
        loop {
            let source = match self
                .client
                .inner()
                .fetch_metadata(None, PROBE.min(self.metadata))
            {
                // A broker that is starting knows of none yet, not even of itself.
                Ok(metadata) if metadata.brokers().is_empty() => Box::new(
                    KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerNotAvailable),
                ),
                Ok(metadata) => return self.stay_here(metadata),
                Err(source) => Box::new(source),
            };
            let why = reason::of_silence(&self.client_config);
            if why.is_final || begin.elapsed() >= self.metadata {
                return Err(Error::Metadata {
                    brokers: self.cluster.brokers().to_owned(),
                    reason: why.text,
                    is_final: why.is_final,
                    source,
                });
            }
        }
    }

    /// Adds the settings of topics. Those that were deleted meanwhile are left out.
    fn describe(&self, seen: &mut BTreeMap<String, Seen>) -> Result<(), Error> {
        let begin = Instant::now();
        loop {
            self.describe_once(seen)?;
            // A broker that may not tell says nothing, and nothing looks like settings that are right. So does one
            // that has not heard of a topic yet, or has heard already that it is gone.
            let untold = seen.iter().find(|(_, topic)| topic.settings.is_empty());
            match untold {
                None => return Ok(()),
                Some((name, _)) if begin.elapsed() >= SHORT => {
                    return Err(Error::NotDescribed(name.clone()));
                }
                Some(_) => {}
            }
            std::thread::sleep(STEP * 4);
            let metadata = self.metadata()?;
            seen.retain(|name, _| find(&metadata, name).is_some());
        }
    }

    fn describe_once(&self, seen: &mut BTreeMap<String, Seen>) -> Result<(), Error> {
        if seen.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = seen.keys().cloned().collect();
        let specifiers: Vec<_> = names
            .iter()
            .map(|name| ResourceSpecifier::Topic(name))
            .collect();
        let options = AdminOptions::new().request_timeout(Some(self.request));
        let described = block_on(self.client.describe_configs(&specifiers, &options))
            .map_err(Error::DescribeTopics)?;
        for resource in described {
            let resource = resource.map_err(|code| Error::DescribeTopics(refused(code)))?;
            let OwnedResourceSpecifier::Topic(name) = resource.specifier else {
                continue;
            };
            let Some(topic) = seen.get_mut(&name) else {
                continue;
            };
            for entry in resource.entries {
                if let Some(value) = entry.value {
                    topic.settings.insert(entry.name, value);
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn find<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a MetadataTopic> {
    metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == name && topic.error().is_none())
}

pub(crate) fn shape_of(topic: &MetadataTopic) -> Seen {
    let copies = topic
        .partitions()
        .iter()
        .map(|partition| partition.replicas().len())
        .min();
    Seen {
        partitions: i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX),
        replication: i32::try_from(copies.unwrap_or(0)).unwrap_or(i32::MAX),
        settings: BTreeMap::new(),
    }
}
