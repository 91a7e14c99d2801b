//! The page at `/`, and its files, which are part of the binary.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use include_dir::{Dir, include_dir};
use serde_json::json;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/page");

/// The page runs nothing and asks nobody but this server; pictures of members may be anywhere.
const POLICY: &str = "default-src 'self'; img-src 'self' https: data:; connect-src 'self' ws: wss:; \
                      style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The routes.
pub(crate) fn routes(follow_url: Option<String>) -> Router {
    Router::new()
        .route("/", get(async || file("index.html")))
        .route("/page/config.json", get(config))
        .route(
            "/page/{*name}",
            get(async |Path(name): Path<String>| file(&name)),
        )
        .with_state(follow_url.map(Arc::from))
}

/// What the page is told of this run.
async fn config(State(follow_url): State<Option<Arc<str>>>) -> Response {
    Json(json!({ "followUrl": follow_url })).into_response()
}

fn file(name: &str) -> Response {
    let Some(found) = FILES.get_file(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(content_type(name)),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (headers, found.contents()).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
