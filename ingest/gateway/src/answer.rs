//! What a request is told: a closed list of refusals, none of which repeats what was sent.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use kaiku_ingest::jsonl::LineError;
use kaiku_raw::Reason;
use rand::Rng;
use serde_json::json;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400, or 413 where it is too large: the batch is not valid, and never will be.
    Invalid(LineError),
    /// 400: the body is not what Content-Encoding says.
    BadEncoding,
    /// 400: not exactly one Host, or a transfer coding that is not chunked.
    BadHead,
    /// 400: an environment that does not exist.
    BadEnvironment,
    /// 401: no key, or none that is known.
    Unauthorized,
    /// 403: the key is that of another app.
    WrongApp,
    /// 404: no such path.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 408: the body broke off.
    BrokenBody,
    /// 408: the body took too long.
    BodyTooSlow,
    /// 413: the body is larger than the limit, before or after decompression.
    TooLarge,
    /// 415: the body is of another type.
    UnsupportedType,
    /// 415: the body is of another type, where only JSON is taken.
    NotJson,
    /// 415: the body has another encoding.
    UnsupportedEncoding,
    /// 429: too many connections, bodies or requests at once.
    Busy,
    /// 429: the quota of the key, or the share of the address, is used up.
    OverQuota,
    /// 503: Kafka did not confirm the record.
    Away,
}

impl Refusal {
    /// A batch that is not valid, with the reason's own sentence.
    pub(crate) fn of_reason(reason: Reason) -> Refusal {
        let sentence = reason.sentence().to_owned();
        Refusal::Invalid(LineError {
            reason,
            column: None,
            sentence,
        })
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::Invalid(error) if error.reason == Reason::TooLarge => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Refusal::Invalid(_)
            | Refusal::BadEncoding
            | Refusal::BadHead
            | Refusal::BadEnvironment => StatusCode::BAD_REQUEST,
            Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
            Refusal::WrongApp => StatusCode::FORBIDDEN,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            // Sent again, it is taken whole: it is no fault of the batch.
            Refusal::BrokenBody | Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::UnsupportedType | Refusal::NotJson | Refusal::UnsupportedEncoding => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Refusal::Busy | Refusal::OverQuota => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The label of the reason, from the contract's list or from this one.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Refusal::Invalid(error) => error.reason.as_str(),
            Refusal::BadEncoding => "bad_encoding",
            Refusal::BadHead => "bad_head",
            Refusal::BadEnvironment => "bad_environment",
            Refusal::Unauthorized => "unauthorized",
            Refusal::WrongApp => "wrong_app",
            Refusal::NotFound => "not_found",
            Refusal::MethodNotAllowed => "method_not_allowed",
            Refusal::BrokenBody => "broken_body",
            Refusal::BodyTooSlow => "body_too_slow",
            Refusal::TooLarge => "too_large",
            Refusal::UnsupportedType | Refusal::NotJson => "unsupported_type",
            Refusal::UnsupportedEncoding => "unsupported_encoding",
            Refusal::Busy => "busy",
            Refusal::OverQuota => "over_quota",
            Refusal::Away => "away",
        }
    }

    fn sentence(&self) -> &str {
        match self {
            Refusal::Invalid(error) => &error.sentence,
            Refusal::BadEncoding => "the body is not what content-encoding says",
            Refusal::BadHead => {
                "a request has exactly one host, and no transfer-encoding but chunked"
            }
            Refusal::BadEnvironment => "kaiku-environment is test, or is left out",
            Refusal::Unauthorized => "a bearer token is needed",
            Refusal::WrongApp => "the key is not one of this app",
            Refusal::NotFound => "there is nothing at this path",
            Refusal::MethodNotAllowed => "this path has other methods",
            Refusal::BrokenBody => "the body broke off",
            Refusal::BodyTooSlow => "the body took too long",
            Refusal::TooLarge => "the body is larger than the limit",
            Refusal::UnsupportedType => {
                "content-type is application/json or application/vnd.kaiku.batch+avro"
            }
            Refusal::NotJson => "content-type is application/json",
            Refusal::UnsupportedEncoding => "content-encoding is identity, gzip or zstd",
            Refusal::Busy => "too much at once; try again later",
            Refusal::OverQuota => "more requests than the quota allows; try again later",
            Refusal::Away => "the batch could not be stored; keep it, and send it again later",
        }
    }

    /// The response, with Retry-After where trying again can help.
    pub(crate) fn respond(&self, retry_after: Duration) -> Response<Body> {
        let column = match self {
            Refusal::Invalid(error) => error.column,
            _ => None,
        };
        let mut body = json!({ "reason": self.label(), "sentence": self.sentence() });
        if let Some(column) = column {
            body["column"] = column.into();
        }
        let mut response = json(self.status(), &body);
        response.extensions_mut().insert(Why(self.label()));
        let headers = response.headers_mut();
        if matches!(self, Refusal::Busy | Refusal::OverQuota | Refusal::Away) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(spread(retry_after)));
        }
        if matches!(self, Refusal::Unauthorized) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The reason of a response, for the metric; it stands in no header.
#[derive(Clone, Copy)]
pub(crate) struct Why(pub(crate) &'static str);

/// Half to one and a half times as long, in seconds: devices that were refused together do not come
/// back together.
fn spread(time: Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2);
    let drawn = rand::rng().random_range(millis / 2..=millis.saturating_add(millis / 2));
    drawn.div_ceil(1_000).max(1)
}

/// A response with a JSON body.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 202 and nothing else: what a device needs to know, in as few bytes as there can be.
pub(crate) fn accepted() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn devices_that_are_refused_together_do_not_come_back_together() {
        let times: BTreeSet<u64> = (0..500).map(|_| spread(Duration::from_secs(60))).collect();
        assert!(times.iter().all(|time| (30..=90).contains(time)));
        assert!(times.len() > 30, "{} different times", times.len());
        assert_eq!(spread(Duration::ZERO), 1);
    }
}
