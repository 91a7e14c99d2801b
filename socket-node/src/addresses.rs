//! How fast sockets come from each address, and how many it has.
//!
//! An address of a private network is not counted: it is what stands before the node, or this machine itself. Whom that
//! speaks for stands in `X-Forwarded-For`, of which as many entries are believed, from the right, as there are proxies.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use roomtone_shared::domain::rate::{Buckets, Refused};

use crate::settings::SocketSettings;

/// Addresses whose rate is counted at once.
const ADDRESSES_MAX: usize = 100_000;
/// Octets of an IPv6 address that are one household's, as most are given a /56 (RFC 6177), and so the part that is counted.
const HOUSEHOLD_BYTES: usize = 7;

/// What is known of the addresses that sockets come from.
#[derive(Clone)]
pub(crate) struct Addresses {
    proxies: usize,
    sockets_max: usize,
    counted: Arc<Mutex<Counted>>,
}

struct Counted {
    rates: Buckets<IpAddr>,
    sockets: HashMap<IpAddr, usize>,
}

/// One socket of an address, until this is dropped.
pub(crate) struct Counting {
    of: Addresses,
    address: IpAddr,
}

impl Addresses {
    pub(crate) fn new(settings: &SocketSettings) -> Self {
        Self {
            proxies: settings.proxies,
            sockets_max: settings.sockets_per_address_max,
            counted: Arc::new(Mutex::new(Counted {
                rates: Buckets::new(settings.upgrade_rate, ADDRESSES_MAX),
                sockets: HashMap::new(),
            })),
        }
    }

    /// Takes a socket of whoever asks; nothing where they are not counted.
    ///
    /// # Errors
    /// The seconds after which they may try again.
    pub(crate) fn enter(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        now_ms: u64,
    ) -> Result<Option<Box<Counting>>, u64> {
        let asking = forwarded(headers, self.proxies).unwrap_or(peer);
        let Some(address) = countable(asking.to_canonical()) else {
            return Ok(None);
        };
        let mut counted = self.counted();
        let taken = counted.rates.take(address, 1, now_ms);
        taken.map_err(|why| match why {
            Refused::For(s) => s,
            Refused::TooMany => 1,
        })?;
        let sockets = counted.sockets.entry(address).or_default();
        if *sockets >= self.sockets_max {
            return Err(1);
        }
        *sockets += 1;
        drop(counted);
        Ok(Some(Box::new(Counting {
            of: self.clone(),
            address,
        })))
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let mut counted = self.of.counted();
        if let Some(sockets) = counted.sockets.get_mut(&self.address) {
            *sockets -= 1;
            if *sockets == 0 {
                counted.sockets.remove(&self.address);
            }
        }
    }
}

/// Whom the outermost of so many proxies speaks for.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    // By octets: what anybody wrote before the proxies did need not be text.
    let entries = lines.iter().rev();
    let mut entries = entries.flat_map(|line| line.as_bytes().rsplit(|octet| *octet == b','));
    let entry = std::str::from_utf8(entries.nth(proxies.checked_sub(1)?)?).ok()?;
    let entry = entry.trim();
    let with_port = |entry: &str| entry.parse::<SocketAddr>().ok().map(|at| at.ip());
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| with_port(entry))
}

/// What of an address is counted; nothing of a private one's.
fn countable(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => (!is_private(v4)).then_some(address),
        IpAddr::V6(v6) => {
            let private = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
            let mut octets = v6.octets();
            octets[HOUSEHOLD_BYTES..].fill(0);
            (!private).then(|| Ipv6Addr::from(octets).into())
        }
    }
}

/// Of this machine or of a network of somebody's own, a carrier's too (RFC 1918, RFC 3927, RFC 6598).
fn is_private(v4: Ipv4Addr) -> bool {
    let [first, second, ..] = v4.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    v4.is_loopback() || v4.is_private() || v4.is_link_local() || is_shared
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn lines(of: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in of {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn of_what_is_forwarded_only_what_proxies_wrote_is_believed() {
        let headers = lines(&["1.1.1.1, 2.2.2.2", "3.3.3.3:4711,[2001:db8::1]:80"]);
        let found = |proxies| forwarded(&headers, proxies);
        let expected = ["2001:db8::1", "3.3.3.3", "2.2.2.2", "1.1.1.1"];
        assert_eq!(found(0), None);
        for (n, address) in expected.into_iter().enumerate() {
            assert_eq!(found(n + 1), Some(ip(address)));
        }
        assert_eq!(found(5), None);
        assert_eq!(forwarded(&lines(&["unknown"]), 1), None);
        assert_eq!(
            forwarded(&lines(&["[2001:db8::1]"]), 1),
            Some(ip("2001:db8::1"))
        );
        let mut dirty = HeaderMap::new();
        let octets = HeaderValue::from_bytes(b"\xff, 192.0.2.1").unwrap();
        dirty.append("x-forwarded-for", octets);
        assert_eq!(forwarded(&dirty, 1), Some(ip("192.0.2.1")));
        assert_eq!(forwarded(&HeaderMap::new(), 1), None);
    }

    #[test]
    fn a_private_network_is_not_counted_and_a_household_is_one() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
        ];
        for address in private {
            assert_eq!(countable(ip(address)), None, "{address}");
        }
        for address in ["8.8.8.8", "100.128.0.1", "172.32.0.1"] {
            assert_eq!(countable(ip(address)), Some(ip(address)));
        }
        let household = Some(ip("2001:db8:1:200::"));
        assert_eq!(countable(ip("2001:db8:1:200::3")), household);
        assert_eq!(countable(ip("2001:db8:1:2ff:ffff::4")), household);
        assert_ne!(countable(ip("2001:db8:1:300::3")), household);
    }
}
