//! The one HTTP client for calls to other servers: the identity provider's keys, the search server, the registry, and DynamoDB.
//!
//! Calls only what the settings name: no redirect is followed, no proxy is used and no address comes from
//! a user. It must not know what is said to whom.

use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

mod endpoint;
mod error;

#[cfg(test)]
pub(crate) mod tests;

pub use endpoint::Endpoint;
pub use error::OutboundError;
pub use hyper::Method;

/// How long a TCP connection may take to stand. The whole call has its own, named by the caller.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read at most.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Bytes that an answer's head may take.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long an unused connection is kept: shorter than servers commonly keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Unused connections kept for one server: as many as a node may have calls of a store under way.
const IDLE_PER_HOST: usize = 64;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("roomtone/", env!("CARGO_PKG_VERSION")));

/// The client. Clones share its connections, which belong to the runtime that opened them.
#[derive(Clone, Debug)]
pub struct Outbound {
    plain: Client<HttpConnector, Full<Bytes>>,
    /// Made with the first https call: reading the system's certificates takes a while, and a process that
    /// calls nobody by https should not wait for it.
    secure: Arc<OnceLock<SecureClient>>,
}

type SecureClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

impl Default for Outbound {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbound {
    /// Makes the client; no I/O. Certificates will be trusted as the system (or `SSL_CERT_FILE`) says;
    /// where there are none, https calls fail and http ones do not.
    #[must_use]
    pub fn new() -> Self {
        Self {
            plain: client(tcp()),
            secure: Arc::default(),
        }
    }

    /// Gets a JSON document, all of it within `timeout`.
    ///
    /// # Errors
    /// Anything but a 2xx answer with JSON of the type `T`.
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        from: &Endpoint,
        timeout: Duration,
    ) -> Result<T, OutboundError> {
        let call = Call::new(from, timeout);
        let answer = self
            .send(&call, call.request(Method::GET, Bytes::new()))
            .await?;
        let body = call.in_time(read(answer.into_body())).await?;
        let body = body.map_err(|cause| call.failed(cause.as_ref()))?;
        serde_json::from_slice(&body).map_err(|wrong| OutboundError::Unreadable {
            host: from.to_string(),
            line: wrong.line(),
            column: wrong.column(),
        })
    }

    /// Posts a JSON document; a 2xx answer within `timeout` is success, whatever its body says.
    ///
    /// # Errors
    /// Anything but a 2xx answer. After `Timeout` and `Unreachable` the server may have got the document.
    pub async fn post_json<B: Serialize + ?Sized>(
        &self,
        to: &Endpoint,
        body: &B,
        timeout: Duration,
    ) -> Result<(), OutboundError> {
        let call = Call::new(to, timeout);
        let json = serde_json::to_vec(body).map_err(|_| OutboundError::Unwritable {
            host: to.to_string(),
        })?;
        let mut request = call.request(Method::POST, json.into());
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        let answer = self.send(&call, request).await?;
        // The status was the answer. The body is read to its end only so that the connection can be used
        // again, and a server that trickles it takes no more than the rest of the call's time.
        let _ = call.in_time(read(answer.into_body())).await;
        Ok(())
    }

    /// Sends a request with no body, such as `PUT` or `DELETE`; a 2xx answer within `timeout` is success, whatever its body says.
    ///
    /// # Errors
    /// Anything but a 2xx answer. After `Timeout` and `Unreachable` the server may have done it.
    pub async fn tell(
        &self,
        method: Method,
        to: &Endpoint,
        timeout: Duration,
    ) -> Result<(), OutboundError> {
        let call = Call::new(to, timeout);
        let answer = self.send(&call, call.request(method, Bytes::new())).await?;
        let _ = call.in_time(read(answer.into_body())).await;
        Ok(())
    }

    fn secure(&self) -> Result<&SecureClient, rustls::Error> {
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        // Two first calls at once may both make one; either will do.
        let client = secure_client()?;
        Ok(self.secure.get_or_init(|| client))
    }

    /// Sends a request as it is and gives the answer, whatever its status, with a body of at most `bytes_max`. It takes
    /// the time it takes: whoever asks has a limit of their own.
    #[cfg(feature = "fleet")]
    pub(crate) async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Response<Bytes>, Box<dyn StdError + Send + Sync>> {
        let (head, body) = self.request(request)?.await?.into_parts();
        let body = Limited::new(body, bytes_max).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    fn request(&self, request: Request<Full<Bytes>>) -> Result<ResponseFuture, rustls::Error> {
        Ok(match request.uri().scheme_str() {
            Some("https") => self.secure()?.request(request),
            _ => self.plain.request(request),
        })
    }

    async fn send(
        &self,
        call: &Call<'_>,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, OutboundError> {
        let answer = self.request(request).map_err(|cause| call.failed(&cause))?;
        let answer = call.in_time(answer).await?;
        let answer = answer.map_err(|cause| call.failed(&cause))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(OutboundError::Status {
            host: call.to.to_string(),
            status: answer.status().as_u16(),
        })
    }
}

fn client<C: Connect + Clone>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http1_max_buf_size(HEAD_BYTES_MAX)
        .build(connector)
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    tcp
}

fn secure_client() -> Result<SecureClient, rustls::Error> {
    let mut tcp = tcp();
    tcp.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls()?)
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(client(connector))
}

/// One call: whom, and until when.
struct Call<'a> {
    to: &'a Endpoint,
    timeout: Duration,
    deadline: Instant,
}

impl<'a> Call<'a> {
    fn new(to: &'a Endpoint, timeout: Duration) -> Self {
        let deadline = Instant::now() + timeout;
        Self {
            to,
            timeout,
            deadline,
        }
    }

    fn request(&self, method: Method, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.to.0.clone();
        request.headers_mut().insert(USER_AGENT, AGENT);
        request.headers_mut().insert(ACCEPT, JSON);
        request
    }

    async fn in_time<T>(&self, part: impl Future<Output = T>) -> Result<T, OutboundError> {
        let late = |_| OutboundError::Timeout {
            host: self.to.to_string(),
            after_ms: self.timeout.as_millis(),
        };
        timeout_at(self.deadline, part).await.map_err(late)
    }

    fn failed(&self, cause: &(dyn StdError + 'static)) -> OutboundError {
        let host = self.to.to_string();
        if cause.is::<LengthLimitError>() {
            return OutboundError::TooLarge { host };
        }
        // The innermost cause says what happened; those around it say only that something did.
        let mut innermost = cause;
        while let Some(inner) = innermost.source() {
            innermost = inner;
        }
        OutboundError::Unreachable {
            host,
            cause: innermost.to_string(),
        }
    }
}

async fn read(body: Incoming) -> Result<Bytes, Box<dyn StdError + Send + Sync>> {
    let whole = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
    Ok(whole.to_bytes())
}

fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    let (trusted, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if trusted == 0 {
        tracing::warn!("no trusted certificates on this system: https calls will fail");
    }
    // Named here, not taken from the process: another crate may bring a second implementation.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
