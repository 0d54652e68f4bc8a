//! A socket that ends so that its last answer arrives: what the client still sends is read and
//! dropped for a while, below TLS, before the socket is closed.
//!
//! A socket that is closed with bytes unread sends a reset, and that throws the answer away at the
//! other end. What is dropped costs a copy by the kernel and nothing else: no key, no memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::seats::Seat;

/// The most that is read and dropped behind an answer.
const MOST: usize = 64 << 20;

/// What one read drops.
const STEP: usize = 16 * 1024;

/// How many steps are taken before other connections get their turn.
const TURN: usize = 32;

/// A TCP stream that lingers, and tells its seat of what comes in.
pub(crate) struct Lingering {
    stream: TcpStream,
    seat: Arc<Seat>,
    time: Duration,
    end: Option<End>,
}

/// Where the end of a connection has got to.
struct End {
    is_shut: bool,
    dropped: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream, seat: Arc<Seat>, time: Duration) -> Lingering {
        Lingering {
            stream,
            seat,
            time,
            end: None,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.seat.has_heard();
        }
        read
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Lingering {
            stream,
            seat,
            time,
            end,
        } = &mut *self;
        let end = end.get_or_insert_with(|| {
            seat.lingers();
            End {
                is_shut: false,
                dropped: 0,
                deadline: Box::pin(sleep(*time)),
            }
        });
        if !end.is_shut {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
            end.is_shut = true;
        }
        let mut room = [0; STEP];
        for _ in 0..TURN {
            if end.dropped >= MOST || end.deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut room);
            match ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => end.dropped += buffer.filled().len(),
                // Its end, or its failure: there is nothing left to wait for.
                _ => return Poll::Ready(Ok(())),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
