//! The routes, and what each request goes through: key, type, body, place, decode, send, wait.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::routing::{delete, get, post};
use kaiku_ingest::DeliveryError;
use kaiku_raw::Decoder;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::addresses::{Addresses, Hash};
use crate::answer::{Refusal, Why, accepted, json as answer};
use crate::body::{Budget, Encoding, receive};
use crate::keys::{Grant, Keys};
use crate::lanes::{Lanes, Waiting};
use crate::process::{Environment, Form, JSON, Taken};
use crate::seats::{Phase, Seat};
use crate::seldom::{Seldom, causes};
use crate::suggested::Suggested;
use crate::switches::Switches;
use crate::watched::Current;
use crate::{Config, Pending, Sink};

/// The description of the interface, OpenAPI 3.1 in JSON; served at `/v1/openapi.json`.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// How long a body that is there waits for its place, before its client is told to come again.
const PLACE: Duration = Duration::from_secs(2);

/// Plain bytes that are decoded on the thread that serves the connection. What is larger may take
/// milliseconds, and goes to a thread where it holds up nobody else.
const AT_ONCE: usize = 16 * 1024;

/// What all requests share.
pub(crate) struct Api {
    pub(crate) config: Config,
    pub(crate) keys: Current<Keys>,
    pub(crate) switches: Current<Switches>,
    pub(crate) suggested: Current<Suggested>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) decoder: Decoder,
    pub(crate) budget: Budget,
    /// Places for whole bodies.
    pub(crate) places: Semaphore,
    /// Places on the threads for large bodies.
    pub(crate) threads: Semaphore,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) cant_send: Seldom,
    pub(crate) is_refused: Seldom,
}

/// Where a request came in: what its connection is at, and of which address it is.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) seat: Arc<Seat>,
    pub(crate) address: Option<Hash>,
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/batch", post(batch))
        .route("/v1/forget", post(forget))
        .route("/v1/device", delete(device))
        .route("/v1/recommendations/{app}", get(recommendations))
        .route("/v1/openapi.json", get(openapi))
        .route("/healthz", get(healthz))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(api)
}

async fn batch(State(api): State<Arc<Api>>, request: Request<Body>) -> Response<Body> {
    let form = Form::of_batch(request.headers());
    match api.take(request, form.clone()).await {
        // A device reads the status alone.
        Ok(taken) if form == Ok(Form::Avro) => said(accepted(), &taken),
        Ok(taken) => {
            let events = json!({ "events": taken.events });
            said(answer(StatusCode::ACCEPTED, &events), &taken)
        }
        Err(refusal) => refusal.respond(api.config.retry_after),
    }
}

async fn forget(State(api): State<Arc<Api>>, request: Request<Body>) -> Response<Body> {
    let form = Form::of_forget(request.headers());
    match api.take(request, form).await {
        Ok(taken) => said(accepted(), &taken),
        Err(refusal) => refusal.respond(api.config.retry_after),
    }
}

/// The first form of `forget`. Some proxies do not let the body of a DELETE through.
async fn device(State(api): State<Arc<Api>>, request: Request<Body>) -> Response<Body> {
    let form = Form::of_forget(request.headers());
    match api.take(request, form).await {
        Ok(taken) => said(answer(StatusCode::ACCEPTED, &json!({})), &taken),
        Err(refusal) => refusal.respond(api.config.retry_after),
    }
}

fn said(mut response: Response<Body>, taken: &Taken) -> Response<Body> {
    response.extensions_mut().insert(Why(taken.why));
    response
}

