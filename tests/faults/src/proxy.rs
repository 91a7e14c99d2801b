//! A proxy of TCP before a real part, which delays, holds up, refuses, cuts, or answers DynamoDB's requests with an error. It
//! counts how often it did, so that a scenario can see that its fault struck.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roomtone_tests::fleet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};

/// How the proxy treats what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Pass,
    /// Each piece comes so much later, either way.
    Delay(Duration),
    /// Nothing comes through, and nothing ends.
    Hang,
    /// Connections end, new ones at once.
    Refuse,
    /// So many of a hundred of DynamoDB's requests are throttled.
    Throttle(usize),
}

/// A proxy. Dropped, it listens no longer.
pub(crate) struct Proxy {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    struck: Arc<AtomicUsize>,
    passed: Arc<AtomicUsize>,
    listening: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    to: String,
    mood: watch::Receiver<Mood>,
    struck: Arc<AtomicUsize>,
    passed: Arc<AtomicUsize>,
    /// What is sent through is HTTP.
    http: bool,
}

/// Octets of a request's head, at most.
const HEAD_MAX: usize = 64 << 10;

impl Proxy {
    /// Listens, and passes on to this address.
    ///
    /// # Panics
    /// Where there is no port.
    pub(crate) async fn before(to: &str) -> Self {
        Self::start(to, false).await
    }

    /// The same, before the DynamoDB that all fleets of the tests have.
    ///
    /// # Panics
    /// Where there is none, or no port.
    pub(crate) async fn before_dynamodb() -> Self {
        let endpoint = fleet::part("DYNAMODB_ENDPOINT");
        let at = endpoint
            .strip_prefix("http://")
            .expect("it is on this machine");
        Self::start(at, true).await
    }

    async fn start(to: &str, http: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mood = watch::Sender::new(Mood::Pass);
        let (struck, passed) = (Arc::default(), Arc::default());
        let way = Way {
            to: to.into(),
            mood: mood.subscribe(),
            struck: Arc::clone(&struck),
            passed: Arc::clone(&passed),
            http,
        };
        let listening = tokio::spawn(listen(listener, way));
        Self {
            address,
            mood,
            struck,
            passed,
            listening,
        }
    }

    /// Where it listens.
    pub(crate) fn at(&self) -> String {
        self.address.to_string()
    }

    /// Treats all that comes from now on like this.
    pub(crate) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How many requests it passed on, or pieces of what is no HTTP.
    pub(crate) fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }

    /// How often it did anything but pass on.
    pub(crate) fn struck(&self) -> usize {
        self.struck.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, way: Way) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, way.clone()));
    }
}

/// Carries one connection's octets both ways until an end closes, or the mood is to refuse.
async fn carry(client: TcpStream, mut way: Way) {
    if *way.mood.borrow_and_update() == Mood::Refuse {
        way.strike();
        // The client is told by a reset and not by an end.
        let _ = client.set_zero_linger();
        return;
    }
    let Ok(server) = TcpStream::connect(&way.to).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let to_client = Arc::new(Mutex::new(to_client));
    let there = way
        .clone()
        .requests(from_client, to_server, to_client.clone());
    let back = way.clone().pieces(from_server, to_client);
    let cut = tokio::select! {
        _ = there => false,
        _ = back => false,
        refused = way.mood.wait_for(|mood| *mood == Mood::Refuse) => refused.is_ok(),
    };
    if cut {
        way.strike();
    }
}

impl Way {
    fn strike(&self) {
        self.struck.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits as long as the mood wants before a piece goes on.
    async fn gate(&mut self) {
        let mood = *self.mood.borrow_and_update();
        match mood {
            Mood::Delay(time) => {
                self.strike();
                tokio::time::sleep(time).await;
            }
            Mood::Hang => {
                self.strike();
                let _ = self.mood.wait_for(|mood| *mood != Mood::Hang).await;
            }
            Mood::Pass | Mood::Refuse | Mood::Throttle(_) => {}
        }
    }

    async fn pieces(
        mut self,
        mut from: OwnedReadHalf,
        to: Arc<Mutex<OwnedWriteHalf>>,
    ) -> io::Result<()> {
        let mut piece = vec![0; 64 << 10];
        loop {
            let count = from.read(&mut piece).await?;
            if count == 0 {
                return Ok(());
            }
            self.gate().await;
            to.lock().await.write_all(&piece[..count]).await?;
        }
    }

    async fn requests(
        mut self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        back: Arc<Mutex<OwnedWriteHalf>>,
    ) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(64 << 10);
        let mut count = 0;
        loop {
            if from.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            while let Some(end) = if self.http {
                end_of_request(&bytes)?
            } else {
                Some(bytes.len())
            } {
                if end == 0 {
                    break;
                }
                self.gate().await;
                let throttled = match *self.mood.borrow() {
                    Mood::Throttle(percent) => count % 100 < percent,
                    _ => false,
                };
                // Spread over the hundred.
                count += 37;
                if throttled {
                    self.strike();
                    back.lock().await.write_all(&throttling()).await?;
                } else {
                    self.passed.fetch_add(1, Ordering::Relaxed);
                    to.write_all(&bytes[..end]).await?;
                }
                bytes.drain(..end);
            }
        }
    }
}

/// Where the first request ends, once all of it is there. Its length is given: DynamoDB's clients do that.
fn end_of_request(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return match bytes.len() > HEAD_MAX {
            true => Err(io::ErrorKind::InvalidData.into()),
            false => Ok(None),
        };
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    let end = head + 4 + length;
    Ok((bytes.len() >= end).then_some(end))
}

/// What DynamoDB says where a table has more requests than it was given capacity for.
fn throttling() -> Vec<u8> {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: PROXY\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
