//! The gateway: what it reads and listens on, whom it gives a seat, and how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kaiku_raw::Decoder;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::addresses::{Addresses, Counted, Origin};
use crate::api::{Api, router};
use crate::body::Budget;
use crate::connection::Connection;
use crate::files;
use crate::keys::Keys;
use crate::lanes::Lanes;
use crate::metrics::CONNECTIONS_ENDED;
use crate::seats::Seats;
use crate::seldom::Seldom;
use crate::suggested::Suggested;
use crate::switches::Switches;
use crate::tls;
use crate::watched::{Current, Watched};
use crate::{Config, Error, Sink};

/// How often files are looked at that may have changed.
const LOOK: Duration = Duration::from_secs(2);

/// How often Kafka is looked at.
const TURN: Duration = Duration::from_secs(1);

/// What keeps the gateway from its work, in a sentence; nothing where it is at work.
pub type Trouble = Option<&'static str>;

/// A gateway that listens, and does not answer yet.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: Option<Current<TlsAcceptor>>,
    api: Arc<Api>,
    files: Files,
    connections: usize,
    trouble: watch::Sender<Trouble>,
}

/// The files that are read again.
struct Files {
    certificate: Option<Watched<TlsAcceptor>>,
    keys: Watched<Keys>,
    switches: Watched<Switches>,
    suggested: Watched<Suggested>,
}

/// Listens and serves until `shutdown` is cancelled, then ends within the grace period.
///
/// # Errors
/// Where the gateway can't start.
pub async fn run(
    config: &Config,
    sink: Arc<dyn Sink>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    Gateway::bind(config, sink).await?.serve(shutdown).await;
    Ok(())
}

impl Gateway {
    /// Checks the settings, reads their files, and listens. It raises the process's limit of open
    /// files to what its connections need, as far as the system lets it.
    ///
    /// # Errors
    /// Where the settings can't be used, a file can't be read, or the address is taken.
    pub async fn bind(config: &Config, sink: Arc<dyn Sink>) -> Result<Gateway, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let files = Files::read(config)?;
        let limits = &config.limits;
        let connections = files::make_room(limits.connections);
        if connections < limits.connections {
            tracing::warn!(
                connections,
                wanted = limits.connections,
                "the limit of open files leaves room for fewer connections: raise it (ulimit -n)"
            );
        }
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let api = Arc::new(Api {
            keys: files.keys.current(),
            switches: files.switches.current(),
            suggested: files.suggested.current(),
            addresses: Addresses::new(
                limits.connections_per_address,
                limits.requests_per_address,
                config.trusted_proxies.clone(),
            ),
            lanes: Lanes::new(sink.partitions(), config.ack_time),
            sink,
            decoder: Decoder::new(kaiku_raw::Limits::CONTRACT),
            budget: Budget::new(limits.bodies_bytes),
            places: Semaphore::new(limits.requests),
            threads: Semaphore::new(cores),
            cant_send: Seldom::default(),
            is_refused: Seldom::default(),
            config: config.clone(),
        });
        let failed = |source| Error::Bind {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Gateway {
            listener,
            address,
            acceptor: files.certificate.as_ref().map(Watched::current),
            api,
            files,
            connections,
            trouble: watch::Sender::new(None),
        })
    }

    /// Where it listens: the address of the settings, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    #[cfg(test)]
    pub(crate) fn api(&self) -> Arc<Api> {
        self.api.clone()
    }

    /// What keeps it from its work, from now on and whenever it changes.
    pub fn trouble(&self) -> watch::Receiver<Trouble> {
        self.trouble.subscribe()
    }

    /// Says that Kafka did not answer before the gateway began: it is not at work until a record
    /// was confirmed.
    pub fn doubt(&self) {
        self.api.lanes.doubt();
        self.trouble.send_replace(self.api.lanes.trouble());
    }

    /// Serves until `shutdown` is cancelled. Then it takes no more connections, gives the requests
    /// that are under way the grace period, and closes what is left.
    pub async fn serve(self, shutdown: CancellationToken) {
        let Gateway {
            listener,
            address,
            acceptor,
            api,
            files,
            connections: most,
            trouble,
        } = self;
        let grace = api.config.grace;
        let mut helpers = JoinSet::new();
        helpers.spawn(files.watch());
        helpers.spawn(attend(api.clone(), trouble));
        let door = Door {
            seats: Seats::new(most),
            routes: router(api.clone()),
            api,
            acceptor,
            shutdown: shutdown.clone(),
            cant_accept: Seldom::default(),
        };
        let mut connections = JoinSet::new();
        tracing::info!(%address, tls = door.acceptor.is_some(), "the gateway listens");
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        if let Some(connection) = door.let_in(from) {
                            connections.spawn(connection.serve(stream));
                        }
                    }
                    Err(error) => door.wait(&error).await,
                },
            }
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(grace, all).await.is_err() {
            tracing::warn!(left = connections.len(), "the grace period is over");
        }
        connections.shutdown().await;
        helpers.shutdown().await;
        tracing::info!("the gateway has stopped");
    }
}

