//! The one-process run: the stores in one file, every function, a socket node, the page.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use roomtone_functions::{App, SendLimit, app};
use roomtone_shared::auth::{Authenticator, SettingsError, Signer};
use roomtone_shared::store::{Stores, embedded};
use roomtone_socket_node::{SocketNode, StartError, serve};
use thiserror::Error;
use tokio::net::TcpListener;

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
    /// The data folder is not usable.
    #[error(transparent)]
    Data(#[from] embedded::OpenError),
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
    let stores = embedded::open(&settings.data)?;
    if settings.auth.hs256_secret.is_none() {
        settings.auth.hs256_secret = Some(signing_key::read_or_make(&settings.data)?);
    }
    let auth = Authenticator::new(&settings.auth, settings.outbound.clone())?;
    let signer = Signer::new(&settings.auth)?;
    let node = SocketNode::start(settings.socket.clone(), stores.clone(), auth.clone()).await?;
    start_sweeps(&settings, &stores);
    let address = listener.local_addr().map_or(at, |bound| bound);
    let router = router(settings, stores, auth, signer, node.clone());
    tracing::info!(%address, "listening");
    eprintln!("Roomtone is at http://{address} (Ctrl-C ends it)");
    let stop = async {
        shutdown.await;
        node.stop().await;
    };
    serve(listener, router, stop).await;
    Ok(())
}

fn start_sweeps(settings: &Settings, stores: &Stores) {
    let every = Duration::from_secs(settings.sweep_s);
    tokio::spawn(sweeps::pending(stores.clone(), every));
    tokio::spawn(sweeps::unindexed(
        stores.clone(),
        settings.search.clone(),
        every,
    ));
}

fn router(
    settings: Settings,
    stores: Stores,
    auth: Authenticator,
    signer: Signer,
    node: SocketNode,
) -> Router {
    let state = App {
        stores,
        auth,
        search: settings.search,
        origins: settings.origins,
        sends: SendLimit::new(settings.socket.send_rate),
    };
    Router::new()
        .route("/healthz", get(async || "ok"))
        .merge(page::routes(settings.follow_url))
        .merge(dev_token::routes(signer))
        .merge(roomtone_socket_node::routes(node))
        .fallback_service(app(state))
}
