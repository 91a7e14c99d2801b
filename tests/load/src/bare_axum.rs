//! What a REST function's libraries cost by themselves: axum on hyper, JSON in and JSON of so many bytes out. It is no
//! limit, and no function behind axum costs less.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::any;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Failure;

#[derive(Serialize)]
struct Answer {
    text: Arc<str>,
}

/// Serves at this address; the answer is JSON of so many bytes.
pub(crate) fn serve(at: SocketAddr, answer_bytes: usize) -> Result<(), Failure> {
    let around = r#"{"text":""}"#.len();
    let text: Arc<str> = ".".repeat(answer_bytes.saturating_sub(around)).into();
    let router = Router::new()
        .route("/{*path}", any(answer))
        .with_state(text);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(at).await?;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}

/// Reads what it was sent, where it was sent anything.
async fn answer(State(text): State<Arc<str>>, body: Bytes) -> Result<Json<Answer>, StatusCode> {
    let good = body.is_empty() || serde_json::from_slice::<Map<String, Value>>(&body).is_ok();
    match good {
        true => Ok(Json(Answer { text })),
        false => Err(StatusCode::UNPROCESSABLE_ENTITY),
    }
}
