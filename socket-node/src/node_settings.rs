//! What the `socket-node` binary can be told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use roomtone_shared::auth::{AuthSettings, Authenticator};
use roomtone_shared::config::{ConfigError, Env};
use roomtone_shared::outbound::Outbound;
use roomtone_shared::store::fleet::FleetSettings;
use roomtone_socket_node::SocketSettings;

/// The settings of a node.
pub(crate) struct NodeSettings {
    /// `ROOMTONE_HOST`, `ROOMTONE_PORT`: where sockets come in.
    pub(crate) address: SocketAddr,
    /// `ROOMTONE_HOST`, `ROOMTONE_ADMIN_PORT`: where the node tells of itself.
    pub(crate) admin_address: SocketAddr,
    /// `AUTH_*`.
    pub(crate) auth: AuthSettings,
    /// The way out, for keys that somebody publishes.
    pub(crate) outbound: Outbound,
    /// The real parts.
    pub(crate) fleet: FleetSettings,
    /// The socket node's own.
    pub(crate) socket: SocketSettings,
}

impl NodeSettings {
    /// Reads them all, before anything is bound or opened.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub(crate) fn read(env: &Env) -> Result<Self, ConfigError> {
        let host = match env.text("ROOMTONE_HOST") {
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(host) => host
                .parse()
                .map_err(|_| ConfigError::new("ROOMTONE_HOST", "must be an IP address"))?,
        };
        let outbound = Outbound::new();
        let auth = env.auth()?;
        let checked = Authenticator::new(&auth, outbound.clone());
        checked.map_err(|why| ConfigError::new(why.name, why.reason))?;
        let fleet = FleetSettings::read(env)?;
        let fleet = fleet.ok_or_else(|| {
            let reason =
                "is not set: a node is part of a fleet; for one process alone there is cargo local";
            ConfigError::new("KAFKA_BROKERS", reason)
        })?;
        let port = |name, default| env.number(name, default, 0..=u16::MAX);
        Ok(Self {
            address: SocketAddr::new(host, port("ROOMTONE_PORT", 18_000)?),
            admin_address: SocketAddr::new(host, port("ROOMTONE_ADMIN_PORT", 18_080)?),
            auth,
            outbound,
            fleet,
            socket: SocketSettings::read(env)?,
        })
    }
}
