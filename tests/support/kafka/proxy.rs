//! A proxy that speaks Kafka's framing: four bytes of length, then, in a request, its api key,
//! version and correlation id. It can delay, hold, drop or cut single requests or answers.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The api key of the request that commits or aborts a transaction.
pub(crate) const END_TXN: i16 = 26;
/// That of the request for the ends of a partition.
pub(crate) const LIST_OFFSETS: i16 = 2;

/// That of the request that deletes records by position.
pub(crate) const DELETE_RECORDS: i16 = 21;

const STEP: Duration = Duration::from_millis(10);
/// No frame of the tests is larger.
const LARGEST: usize = 64 << 20;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    /// The answer to such a request.
    Answer,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It comes that much later.
    Delay(Duration),
    /// It waits until its rule is released.
    Hold,
    /// It never comes.
    Drop,
    /// The connection ends instead.
    Cut,
}

/// One thing that goes wrong: with requests of this kind that have these bytes in them, the name of
/// a group or a transactional id.
pub(crate) struct Rule {
    api: i16,
    contains: Vec<u8>,
    side: Side,
    action: Action,
    /// How many more frames it meets.
    left: AtomicUsize,
    hits: AtomicUsize,
    released: AtomicBool,
}

impl Rule {
    /// How many frames it has met.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// Lets go what it holds.
    pub(crate) fn release(&self) {
        self.released.store(true, Ordering::SeqCst);
    }

    fn meets(&self, api: i16, frame: &[u8]) -> bool {
        self.api == api
            && frame
                .windows(self.contains.len())
                .any(|part| part == self.contains)
            && self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
    }

    /// Does what it says; false where the frame must not go on, an error where nothing must.
    fn apply(&self) -> io::Result<bool> {
        self.hits.fetch_add(1, Ordering::SeqCst);
        match self.action {
            Action::Delay(time) => thread::sleep(time),
            Action::Hold => {
                while !self.released.load(Ordering::SeqCst) {
                    thread::sleep(STEP);
                }
            }
            Action::Drop => return Ok(false),
            Action::Cut => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
        Ok(true)
    }
}

/// A proxy in front of one broker. Its threads end with their connections, and with this process.
pub(crate) struct Proxy {
    port: u16,
    rules: Arc<Rules>,
}

/// What a proxy does to what passes it.
#[derive(Default)]
struct Rules {
    single: Mutex<Vec<Arc<Rule>>>,
    /// Nothing passes, either way, as where a network has come apart.
    silent: AtomicBool,
}

impl Proxy {
    /// Starts one on a free port, in front of a port of 127.0.0.1.
    pub(super) fn start(broker: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("127.0.0.1 has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let rules: Arc<Rules> = Arc::default();
        let all = Arc::clone(&rules);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", broker)) {
                    connect(client, server, &all);
                }
            }
        });
        Proxy { port, rules }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Its address, `host:port`.
    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Has so many requests, or their answers, meet with something.
    pub(crate) fn rule(
        &self,
        times: usize,
        api: i16,
        contains: &str,
        side: Side,
        action: Action,
    ) -> Arc<Rule> {
        let rule = Arc::new(Rule {
            api,
            contains: contains.as_bytes().to_vec(),
            side,
            action,
            left: AtomicUsize::new(times),
            hits: AtomicUsize::new(0),
            released: AtomicBool::new(false),
        });
        self.rules.single.lock().unwrap().push(Arc::clone(&rule));
        rule
    }

    /// Lets nothing pass any more, or all that has come meanwhile and what follows.
    pub(crate) fn silence(&self, silent: bool) {
        self.rules.silent.store(silent, Ordering::SeqCst);
    }
}

impl Rules {
    /// Waits until anything may pass.
    fn wait(&self) {
        while self.silent.load(Ordering::SeqCst) {
            thread::sleep(STEP);
        }
    }
}

fn connect(client: TcpStream, server: TcpStream, rules: &Arc<Rules>) {
    let waiting: Arc<Mutex<HashMap<i32, Arc<Rule>>>> = Arc::default();
    let copies = (client.try_clone(), server.try_clone());
    let (Ok(client_too), Ok(server_too)) = copies else {
        return;
    };
    let (to_server, to_client) = (Arc::clone(rules), Arc::clone(rules));
    let asked = Arc::clone(&waiting);
    thread::spawn(move || {
        let decide = |frame: &[u8]| {
            to_server.wait();
            match request(&to_server.single, frame) {
                Some((rule, _)) if rule.side == Side::Request => rule.apply(),
                Some((rule, correlation)) => {
                    asked.lock().unwrap().insert(correlation, rule);
                    Ok(true)
                }
                None => Ok(true),
            }
        };
        pump(client, server, decide);
    });
    thread::spawn(move || {
        let decide = |frame: &[u8]| {
            to_client.wait();
            let correlation = frame.get(..4).and_then(|bytes| bytes.try_into().ok());
            let rule = correlation
                .map(i32::from_be_bytes)
                .and_then(|id| waiting.lock().unwrap().remove(&id));
            rule.map_or(Ok(true), |rule| rule.apply())
        };
        pump(server_too, client_too, decide);
    });
}

/// The rule that a request meets, and its correlation id.
fn request(rules: &Mutex<Vec<Arc<Rule>>>, frame: &[u8]) -> Option<(Arc<Rule>, i32)> {
    let api = i16::from_be_bytes(frame.get(..2)?.try_into().ok()?);
    let correlation = i32::from_be_bytes(frame.get(4..8)?.try_into().ok()?);
    let rules = rules.lock().unwrap();
    let rule = rules.iter().find(|rule| rule.meets(api, frame))?;
    Some((Arc::clone(rule), correlation))
}

/// Hands frames on until either side ends.
fn pump(mut from: TcpStream, mut to: TcpStream, decide: impl Fn(&[u8]) -> io::Result<bool>) {
    let mut one = || -> io::Result<()> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let size = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
        if size > LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut frame = vec![0; size];
        from.read_exact(&mut frame)?;
        if decide(&frame)? {
            to.write_all(&length)?;
            to.write_all(&frame)?;
        }
        Ok(())
    };
    while one().is_ok() {}
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
