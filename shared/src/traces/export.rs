//! Spans on their way to a collector: which are looked at, and where they go. It knows nothing of what they are about.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Kind, TraceContext};
use crate::config::{ConfigError, Env};
use crate::domain::rate::{Rate, TokenBucket};
use crate::outbound::{Endpoint, Outbound};

const OTLP: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const ZIPKIN: &str = "OTEL_EXPORTER_ZIPKIN_ENDPOINT";
const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
/// Of traces that begin here, one in a hundred is looked at, where nothing else is said.
const RATIO_DEFAULT: f64 = 0.01;
/// Octets of a collector's answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How long a collector may take for what it is sent at once.
const EXPORT: Duration = Duration::from_secs(5);

/// Spans a second that others may ask for by a trace of their own, and at once: whoever may ask anything may send a
/// `traceparent`, and a span is work for each node.
const ASKED_FOR: Rate = Rate {
    per_s: 100,
    burst: 100,
};

/// The one of this process, once it is there.
static TRACES: OnceLock<Traces> = OnceLock::new();

/// Where spans of this process begin.
pub(super) struct Traces {
    tracer: SdkTracer,
    chance: Chance,
    asked_for: Mutex<TokenBucket>,
    begun: Instant,
}

/// None where traces go nowhere.
pub(super) fn traces() -> Option<&'static Traces> {
    TRACES.get()
}

impl Traces {
    /// Begins a span; none where nobody looks.
    pub(super) fn begin(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        parent: Option<TraceContext>,
    ) -> Option<Noted> {
        if !self.looks_at(kind, parent) {
            return None;
        }
        let kind = match kind {
            Kind::Server => SpanKind::Server,
            Kind::Consumer => SpanKind::Consumer,
        };
        let above = parent.map_or_else(Context::new, |parent| {
            let context = SpanContext::new(
                parent.trace.into(),
                parent.span.into(),
                TraceFlags::SAMPLED,
                true,
                TraceState::NONE,
            );
            Context::new().with_remote_span_context(context)
        });
        let builder = self.tracer.span_builder(name).with_kind(kind);
        Some(Noted(builder.start_with_context(&self.tracer, &above)))
    }

    /// Whether a span is looked at: as the one above it, if it may ask for that, or by chance.
    fn looks_at(&self, kind: Kind, parent: Option<TraceContext>) -> bool {
        match (parent, kind) {
            (None, _) => self.chance.strikes(),
            (Some(parent), _) if !parent.sampled => false,
            // It was asked for where the trace came in.
            (Some(_), Kind::Consumer) => true,
            (Some(_), Kind::Server) => {
                let now_ms = u64::try_from(self.begun.elapsed().as_millis());
                let bucket = self.asked_for.lock();
                let mut bucket = bucket.unwrap_or_else(PoisonError::into_inner);
                bucket.take(ASKED_FOR, now_ms.unwrap_or(u64::MAX)).is_ok()
            }
        }
    }
}

/// Where traces go, and how many.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    to: To,
    service: String,
    ratio: f64,
}

#[derive(Clone, Debug)]
enum To {
    Otlp(String),
    Zipkin(String),
}

impl TraceSettings {
    /// Reads them; none where traces go nowhere. `service` is what the process is called, unless `OTEL_SERVICE_NAME` says.
    ///
    /// # Errors
    /// Names the first that is wrong.
    pub fn read(env: &Env, service: &str) -> Result<Option<Self>, ConfigError> {
        let url = |name: &str| match env.text(name).map(Endpoint::parse) {
            None => Ok(None),
            Some(Err(why)) => Err(ConfigError::new(name, why.to_string())),
            Some(Ok(_)) => env.url(name),
        };
        let to = match (url(OTLP)?, url(ZIPKIN)?) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(
                    ZIPKIN,
                    format!("must not be set beside {OTLP}"),
                ));
            }
            (Some(base), None) => To::Otlp(format!("{base}/v1/traces")),
            (None, Some(whole)) => To::Zipkin(whole),
        };
        let named = env.text("OTEL_SERVICE_NAME").unwrap_or(service);
        Ok(Some(Self {
            to,
            service: named.to_owned(),
            ratio: env.number(RATIO, RATIO_DEFAULT, 0.0..=1.0)?,
        }))
    }
}

/// Sends spans for as long as it is there.
#[derive(Clone, Debug)]
pub struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Sends what was noted so far, and waits for that. What cannot be sent is let go of, as a log line says.
    pub async fn flush(&self) {
        let provider = self.0.clone();
        let flushed = tokio::task::spawn_blocking(move || provider.force_flush()).await;
        if let Ok(Err(why)) = flushed {
            tracing::debug!(%why, "traces were not sent");
        }
    }
}

/// Begins to note spans, on the runtime that this is called on, where they go anywhere.
///
/// # Errors
/// Where the library does not take the settings.
pub fn init(
    settings: Option<TraceSettings>,
    outbound: &Outbound,
) -> Result<Option<Exporting>, ConfigError> {
    let Some(settings) = settings else {
        return Ok(None);
    };
    let client = Client {
        outbound: outbound.clone(),
        runtime: Handle::current(),
    };
    let resource = Resource::builder_empty()
        .with_attribute(KeyValue::new("service.name", settings.service.clone()))
        .build();
    // Who is looked at is decided before a span is made: `Chance`.
    let builder = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource);
    let provider = match settings.to {
        To::Otlp(endpoint) => {
            let exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_http()
                .with_http_client(client)
                .with_endpoint(endpoint)
                .with_timeout(EXPORT)
                .build();
            let exporter = exporter.map_err(|why| ConfigError::new(OTLP, why.to_string()))?;
            builder.with_batch_exporter(exporter).build()
        }
        To::Zipkin(endpoint) => {
            let named = Named {
                client,
                service: settings.service,
            };
            let exporter = zipkin(named, endpoint)?;
            builder.with_batch_exporter(exporter).build()
        }
    };
    // It is set once.
    let _ = TRACES.set(Traces {
        tracer: provider.tracer("roomtone"),
        chance: Chance::new(settings.ratio),
        asked_for: Mutex::new(TokenBucket::full(ASKED_FOR, 0)),
        begun: Instant::now(),
    });
    Ok(Some(Exporting(provider)))
}

