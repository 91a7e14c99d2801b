//! The one-process run: the stores in one file, every function, a socket node, the page.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use roomtone_functions::{App, SendLimit, app};
use roomtone_shared::auth::{Authenticator, Signer};
#[cfg(feature = "fleet")]
use roomtone_shared::traces;
use roomtone_socket_node::SocketNode;
use tokio::net::TcpListener;

use crate::kept::Kept;
use crate::run_error::RunError;
use crate::settings::Settings;
use crate::{api_pages, dev_token, page, signing_key, sweeps};

/// Runs until `shutdown`, and ends once what has begun is done.
pub(crate) async fn run(
    mut settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    let at = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(at)
        .await
        .map_err(|why| RunError::Listen { at, why })?;
    #[cfg(feature = "fleet")]
    let traces = traces::init(settings.traces.clone(), &settings.outbound)?;
    let mut shutdown = pin!(shutdown);
    let opening = async {
        let kept = Kept::open(&settings).await?;
        if settings.auth.hs256_secret.is_none() {
            settings.auth.hs256_secret = Some(signing_key::read_or_make(&settings.data)?);
        }
        let auth = Authenticator::new(&settings.auth, settings.outbound.clone())?;
        let node = SocketNode::start(settings.socket.clone(), kept.node(), auth.clone()).await?;
        Ok::<_, RunError>((kept, auth, node))
    };
    // Parts that do not answer are waited for.
    let (kept, auth, node) = tokio::select! {
        opened = opening => opened?,
        () = &mut shutdown => return Ok(()),
    };
    let signer = Signer::new(&settings.auth)?;
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
    #[cfg(feature = "fleet")]
    if let Some(traces) = traces {
        traces.flush().await;
    }
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
        .merge(api_pages::routes())
        .merge(dev_token::routes(signer))
        .merge(roomtone_socket_node::routes(node))
        .merge(app(state))
}
