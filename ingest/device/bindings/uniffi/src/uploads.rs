//! Requests that the host makes, and what became of them.

use std::time::Duration;

use kaiku_device::Answer;

use crate::outcome::{KaikuError, guard, try_guard};
use crate::program::Program;

/// What the host knows of the connection.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum Connection {
    /// There is none.
    None,
    /// There is one that costs its owner by the byte.
    Metered,
    /// There is one.
    Unmetered,
}

impl From<Connection> for kaiku_device::Connection {
    fn from(connection: Connection) -> kaiku_device::Connection {
        match connection {
            Connection::None => kaiku_device::Connection::None,
            Connection::Metered => kaiku_device::Connection::Metered,
            Connection::Unmetered => kaiku_device::Connection::Unmetered,
        }
    }
}

/// A header of a request.
#[derive(uniffi::Record)]
pub struct Header {
    /// Name, in small letters.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A request that the host is to make, exactly as it is.
#[derive(uniffi::Record)]
pub struct Upload {
    /// By which the answer is told to `uploaded`; 0 where it is none of `next_upload`.
    pub id: i64,
    /// `POST`, or `GET` where it is one of `next_fetch`.
    pub method: String,
    /// Path at the gateway.
    pub path: String,
    /// Headers; the host adds `host` and `content-length`.
    pub headers: Vec<Header>,
    /// Body.
    pub body: Vec<u8>,
}

impl From<kaiku_device::Upload> for Upload {
    fn from(upload: kaiku_device::Upload) -> Upload {
        Upload {
            id: upload.id,
            method: upload.method.to_owned(),
            path: upload.path.to_owned(),
            headers: headers(upload.headers),
            body: upload.body,
        }
    }
}

impl From<kaiku_device::recommend::Fetch> for Upload {
    fn from(fetch: kaiku_device::recommend::Fetch) -> Upload {
        Upload {
            id: 0,
            method: "GET".to_owned(),
            path: fetch.path,
            headers: headers(fetch.headers),
            body: Vec::new(),
        }
    }
}

fn headers(headers: Vec<(&'static str, String)>) -> Vec<Header> {
    let headers = headers.into_iter().map(|(name, value)| Header {
        name: name.to_owned(),
        value,
    });
    headers.collect()
}

#[uniffi::export]
impl Program {
    /// The upload that is to be made now, if there is one. One is handed out at a time. It does
    /// the work first, so it is for a background job.
    pub fn next_upload(&self, connection: Connection) -> Option<Upload> {
        let next = || {
            let next = self.program.next_upload(connection.into());
            next.map(Upload::from)
        };
        guard(|| None, next)
    }

    /// What became of an upload: the status of the answer, none where there was no answer, and the
    /// seconds of its `Retry-After`. Only 202 deletes what was sent.
    #[uniffi::method(default(retry_after = None))]
    pub fn uploaded(&self, id: i64, status: Option<u16>, retry_after: Option<u64>) {
        let answer = Answer {
            status,
            retry_after: retry_after.map(Duration::from_secs),
        };
        guard(|| (), || self.program.uploaded(id, answer));
    }

    /// Where the server is to forget the device too: turns the program off, and hands out the
    /// request that says so, none where nothing ever left. The host makes it, within five seconds,
    /// and calls `turn_off`, which destroys what is stored.
    pub fn forget_upload(&self) -> Result<Option<Upload>, KaikuError> {
        try_guard(|| Ok(self.program.forget_upload()?.map(Upload::from)))
    }

    /// Its owner wants to send now: the next `next_upload` does not wait for the drawn minute, and
    /// hands out what there is of today as well.
    pub fn send_now(&self) {
        guard(|| (), || self.program.send_now());
    }

    /// When `next_upload` has something next, in milliseconds since 1970.
    pub fn next_due(&self) -> Option<i64> {
        guard(|| None, || self.program.next_due())
    }
}
