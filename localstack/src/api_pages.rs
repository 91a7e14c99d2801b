//! What the operations and the sockets are: for programs at `/openapi.json` and `/asyncapi.json`, for people at `/swagger-ui`,
//! whose files are part of the binary.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use roomtone_functions::openapi;
use roomtone_socket_node::asyncapi;
use serde_json::Value;
use utoipa_swagger_ui::{Config, SwaggerUi};

static OPENAPI: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());
static ASYNCAPI: LazyLock<Value> = LazyLock::new(asyncapi);

/// The routes.
pub(crate) fn routes() -> Router {
    let page = SwaggerUi::new("/swagger-ui").config(Config::from("/openapi.json"));
    Router::new()
        .route("/openapi.json", get(async || json(OPENAPI.as_str())))
        .route("/asyncapi.json", get(sockets))
        .merge(page)
}

/// Its sockets are where it was asked for.
async fn sockets(headers: HeaderMap) -> Response {
    let mut document = ASYNCAPI.clone();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if let Some(host) = host {
        document["servers"]["local"]["host"] = host.into();
    }
    json(document.to_string())
}

/// Tools in other pages may read it: it says nothing of anybody.
fn json(text: impl IntoResponse) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        ),
    ];
    (headers, text).into_response()
}
