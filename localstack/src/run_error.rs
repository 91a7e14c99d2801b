//! Why the local run did not start, or ended before it was asked to.

use std::net::SocketAddr;

use roomtone_shared::auth::SettingsError;
#[cfg(feature = "fleet")]
use roomtone_shared::config::ConfigError;
use roomtone_shared::store::embedded;
#[cfg(feature = "fleet")]
use roomtone_shared::store::fleet;
use roomtone_socket_node::StartError;
use thiserror::Error;

use crate::signing_key::KeyError;

/// What went wrong.
#[derive(Debug, Error)]
pub(crate) enum RunError {
    /// The port cannot be had.
    #[error("cannot listen on {at}: {why}; choose another port with --port or ROOMTONE_PORT")]
    Listen {
        /// Where it wanted to.
        at: SocketAddr,
        /// What the system says.
        why: std::io::Error,
    },
    /// Nothing reaches anybody any more, and nothing can be said.
    #[error("the log can be read no more; its errors stand in the log above")]
    CutOff,
    /// The data folder is not usable.
    #[error(transparent)]
    Data(#[from] embedded::OpenError),
    /// The real parts are not usable.
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Fleet(#[from] fleet::OpenError),
    /// The same, of the functions' part of them.
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Functions(#[from] fleet::function::FunctionError),
    /// Traces cannot be sent where the settings say.
    #[cfg(feature = "fleet")]
    #[error("{0}")]
    Traces(#[from] ConfigError),
    /// There is no signing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A setting for tokens is wrong.
    #[error("{0}")]
    Auth(#[from] SettingsError),
    /// The socket node did not start.
    #[error("the socket node did not start: {0}")]
    Node(#[from] StartError),
}
