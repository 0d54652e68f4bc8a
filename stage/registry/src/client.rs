//! The questions themselves, over HTTPS.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

use crate::cache::{Cache, lock};
use crate::{Config, Error, Operation};

/// The biggest answer that is read, in bytes.
const MAX_ANSWER: u64 = 4 << 20;

/// The media type of the registry's interface.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// Subject, version or schema not found, as the registry numbers it.
const SUBJECT_NOT_FOUND: u32 = 40_401;
const VERSION_NOT_FOUND: u32 = 40_402;
const SCHEMA_NOT_FOUND: u32 = 40_403;

/// A schema registry. Shared by reference between threads; each call blocks.
pub struct Registry {
    base: Url,
    agent: Agent,
    authorization: Option<String>,
    cache: Cache,
}

impl Registry {
    /// Takes the settings, reads the files that they name, and connects to nothing yet.
    ///
    /// # Errors
    /// Where the settings don't allow a connection, or a file can't be read.
    pub fn new(config: &Config) -> Result<Registry, Error> {
        let base = config.base()?;
        let authorization = config.authorization()?;
        let mut builder = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could lead to plain text, with the password in the header.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("kaiku")
            .timeout_global(Some(config.timeout));
        if base.scheme() == "https" {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::from(config.authorities()?))
                .unversioned_rustls_crypto_provider(provider)
                .build();
            builder = builder.https_only(true).tls_config(tls);
        }
        let agent = builder.build().new_agent();
        Ok(Registry {
            base,
            agent,
            authorization,
            cache: Cache::default(),
        })
    }

    /// Asks for something that every registry has, to learn whether it is there.
    ///
    /// # Errors
    /// Where it can't be reached or refuses.
    pub fn ping(&self) -> Result<(), Error> {
        let answer: Vec<String> = self.get(Operation::Ping, &["subjects"])?.read()?;
        tracing::debug!(subjects = answer.len(), "the schema registry answers");
        Ok(())
    }

    /// The text of the schema that has this id. It is asked for once in the life of the client.
    ///
    /// # Errors
    /// [`Error::UnknownId`] where the registry has no such schema (asked again a few seconds
    /// later at the earliest), others where there was no answer; none of them is for ever.
    pub fn schema_by_id(&self, id: u32) -> Result<Arc<str>, Error> {
        #[derive(Deserialize)]
        struct Found {
            schema: String,
        }
        let slot = self.cache.slot(id);
        let mut slot = lock(&slot);
        if let Ok(known) = slot.answer(Instant::now()) {
            return known.ok_or(Error::UnknownId(id));
        }
        let answer = self.get(Operation::SchemaById, &["schemas", "ids", &id.to_string()])?;
        if answer.is_not_found(&[SCHEMA_NOT_FOUND]) {
            slot.set_missing(Instant::now());
            return Err(Error::UnknownId(id));
        }
        let schema: Arc<str> = answer.read::<Found>()?.schema.into();
        slot.set_known(schema.clone());
        Ok(schema)
    }

    /// Whether the schema can stand beside the newest of its subject, by the subject's own rule.
    /// A subject without a schema takes any.
    ///
    /// # Errors
    /// [`Error::Incompatible`] with what the registry says about it, or where it gave no answer.
    pub fn check(&self, subject: &str, schema: &str) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Verdict {
            is_compatible: bool,
            #[serde(default)]
            messages: Vec<String>,
        }
        let mut url = self.url(&["compatibility", "subjects", subject, "versions", "latest"]);
        url.set_query(Some("verbose=true"));
        let answer = self.post(Operation::Check, &url, schema)?;
        if answer.is_not_found(&[SUBJECT_NOT_FOUND, VERSION_NOT_FOUND]) {
            return Ok(());
        }
        let verdict: Verdict = answer.read()?;
        if verdict.is_compatible {
            return Ok(());
        }
        Err(Error::Incompatible {
            subject: subject.to_owned(),
            messages: verdict.messages,
        })
    }

    /// The id of a schema that stands in its subject, or `None` where it does not.
    ///
    /// # Errors
    /// Where there was no answer.
    pub fn lookup(&self, subject: &str, schema: &str) -> Result<Option<u32>, Error> {
        let url = self.url(&["subjects", subject]);
        let answer = self.post(Operation::Lookup, &url, schema)?;
        if answer.is_not_found(&[SUBJECT_NOT_FOUND, VERSION_NOT_FOUND, SCHEMA_NOT_FOUND]) {
            return Ok(None);
        }
        Ok(Some(answer.read::<Registered>()?.id))
    }

    /// Checks the schema against the newest of its subject, registers it, and gives its id. A
    /// schema that is there already keeps its id; for that the right to read is enough.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where it would break readers or writers, with nothing registered;
    /// others where there was no answer.
    pub fn register(&self, subject: &str, schema: &str) -> Result<u32, Error> {
        if let Some(id) = self.lookup(subject, schema)? {
            return Ok(id);
        }
        self.check(subject, schema)?;
        let url = self.url(&["subjects", subject, "versions"]);
        let answer = self.post(Operation::Register, &url, schema)?;
        if answer.status == 409 {
            return Err(Error::Incompatible {
                subject: subject.to_owned(),
                messages: Vec::new(),
            });
        }
        Ok(answer.read::<Registered>()?.id)
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // http and https addresses always have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn get(&self, operation: Operation, path: &[&str]) -> Result<Answer, Error> {
        let mut request = self
            .agent
            .get(self.url(path).as_str())
            .header("accept", MEDIA_TYPE);
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        Answer::take(operation, request.call())
    }

    fn post(&self, operation: Operation, url: &Url, schema: &str) -> Result<Answer, Error> {
        let body = json!({ "schema": schema }).to_string();
        let mut request = self
            .agent
            .post(url.as_str())
            .header("accept", MEDIA_TYPE)
            .header("content-type", MEDIA_TYPE);
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        Answer::take(operation, request.send(&body))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

/// An answer whose body was read, and of which it is not yet known whether it is a good one.
struct Answer {
    operation: Operation,
    status: u16,
    code: u32,
    body: Vec<u8>,
}

impl Answer {
    fn take(
        operation: Operation,
        response: Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer, Error> {
        #[derive(Deserialize)]
        struct Problem {
            error_code: u32,
        }
        let unreachable = |source| Error::Unreachable {
            operation,
            source: Box::new(source),
        };
        let mut response = response.map_err(unreachable)?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_vec();
        let body = body.map_err(unreachable)?;
        let code = match status {
            200..=299 => 0,
            _ => serde_json::from_slice::<Problem>(&body).map_or(0, |problem| problem.error_code),
        };
        Ok(Answer {
            operation,
            status,
            code,
            body,
        })
    }

    fn is_not_found(&self, codes: &[u32]) -> bool {
        self.status == 404 && codes.contains(&self.code)
    }

    fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        let Answer {
            operation,
            status,
            code,
            ..
        } = *self;
        match status {
            200..=299 => {
                serde_json::from_slice(&self.body).map_err(|_| Error::Answer { operation })
            }
            408 | 429 | 500.. => Err(Error::Unavailable { operation, status }),
            _ => Err(Error::Refused {
                operation,
                status,
                code,
            }),
        }
    }
}
