//! A request as a piece of a trace: begun by its `traceparent`, or here; passed on to what the handler leaves in the log, and
//! given back with the answer. And, for who looks for it, as a line of the log.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use roomtone_shared::domain::trace::{TRACEPARENT, TraceContext};
use roomtone_shared::traces::{Kind, Span};

/// Its name is looked up in each request, and not read anew for that.
const HEADER: HeaderName = HeaderName::from_static(TRACEPARENT);

/// A request under way, for whoever looks at it.
pub(crate) struct Watched {
    span: Span,
    line: Option<Box<Line>>,
}

/// What the log says of it at `debug`.
struct Line {
    method: Method,
    path: String,
    begun: Instant,
}

/// Begins a span for a request to this path's template, which has the names of OpenTelemetry's conventions for HTTP.
pub(crate) fn begin(request: &mut Request, path: &'static str) -> Watched {
    let parent = request.headers().get(HEADER);
    let parent = parent.and_then(|value| value.to_str().ok());
    let parent = parent.and_then(TraceContext::parse);
    let mut span = Span::begin("HTTP", Kind::Server, parent);
    if let Some(context) = span.context() {
        let method = request.method().as_str();
        span.rename(format!("{method} {path}"));
        span.note("http.request.method", method.to_owned());
        span.note("http.route", path);
        request.extensions_mut().insert(context);
    }
    let line = tracing::enabled!(tracing::Level::DEBUG).then(|| {
        Box::new(Line {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            begun: Instant::now(),
        })
    });
    Watched { span, line }
}

impl Watched {
    /// It, until this work has its answer.
    pub(crate) fn until<W>(self, work: W) -> Until<W> {
        Until {
            watched: Some(self),
            work,
        }
    }

    /// Ends it with this answer, which tells its place in the trace.
    fn end(mut self, answer: &mut Response) {
        let status = answer.status();
        if let Some(context) = self.span.context() {
            self.span
                .note("http.response.status_code", status.as_str().to_owned());
            if status.is_server_error() {
                self.span.fail("5xx");
            }
            if let Ok(given) = HeaderValue::try_from(context.to_string()) {
                answer.headers_mut().insert(HEADER, given);
            }
        }
        if let Some(line) = self.line {
            let took_ms = u64::try_from(line.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (method, path, status) = (line.method, line.path, status.as_u16());
            tracing::debug!(%method, path, status, took_ms, "answered");
        }
    }
}

/// Work for a request that somebody may look at.
pub(crate) struct Until<W> {
    watched: Option<Watched>,
    work: W,
}

impl<W: Future<Output = Response> + Unpin> Future for Until<W> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let mut answer = ready!(Pin::new(&mut self.work).poll(context));
        if let Some(watched) = self.watched.take() {
            watched.end(&mut answer);
        }
        Poll::Ready(answer)
    }
}

/// Where the request stands in a trace that somebody looks at, if in one.
pub(crate) struct Traced(pub(crate) Option<TraceContext>);

impl<S: Sync> FromRequestParts<S> for Traced {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().copied()))
    }
}
