//! The node's own port: whether it lives, whether it may be sent sockets, its figures, and the admin API.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use roomtone_shared::store::fleet::RecorderLag;
use roomtone_socket_node::{Recording, SocketNode, metrics_before_start};
use tokio::net::TcpListener;
use tower::ServiceExt;

/// What runs behind the port.
struct Running {
    node: SocketNode,
    recorder: Arc<RecorderLag>,
    /// The admin API; none where it has no credential.
    admin: Option<Router>,
}

/// The node, once it runs.
#[derive(Clone, Default)]
pub(crate) struct Ready(Arc<OnceLock<Running>>);

impl Ready {
    /// The node runs, a recorder beside it, and maybe an admin API.
    pub(crate) fn set(&self, node: SocketNode, recorder: Arc<RecorderLag>, admin: Option<Router>) {
        // It is set once.
        let _ = self.0.set(Running {
            node,
            recorder,
            admin,
        });
    }
}

/// Connections to the port at once: of operators and of what watches a node.
const CONNECTIONS_MAX: usize = 256;

/// Answers `GET /healthz`, `GET /readyz`, `GET /metrics` and what the admin API has, for good.
pub(crate) async fn serve(listener: TcpListener, ready: Ready) {
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(admin)
        .with_state(ready);
    let never = std::future::pending();
    roomtone_socket_node::serve(listener, CONNECTIONS_MAX, router, never, async {}).await;
}

async fn readyz(State(ready): State<Ready>) -> (StatusCode, &'static str) {
    match ready.0.get() {
        Some(running) if running.node.is_ready() => (StatusCode::OK, "ready"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
    }
}

async fn metrics(State(ready): State<Ready>) -> impl IntoResponse {
    let metrics = |running: &Running| {
        running.node.metrics(Recording {
            parts: running.recorder.recorded(),
            lag_ms: running.recorder.ms(),
        })
    };
    let text = ready.0.get().map_or_else(metrics_before_start, metrics);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

async fn admin(State(ready): State<Ready>, request: Request) -> Response {
    let Some(running) = ready.0.get() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "starting").into_response();
    };
    match running.admin.clone() {
        Some(admin) => admin.oneshot(request).await.into_response(),
        None => (StatusCode::NOT_FOUND, "there is no such path").into_response(),
    }
}
