//! The node's own port: whether it lives, whether it may be sent sockets, and its figures.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use roomtone_shared::store::fleet::RecorderLag;
use roomtone_socket_node::{Recording, SocketNode};
use tokio::net::TcpListener;

/// The node, once it runs.
#[derive(Clone, Default)]
pub(crate) struct Ready(Arc<OnceLock<(SocketNode, Arc<RecorderLag>)>>);

impl Ready {
    /// The node runs, and a recorder beside it.
    pub(crate) fn set(&self, node: SocketNode, recorder: Arc<RecorderLag>) {
        // It is set once.
        let _ = self.0.set((node, recorder));
    }
}

/// Connections to the port at once: of operators and of what watches a node.
const CONNECTIONS_MAX: usize = 256;

/// Answers `GET /healthz`, `GET /readyz` and `GET /metrics`, for good.
pub(crate) async fn serve(listener: TcpListener, ready: Ready) {
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ready);
    let never = std::future::pending();
    roomtone_socket_node::serve(listener, CONNECTIONS_MAX, router, never, async {}).await;
}

async fn readyz(State(ready): State<Ready>) -> (StatusCode, &'static str) {
    match ready.0.get() {
        Some((node, _)) if node.is_ready() => (StatusCode::OK, "ready"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
    }
}

/// None before it runs.
async fn metrics(State(ready): State<Ready>) -> impl IntoResponse {
    let metrics = |(node, recorder): &(SocketNode, Arc<RecorderLag>)| {
        node.metrics(Recording {
            parts: recorder.recorded(),
            lag_ms: recorder.ms(),
        })
    };
    let text = ready.0.get().map(metrics).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
