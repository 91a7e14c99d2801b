//! What the operations and the sockets are: for programs at `/openapi.json` and `/asyncapi.json`, for people at `/swagger-ui`,
//! whose files are part of the binary.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use roomtone_functions::openapi;
use roomtone_socket_node::asyncapi;
use utoipa_swagger_ui::{Config, SwaggerUi};

static OPENAPI: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());
static ASYNCAPI: LazyLock<String> = LazyLock::new(|| asyncapi().to_string());

/// The routes.
pub(crate) fn routes() -> Router {
    let page = SwaggerUi::new("/swagger-ui").config(Config::from("/openapi.json"));
    Router::new()
        .route("/openapi.json", get(async || json(&OPENAPI)))
        .route("/asyncapi.json", get(async || json(&ASYNCAPI)))
        .merge(page)
}

/// Tools in other pages may read it: it says nothing of anybody.
fn json(text: &'static str) -> Response {
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
