//! Where brokers say that they are, and whether anything may be sent to them there.

use std::net::{TcpStream, ToSocketAddrs};

use rdkafka::metadata::{Metadata, MetadataBroker};

use super::{Admin, PROBE};
use crate::error::Error;
use crate::problems::is_loopback;

/// Where a broker says that it is.
#[derive(Debug)]
pub struct Advertised {
    /// `host:port`.
    pub address: String,
    /// Why it can't be reached there from here.
    pub unreached: Option<std::io::Error>,
}

impl Advertised {
    /// What is wrong with it, as a sentence that says where to look.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let why = self.unreached.as_ref()?;
        Some(unreached(&self.address, &why.to_string()))
    }
}

/// That a broker can't be reached where it says that it is.
pub(crate) fn unreached(address: &str, why: &str) -> String {
    format!(
        "a broker says that it is at {address}, which can't be reached from here: {why}; look at its \
         advertised.listeners"
    )
}

fn address(broker: &MetadataBroker) -> String {
    match broker.host().contains(':') {
        true => format!("[{}]:{}", broker.host(), broker.port()),
        false => format!("{}:{}", broker.host(), broker.port()),
    }
}

/// Connects, and says nothing.
fn reach(host: &str, port: u16) -> std::io::Result<()> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PROBE) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Admin {
    /// Refuses brokers that are elsewhere than the settings say, where nothing protects what is sent to
    /// them.
    pub(super) fn stay_here(&self, metadata: Metadata) -> Result<Metadata, Error> {
        if !self.cluster.must_stay_here() {
            return Ok(metadata);
        }
        let elsewhere = metadata
            .brokers()
            .iter()
            .filter(|one| !is_loopback(one.host()));
        let elsewhere: Vec<_> = elsewhere.map(address).collect();
        match elsewhere.is_empty() {
            true => Ok(metadata),
            false => Err(Error::Plaintext(elsewhere)),
        }
    }

    /// Where the brokers say that they are.
    ///
    /// # Errors
    /// Brokers that don't answer, or are where nothing may be sent to them.
    pub fn advertised(&self) -> Result<Vec<Advertised>, Error> {
        let metadata = self.metadata()?;
        let reach = |broker: &MetadataBroker| {
            let port = u16::try_from(broker.port()).unwrap_or(0);
            Advertised {
                address: address(broker),
                unreached: reach(broker.host(), port).err(),
            }
        };
        Ok(metadata.brokers().iter().map(reach).collect())
    }
}
