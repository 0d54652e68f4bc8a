//! Shares by address. An address is known only as a hash under a random key that lives for ten
//! minutes in memory; it is never logged, and never stands in a metric.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use rand::Rng;

use crate::network::Network;

/// How long a key lives, and what a share of requests is counted over.
const KEY_LIFE: Duration = Duration::from_secs(600);

/// The most addresses that are known at once.
const MOST: usize = 100_000;

/// What is known of an address: this, and nothing that leads back to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash(u64);

#[cfg(test)]
impl Hash {
    pub(crate) fn of(number: u64) -> Hash {
        Hash(number)
    }
}

/// The addresses of this moment.
pub(crate) struct Addresses {
    inner: Mutex<Inner>,
    connections: u32,
    requests: u32,
    proxies: Vec<Network>,
}

struct Inner {
    key: [u8; 32],
    born: Instant,
    known: HashMap<Hash, Share>,
}

/// What an address has of the gateway.
#[derive(Clone, Copy, Default)]
struct Share {
    connections: u32,
    requests: u32,
}

/// A connection of an address, counted as long as this lives.
pub(crate) struct Counted {
    addresses: Arc<Addresses>,
    hash: Hash,
}

/// Where a connection comes from.
pub(crate) enum Origin {
    /// From a proxy that is trusted to say who stands behind it, request by request.
    Proxy,
    /// From this address, within its share of connections.
    Direct(Counted),
    /// From an address whose share is used up.
    Over,
}

impl Addresses {
    /// At most `connections` at once and `requests` in ten minutes for an address; 0 is no limit.
    pub(crate) fn new(connections: u32, requests: u32, proxies: Vec<Network>) -> Arc<Addresses> {
        Arc::new(Addresses {
            inner: Mutex::new(Inner {
                key: rand::rng().random(),
                born: Instant::now(),
                known: HashMap::new(),
            }),
            connections,
            requests,
            proxies,
        })
    }

    /// Counts a connection.
    pub(crate) fn connect(self: &Arc<Addresses>, address: IpAddr) -> Origin {
        if self.is_proxy(address) {
            return Origin::Proxy;
        }
        let mut inner = self.inner();
        let hash = inner.hash(address);
        let Some(share) = inner.share(hash) else {
            return Origin::Over;
        };
        if self.connections > 0 && share.connections >= self.connections {
            return Origin::Over;
        }
        share.connections += 1;
        drop(inner);
        Origin::Direct(Counted {
            addresses: self.clone(),
            hash,
        })
    }

    /// Counts a request of a connection from `origin`; false where its address has had its share.
    pub(crate) fn admits(&self, origin: Option<Hash>, headers: &HeaderMap) -> bool {
        if self.requests == 0 {
            return true;
        }
        let mut inner = self.inner();
        let hash = origin.or_else(|| Some(inner.hash(self.behind_proxies(headers)?)));
        // Whom a proxy does not name can't be told from others: its own limits must do.
        let Some(hash) = hash else { return true };
        let Some(share) = inner.share(hash) else {
            return false;
        };
        share.requests = share.requests.saturating_add(1);
        share.requests <= self.requests
    }

    /// Who stands behind our proxies: the last address of X-Forwarded-For that is none of theirs.
    /// What stands before it is the client's own word.
    fn behind_proxies(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all("x-forwarded-for").iter();
        let listed: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let hops = listed.iter().flat_map(|line| line.split(','));
        let last = hops.rev().map(|hop| hop.trim().parse::<IpAddr>());
        last.take_while(Result::is_ok)
            .flatten()
            .find(|hop| !self.is_proxy(*hop))
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|proxy| proxy.holds(address))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The hash of an address under the key of this moment. IPv6 is told apart by its first 64
    /// bits: whoever has one address of such a network has all of them.
    fn hash(&mut self, address: IpAddr) -> Hash {
        if self.born.elapsed() >= KEY_LIFE {
            self.key = rand::rng().random();
            self.born = Instant::now();
            // Connections that are open keep their old hash, and are counted under it until they
            // end: an address may have its share twice for as long.
            self.known.retain(|_, share| share.connections > 0);
            self.known.values_mut().for_each(|share| share.requests = 0);
        }
        let bytes = match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).octets(),
        };
        let hash = blake3::keyed_hash(&self.key, &bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Hash(u64::from_le_bytes(first))
    }

    /// The share of an address; `None` where too many others are known and none can go.
    fn share(&mut self, hash: Hash) -> Option<&mut Share> {
        if self.known.len() >= MOST && !self.known.contains_key(&hash) {
            // Those without a connection have the least to lose: a count of requests.
            self.known.retain(|_, share| share.connections > 0);
            if self.known.len() >= MOST {
                return None;
            }
        }
        Some(self.known.entry(hash).or_default())
    }
}