impl Files {
    fn read(config: &Config) -> Result<Files, Error> {
        let some = |file: &Option<std::path::PathBuf>| file.clone().into_iter();
        let (of_keys, of_switches) = (config.clone(), config.clone());
        let of_suggested = config.clone();
        Ok(Files {
            certificate: config.tls.as_ref().map(tls::watched).transpose()?,
            keys: Watched::new(
                "keys",
                some(&config.keys_file)
                    .chain(some(&config.tokens_file))
                    .collect(),
                move |before| Keys::load(&of_keys, before),
            )?,
            switches: Watched::new(
                "switches",
                some(&config.switches_file).collect(),
                move |_| Switches::load(&of_switches),
            )?,
            suggested: Watched::new(
                "suggestions",
                some(&config.recommendations_dir).collect(),
                move |_| Suggested::load(&of_suggested),
            )?,
        })
    }

    /// Reads again what has changed, until it is dropped.
    async fn watch(mut self) {
        loop {
            sleep(LOOK).await;
            // A file may lie on a disk that does not answer: it may hold up no connection.
            let looked = tokio::task::spawn_blocking(move || {
                if let Some(certificate) = &mut self.certificate {
                    certificate.refresh();
                }
                self.keys.refresh();
                self.switches.refresh();
                self.suggested.refresh();
                self
            });
            match looked.await {
                Ok(files) => self = files,
                Err(_) => return,
            }
        }
    }
}

/// Tells of Kafka's state, and where nothing is confirmed, asks by itself: a gateway that is taken
/// out of service has no devices that would. It asks a partition that was away and, in turn, each of
/// the others, for one alone may be away for long.
async fn attend(api: Arc<Api>, trouble: watch::Sender<Trouble>) {
    let mut turn = interval(TURN);
    for lane in (0..api.sink.partitions().max(1)).cycle() {
        turn.tick().await;
        api.lanes.tell();
        let now = api.lanes.trouble();
        trouble.send_if_modified(|before| std::mem::replace(before, now) != now);
        if now.is_some() {
            api.ask(lane);
            api.lanes.away().into_iter().for_each(|lane| api.ask(lane));
        }
    }
}

impl Api {
    /// Asks a partition whether it takes records.
    fn ask(self: &Arc<Api>, lane: usize) {
        let Some(waiting) = self.lanes.try_it(lane) else {
            return;
        };
        if let Some(pending) = self.sink.probe(lane) {
            let within = self.config.ack_time;
            tokio::spawn(async move {
                let delivered = timeout(within, pending).await;
                waiting.ended(matches!(delivered, Ok(Ok(()))));
            });
        }
    }
}

/// What every new connection is given.
struct Door {
    seats: Arc<Seats>,
    api: Arc<Api>,
    routes: axum::Router,
    acceptor: Option<Current<TlsAcceptor>>,
    shutdown: CancellationToken,
    cant_accept: Seldom,
}

impl Door {
    /// A connection within its share; what is beyond is told so, or closed. The client's address
    /// ends here: behind this there is only its hash.
    fn let_in(&self, from: SocketAddr) -> Option<Connection> {
        let (taken, counted, lacking) = match self.api.addresses.connect(from.ip()) {
            Origin::Proxy => (self.seats.take(None), None, "full"),
            Origin::Direct(counted) => {
                let hash = Counted::hash(&counted);
                (self.seats.take(Some(hash)), Some(counted), "full")
            }
            Origin::Over => (self.seats.tell(), None, "address"),
        };
        if taken.as_ref().is_none_or(|taken| !taken.is_served()) {
            CONNECTIONS_ENDED.with([lacking.into()]).increment(1);
        }
        Some(Connection {
            acceptor: self.acceptor.as_ref().map(Current::get),
            api: self.api.clone(),
            routes: self.routes.clone(),
            shutdown: self.shutdown.clone(),
            taken: taken?,
            counted,
        })
    }

    /// Out of file descriptors, mostly: it passes.
    async fn wait(&self, error: &std::io::Error) {
        CONNECTIONS_ENDED.with(["not_accepted".into()]).increment(1);
        if self.cant_accept.is_due() {
            tracing::warn!(%error, "a connection could not be accepted");
        }
        sleep(Duration::from_millis(50)).await;
    }
}