/// No key and no identifier: it is the same for everybody, and only the address has its share.
async fn recommendations(
    State(api): State<Arc<Api>>,
    Path(app): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let (head, _) = request.into_parts();
    let address = head
        .extensions
        .get::<Client>()
        .and_then(|client| client.address);
    if !api.addresses.admits(address, &head.headers) {
        return Refusal::OverQuota.respond(api.config.retry_after);
    }
    let answer = api.suggested.get().answer(&app, &head.headers);
    answer.unwrap_or_else(|| Refusal::NotFound.respond(api.config.retry_after))
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

impl Api {
    /// Takes a request through every check to the broker's answer. What needs no body comes first.
    async fn take(
        self: &Arc<Api>,
        request: Request<Body>,
        form: Result<Form, Refusal>,
    ) -> Result<Taken, Refusal> {
        let (head, body) = request.into_parts();
        let grant = self.admit(&head)?;
        let form = form?;
        let encoding = Encoding::of(&head.headers)?;
        let environment = Environment::of(&head.headers)?;
        let client = head.extensions.get::<Client>();
        let enter = |phase| {
            if let Some(client) = client {
                client.seat.enter(phase);
            }
        };
        enter(Phase::Body);
        let body = receive(&head.headers, body, &self.config.limits, &self.budget).await?;
        enter(Phase::Work);
        // Taken when the body is whole: a slow one costs its bytes and no place.
        let place = tokio::time::timeout(PLACE, self.places.acquire()).await;
        let place = place.map_err(|_| Refusal::Busy)?;
        let plain = self.at_once(encoding, body.bytes());
        let worked = plain.map(|plain| self.process(form, environment, &grant, &plain?));
        let mut taken = match worked {
            Some(worked) => worked?,
            None => {
                let work = move |api: &Api| {
                    let plain = encoding.open(body.bytes(), api.config.limits.plain_bytes)?;
                    api.process(form, environment, &grant, &plain)
                };
                self.on_a_thread(work).await?
            }
        };
        drop(place);
        match taken.record.take() {
            None => Ok(taken),
            Some((pending, waiting)) => self.delivered(pending, waiting).await.map(|()| taken),
        }
    }

    /// Whose request it is, where it may be sent at all.
    fn admit(&self, head: &Parts) -> Result<Arc<Grant>, Refusal> {
        let address = head
            .extensions
            .get::<Client>()
            .and_then(|client| client.address);
        if !self.addresses.admits(address, &head.headers) {
            return Err(Refusal::OverQuota);
        }
        let grant = self
            .keys
            .get()
            .grant(&head.headers)
            .ok_or(Refusal::Unauthorized)?;
        if grant.admits() {
            Ok(grant)
        } else {
            Err(Refusal::OverQuota)
        }
    }

    /// What a body holds, where that is little; `None` where it is so much that decoding it belongs
    /// on a thread of its own.
    fn at_once<'a>(
        &self,
        encoding: Encoding,
        body: &'a [u8],
    ) -> Option<Result<std::borrow::Cow<'a, [u8]>, Refusal>> {
        let limit = self.config.limits.plain_bytes;
        match encoding.open(body, AT_ONCE.min(limit)) {
            Err(Refusal::TooLarge) if limit > AT_ONCE => None,
            opened => Some(opened),
        }
    }

    /// Runs what takes long where it holds up no connection; as many at once as there are cores.
    async fn on_a_thread<T: Send + 'static>(
        self: &Arc<Api>,
        work: impl FnOnce(&Api) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let thread = tokio::time::timeout(PLACE, self.threads.acquire()).await;
        let _thread = thread.map_err(|_| Refusal::Busy)?;
        let api = self.clone();
        let worked = tokio::task::spawn_blocking(move || work(&api)).await;
        // It is cancelled where the gateway ends; the client comes again.
        worked.unwrap_or(Err(Refusal::Busy))
    }

    /// Waits for the broker's word. A task of its own waits for it, so that it is heard though the
    /// client has gone: else clients that give up early would keep us from noticing that Kafka is
    /// away.
    async fn delivered(self: &Arc<Api>, pending: Pending, waiting: Waiting) -> Result<(), Refusal> {
        let api = self.clone();
        let waits = tokio::spawn(async move {
            let delivered = tokio::time::timeout(api.config.ack_time, pending).await;
            waiting.ended(matches!(delivered, Ok(Ok(()))));
            if let Ok(Err(error)) = &delivered {
                api.note(error);
            }
            matches!(delivered, Ok(Ok(())))
        });
        let is_delivered = waits.await.unwrap_or(false);
        // A test can have the process end between the broker's word and ours.
        fail::fail_point!("gateway.appended", |_| std::process::abort());
        if is_delivered {
            Ok(())
        } else {
            Err(Refusal::Away)
        }
    }

    /// Only the kind of error, and seldom: the broker will say the same to every record.
    fn note(&self, error: &DeliveryError) {
        if !error.retry_helps() && self.is_refused.is_due() {
            tracing::error!(error = causes(error), "a record was refused");
        }
    }
}
