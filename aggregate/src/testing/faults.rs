//! A proxy in front of an S3 server at which requests go wrong: answers that the server did not give,
//! answers that get lost, requests that arrive when nobody waits for them any more.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This status and code come back at once; the server hears nothing.
    Answer(u16, &'static str),
    /// The server does it, and this comes back.
    AnswerAfter(u16, &'static str),
    /// The server hears nothing, and no answer comes.
    Hang,
    /// The server does it, and no answer comes.
    HangAfter,
    /// The connection ends; the server hears nothing.
    Cut,
    /// The server does it, and the connection ends instead of an answer.
    Lose,
    /// The connection ends, and the server gets the request so much later.
    Late(Duration),
    /// The server does not hear the condition of a put.
    Unconditional,
}

/// A request as the proxy sees it.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Its place among all requests, from 0.
    pub(crate) number: usize,
}

type Decide = Box<dyn FnMut(&Asked) -> Option<Fault> + Send>;

/// The proxy; its threads end with the process.
#[derive(Clone)]
pub(crate) struct Faults {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    server: SocketAddr,
    state: Mutex<State>,
}

struct State {
    decide: Decide,
    asked: usize,
    /// What went wrong, with which request.
    met: Vec<(Fault, String)>,
}

impl Faults {
    /// Nothing goes wrong yet.
    pub(crate) fn before(server: SocketAddr) -> Faults {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Mutex::new(State {
            decide: Box::new(|_| None),
            asked: 0,
            met: Vec::new(),
        });
        let inner = Arc::new(Inner { server, state });
        let serving = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inner = Arc::clone(&serving);
                thread::spawn(move || drop(inner.serve(stream)));
            }
        });
        Faults { address, inner }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this says what goes wrong; forgets what did.
    pub(crate) fn set(&self, decide: impl FnMut(&Asked) -> Option<Fault> + Send + 'static) {
        let mut state = self.inner.state.lock().unwrap();
        state.decide = Box::new(decide);
        state.met.clear();
    }

    /// These go wrong one after the other, with requests of this method whose path has this in it.
    pub(crate) fn set_next(&self, method: &'static str, within: &str, faults: &[Fault]) {
        let (within, mut left) = (within.to_owned(), VecDeque::from(faults.to_vec()));
        self.set(move |asked| {
            let is_meant = asked.method == method && asked.path.contains(&within);
            is_meant.then(|| left.pop_front()).flatten()
        });
    }

    /// What went wrong since the last [`Faults::set`].
    pub(crate) fn met(&self) -> Vec<Fault> {
        let state = self.inner.state.lock().unwrap();
        state.met.iter().map(|(fault, _)| *fault).collect()
    }
}

impl Inner {
    /// One request a connection.
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let Some((method, path, request)) = take(&mut reader)? else {
            return Ok(());
        };
        let fault = self.decide(method, path);
        match fault {
            None => {
                let answer = self.forward(&request)?;
                (&client).write_all(&answer)?;
            }
            Some(Fault::Answer(status, code)) => write_error(&client, status, code)?,
            Some(Fault::AnswerAfter(status, code)) => {
                self.forward(&request)?;
                write_error(&client, status, code)?;
            }
            Some(fault @ (Fault::Hang | Fault::HangAfter)) => {
                if fault == Fault::HangAfter {
                    self.forward(&request)?;
                }
                // Until the client has given up.
                let _ = reader.read(&mut [0]);
            }
            Some(Fault::Cut) => {}
            Some(Fault::Lose) => drop(self.forward(&request)?),
            Some(Fault::Unconditional) => {
                let answer = self.forward(&without_condition(&request))?;
                (&client).write_all(&answer)?;
            }
            Some(Fault::Late(time)) => {
                client.shutdown(Shutdown::Both)?;
                thread::sleep(time);
                self.forward(&request)?;
            }
        }
        client.shutdown(Shutdown::Both)
    }

    fn decide(&self, method: String, path: String) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let number = state.asked;
        state.asked += 1;
        let asked = Asked {
            method,
            path,
            number,
        };
        let fault = (state.decide)(&asked);
        if let Some(fault) = fault {
            state
                .met
                .push((fault, format!("{} {}", asked.method, asked.path)));
        }
        fault
    }

    /// The server's answer; it ends the connection behind it.
    fn forward(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(self.server)?;
        server.write_all(request)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// Reads a request: its method, its path, and all of its bytes.
fn take(reader: &mut impl BufRead) -> io::Result<Option<(String, String, Vec<u8>)>> {
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let begins = request.len();
        if reader.read_until(b'\n', &mut request)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&request[begins..]).into_owned();
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next(), words.next());
    let begins = request.len();
    request.resize(begins + length, 0);
    reader.read_exact(&mut request[begins..])?;
    Ok(method
        .zip(path)
        .map(|(method, path)| (method, path, request)))
}

/// The request with another header in the place of its condition.
fn without_condition(request: &[u8]) -> Vec<u8> {
    let condition = b"if-none-match:";
    let mut request = request.to_vec();
    let places = request.windows(condition.len());
    let place = places
        .enumerate()
        .find(|(_, bytes)| bytes.eq_ignore_ascii_case(condition));
    if let Some((place, _)) = place {
        request[place..place + 2].copy_from_slice(b"no");
    }
    request
}

fn write_error(mut client: &TcpStream, status: u16, code: &str) -> io::Result<()> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    write!(
        client,
        "HTTP/1.1 {status} X\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
