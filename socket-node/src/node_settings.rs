//! What the `socket-node` binary can be told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use roomtone_shared::auth::{AuthSettings, Authenticator, SECRET_BYTES_MIN, Secret};
use roomtone_shared::config::{ConfigError, Env};
use roomtone_shared::outbound::Outbound;
use roomtone_shared::store::fleet::FleetSettings;
use roomtone_shared::traces::TraceSettings;
use roomtone_socket_node::SocketSettings;

use crate::eureka::EurekaSettings;

/// The settings of a node.
pub(crate) struct NodeSettings {
    /// `ROOMTONE_HOST`, `ROOMTONE_PORT`: where sockets come in.
    pub(crate) address: SocketAddr,
    /// `ROOMTONE_HOST`, `ROOMTONE_ADMIN_PORT`: where the node tells of itself.
    pub(crate) admin_address: SocketAddr,
    /// `ROOMTONE_ADMIN_TOKEN`: what operators say who they are by; without it there is no admin API.
    pub(crate) admin_credential: Option<Secret>,
    /// `AUTH_*`.
    pub(crate) auth: AuthSettings,
    /// The way out, for keys that somebody publishes.
    pub(crate) outbound: Outbound,
    /// `EUREKA_URL`: the registry that the node is to be found by, if it is.
    pub(crate) eureka: Option<EurekaSettings>,
    /// `OTEL_*`: where traces go, if anywhere.
    pub(crate) traces: Option<TraceSettings>,
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
        let admin_credential = env.text("ROOMTONE_ADMIN_TOKEN");
        if admin_credential.is_some_and(|token| token.len() < SECRET_BYTES_MIN) {
            let reason = format!("must have at least {SECRET_BYTES_MIN} bytes");
            return Err(ConfigError::new("ROOMTONE_ADMIN_TOKEN", reason));
        }
        let port = |name, default| env.number(name, default, 0..=u16::MAX);
        Ok(Self {
            address: SocketAddr::new(host, port("ROOMTONE_PORT", 18_000)?),
            admin_address: SocketAddr::new(host, port("ROOMTONE_ADMIN_PORT", 18_080)?),
            admin_credential: admin_credential.map(Secret::new),
            auth,
            outbound,
            eureka: EurekaSettings::read(env, host)?,
            traces: TraceSettings::read(env, "roomtone-socket-node")?,
            fleet,
            socket: SocketSettings::read(env)?,
        })
    }
}
