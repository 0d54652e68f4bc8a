//! One connection: its handshake, its requests one after the other, each within its time, its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::Limits;
use crate::addresses::Counted;
use crate::answer::{Refusal, Why};
use crate::api::{Api, Client};
use crate::linger::Lingering;
use crate::metrics::{CONNECTIONS_ENDED, REQUESTS};
use crate::seats::{Phase, Seat, Taken};

/// Bytes of a request's head, and its number of fields.
const HEAD_BYTES: usize = 16 * 1024;
const HEAD_FIELDS: usize = 64;

/// One connection, from the handshake to its end.
pub(crate) struct Connection {
    pub(crate) acceptor: Option<Arc<TlsAcceptor>>,
    pub(crate) api: Arc<Api>,
    pub(crate) routes: Router,
    pub(crate) shutdown: CancellationToken,
    pub(crate) taken: Taken,
    /// Its address, unless that is a proxy's or has had its share.
    pub(crate) counted: Option<Counted>,
}

impl Connection {
    pub(crate) async fn serve(self, stream: TcpStream) {
        // Answers are small and written at once.
        let _ = stream.set_nodelay(true);
        let limits = &self.api.config.limits;
        let stream = Lingering::new(stream, self.taken.seat().clone(), limits.linger_time);
        let Some(acceptor) = self.acceptor.clone() else {
            return self.speak(stream).await;
        };
        let handshake = tokio::select! {
            () = self.shutdown.cancelled() => return,
            () = self.taken.seat().must_leave() => return,
            handshake = timeout(limits.handshake_time, acceptor.accept(stream)) => handshake,
        };
        // A handshake that failed or took too long is the client's affair.
        match handshake {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(_)) | Err(_) => ended("handshake"),
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let Connection {
            api,
            routes,
            shutdown,
            taken,
            counted,
            ..
        } = self;
        let seat = taken.seat().clone();
        seat.enter(Phase::Idle);
        let has_begun = AtomicBool::new(false);
        let client = Client {
            seat: seat.clone(),
            address: counted.as_ref().map(Counted::hash),
        };
        let service = service_fn(|request: Request<Incoming>| {
            has_begun.store(true, Ordering::Relaxed);
            client.seat.enter(Phase::Work);
            let (api, routes, client) = (api.clone(), routes.clone(), client.clone());
            let is_served = taken.is_served();
            async move {
                let unanswered = Unanswered;
                let response = match is_served {
                    true => handle(&api, routes, request, client.clone()).await,
                    false => busy(&api),
                };
                unanswered.answered(&response);
                client.seat.enter(Phase::Idle);
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            // A client may close its half behind its request, and still waits for the answer.
            .half_close(true)
            // A device reads the status alone; every byte of an answer is one of its traffic.
            .auto_date_header(false)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEAD_FIELDS)
            .serve_connection(TokioIo::new(stream), service);
        let limits = &api.config.limits;
        let mut connection = pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => return count_refused_head(ended.err().as_ref()),
            () = seat.must_leave() => return,
            reason = overdue(&seat, limits) => return ended(reason),
            () = shutdown.cancelled() => {}
            () = sleep(limits.connection_time) => ended("life"),
        }
        // hyper would wait for the first request of a connection that has had none.
        if !has_begun.load(Ordering::Relaxed) {
            return;
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(api.config.grace, connection).await;
    }
}

/// Waits until a connection has been idle, or has sent a head, for too long.
async fn overdue(seat: &Seat, limits: &Limits) -> &'static str {
    loop {
        let (phase, time) = seat.phase();
        let (most, reason) = match phase {
            Phase::Idle => (limits.idle_time, "idle"),
            Phase::Head => (limits.header_time, "head"),
            // What it is at has a time of its own.
            Phase::Handshake | Phase::Body | Phase::Work | Phase::Linger => (Duration::MAX, ""),
        };
        if time >= most {
            return reason;
        }
        // Another phase may have begun meanwhile, with less time to it.
        let soon = limits.idle_time.min(limits.header_time);
        sleep((most - time).min(soon)).await;
    }
}

fn ended(reason: &'static str) {
    CONNECTIONS_ENDED.with([reason.into()]).increment(1);
}

async fn handle(
    api: &Api,
    routes: Router,
    request: Request<Incoming>,
    client: Client,
) -> Response<Body> {
    let mut request = request.map(Body::new);
    if !has_one_meaning(&request) {
        return closing(Refusal::BadHead.respond(api.config.retry_after));
    }
    request.extensions_mut().insert(client);
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Whether every proxy reads this head as we do: one host, and no coding of the transfer that is
/// passed over.
fn has_one_meaning(request: &Request<Body>) -> bool {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().count();
    let is_hosted = hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11);
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    let is_plain = codings.next().is_none_or(is_chunked) && codings.next().is_none();
    is_hosted && is_plain
}

fn busy(api: &Api) -> Response<Body> {
    closing(Refusal::Busy.respond(api.config.retry_after))
}

fn closing(mut response: Response<Body>) -> Response<Body> {
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A request that has no answer yet. Dropped, its client went away.
struct Unanswered;

impl Unanswered {
    fn answered(self, response: &Response<Body>) {
        std::mem::forget(self);
        let why = response.extensions().get::<Why>();
        let code = response.status().as_str().to_owned();
        let reason = why.map_or("served", |why| why.0);
        REQUESTS.with([code.into(), reason.into()]).increment(1);
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        REQUESTS
            .with(["none".into(), "client_gone".into()])
            .increment(1);
    }
}

/// Counts what hyper answers by itself: a head that can't be read, or is too large.
fn count_refused_head(error: Option<&hyper::Error>) {
    let code = match error {
        Some(error) if error.is_parse_too_large() => "431",
        Some(error) if error.is_parse() => "400",
        _ => return,
    };
    REQUESTS.with([code.into(), "bad_head".into()]).increment(1);
}
