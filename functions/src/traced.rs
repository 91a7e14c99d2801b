//! A request as a piece of a trace: begun by its `traceparent`, or here; passed on to what the handler leaves in the log, and
//! given back with the answer. And, for who looks for it, as a line of the log.

use std::convert::Infallible;
use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;
use roomtone_shared::domain::trace::{TRACEPARENT, TraceContext};
use roomtone_shared::traces::{Kind, Span};
use tower::Service;

/// Surrounds a request with a span, which has the names of OpenTelemetry's conventions for HTTP, and notes its answer at `debug`.
pub(crate) async fn trace<S>(request: Request, route: S) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return in_a_span(request, route).await;
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let begun = Instant::now();
    let answer = in_a_span(request, route).await;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = answer.status().as_u16();
    tracing::debug!(%method, path, status, took_ms, "answered");
    answer
}

async fn in_a_span<S>(mut request: Request, mut route: S) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let parent = request.headers().get(TRACEPARENT);
    let parent = parent.and_then(|value| value.to_str().ok());
    let parent = parent.and_then(TraceContext::parse);
    // The template, for a trace's names must not be as many as rooms.
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("nothing", MatchedPath::as_str);
    let method = request.method().as_str();
    let mut span = Span::begin("HTTP", Kind::Server, parent);
    let Some(context) = span.context() else {
        let Ok(answer) = route.call(request).await;
        return answer;
    };
    span.rename(format!("{method} {path}"));
    span.note("http.request.method", method.to_owned());
    span.note("http.route", path.to_owned());
    request.extensions_mut().insert(context);
    let Ok(mut answer) = route.call(request).await;
    span.note(
        "http.response.status_code",
        answer.status().as_str().to_owned(),
    );
    if answer.status().is_server_error() {
        span.fail("5xx");
    }
    if let Ok(given) = HeaderValue::try_from(context.to_string()) {
        answer.headers_mut().insert(TRACEPARENT, given);
    }
    answer
}

/// Where the request stands in a trace that somebody looks at, if in one.
pub(crate) struct Traced(pub(crate) Option<TraceContext>);

impl<S: Sync> FromRequestParts<S> for Traced {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().copied()))
    }
}
