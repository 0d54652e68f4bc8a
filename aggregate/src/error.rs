//! What can go wrong while landing and sealing. No error holds a value of an event.

use datafusion::error::DataFusionError;
use kaiku_stage::Standstill;
use kaiku_wire::Day;

/// A failed operation of this package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The policy can't be used; each sentence says what to do.
    #[error("the policy can't be used: {}", .0.join("; "))]
    Policy(Vec<String>),
    /// The threads for stores and sums could not be started.
    #[error("starting the threads for stores and sums")]
    Runtime(#[source] std::io::Error),
    /// A store can't be used as it is set.
    #[error("the store {place} can't be used: {reason}")]
    Place {
        /// The setting.
        place: String,
        /// What to do about it.
        reason: String,
    },
    /// A store did not do what it was asked.
    #[error("{operation} {path}")]
    Store {
        /// What was tried.
        operation: &'static str,
        /// The object.
        path: String,
        /// What the store says.
        #[source]
        source: object_store::Error,
    },
    /// A file of a local store could not be written durably.
    #[error("putting the file {path}")]
    File {
        /// The object.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// An object is not what the log or the manifest says of it.
    #[error("the object {path} is not the one that was written: its hash differs")]
    Altered {
        /// The object.
        path: String,
    },
    /// A document of this package's own can't be read.
    #[error("reading {path}")]
    Document {
        /// The object.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The landing log of a partition is not dense, or of another format.
    #[error("the landing log of partition {partition} is broken: {reason}")]
    Log {
        /// The partition.
        partition: i32,
        /// What is wrong with it.
        reason: String,
    },
    /// Records that were never landed are gone from the topic.
    #[error(
        "partition {partition} of {topic} begins at offset {low}, but the landing log ends at {end}: \
         the records between are lost; if the landing folder is the wrong one, name the right one. To go \
         on without them, and withhold the days that they concern, start aggregate once with \
         --accept-landing-gap {partition}:{low}"
    )]
    Gap {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where the log ends.
        end: i64,
        /// Where the topic begins.
        low: i64,
    },
    /// The log has read further than the topic goes.
    #[error(
        "partition {partition} of {topic} ends at offset {high}, but the landing log ends at {end}: \
         the topic was made anew, or a broker has lost its end; in the first case give it a new landing \
         folder and new rollups, in the second wait until it is that long again: then the next start says \
         what to do"
    )]
    Ahead {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where the log ends.
        end: i64,
        /// Where the topic ends.
        high: i64,
    },
    /// The topic no longer has the record that was landed last.
    #[error(
        "the record at offset {offset} of partition {partition} of {topic} is not the one that was \
         landed: a broker has lost its end, and it was written again. What was written in front of {end} \
         can't be told from what was landed; to go on behind it, and withhold the days that it concerns, \
         start aggregate once with --accept-landing-gap {partition}:{end}"
    )]
    Cut {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where the record stood.
        offset: i64,
        /// Where the log ends.
        end: i64,
    },
    /// A record of `events.stripped` is none of the schema that its header names.
    #[error(
        "the record at offset {offset} of partition {partition} can't be decoded: find who else writes there; to go \
         on without it, and withhold the days that it may be of, start aggregate once with --reject-stripped \
         {partition}:{offset}"
    )]
    Decode {
        /// The partition.
        partition: i32,
        /// Where the record stands.
        offset: i64,
    },
    /// A record names a schema that this version does not know.
    #[error(
        "the record at offset {offset} of partition {partition} has an unknown schema: register it, or find who \
         else writes there; to go on without it, and withhold the days that it may be of, start aggregate once \
         with --reject-stripped {partition}:{offset}"
    )]
    UnknownSchema {
        /// The partition.
        partition: i32,
        /// Where the record stands.
        offset: i64,
    },
    /// A record belongs to a day that its partition has closed before.
    #[error(
        "a record from offset {first} to {offset} of partition {partition} is of {day}, which is closed: find who \
         else writes there; to go on without all of them, and withhold the open days that they may be of, start \
         aggregate once with --reject-stripped {partition}:{first}-{offset}"
    )]
    ClosedDay {
        /// The partition.
        partition: i32,
        /// Where the records begin of which it is one.
        first: i64,
        /// Where they end.
        offset: i64,
        /// The day.
        day: Day,
    },
    /// The schema registry gave no schema.
    #[error("asking the registry for a schema")]
    Registry(#[source] kaiku_registry::Error),
    /// Counts could not be summed.
    #[error("summing counts")]
    Merge(#[source] DataFusionError),
    /// Columns don't have the form that is expected of them.
    #[error("the columns of {0} don't have their form")]
    Columns(&'static str),
    /// A Parquet object could not be written.
    #[error("writing Parquet")]
    Write(#[source] parquet::errors::ParquetError),
    /// A Parquet object could not be read.
    #[error("reading the Parquet object {path}")]
    Read {
        /// The object.
        path: String,
        /// What the reader says.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// The topics are not as this stage needs them; each sentence says what to do.
    #[error("the topics are not as they must be: {}", .0.join("; "))]
    Topics(Vec<String>),
    /// The gate released nothing.
    #[error("the release gate refuses {period}")]
    Gate {
        /// The period.
        period: String,
        /// What the gate says.
        #[source]
        source: kaiku_release::Error,
    },
    /// A seal that was begun can't be ended with other inputs.
    #[error(
        "the seal of {period} was begun with another {what}: restore it until the seal is done; \
         a second draw of noise is never made"
    )]
    Changed {
        /// The period.
        period: String,
        /// What has changed.
        what: &'static str,
    },
    /// A landing folder is used with another topic than the one that it was filled from.
    #[error(
        "the landing store was filled from {bound}, and the settings name {read}: set kafka.prefix \
         and aggregate.landing to those of one pipeline; a new pipeline needs a new landing store \
         and new rollups"
    )]
    Source {
        /// The topic that it was filled from.
        bound: String,
        /// The topic that is read now.
        read: String,
    },
    /// The rollups are those of another topic.
    #[error(
        "the rollups were published from another topic than {read}: set aggregate.rollups to those \
         of this pipeline, or to a new folder"
    )]
    OtherRollups {
        /// The topic that is read now.
        read: String,
    },
    /// The ledger in the landing store and the chain of manifests disagree.
    #[error(
        "the ledger in the landing store has {period}, {what}: bring back the rollups as they were; \
         nothing is drawn a second time"
    )]
    Ledger {
        /// The period.
        period: String,
        /// How they disagree.
        what: &'static str,
    },
    /// The key of a period is spent, and its manifest is gone.
    #[error(
        "{period} was sealed before, and the rollups do not have its manifest: bring back the \
         rollups as they were; nothing is drawn a second time"
    )]
    Spent {
        /// The period.
        period: String,
    },
    /// Events were marked under bounds that this version does not know.
    #[error(
        "{period} was counted under version {found} of the bounds, this program knows version \
         {ours}: run the version that enrich runs"
    )]
    Bounds {
        /// The period.
        period: String,
        /// The version that was found.
        found: u32,
        /// The version of this program.
        ours: u32,
    },
    /// The key that manifests are signed with can't be used.
    #[error("the key {path} can't be used to sign: bring back the one that stood there")]
    SigningKey {
        /// The object.
        path: String,
    },
    /// The chain of manifests is broken.
    #[error("the manifest {path} does not follow from the one before it")]
    Chain {
        /// The manifest.
        path: String,
    },
    /// The rollups were begun by an earlier version, with manifests of another kind.
    #[error(
        "{path} is a manifest of the first format, which can't be gone on with: name a new folder \
         for the rollups, and keep the old one as it is for those who read it"
    )]
    FirstFormat {
        /// One of the manifests.
        path: String,
    },
    /// A manifest has a format that this version does not know.
    #[error("the manifest {path} has the format {format}: only a later version of kaiku reads it")]
    ManifestFormat {
        /// The manifest.
        path: String,
        /// Its format.
        format: u32,
    },
    /// What is asked for was never published.
    #[error("no sealed period has the {what} {name}; there is: {there}")]
    Unpublished {
        /// What kind of name it is.
        what: &'static str,
        /// The name.
        name: String,
        /// What there is.
        there: String,
    },
    /// Rows could not be written as CSV.
    #[error("writing CSV")]
    Csv(#[source] csv::Error),
    /// Kafka's settings, or a request about topics.
    #[error("{operation}")]
    Broker {
        /// What was tried.
        operation: &'static str,
        /// What it says.
        #[source]
        source: kaiku_broker::Error,
    },
    /// The consumer failed.
    #[error("{operation}")]
    Kafka {
        /// What was tried.
        operation: &'static str,
        /// What librdkafka says.
        #[source]
        source: rdkafka::error::KafkaError,
    },
    /// A thread of the stage ended early.
    #[error("a thread of the landing stage ended early")]
    Thread,
}

