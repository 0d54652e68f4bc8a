//! A sender for desktops and services: a thread that makes the uploads over HTTPS when they are
//! due. A connection is made for each and resumes none before it, so that no two can be told to
//! come from one device by their TLS.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use kaiku_suggestions::MOST_BYTES;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::memory::Mode;
use crate::recommend::Fetch;
use crate::shared::Shared;
use crate::{Answer, Connection, Error, Program, Transport, Upload};

/// A request takes no longer.
const WITHIN: Duration = Duration::from_secs(60);
/// How often it is looked whether there is a connection by now, while something is due.
const UNCONNECTED: Duration = Duration::from_secs(300);
/// While something waits it looks again after so long: a machine that slept has not counted it.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Where to and by which trust.
pub struct SenderSettings {
    /// Address of the gateway, such as `https://gateway.example`; plain `http` only to this very
    /// machine.
    pub url: String,
    /// Who may vouch for it.
    pub roots: Roots,
    /// What the host knows of the connection; asked before each upload.
    pub connection: Box<dyn Fn() -> Connection + Send + Sync>,
}

/// Who may vouch for the gateway.
pub enum Roots {
    /// Those that the system trusts.
    System,
    /// The certificates in this file, PEM.
    File(PathBuf),
}

/// The thread. Dropping it ends it, and cuts what is on its way; that is sent again another time.
pub struct Sender {
    shared: Arc<Shared>,
    line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

/// The way to the gateway.
struct Line {
    url: String,
    roots: Vec<Certificate<'static>>,
    connection: Box<dyn Fn() -> Connection + Send + Sync>,
    /// The request that is on its way.
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    agent: Option<Agent>,
    is_ending: bool,
}

impl Sender {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the address or the roots can't be used, or the system gives no thread.
    pub fn start(program: &Program, settings: SenderSettings) -> Result<Sender, Error> {
        let SenderSettings {
            url,
            roots,
            connection,
        } = settings;
        let line = Arc::new(Line {
            url: checked(&url)?,
            roots: certificates(&roots)?,
            connection,
            current: Mutex::default(),
        });
        let shared = Arc::clone(&program.shared);
        let to_cut = Arc::downgrade(&line);
        shared.on_cut(Box::new(move || {
            if let Some(line) = to_cut.upgrade() {
                line.cut();
            }
        }));
        let (of_shared, of_line) = (Arc::clone(&shared), Arc::clone(&line));
        let thread = Builder::new()
            .name("kaiku-send".to_owned())
            .spawn(move || run(&of_shared, &of_line))
            .map_err(Error::Folder)?;
        Ok(Sender {
            shared,
            line,
            thread: Some(thread),
        })
    }
}

/// For turning off: the request in which the device is to be forgotten.
impl Transport for Sender {
    fn send(&self, upload: &Upload, within: Duration) -> Answer {
        self.line.request(&self.line.agent(), upload, within)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.line.current().is_ending = true;
        self.line.cut();
        self.shared.ring();
        if let Some(thread) = self.thread.take() {
            // It catches its own panics.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, line: &Line) {
    loop {
        let rung = shared.rung();
        let is_waited_for = shared.guard_disk(|| true, || line.send_all(shared));
        if line.current().is_ending {
            return;
        }
        let due = shared.guard(|| None, || shared.next_due());
        let pause = due.map(|due| {
            let millis = u64::try_from(due - shared.now()).unwrap_or(0);
            let pause = Duration::from_millis(millis);
            // What is due already waits for a connection, or for a key.
            if is_waited_for || millis == 0 {
                UNCONNECTED
            } else {
                pause.min(LONGEST)
            }
        });
        shared.wait_for_bell(rung, pause);
        if line.current().is_ending {
            return;
        }
    }
}

impl Line {
    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the request that is on its way.
    fn cut(&self) {
        let agent = self.current().agent.take();
        if let Some(agent) = agent {
            agent.shutdown();
        }
    }

    /// Makes what is due. Whether something could not be made.
    fn send_all(&self, shared: &Shared) -> bool {
        loop {
            let next = match shared.next_upload((self.connection)()) {
                Ok(next) => next,
                Err(error) => {
                    shared.went_wrong(&error);
                    return true;
                }
            };
            let Some(upload) = next else {
                return false;
            };
            let agent = self.agent();
            let answer = self
                .while_it_can_be_cut(shared, &agent, || self.request(&agent, &upload, WITHIN))
                .unwrap_or_default();
            if self.current().is_ending || !shared.is_on() {
                return false;
            }
            let settled = shared.uploaded(upload.id, answer);
            if let Err(error) = settled.and_then(|()| self.fetch(shared, &agent)) {
                shared.went_wrong(&error);
                return true;
            }
        }
    }

    /// Fetches the file of suggestions on the connection of an upload, where that is due.
    fn fetch(&self, shared: &Shared, agent: &Agent) -> Result<(), Error> {
        let Some(fetch) = shared.next_fetch((self.connection)())? else {
            return Ok(());
        };
        let get = || self.get(agent, &fetch).unwrap_or_default();
        let fetched = self.while_it_can_be_cut(shared, agent, get);
        if let Some((answer, body)) = fetched.filter(|_| shared.is_on()) {
            shared.fetched(answer, &body)?;
        }
        Ok(())
    }

    /// Makes a request that can be cut from its first moment on. Where the program was turned off before, it does
    /// not begin.
    fn while_it_can_be_cut<T>(
        &self,
        shared: &Shared,
        agent: &Agent,
        request: impl FnOnce() -> T,
    ) -> Option<T> {
        {
            let mut current = self.current();
            if current.is_ending {
                return None;
            }
            current.agent = Some(agent.clone());
        }
        let made = shared.is_on().then(request);
        self.current().agent = None;
        made
    }

    /// The answer and its body; nothing where there was none, or it broke off.
    fn get(&self, agent: &Agent, fetch: &Fetch) -> Option<(Answer, Vec<u8>)> {
        let mut request = agent.get(format!("{}{}", self.url, fetch.path));
        for (name, value) in &fetch.headers {
            request = request.header(*name, value);
        }
        let request = request.config().timeout_global(Some(WITHIN)).build();
        let mut answer = request.call().ok()?;
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        let body = answer.body_mut().with_config().limit(most).read_to_vec();
        Some((Answer::status(answer.status().as_u16()), body.ok()?))
    }

    fn request(&self, agent: &Agent, upload: &Upload, within: Duration) -> Answer {
        let mut request = agent.post(format!("{}{}", self.url, upload.path));
        for (name, value) in &upload.headers {
            request = request.header(*name, value);
        }
        let request = request.config().timeout_global(Some(within)).build();
        let Ok(answer) = request.send(&upload.body[..]) else {
            return Answer::none();
        };
        let after = answer.headers().get("retry-after");
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Answer {
            status: Some(answer.status().as_u16()),
            retry_after: after.map(Duration::from_secs),
        }
    }

    fn agent(&self) -> Agent {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&self.roots))
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // A redirect is an answer like any other that is not 202.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The less a head says, the better.
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .build();
        config.into()
    }
}

impl Shared {
    fn is_on(&self) -> bool {
        matches!(self.memory().mode, Mode::On(_))
    }
}

fn checked(url: &str) -> Result<String, Error> {
    let refused =
        || Error::Sender("its address is neither https nor that of this machine".to_owned());
    let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    match scheme {
        "https" if !host.is_empty() => {}
        "http" if ["localhost", "127.0.0.1"].contains(&host) => {}
        _ => return Err(refused()),
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn certificates(roots: &Roots) -> Result<Vec<Certificate<'static>>, Error> {
    let found: Vec<CertificateDer<'static>> = match roots {
        Roots::System => rustls_native_certs::load_native_certs().certs,
        Roots::File(path) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            read.map_err(|error| Error::Sender(format!("{}: {error}", path.display())))?
        }
    };
    if found.is_empty() {
        return Err(Error::Sender("there is no root of trust".to_owned()));
    }
    let owned = found
        .iter()
        .map(|der| Certificate::from_der(der).to_owned());
    Ok(owned.collect())
}
