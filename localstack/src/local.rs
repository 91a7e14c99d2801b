//! The one-process run: the stores in one file, every function, a socket node, the page.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use roomtone_functions::{App, SendLimit, app};
use roomtone_shared::auth::{Authenticator, SettingsError, Signer};
use roomtone_shared::store::embedded;
#[cfg(feature = "fleet")]
use roomtone_shared::store::fleet;
use roomtone_socket_node::{SocketNode, StartError};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::kept::Kept;
use crate::settings::Settings;
use crate::signing_key::{self, KeyError};
use crate::{dev_token, page, sweeps};

/// Why the local run did not start.
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

/// Runs until `shutdown`, and ends once what has begun is done.
pub(crate) async fn run(
    mut settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    let at = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(at)
        .await
        .map_err(|why| RunError::Listen { at, why })?;
    let kept = Kept::open(&settings).await?;
    if settings.auth.hs256_secret.is_none() {
        settings.auth.hs256_secret = Some(signing_key::read_or_make(&settings.data)?);
    }
    let auth = Authenticator::new(&settings.auth, settings.outbound.clone())?;
    let signer = Signer::new(&settings.auth)?;
    let node = SocketNode::start(settings.socket.clone(), kept.node(), auth.clone()).await?;
    let state = App {
        stores: kept.functions(),
        auth,
        search: kept.search(settings.search.clone()),
        origins: settings.origins.clone(),
        sends: kept.sends(SendLimit::new(
            settings.socket.send_rate,
            settings.socket.room_send_rate,
        )),
    };
    start_sweeps(Duration::from_secs(settings.sweep_s), &state);
    let address = listener.local_addr().map_or(at, |bound| bound);
    let router = router(settings.follow_url, state, signer, node.clone());
    tracing::info!(%address, "listening");
    eprintln!("Roomtone is at http://{address} (Ctrl-C ends it)");
    let cut_off = node.serve(listener, router, shutdown).await;
    kept.close();
    match cut_off {
        true => Err(RunError::CutOff),
        false => Ok(()),
    }
}

fn start_sweeps(every: Duration, state: &App) {
    tokio::spawn(sweeps::pending(state.stores.clone(), every));
    let search = state.search.clone();
    tokio::spawn(sweeps::unindexed(state.stores.clone(), search, every));
}

fn router(follow_url: Option<String>, state: App, signer: Signer, node: SocketNode) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .merge(page::routes(follow_url))
        .merge(dev_token::routes(signer))
        .merge(roomtone_socket_node::routes(node))
        .merge(app(state))
}
