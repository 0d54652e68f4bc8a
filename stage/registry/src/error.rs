//! What can go wrong with a schema registry, and whether trying again helps.

use std::fmt;

/// What was asked of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Whether it answers at all: its subjects are listed.
    Ping,
    /// A schema by its id.
    SchemaById,
    /// The id of a schema of a subject.
    Lookup,
    /// Whether a schema can stand beside the newest of its subject.
    Check,
    /// A new schema for a subject.
    Register,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Ping => "listing its subjects",
            Operation::SchemaById => "looking up a schema id",
            Operation::Lookup => "looking up a schema",
            Operation::Check => "checking the compatibility of a schema",
            Operation::Register => "registering a schema",
        })
    }
}

/// Why the registry gave no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address in the settings is not usable.
    #[error("registry url must be an http or https address without a user, a query or a fragment")]
    Address,
    /// The address is plain http and does not lie on this machine.
    #[error("registry url is plain http to another machine: use https, or set insecure = true")]
    Plaintext,
    /// A user without a password, or the other way round.
    #[error("registry username and password_file are needed together")]
    Credentials,
    /// The password or the certificates can't be read.
    #[error("registry {what} can't be read")]
    File {
        /// Which setting names the file.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file of certificates holds none that can be used.
    #[error(
        "registry ca_file (or the system's bundle, where none is set) holds no PEM certificate"
    )]
    Certificates,
    /// The registry knows no schema of this id.
    #[error("the schema registry knows no schema of id {0}")]
    UnknownId(u32),
    /// The registry can't be reached, or the connection broke.
    #[error("the schema registry can't be reached while {operation}")]
    Unreachable {
        /// What was asked.
        operation: Operation,
        /// Why.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The registry answers that it has trouble of its own, or too much to do.
    #[error("the schema registry is in trouble while {operation} (status {status})")]
    Unavailable {
        /// What was asked.
        operation: Operation,
        /// The HTTP status.
        status: u16,
    },
    /// The registry refuses what was asked: credentials, rights, or a wrong address.
    #[error("the schema registry refuses {operation} (status {status}, code {code})")]
    Refused {
        /// What was asked.
        operation: Operation,
        /// The HTTP status.
        status: u16,
        /// The registry's own error code, or 0.
        code: u32,
    },
    /// The schema would break readers or writers of the subject's newest schema.
    #[error("the schema is not compatible with the newest one of {subject}: {}", messages.join("; "))]
    Incompatible {
        /// The subject.
        subject: String,
        /// What the registry says about it.
        messages: Vec<String>,
    },
    /// What answers is no schema registry.
    #[error("the answer to {operation} is not that of a schema registry")]
    Answer {
        /// What was asked.
        operation: Operation,
    },
}

impl Error {
    /// Whether the same question can have another answer later, with nothing changed here.
    ///
    /// An unknown id counts: registries are replicated, and the answer of a follower can be late.
    pub fn retry_helps(&self) -> bool {
        matches!(
            self,
            Error::Unreachable { .. } | Error::Unavailable { .. } | Error::UnknownId(_)
        )
    }
}
