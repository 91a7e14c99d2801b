//! Ports for what has to be told one before it starts.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::ops::Range;
use std::sync::Mutex;

/// Below those that an outgoing connection, or somebody who asks for port 0, is given (from 32768 on Linux, by
/// `net.ipv4.ip_local_port_range`; from 49152 on macOS), so that no such one takes a port before it is used or while
/// its part is down, and below those that the local run and the shared parts have.
const PORTS: Range<u16> = 10_000..17_000;

/// Those that this process was given: what is to listen on one may take seconds to.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// The first of so many ports, one behind the other, that nobody had a moment ago.
///
/// # Panics
/// Where that many can't be found.
#[must_use]
pub fn free_ports(count: u16) -> u16 {
    let mut given = GIVEN.lock().unwrap();
    let free = |port| !given.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok();
    let span = u64::from(PORTS.end - PORTS.start - count);
    // By chance, for tests of other processes look at the same moment.
    let chances = std::iter::repeat_with(|| RandomState::new().hash_one(()) % span).take(1_000);
    let mut firsts =
        chances.map(|chance| PORTS.start + u16::try_from(chance).expect("less than the span"));
    let first = firsts
        .find(|first| (*first..first + count).all(free))
        .expect("free ports");
    given.extend(first..first + count);
    first
}
