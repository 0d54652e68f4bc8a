//! What a request is told: a closed list of refusals, none of which repeats what was sent.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use kaiku_ingest::jsonl::LineError;
use kaiku_raw::Reason;
use serde_json::json;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400, or 413 where it is too large: the batch is not valid, and never will be.
    Invalid(LineError),
    /// 400: the body is not what Content-Encoding says.
    BadEncoding,
    /// 400: the body broke off.
    BrokenBody,
    /// 401: no token, or none that is known.
    Unauthorized,
    /// 404: no such path.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 408: the body took too long.
    BodyTooSlow,
    /// 413: the body is larger than the limit, before or after decompression.
    TooLarge,
    /// 415: the body is of another type.
    UnsupportedType,
    /// 415: the body has another encoding.
    UnsupportedEncoding,
    /// 429: too many connections, or too many requests at once.
    Busy,
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
            Refusal::Invalid(_) | Refusal::BadEncoding | Refusal::BrokenBody => {
                StatusCode::BAD_REQUEST
            }
            Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::UnsupportedType | Refusal::UnsupportedEncoding => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Refusal::Busy => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The label of the reason, from the contract's list or from this one.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Refusal::Invalid(error) => error.reason.as_str(),
            Refusal::BadEncoding => "bad_encoding",
            Refusal::BrokenBody => "broken_body",
            Refusal::Unauthorized => "unauthorized",
            Refusal::NotFound => "not_found",
            Refusal::MethodNotAllowed => "method_not_allowed",
            Refusal::BodyTooSlow => "body_too_slow",
            Refusal::TooLarge => "too_large",
            Refusal::UnsupportedType => "unsupported_type",
            Refusal::UnsupportedEncoding => "unsupported_encoding",
            Refusal::Busy => "busy",
            Refusal::Away => "away",
        }
    }

    fn sentence(&self) -> &str {
        match self {
            Refusal::Invalid(error) => &error.sentence,
            Refusal::BadEncoding => "the body is not what content-encoding says",
            Refusal::BrokenBody => "the body broke off",
            Refusal::Unauthorized => "a bearer token is needed",
            Refusal::NotFound => "there is nothing at this path",
            Refusal::MethodNotAllowed => "this path has other methods",
            Refusal::BodyTooSlow => "the body took too long",
            Refusal::TooLarge => "the body is larger than the limit",
            Refusal::UnsupportedType => {
                "content-type is application/json or application/vnd.kaiku.batch+avro"
            }
            Refusal::UnsupportedEncoding => "content-encoding is identity, gzip or zstd",
            Refusal::Busy => "too much at once; try again later",
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
        let headers = response.headers_mut();
        if matches!(self, Refusal::Busy | Refusal::Away) {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(retry_after.as_secs().max(1)),
            );
        }
        if matches!(self, Refusal::Unauthorized) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
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
