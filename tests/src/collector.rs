//! A collector of traces, which takes OTLP by HTTP in protocol buffers.
//! Source: the OpenTelemetry Protocol, <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::{Listening, next_request};

/// A collector on a port of its own.
#[derive(Debug)]
pub struct Collector {
    listening: Listening,
    got: Arc<Mutex<Got>>,
}

#[derive(Debug, Default)]
struct Got {
    spans: Vec<Span>,
    /// What was no OTLP, for the test to say.
    fault: Option<String>,
}

impl Collector {
    /// Starts one.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start() -> Self {
        let got = Arc::new(Mutex::new(Got::default()));
        let shared = got.clone();
        let listening = Listening::start(move |stream| serve(stream, shared.clone())).await;
        Self { listening, got }
    }

    /// Its address, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// The spans that it got of a trace, which is told in hexadecimal digits.
    ///
    /// # Panics
    /// Where something else was sent than OTLP.
    #[must_use]
    pub fn spans(&self, trace: &str) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        assert_eq!(got.fault, None);
        let of = |span: &&Span| hex(&span.trace_id) == trace;
        got.spans.iter().filter(of).cloned().collect()
    }
}

async fn serve(mut stream: TcpStream, got: Arc<Mutex<Got>>) {
    let mut bytes = vec![];
    while let Some((line, body)) = next_request(&mut stream, &mut bytes).await {
        let request = match ExportTraceServiceRequest::decode(&body[..]) {
            Ok(request) if line == "POST /v1/traces HTTP/1.1" => request,
            other => {
                got.lock().unwrap().fault = Some(format!("{line}: {other:?}"));
                return;
            }
        };
        let scopes = request
            .resource_spans
            .into_iter()
            .flat_map(|of| of.scope_spans);
        got.lock()
            .unwrap()
            .spans
            .extend(scopes.flat_map(|scope| scope.spans));
        // An answer of no fields is one of no octets.
        let answer =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// As `traceparent` tells it.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