impl Error {
    pub(crate) fn store(
        operation: &'static str,
        path: &object_store::path::Path,
    ) -> impl FnOnce(object_store::Error) -> Error {
        let path = path.to_string();
        move |source| Error::Store {
            operation,
            path,
            source,
        }
    }

    pub(crate) fn broker(operation: &'static str) -> impl FnOnce(kaiku_broker::Error) -> Error {
        move |source| Error::Broker { operation, source }
    }

    pub(crate) fn kafka(
        operation: &'static str,
    ) -> impl FnOnce(rdkafka::error::KafkaError) -> Error {
        move |source| Error::Kafka { operation, source }
    }

    /// Whether a start that failed so may succeed later without anybody's doing anything.
    pub(crate) fn retry_helps(&self) -> bool {
        matches!(self, Error::Broker { source, .. } if source.retry_helps())
    }

    /// Why a partition has stopped.
    pub(crate) fn standstill(&self) -> Standstill {
        match self {
            Error::Gap { .. } | Error::Ahead { .. } | Error::Cut { .. } => Standstill::LandingGap,
            Error::Decode { .. } => Standstill::LandingDecode,
            Error::UnknownSchema { .. } => Standstill::LandingSchema,
            Error::ClosedDay { .. } => Standstill::LandingClosedDay,
            Error::Log { .. } | Error::Altered { .. } => Standstill::LandingLog,
            _ => Standstill::LandingFailed,
        }
    }
}
