//! Pages of other origins (the Fetch standard's CORS protocol). Tokens travel in a header that a page sets
//! itself, so nothing here is about credentials. Knows no operation.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use roomtone_shared::config::Origins;
use roomtone_shared::error::Error;

use crate::problem::Problem;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH");
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type");
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after, traceparent, www-authenticate");
/// Seconds for which a browser need not ask again.
const MAX_AGE_S: u64 = 600;

/// The request's origin, where its pages may use this server.
pub(crate) fn allowed(origins: &Origins, headers: &HeaderMap) -> Option<HeaderValue> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let allows = origins.allows(text(ORIGIN)?, text(HOST));
    headers.get(ORIGIN).filter(|_| allows).cloned()
}

/// Whether a browser asks in advance.
pub(crate) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// What it is told.
pub(crate) fn preflight(asked: &HeaderMap, allowed: bool) -> Response {
    if !allowed {
        return Problem::from(Error::Forbidden(
            "pages of this origin may not use this server".into(),
        ))
        .into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    // Which headers a page sends is its own affair: the server reads only those it knows.
    let wanted = asked
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned()
        .unwrap_or(HEADERS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S.into());
    headers.append(
        VARY,
        HeaderValue::from_static("access-control-request-headers"),
    );
    response
}

/// Marks an answer as one that the origin's page may read.
pub(crate) fn mark(answer: &mut HeaderMap, origin: Option<HeaderValue>) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, AUTHORIZATION};

    use super::*;
    use crate::testing::{Call, Town};

    const PAGE: &str = "https://app.example";

    #[tokio::test]
    async fn a_configured_origin_may_ask_in_advance() {
        let town = Town::with_origins(PAGE);
        let call = Call::new("OPTIONS", "/v1/api/rooms/leave").header(ORIGIN, PAGE);
        let call = call
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
        let answer = town.call(call).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        assert_eq!(
            answer.headers[ACCESS_CONTROL_ALLOW_HEADERS],
            "authorization,content-type"
        );
        assert!(
            answer.headers[ACCESS_CONTROL_ALLOW_METHODS]
                .to_str()
                .unwrap()
                .contains("PUT")
        );
        assert!(
            !answer
                .headers
                .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
        );
    }

    #[tokio::test]
    async fn another_origin_may_not() {
        let town = Town::with_origins(PAGE);
        let call =
            Call::new("OPTIONS", "/v1/api/rooms/leave").header(ORIGIN, "https://evil.example");
        let answer = town
            .call(call.header(ACCESS_CONTROL_REQUEST_METHOD, "PUT"))
            .await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[tokio::test]
    async fn every_answer_says_whether_the_origin_may_read_it() {
        let town = Town::with_origins(PAGE);
        let token = town.user("u1");
        for (path, status) in [
            ("/v1/api/rooms/joined", 200),
            ("/v1/api/rooms/create", 405),
            ("/nowhere", 404),
        ] {
            let call = Call::get(path).token(&token).header(ORIGIN, PAGE);
            let answer = town.call(call).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
            assert_eq!(answer.headers[VARY], "origin");
            let call = Call::get(path)
                .token(&token)
                .header(ORIGIN, "https://evil.example");
            assert!(
                !town
                    .call(call)
                    .await
                    .headers
                    .contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
            );
        }
        let unasked = town
            .call(Call::get("/v1/api/rooms/joined").header(ORIGIN, PAGE))
            .await;
        assert_eq!(
            (unasked.status, unasked.headers.contains_key(AUTHORIZATION)),
            (401, false)
        );
        assert_eq!(unasked.headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    }

    #[tokio::test]
    async fn a_page_of_this_server_is_of_no_other_origin() {
        let town = Town::new();
        let call = Call::get("/v1/api/rooms/joined").token(&town.user("u1"));
        let answer = town
            .call(
                call.header(ORIGIN, "http://localhost:18000")
                    .header(HOST, "localhost:18000"),
            )
            .await;
        assert_eq!(
            answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN],
            "http://localhost:18000"
        );
    }
}
