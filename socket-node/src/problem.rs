//! Problems as the node's HTTP answers have them (RFC 9457): of the way in, and of its own port.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use roomtone_shared::error::Error;
use serde_json::json;

/// A refusal that its status says all about.
pub(crate) fn refuse(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Refused");
    answer(status, "about:blank", title, detail)
}

/// An error on its way out.
pub(crate) fn problem(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = format!("/problems/{}", error.kind());
    let refused = answer(status, &kind, error.title(), &error.to_string());
    match error.retry_after_s() {
        Some(seconds) => retry_after(refused, seconds),
        None => refused,
    }
}

/// Says when to try again.
pub(crate) fn retry_after(mut refused: Response, seconds: u64) -> Response {
    refused
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.into());
    refused
}

fn answer(status: StatusCode, kind: &str, title: &str, detail: &str) -> Response {
    let body = json!({ "type": kind, "title": title, "status": status.as_u16(), "detail": detail });
    let content = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, content, body.to_string()).into_response()
}
