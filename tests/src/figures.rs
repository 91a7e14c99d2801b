//! What a node tells those who watch it, at its own port.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use crate::http::Request;
use crate::port::free_ports;

/// An address for a node's own port, which nobody had a moment ago.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_ports(1)).into()
}

/// The figures, by their names with labels and without `roomtone_`.
///
/// # Panics
/// Where they are not in Prometheus' text format.
pub async fn figures(admin: SocketAddr) -> BTreeMap<String, f64> {
    let answer = Request::new("GET", "/metrics").send(admin).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let told = text.lines().filter(|line| !line.starts_with('#'));
    told.map(|line| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        let name = name.strip_prefix("roomtone_").expect("ours").to_owned();
        (name, value.parse().expect("a number"))
    })
    .collect()
}
