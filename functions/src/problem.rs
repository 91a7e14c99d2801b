//! The one place where an error becomes an HTTP answer: problem+json (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use roomtone_shared::error::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: u16,
    kind: &'static str,
    title: &'static str,
    detail: String,
    field: Option<String>,
    retry_after_s: Option<u64>,
}

/// Why a request was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// The kind of problem, by which programs tell them apart.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words, the same each time.
    title: &'a str,
    /// The answer's status.
    status: u16,
    /// What is wrong with this request.
    detail: &'a str,
    /// The field or parameter that is against a rule, with 422.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    field: Option<&'a str>,
}

impl Problem {
    /// The path exists, for other methods than the one asked for.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self {
            status: 405,
            kind: "method-not-allowed",
            title: "Method not allowed",
            detail: "this path does not answer to this method".into(),
            field: None,
            retry_after_s: None,
        }
    }

    /// The answer's status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The last part of `type`, the same for all problems of a kind.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The answer's body.
    pub(crate) fn body(&self) -> Body<'_> {
        Body {
            kind: format!("/problems/{}", self.kind),
            title: self.title,
            status: self.status,
            detail: &self.detail,
            field: self.field.as_deref(),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            status: error.status(),
            kind: error.kind(),
            title: error.title(),
            detail: error.to_string(),
            retry_after_s: error.retry_after_s(),
            field: match error {
                Error::Invalid { field, .. } => Some(field),
                _ => None,
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn answer(problem: impl Into<Problem>) -> (Response, Value) {
        let response = problem.into().into_response();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&bytes).unwrap();
        (Response::from_parts(head, axum::body::Body::empty()), json)
    }

    #[tokio::test]
    async fn a_rule_that_was_broken_is_told_with_its_field() {
        let (response, json) = answer(Error::invalid("content", "is missing")).await;
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let expected = json!({"type": "/problems/invalid", "title": "Against a rule", "status": 422,
            "detail": "content: is missing", "field": "content"});
        assert_eq!(json, expected);
    }

    #[tokio::test]
    async fn who_must_wait_or_log_in_is_told_so_in_a_header() {
        let too_fast = Error::TooFast {
            what: "messages".into(),
            retry_after_s: 2,
        };
        for (error, header, value) in [
            (too_fast, RETRY_AFTER, "2"),
            (Error::Unavailable("history"), RETRY_AFTER, "1"),
            (
                Error::Unauthenticated("no token".into()),
                WWW_AUTHENTICATE,
                "Bearer",
            ),
        ] {
            let (response, json) = answer(error.clone()).await;
            assert_eq!(response.headers()[header], value);
            assert_eq!(json["status"], error.status());
        }
    }
}
