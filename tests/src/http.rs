//! HTTP/1.1 as a client speaks it: one connection a request. It knows no route.

use std::future::Future;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::deadline::within;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text)
            .unwrap_or_else(|why| panic!("status {} with no JSON ({why}): {text}", self.status))
    }

    /// The body, of an answer that must have this status.
    ///
    /// # Panics
    /// Where it has another.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Sees that this is a problem (RFC 9457) with this status, and gives its detail.
    ///
    /// # Panics
    /// Where it is something else.
    pub fn problem(&self, status: u16) -> String {
        let problem = self.expect(status);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{problem}"
        );
        assert_eq!(problem["status"], status, "{problem}");
        assert!(
            problem["type"].is_string() && problem["title"].is_string(),
            "{problem}"
        );
        problem["detail"]
            .as_str()
            .unwrap_or_else(|| panic!("no detail: {problem}"))
            .to_owned()
    }
}

/// A request as it goes out. Add headers, then [`Request::send`].
#[derive(Clone, Debug)]
pub struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            head: format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n"),
            body: vec![],
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string().into_bytes())
    }

    /// With these octets as its body.
    #[must_use]
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.head += &format!("Content-Length: {}\r\n", body.len());
        self.body = body;
        self
    }

    /// Sends it, and gives the answer or why there was none.
    ///
    /// # Errors
    /// Where the connection fails before the answer is whole.
    pub async fn try_send(&self, address: SocketAddr) -> std::io::Result<Response> {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!("{}Host: {address}\r\n\r\n", self.head);
        stream
            .write_all(&[head.as_bytes(), &self.body].concat())
            .await?;
        read(&mut stream).await
    }

    /// Sends it, and gives the answer.
    ///
    /// # Panics
    /// Where there is none.
    pub async fn send(&self, address: SocketAddr) -> Response {
        let first = self.head.lines().next().unwrap_or_default();
        let answer = within(first, self.try_send(address)).await;
        answer.unwrap_or_else(|why| panic!("{first}: no answer: {why}"))
    }
}

/// Reads an answer to its end: by its length, or to the end of the connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Response> {
    let (mut response, rest) = read_head(stream).await?;
    response.body = rest;
    let length = response
        .header("content-length")
        .map(|length| length.parse::<usize>().expect("a length is a number"));
    while length.is_none_or(|length| response.body.len() < length) {
        if stream.read_buf(&mut response.body).await? == 0 {
            if length.is_some() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            break;
        }
    }
    Ok(response)
}

/// Reads an answer's head; gives what came behind it as well.
///
/// # Errors
/// Where the connection ends first.
pub async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
) -> std::io::Result<(Response, Vec<u8>)> {
    let mut bytes = vec![];
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Ok((parse_head(&String::from_utf8_lossy(&bytes)), rest));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn parse_head(head: &str) -> Response {
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    let header = |line: &str| {
        line.split_once(':')
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Response {
        status: status.expect("a status line"),
        headers: lines.filter_map(header).collect(),
        body: vec![],
    }
}

/// For who plays a server: connections at a port of its own, each handed to `serve`, for as long as it is there.
#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    acceptor: JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let acceptor = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self { address, acceptor }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

/// For who plays a server: the request line and the body of the next request; none where no more come.
pub(crate) async fn next_request(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            let length = content_length(&head);
            if bytes.len() >= at + 4 + length {
                let body = bytes[at + 4..at + 4 + length].to_vec();
                bytes.drain(..at + 4 + length);
                return Some((head.lines().next().unwrap_or_default().to_owned(), body));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn content_length(head: &str) -> usize {
    let header = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")
            .map(|value| value.trim().parse())
    });
    header.and_then(Result::ok).unwrap_or(0)
}