impl Counted {
    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut inner = self.addresses.inner();
        if let Some(share) = inner.known.get_mut(&self.hash) {
            share.connections = share.connections.saturating_sub(1);
            if share.connections == 0 && share.requests == 0 {
                inner.known.remove(&self.hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn direct(origin: Origin) -> Option<Counted> {
        match origin {
            Origin::Direct(counted) => Some(counted),
            Origin::Proxy | Origin::Over => None,
        }
    }

    #[test]
    fn an_address_has_its_share_of_connections_and_gets_it_back() {
        let addresses = Addresses::new(2, 0, Vec::new());
        let one = direct(addresses.connect(ip("192.0.2.1"))).unwrap();
        let _two = direct(addresses.connect(ip("::ffff:192.0.2.1"))).unwrap();
        assert!(direct(addresses.connect(ip("192.0.2.1"))).is_none());
        assert!(direct(addresses.connect(ip("192.0.2.2"))).is_some());
        drop(one);
        assert!(direct(addresses.connect(ip("192.0.2.1"))).is_some());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_address() {
        let addresses = Addresses::new(1, 0, Vec::new());
        let _one = direct(addresses.connect(ip("2001:db8::1"))).unwrap();
        assert!(direct(addresses.connect(ip("2001:db8::ffff:2"))).is_none());
        assert!(direct(addresses.connect(ip("2001:db8:0:1::1"))).is_some());
    }

    #[test]
    fn requests_are_counted_by_address_also_behind_a_proxy_and_no_header_of_a_client_counts() {
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let addresses = Addresses::new(0, 2, proxies);
        let from = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", text.parse().unwrap());
            addresses.admits(None, &headers)
        };
        assert!(matches!(addresses.connect(ip("10.1.2.3")), Origin::Proxy));
        assert!(from("1.2.3.4, 192.0.2.7, 10.9.9.9"));
        assert!(from("5.6.7.8, 192.0.2.7"));
        assert!(!from("9.9.9.9, 192.0.2.7"), "a client chose its address");
        assert!(from("192.0.2.8"));
        for unknown in ["", "no address", "10.9.9.9"] {
            assert!((0..5).all(|_| from(unknown)), "{unknown:?}");
        }
        let counted = direct(addresses.connect(ip("192.0.2.9"))).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "192.0.2.77".parse().unwrap());
        let admitted = (0..5).filter(|_| addresses.admits(Some(counted.hash()), &headers));
        assert_eq!(admitted.count(), 2);
    }

    #[test]
    fn a_new_key_forgets_who_was_there() {
        let addresses = Addresses::new(1, 1, Vec::new());
        let counted = direct(addresses.connect(ip("192.0.2.1"))).unwrap();
        assert!(addresses.admits(Some(counted.hash()), &HeaderMap::new()));
        let before = counted.hash();
        drop(counted);
        addresses.inner().born = Instant::now().checked_sub(KEY_LIFE).unwrap();
        let counted = direct(addresses.connect(ip("192.0.2.1"))).unwrap();
        assert!(before != counted.hash());
        assert_eq!(addresses.inner().known.len(), 1);
        assert!(addresses.admits(Some(counted.hash()), &HeaderMap::new()));
    }

    #[test]
    fn no_more_addresses_are_known_than_are_bounded() {
        let addresses = Addresses::new(1, 1, Vec::new());
        for number in 0..u32::try_from(MOST).unwrap() + 5_000 {
            let address = IpAddr::from(number.to_be_bytes());
            let counted = direct(addresses.connect(address)).unwrap();
            assert!(addresses.admits(Some(counted.hash()), &HeaderMap::new()));
        }
        assert!(addresses.inner().known.len() <= MOST);
    }
}
