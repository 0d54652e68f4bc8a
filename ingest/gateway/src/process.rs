//! From the bytes of a body to a record on its way: decoded, held against its key and the switches,
//! and sent. No I/O but the sink's queue; it runs on whatever thread there is.

use axum::http::HeaderMap;
use axum::http::header;
use kaiku_ingest::Framer;
use kaiku_ingest::jsonl::{self, Line};
use kaiku_raw::{DecodeError, RawBatch, Reason, Record};

use crate::Pending;
use crate::answer::Refusal;
use crate::api::Api;
use crate::keys::Grant;
use crate::lanes::Waiting;
use crate::metrics::TEST_UPLOADS;
use crate::seldom::causes;

/// The media type of a batch in Avro's single-object encoding.
pub const AVRO: &str = "application/vnd.kaiku.batch+avro";

/// The media type of a batch in JSON, the form of a line.
pub(crate) const JSON: &str = "application/json";

/// What a body is to be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Avro,
    Forget,
}

/// Whether what is sent counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// It counts.
    Real,
    /// It is checked, answered and dropped.
    Test,
}

/// What was taken of a request.
pub(crate) struct Taken {
    /// How many events were sent to the gateway.
    pub(crate) events: usize,
    /// The record on its way; `None` where everything was dropped.
    pub(crate) record: Option<(Pending, Waiting)>,
    /// What became of it, for the metric.
    pub(crate) why: &'static str,
}

impl Taken {
    fn dropped(events: usize, why: &'static str) -> Taken {
        Taken {
            events,
            record: None,
            why,
        }
    }
}

impl Form {
    /// What the headers say that a batch is.
    pub(crate) fn of_batch(headers: &HeaderMap) -> Result<Form, Refusal> {
        match essence(headers).as_str() {
            JSON => Ok(Form::Json),
            AVRO => Ok(Form::Avro),
            _ => Err(Refusal::UnsupportedType),
        }
    }

    /// A request to forget is JSON.
    pub(crate) fn of_forget(headers: &HeaderMap) -> Result<Form, Refusal> {
        match essence(headers).as_str() {
            JSON => Ok(Form::Forget),
            _ => Err(Refusal::NotJson),
        }
    }
}

impl Environment {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Environment, Refusal> {
        let mut values = headers.get_all("kaiku-environment").iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Environment::Real),
            (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"test") => {
                Ok(Environment::Test)
            }
            _ => Err(Refusal::BadEnvironment),
        }
    }
}

fn essence(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("");
    essence.trim().to_ascii_lowercase()
}

impl Api {
    /// Takes a plain body.
    pub(crate) fn process(
        &self,
        form: Form,
        environment: Environment,
        grant: &Grant,
        body: &[u8],
    ) -> Result<Taken, Refusal> {
        match form {
            Form::Json => match jsonl::parse_line(text(body)?).map_err(Refusal::Invalid)? {
                Line::Batch(batch) => self.batch(batch.as_raw(), environment, grant, true),
                Line::Forget(_) => Err(Refusal::of_reason(Reason::BadJson)),
            },
            Form::Avro => match self.decoder.decode(body) {
                Ok(Record::Batch(batch)) => self.batch(batch, environment, grant, false),
                Ok(Record::Forget(_) | Record::Tick) => {
                    Err(Refusal::of_reason(Reason::UnknownFingerprint))
                }
                // Devices know no registry: they write single-object encoding.
                Err(DecodeError::UnknownSchema(_) | DecodeError::Refused(Reason::BadSchemaId)) => {
                    Err(Refusal::of_reason(Reason::NotAvro))
                }
                Err(DecodeError::Refused(reason)) => Err(Refusal::of_reason(reason)),
            },
            Form::Forget => self.forget(environment, grant, body),
        }
    }

    fn batch(
        &self,
        mut batch: RawBatch<'_>,
        environment: Environment,
        grant: &Grant,
        is_text: bool,
    ) -> Result<Taken, Refusal> {
        if !grant.covers(batch.app) {
            return Err(Refusal::WrongApp);
        }
        let events = batch.events.len();
        let switches = self.switches.get();
        let is_concerned = switches.concern(&batch);
        if environment == Environment::Test || is_concerned {
            // What is dropped is checked as if it were not: a switch hides no fault of an app.
            let checked = Framer::single_object().batch(&batch, self.sink.today());
            checked.map_err(|reason| self.refused(&batch, reason, is_text))?;
        }
        if environment == Environment::Test {
            TEST_UPLOADS.with([]).increment(1);
            return Ok(Taken::dropped(events, "test"));
        }
        if is_concerned {
            switches.drop_from(&mut batch);
            if batch.events.is_empty() {
                return Ok(Taken::dropped(events, "killed"));
            }
        }
        let waiting = self.room_for(&batch.device.id)?;
        let pending = self.sink.batch(&batch).map_err(|error| match error {
            kaiku_ingest::Error::Refused(reason) => self.refused(&batch, reason, is_text),
            other => self.of_sink(other),
        })?;
        Ok(Taken {
            events,
            record: Some((pending, waiting)),
            why: "taken",
        })
    }

    fn forget(
        &self,
        environment: Environment,
        grant: &Grant,
        body: &[u8],
    ) -> Result<Taken, Refusal> {
        let forget = jsonl::parse_forget(text(body)?).map_err(Refusal::Invalid)?;
        let forget = forget.as_raw();
        // Without an app it is all of the device's, whoever asks: what guards it is that nobody
        // knows the identifier but the device.
        if forget.app.is_some_and(|app| !grant.covers(app)) {
            return Err(Refusal::WrongApp);
        }
        if environment == Environment::Test {
            let checked = Framer::single_object().forget(&forget);
            checked.map_err(Refusal::of_reason)?;
            TEST_UPLOADS.with([]).increment(1);
            return Ok(Taken::dropped(0, "test"));
        }
        let waiting = self.room_for(&forget.device_id)?;
        let pending = self.sink.forget(&forget);
        let pending = pending.map_err(|error| self.of_sink(error))?;
        Ok(Taken {
            events: 0,
            record: Some((pending, waiting)),
            why: "taken",
        })
    }

    fn room_for(&self, device: &kaiku_ingest::DeviceId) -> Result<Waiting, Refusal> {
        let partition = self.sink.partition_of(device);
        self.lanes.try_it(partition).ok_or(Refusal::Away)
    }

    fn refused(&self, batch: &RawBatch<'_>, reason: Reason, is_text: bool) -> Refusal {
        match is_text {
            // People write JSON: they are told which event it is.
            true => Refusal::Invalid(jsonl::locate(batch, reason, self.sink.today())),
            false => Refusal::of_reason(reason),
        }
    }

    /// What the sink does not take: because of what it is, or because it can't now.
    fn of_sink(&self, error: kaiku_ingest::Error) -> Refusal {
        match error {
            kaiku_ingest::Error::Refused(reason) => Refusal::of_reason(reason),
            kaiku_ingest::Error::Full | kaiku_ingest::Error::Closed => Refusal::Away,
            other => {
                if self.cant_send.is_due() {
                    tracing::error!(error = causes(&other), "a record could not be sent");
                }
                Refusal::Away
            }
        }
    }
}

fn text(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body).map_err(|_| Refusal::of_reason(Reason::BadJson))
}
