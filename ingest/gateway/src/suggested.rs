//! What anybody may fetch: the signed file of suggestions of each app. It is the same for everybody, so no key is asked for, and
//! nothing in a request or an answer tells one device from another.

use std::collections::HashMap;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use kaiku_suggestions::{Refusal, Suggestions};

use crate::{Config, Error};

/// What the name of a file ends with, behind that of its app.
pub(crate) const ENDING: &str = "suggestions";

/// The media type of a signed file of suggestions.
const SUGGESTIONS: &str = "application/vnd.kaiku.suggestions";

/// A device fetches once a week, and a new file is made once a week.
const CACHED: &str = "public, max-age=86400";

/// The files, by app.
#[derive(Default)]
pub(crate) struct Suggested(HashMap<String, File>);

struct File {
    bytes: Bytes,
    /// A hash of the bytes and of nothing else: a device knows beforehand what its own file has, so that no gateway
    /// can use it to know a device again.
    tag: HeaderValue,
}

impl Suggested {
    /// Reads the folder. Whether a file is rightly signed the gateway can't know; that it is one, and that of
    /// the app after which it is named, is looked at.
    pub(crate) fn load(config: &Config) -> Result<Suggested, Error> {
        let mut files = HashMap::new();
        let Some(folder) = &config.recommendations_dir else {
            return Ok(Suggested(files));
        };
        let failed = |source| Error::File {
            what: "recommendations_dir",
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if let Some(app) = app_of(&path) {
                let bytes = std::fs::read(&path).map_err(failed)?;
                let said = Suggestions::unverified(&bytes).map_err(Error::Suggestions)?;
                if said.app() != app {
                    return Err(Error::Suggestions(Refusal::OtherApp));
                }
                files.insert(app.to_owned(), File::new(bytes));
            }
        }
        Ok(Suggested(files))
    }

    /// The file of an app, or that it has not changed since; nothing where there is none.
    pub(crate) fn answer(&self, app: &str, headers: &HeaderMap) -> Option<Response<Body>> {
        let file = self.0.get(app)?;
        let mut response = if file.is_known(headers) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let mut response = Response::new(Body::from(file.bytes.clone()));
            let kind = HeaderValue::from_static(SUGGESTIONS);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, file.tag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHED));
        Some(response)
    }
}

impl File {
    fn new(bytes: Vec<u8>) -> File {
        let tag = Suggestions::tag(&bytes);
        File {
            bytes: Bytes::from(bytes),
            // Hexadecimal digits in quotes always are a header's value.
            tag: HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    /// Whether the client says that it has these very bytes.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let asked = headers.get_all(header::IF_NONE_MATCH).iter();
        let mut tags = asked.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        tags.any(|tag| {
            let tag = tag.trim_ascii();
            let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
            tag == b"*" || tag == self.tag.as_bytes()
        })
    }
}

/// The app of a file of suggestions; nothing for another file.
fn app_of(path: &Path) -> Option<&str> {
    let is_one = path.extension().is_some_and(|ending| ending == ENDING);
    path.file_stem()?.to_str().filter(|_| is_one)
}
