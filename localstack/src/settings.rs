//! What the local run can be told.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use roomtone_shared::auth::{AuthSettings, Authenticator, Secret};
use roomtone_shared::config::{ConfigError, Env, Origins};
use roomtone_shared::outbound::Outbound;
use roomtone_shared::search::Search;
#[cfg(feature = "fleet")]
use roomtone_shared::store::fleet::FleetSettings;
#[cfg(feature = "fleet")]
use roomtone_shared::traces::TraceSettings;
use roomtone_socket_node::SocketSettings;

/// The settings of the local run.
pub(crate) struct Settings {
    /// `ROOMTONE_HOST`.
    pub(crate) host: IpAddr,
    /// `ROOMTONE_PORT`.
    pub(crate) port: u16,
    /// `ROOMTONE_DATA`.
    pub(crate) data: PathBuf,
    /// Seconds between sweeps: `ROOMTONE_SWEEP_S`.
    pub(crate) sweep_s: u64,
    /// `ROOMTONE_FOLLOW_URL`: where a profile's follow link leads, `{uid}` for whom.
    pub(crate) follow_url: Option<String>,
    /// `SEARCH_URL`.
    pub(crate) search: Search,
    /// `ALLOWED_ORIGINS`.
    pub(crate) origins: Arc<Origins>,
    /// `AUTH_*`. Without a secret of the operator's, the local run's own is put in.
    pub(crate) auth: AuthSettings,
    /// The way out, for keys that somebody publishes.
    pub(crate) outbound: Outbound,
    /// The socket node's own.
    pub(crate) socket: SocketSettings,
    /// `OTEL_*`: where traces go, if anywhere.
    #[cfg(feature = "fleet")]
    pub(crate) traces: Option<TraceSettings>,
    /// The real parts, where they are set.
    #[cfg(feature = "fleet")]
    pub(crate) fleet: Option<FleetSettings>,
}

impl Settings {
    /// Reads them all, before anything is bound or opened.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub(crate) fn read(env: &Env) -> Result<Self, ConfigError> {
        let host = env.text("ROOMTONE_HOST").unwrap_or("127.0.0.1").parse();
        let outbound = Outbound::new();
        let search = Search::read(env, &outbound)?;
        let auth = AuthSettings {
            hs256_secret: env.text("AUTH_HS256_SECRET").map(Secret::new),
            jwks_url: env.url("AUTH_JWKS_URL")?,
            issuer: env.text("AUTH_ISSUER").map(Into::into),
            audience: env.text("AUTH_AUDIENCE").map(Into::into),
            ..AuthSettings::default()
        };
        if auth.hs256_secret.is_some() || auth.jwks_url.is_some() {
            // Made again later, with the local run's own key: here, what is wrong is to be found.
            let checked = Authenticator::new(&auth, outbound.clone());
            checked.map_err(|why| ConfigError::new(why.name, why.reason))?;
        }
        #[cfg(not(feature = "fleet"))]
        refuse_real_parts(env)?;
        Ok(Self {
            host: host.map_err(|_| ConfigError::new("ROOMTONE_HOST", "must be an IP address"))?,
            port: env.number("ROOMTONE_PORT", 18_000, 0..=u16::MAX)?,
            data: env.data_folder(),
            sweep_s: env.number("ROOMTONE_SWEEP_S", 10, 1..=86_400)?,
            follow_url: env.url("ROOMTONE_FOLLOW_URL")?,
            search,
            origins: Arc::new(env.origins()?),
            auth,
            outbound,
            socket: SocketSettings::read(env)?,
            #[cfg(feature = "fleet")]
            traces: TraceSettings::read(env, "roomtone")?,
            #[cfg(feature = "fleet")]
            fleet: FleetSettings::read(env)?,
        })
    }
}

/// What was built without the clients of the real parts must not seem to use them.
#[cfg(not(feature = "fleet"))]
fn refuse_real_parts(env: &Env) -> Result<(), ConfigError> {
    match env.text("KAFKA_BROKERS") {
        None => Ok(()),
        Some(_) => {
            let reason = "is set, and this program was built without the real parts: cargo local --features fleet";
            Err(ConfigError::new("KAFKA_BROKERS", reason))
        }
    }
}
