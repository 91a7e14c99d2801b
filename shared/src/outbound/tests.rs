//! The client against a server of this process that answers as it is told. Other modules' tests use the
//! server too.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use http_body_util::combinators::BoxBody;
use hyper::body::Frame;
use hyper::header::LOCATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const SOON: Duration = Duration::from_secs(5);
const BRIEFLY: Duration = Duration::from_millis(100);

/// What the server answers next.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status and a body.
    Whole(u16, Vec<u8>),
    /// 302 to another path of the same server.
    Elsewhere,
    /// 200 and a body that never ends.
    Endless,
    /// Nothing, ever.
    Silence,
}

impl Answer {
    /// 200 with a document.
    pub(crate) fn json(document: &Value) -> Self {
        Self::Whole(200, document.to_string().into_bytes())
    }
}

/// A server on a port of its own, gone when dropped.
pub(crate) struct TestServer {
    shared: Arc<Shared>,
    url: String,
    accepting: JoinHandle<()>,
}

struct Shared {
    answer: Mutex<Answer>,
    connections: AtomicUsize,
    requests: AtomicUsize,
    last_body: Mutex<Bytes>,
}

impl TestServer {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!(
            "http://{}/keys?secret=hidden",
            listener.local_addr().unwrap()
        );
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            last_body: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            shared,
            url,
            accepting,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn answer_with(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.url).unwrap()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Held here, so that the connections end with the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| reply(Arc::clone(&shared), request));
        connections.spawn(async move {
            let io = TokioIo::new(stream);
            let _ = http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

type TestBody = BoxBody<Bytes, Infallible>;

async fn reply(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<TestBody>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    *shared.last_body.lock().unwrap() = body;
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let answer = shared.answer.lock().unwrap().clone();
    let empty = Full::default().boxed();
    Ok(match answer {
        Answer::Whole(status, body) => {
            let body = Full::new(Bytes::from(body)).boxed();
            Response::builder().status(status).body(body).unwrap()
        }
        Answer::Elsewhere => {
            let response = Response::builder().status(302).header(LOCATION, "/other");
            response.body(empty).unwrap()
        }
        Answer::Endless => Response::new(endless()),
        Answer::Silence => std::future::pending().await,
    })
}

fn endless() -> TestBody {
    let first = stream::iter([Ok(Frame::data(Bytes::from_static(b"[")))]);
    BodyExt::boxed(StreamBody::new(first.chain(stream::pending())))
}

fn client() -> Outbound {
    Outbound::new()
}

#[tokio::test]
async fn a_document_is_posted_and_one_is_got_over_one_kept_connection() {
    // More than arrives with the head: what is left unread of an answer would end its connection.
    let long = json!("a".repeat(ANSWER_BYTES_MAX / 2));
    let server = TestServer::start(Answer::json(&long)).await;
    let client = client();
    for room in 0..3 {
        let document = json!({"room": room});
        let posted = client.post_json(&server.endpoint(), &document, SOON).await;
        assert_eq!(posted, Ok(()));
    }
    assert_eq!(
        server.shared.last_body.lock().unwrap().as_ref(),
        br#"{"room":2}"#
    );
    let got: Value = client.get_json(&server.endpoint(), SOON).await.unwrap();
    assert_eq!(got, long);
    assert_eq!(server.requests(), 4);
    assert_eq!(server.shared.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn any_2xx_is_success_for_a_post_and_nothing_else_is() {
    let server = TestServer::start(Answer::Silence).await;
    let client = client();
    for (status, good) in [
        (200, true),
        (202, true),
        (204, true),
        (304, false),
        (404, false),
        (503, false),
    ] {
        server.answer_with(Answer::Whole(status, Vec::new()));
        let posted = client.post_json(&server.endpoint(), &1, SOON).await;
        match posted {
            Ok(()) => assert!(good, "{status}"),
            Err(OutboundError::Status { status: said, .. }) => assert!(!good && said == status),
            Err(other) => panic!("{status}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_and_is_not_followed() {
    let server = TestServer::start(Answer::Elsewhere).await;
    let got = client().get_json::<Value>(&server.endpoint(), SOON).await;
    assert!(matches!(
        got,
        Err(OutboundError::Status { status: 302, .. })
    ));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_silent_server_takes_no_longer_than_the_timeout() {
    let server = TestServer::start(Answer::Silence).await;
    let posted = client().post_json(&server.endpoint(), &1, BRIEFLY).await;
    assert!(matches!(
        posted,
        Err(OutboundError::Timeout { after_ms: 100, .. })
    ));
}

#[tokio::test]
async fn a_body_that_never_ends_fails_a_get_and_not_a_post() {
    let server = TestServer::start(Answer::Endless).await;
    let client = client();
    let got = client.get_json::<Value>(&server.endpoint(), BRIEFLY).await;
    assert!(matches!(got, Err(OutboundError::Timeout { .. })));
    let posted = client.post_json(&server.endpoint(), &1, BRIEFLY).await;
    assert_eq!(posted, Ok(()));
}

#[tokio::test]
async fn an_answer_up_to_the_limit_is_read_and_one_byte_more_is_not() {
    let text =
        |bytes: usize| Answer::Whole(200, format!("{:?}", "a".repeat(bytes - 2)).into_bytes());
    let server = TestServer::start(text(ANSWER_BYTES_MAX)).await;
    let client = client();
    let got = client.get_json::<String>(&server.endpoint(), SOON).await;
    assert_eq!(got.unwrap().len(), ANSWER_BYTES_MAX - 2);
    server.answer_with(text(ANSWER_BYTES_MAX + 1));
    let got = client.get_json::<String>(&server.endpoint(), SOON).await;
    assert!(matches!(got, Err(OutboundError::TooLarge { .. })));
}

#[tokio::test]
async fn an_error_names_the_server_and_shows_neither_path_nor_query_nor_body() {
    let server = TestServer::start(Answer::Whole(200, b"{\"token\": hidden}".to_vec())).await;
    let endpoint = server.endpoint();
    let host = endpoint.to_string();
    let unreadable = client()
        .get_json::<Value>(&endpoint, SOON)
        .await
        .unwrap_err();
    assert!(matches!(
        unreadable,
        OutboundError::Unreadable { line: 1, .. }
    ));
    drop(server);
    // The port is free again once the server's task has ended.
    let refused = async {
        loop {
            let error = client()
                .get_json::<Value>(&endpoint, SOON)
                .await
                .unwrap_err();
            if error.to_string().contains("refused") {
                return error;
            }
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(SOON, refused).await.unwrap();
    assert!(matches!(gone, OutboundError::Unreachable { .. }));
    for error in [unreadable, gone] {
        let text = format!("{error} {error:?}");
        assert!(text.contains(&host), "{text}");
        assert!(!text.contains("hidden") && !text.contains("keys"), "{text}");
    }
}

#[tokio::test]
async fn an_https_address_is_never_called_in_the_clear() {
    let server = TestServer::start(Answer::json(&json!({}))).await;
    let endpoint = Endpoint::parse(&server.url().replace("http:", "https:")).unwrap();
    let got = client().get_json::<Value>(&endpoint, SOON).await;
    assert!(matches!(got, Err(OutboundError::Unreachable { .. })));
    assert_eq!(server.requests(), 0);
}

#[test]
fn only_http_and_https_addresses_without_credentials_can_be_called() {
    for good in [
        "http://search:8080/rooms",
        "https://id.example/keys?v=2",
        "http://[::1]:9/",
    ] {
        assert!(Endpoint::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "/keys",
        "search:8080",
        "ftp://a/b",
        "http://",
        "http://u:hidden@a/",
        "http://a b/",
    ] {
        let error = Endpoint::parse(bad).unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{bad}");
    }
    let shown = format!(
        "{:?}",
        Endpoint::parse("http://a:1/path?key=hidden").unwrap()
    );
    assert_eq!(shown, "Endpoint(a:1)");
}
