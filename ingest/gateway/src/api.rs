//! The routes, and what each request goes through: token, type, room, body, decode, send, wait.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::routing::{delete, get, post};
use bytes::Bytes;
use kaiku_ingest::jsonl::{self, Line};
use kaiku_raw::{DecodeError, Decoder, Reason, Record};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::answer::{Refusal, json as answer};
use crate::away::Away;
use crate::body::{Encoding, receive};
use crate::tokens::Tokens;
use crate::{Config, Pending, Sink};

/// The media type of a batch in Avro's single-object encoding.
pub const AVRO: &str = "application/vnd.kaiku.batch+avro";

/// The media type of a batch in JSON, the form of a line.
const JSON: &str = "application/json";

/// The description of the interface, OpenAPI 3.1 in JSON; served at `/v1/openapi.json`.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What all requests share.
pub(crate) struct Api {
    pub(crate) config: Config,
    pub(crate) tokens: Tokens,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) decoder: Decoder,
    pub(crate) room: Semaphore,
    pub(crate) away: Away,
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/batch", post(batch))
        .route("/v1/device", delete(device))
        .route("/v1/openapi.json", get(openapi))
        .route("/healthz", get(healthz))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(api)
}

/// What a body is to be read as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Avro,
}

async fn batch(State(api): State<Arc<Api>>, request: Request<Body>) -> Response<Body> {
    let result = take(
        &api,
        request,
        &[Form::Json, Form::Avro],
        |form, body| match form {
            Form::Json => json_batch(&api, body),
            Form::Avro => avro_batch(&api, body),
        },
    );
    match result.await {
        Ok(events) => answer(StatusCode::ACCEPTED, &json!({ "events": events })),
        Err(refusal) => refusal.respond(api.config.retry_after),
    }
}

async fn device(State(api): State<Arc<Api>>, request: Request<Body>) -> Response<Body> {
    let result = take(&api, request, &[Form::Json], |_, body| {
        let forget = jsonl::parse_forget(text(body)?).map_err(Refusal::Invalid)?;
        let pending = api.sink.forget(&forget.as_raw()).map_err(of_sink)?;
        Ok((pending, ()))
    });
    match result.await {
        Ok(()) => answer(StatusCode::ACCEPTED, &json!({})),
        Err(refusal) => refusal.respond(api.config.retry_after),
    }
}

async fn openapi() -> Response<Body> {
    let mut response = Response::new(Body::from(OPENAPI));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

async fn healthz() -> Response<Body> {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn not_found(State(api): State<Arc<Api>>) -> Response<Body> {
    Refusal::NotFound.respond(api.config.retry_after)
}

async fn method_not_allowed(State(api): State<Arc<Api>>) -> Response<Body> {
    Refusal::MethodNotAllowed.respond(api.config.retry_after)
}

/// Takes a request through every check to the broker's answer. What needs no body comes first.
async fn take<T>(
    api: &Api,
    request: Request<Body>,
    forms: &[Form],
    send: impl FnOnce(Form, &[u8]) -> Result<(Pending, T), Refusal>,
) -> Result<T, Refusal> {
    let (head, body) = request.into_parts();
    if !api.tokens.admit(&head.headers) {
        return Err(Refusal::Unauthorized);
    }
    let form = form_of(&head.headers, forms)?;
    let encoding = Encoding::of(&head.headers)?;
    // Held until the answer: it is what bounds the bodies in memory.
    let _room = api.room.try_acquire().map_err(|_| Refusal::Busy)?;
    let body = receive(&head.headers, body, &api.config.limits).await?;
    let body: Bytes = encoding.open(body, api.config.limits.plain_bytes)?;
    let trying = api.away.try_it().ok_or(Refusal::Away)?;
    let (pending, value) = send(form, &body)?;
    drop(body);
    let delivered = tokio::time::timeout(api.config.ack_time, pending).await;
    // A test can have the process end between the broker's word and ours.
    fail::fail_point!("gateway.appended", |_| std::process::abort());
    let is_delivered = matches!(delivered, Ok(Ok(())));
    trying.ended(is_delivered);
    if let Ok(Err(error)) = &delivered
        && !error.retry_helps()
    {
        // Only the kind of error: the broker will say the same to every record.
        tracing::error!(%error, cause = ?std::error::Error::source(error), "a record was refused");
    }
    if is_delivered {
        Ok(value)
    } else {
        Err(Refusal::Away)
    }
}

fn form_of(headers: &HeaderMap, forms: &[Form]) -> Result<Form, Refusal> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value
        .unwrap_or("")
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let form = match essence.as_str() {
        JSON => Form::Json,
        AVRO => Form::Avro,
        _ => return Err(Refusal::UnsupportedType),
    };
    if forms.contains(&form) {
        Ok(form)
    } else {
        Err(Refusal::UnsupportedType)
    }
}

fn json_batch(api: &Api, body: &[u8]) -> Result<(Pending, usize), Refusal> {
    match jsonl::parse_line(text(body)?).map_err(Refusal::Invalid)? {
        Line::Batch(batch) => {
            let raw = batch.as_raw();
            let pending = api.sink.batch(&raw).map_err(|error| match error {
                kaiku_ingest::Error::Refused(reason) => {
                    Refusal::Invalid(jsonl::locate(&raw, reason, api.sink.today()))
                }
                other => of_sink(other),
            })?;
            Ok((pending, batch.len()))
        }
        Line::Forget(_) => Err(Refusal::of_reason(Reason::BadJson)),
    }
}

fn avro_batch(api: &Api, body: &[u8]) -> Result<(Pending, usize), Refusal> {
    match api.decoder.decode(body) {
        Ok(Record::Batch(batch)) => {
            let events = batch.events.len();
            Ok((api.sink.batch(&batch).map_err(of_sink)?, events))
        }
        Ok(Record::Forget(_) | Record::Tick) => Err(Refusal::of_reason(Reason::UnknownFingerprint)),
        Err(DecodeError::Refused(reason)) => Err(Refusal::of_reason(reason)),
        // Devices know no registry: they write single-object encoding.
        Err(DecodeError::UnknownSchema(_)) => Err(Refusal::of_reason(Reason::NotAvro)),
    }
}

fn text(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body).map_err(|_| Refusal::of_reason(Reason::BadJson))
}

/// What the sink does not take: because of what it is, or because it can't now.
fn of_sink(error: kaiku_ingest::Error) -> Refusal {
    match error {
        kaiku_ingest::Error::Refused(reason) => Refusal::of_reason(reason),
        kaiku_ingest::Error::Full | kaiku_ingest::Error::Closed => Refusal::Away,
        other => {
            tracing::error!(error = %other, "a record could not be sent");
            Refusal::Away
        }
    }
}
