//! Requests that the host makes, and what became of them.
#![expect(unsafe_code, reason = "C hands over pointers")]

use std::ffi::{CString, c_char};
use std::ptr;
use std::time::Duration;

use kaiku_device::recommend::Fetch;
use kaiku_device::{Answer, Connection, Error, Upload};

use crate::outcome::{KaikuResult, guard};
use crate::program::{KaikuProgram, behind};

/// What the host knows of the connection.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuConnection {
    /// There is none.
    None = 0,
    /// There is one that costs its owner by the byte.
    Metered = 1,
    /// There is one.
    Unmetered = 2,
}

/// A header of a request.
#[repr(C)]
pub struct KaikuHeader {
    /// Name, in small letters.
    pub name: *const c_char,
    /// Value.
    pub value: *const c_char,
}

/// A request that the host is to make, exactly as it is; `kaiku_upload_free` frees all of it.
#[repr(C)]
pub struct KaikuUpload {
    /// By which the answer is told to `kaiku_uploaded`; 0 where it is none of `kaiku_next_upload`.
    pub id: i64,
    /// `POST`, or `GET` where it is one of `kaiku_next_fetch`.
    pub method: *const c_char,
    /// Path at the gateway.
    pub path: *const c_char,
    /// Headers; the host adds `host` and `content-length`.
    pub headers: *const KaikuHeader,
    /// How many there are.
    pub headers_count: usize,
    /// Body.
    pub body: *const u8,
    /// Bytes of the body.
    pub body_size: usize,
}

/// A request before it is laid out for C.
pub(crate) struct Request {
    id: i64,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl From<Upload> for Request {
    fn from(upload: Upload) -> Request {
        Request {
            id: upload.id,
            method: upload.method,
            path: upload.path.to_owned(),
            headers: upload.headers,
            body: upload.body,
        }
    }
}

impl From<Fetch> for Request {
    fn from(fetch: Fetch) -> Request {
        Request {
            id: 0,
            method: "GET",
            path: fetch.path,
            headers: fetch.headers,
            body: Vec::new(),
        }
    }
}

/// What a request points into. The request is its first field, so that one address serves both.
#[repr(C)]
struct Held {
    upload: KaikuUpload,
    _texts: Vec<CString>,
    _headers: Vec<KaikuHeader>,
    _body: Vec<u8>,
}

impl Held {
    fn new(request: Request) -> Option<Box<Held>> {
        let mut texts = Vec::new();
        let mut give = |text: &str| {
            let text = CString::new(text).ok()?;
            let address = text.as_ptr();
            texts.push(text);
            Some(address)
        };
        let (method, path) = (give(request.method)?, give(&request.path)?);
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            headers.push(KaikuHeader {
                name: give(name)?,
                value: give(value)?,
            });
        }
        let (headers_at, body_at) = (headers.as_ptr(), request.body.as_ptr());
        Some(Box::new(Held {
            upload: KaikuUpload {
                id: request.id,
                method,
                path,
                headers: headers_at,
                headers_count: headers.len(),
                body: body_at,
                body_size: request.body.len(),
            },
            _texts: texts,
            _headers: headers,
            _body: request.body,
        }))
    }
}

/// Writes a request that was asked for to `given`.
///
/// # Safety
/// An open handle or null; `given` is null or may be written to.
pub(crate) unsafe fn hand_out<R: Into<Request>>(
    program: *const KaikuProgram,
    given: *mut *mut KaikuUpload,
    ask: impl FnOnce(&KaikuProgram) -> Result<Option<R>, Error>,
) -> KaikuResult {
    if given.is_null() {
        return KaikuResult::BadArgument;
    }
    // SAFETY: the caller's promise.
    unsafe { given.write(ptr::null_mut()) };
    guard(KaikuResult::Internal, || {
        // SAFETY: the caller's promise.
        let Some(handle) = (unsafe { behind(program) }) else {
            return KaikuResult::Nothing;
        };
        match ask(handle) {
            Ok(None) => KaikuResult::Nothing,
            Ok(Some(request)) => match Held::new(request.into()) {
                Some(held) => {
                    // SAFETY: the caller's promise; the request is the first field.
                    unsafe { given.write(Box::into_raw(held).cast()) };
                    KaikuResult::Ok
                }
                None => KaikuResult::Internal,
            },
            Err(error) => KaikuResult::from(&error),
        }
    })
}

/// A connection by its number.
pub(crate) fn connection(number: u32) -> Option<Connection> {
    match number {
        0 => Some(Connection::None),
        1 => Some(Connection::Metered),
        2 => Some(Connection::Unmetered),
        _ => None,
    }
}

/// The status of an answer, where there was one.
pub(crate) fn status(number: u32) -> Option<u16> {
    u16::try_from(number).ok().filter(|status| *status != 0)
}

/// Writes the upload that is to be made now to `upload`, or null and `Nothing`. `connection` is a
/// `KaikuConnection`. One is handed out at a time; it does the work first, so it is for a
/// background job.
///
/// # Safety
/// An open handle or null, a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_next_upload(
    program: *const KaikuProgram,
    connection: u32,
    upload: *mut *mut KaikuUpload,
) -> KaikuResult {
    let Some(connection) = self::connection(connection) else {
        return KaikuResult::BadArgument;
    };
    let next = |handle: &KaikuProgram| Ok(handle.program.next_upload(connection));
    // SAFETY: the caller's promise.
    unsafe { hand_out(program, upload, next) }
}

/// What became of an upload: `status` is that of the answer, 0 where there was none;
/// `retry_after` the seconds of its `Retry-After`, negative where it has none. Only 202 deletes
/// what was sent.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_uploaded(
    program: *const KaikuProgram,
    id: i64,
    status: u32,
    retry_after: i64,
) {
    guard((), || {
        // SAFETY: the caller's promise.
        if let Some(handle) = unsafe { behind(program) } {
            let answer = Answer {
                status: self::status(status),
                retry_after: u64::try_from(retry_after).ok().map(Duration::from_secs),
            };
            handle.program.uploaded(id, answer);
        }
    });
}

/// Frees a request. Null does nothing.
///
/// # Safety
/// It is null, or a request of this library that was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_upload_free(upload: *mut KaikuUpload) {
    if !upload.is_null() {
        // SAFETY: the caller's promise: it came from `hand_out`.
        guard((), || drop(unsafe { Box::from_raw(upload.cast::<Held>()) }));
    }
}

/// Its owner wants to send now: the next `kaiku_next_upload` does not wait for the drawn minute,
/// and hands out what there is of today as well.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_send_now(program: *const KaikuProgram) {
    guard((), || {
        // SAFETY: the caller's promise.
        if let Some(handle) = unsafe { behind(program) } {
            handle.program.send_now();
        }
    });
}

/// When `kaiku_next_upload` has something next, in milliseconds since 1970; -1 where nothing
/// waits.
///
/// # Safety
/// An open handle or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kaiku_next_due(program: *const KaikuProgram) -> i64 {
    guard(-1, || {
        // SAFETY: the caller's promise.
        let handle = unsafe { behind(program) };
        handle
            .and_then(|handle| handle.program.next_due())
            .unwrap_or(-1)
    })
}