/// Zipkin's own form. The library would have everybody use OTLP, which the servers that Zipkin publishes do not take yet.
#[allow(deprecated)]
fn zipkin(
    client: Named,
    endpoint: String,
) -> Result<opentelemetry_zipkin::ZipkinExporter, ConfigError> {
    opentelemetry_zipkin::ZipkinExporter::builder()
        .with_http_client(client)
        .with_collector_endpoint(endpoint)
        .build()
        .map_err(|why| ConfigError::new(ZIPKIN, why.to_string()))
}

/// So many of all, spread evenly, from a chance beginning on: a process that lives for one request is not looked at each time.
struct Chance {
    /// What each adds; who makes the sum run over is looked at.
    step: u64,
    sum: AtomicU64,
}

impl Chance {
    fn new(ratio: f64) -> Self {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a ratio from 0 to 1 comes to a number from 0 to the largest"
        )]
        let step = (ratio * u64::MAX as f64) as u64;
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self {
            step,
            sum: AtomicU64::new(random),
        }
    }

    fn strikes(&self) -> bool {
        let before = self.sum.fetch_add(self.step, Ordering::Relaxed);
        self.step == u64::MAX || before.checked_add(self.step).is_none()
    }
}

/// A span that is noted. Dropped, it is over.
#[derive(Debug)]
pub(super) struct Noted(opentelemetry_sdk::trace::Span);

impl Noted {
    pub(super) fn context(&self) -> TraceContext {
        let context = self.0.span_context();
        TraceContext {
            trace: u128::from_be_bytes(context.trace_id().to_bytes()),
            span: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: true,
        }
    }

    pub(super) fn rename(&mut self, name: String) {
        self.0.update_name(name);
    }

    pub(super) fn note(&mut self, name: &'static str, value: Cow<'static, str>) {
        self.0.set_attribute(KeyValue::new(name, value));
    }

    pub(super) fn fail(&mut self, kind: &'static str) {
        self.0.set_status(Status::error(kind));
        self.note("error.type", kind.into());
    }
}

/// The way to a collector. The library asks from a thread of its own, which has no runtime.
#[derive(Clone, Debug)]
struct Client {
    outbound: Outbound,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (outbound, (told, answer)) = (self.outbound.clone(), oneshot::channel());
        self.runtime.spawn(async move {
            let exchange = outbound.exchange(request.map(Full::new), ANSWER_BYTES_MAX);
            let answer = tokio::time::timeout(EXPORT, exchange).await;
            // Whoever asked may be gone.
            let _ = told.send(answer.unwrap_or_else(|late| Err(late.into())));
        });
        answer.await?
    }
}

/// The way to Zipkin, which finds spans by whose they are: the library does not say, so that it is put in here.
#[derive(Clone, Debug)]
struct Named {
    client: Client,
    service: String,
}

#[async_trait]
impl HttpClient for Named {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut spans: Value = serde_json::from_slice(&body)?;
        for span in spans.as_array_mut().into_iter().flatten() {
            span["localEndpoint"] = json!({ "serviceName": self.service });
        }
        let body = serde_json::to_vec(&spans)?.into();
        self.client
            .send_bytes(Request::from_parts(head, body))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_enough_and_two_are_one_too_many() {
        let env = Env::default();
        let read = |env: &Env| TraceSettings::read(env, "node");
        assert!(read(&env).unwrap().is_none());
        let otlp = env.clone().with(OTLP, "http://collector:4318/");
        let To::Otlp(to) = read(&otlp).unwrap().unwrap().to else {
            panic!("it goes by OTLP");
        };
        assert_eq!(to, "http://collector:4318/v1/traces");
        let both = otlp.with(ZIPKIN, "http://zipkin:9411/api/v2/spans");
        assert_eq!(read(&both).unwrap_err().name, ZIPKIN);
        for (name, value) in [(OTLP, "collector:4318"), (ZIPKIN, "http://a:b@zipkin/")] {
            assert_eq!(read(&env.clone().with(name, value)).unwrap_err().name, name);
        }
        for ratio in ["2", "-1", "some"] {
            let env = env
                .clone()
                .with(OTLP, "http://collector:4318")
                .with(RATIO, ratio);
            assert_eq!(read(&env).unwrap_err().name, RATIO);
        }
    }

    #[test]
    fn so_many_of_all_are_looked_at() {
        let struck = |ratio: f64| {
            let chance = Chance::new(ratio);
            let count = (0..1_000).filter(|_| chance.strikes()).count();
            // Where it begins decides on one more or less.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let wanted = (ratio * 1_000.0).round() as usize;
            count.abs_diff(wanted)
        };
        assert_eq!((struck(0.0), struck(1.0)), (0, 0));
        for ratio in [0.01, 0.3, 0.5, 0.7, 0.99] {
            assert!(struck(ratio) <= 1, "{ratio}");
        }
    }
}
