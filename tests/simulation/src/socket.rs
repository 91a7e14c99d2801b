//! A client's side of a WebSocket that speaks STOMP (RFC 6455 section 5.2, STOMP 1.2), as little of both as a client needs.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Octets that the system keeps for a socket that is not read, about.
const SENT_BYTES: usize = 4_096;

/// What came.
#[derive(Debug)]
pub enum Incoming {
    Frame(Frame),
    /// A heart-beat.
    Beat,
    Ping(Vec<u8>),
    Close,
}

/// A frame of the server's.
#[derive(Debug)]
pub struct Frame {
    pub command: String,
    headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Frame {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn read(octets: &[u8]) -> Self {
        let end = octets.windows(2).position(|two| two == b"\n\n");
        let (head, body) = octets.split_at(end.expect("a frame's head ends with an empty line"));
        let head = std::str::from_utf8(head).expect("a frame's head is text");
        let mut lines = head.lines();
        let command = lines.next().unwrap_or_default().to_owned();
        let pairs = lines.filter_map(|line| line.split_once(':'));
        let headers = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let body = body[2..]
            .strip_suffix(b"\0")
            .expect("a frame ends with NUL");
        Self {
            command,
            headers,
            body: body.to_vec(),
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = ["receipt-id", "subscription", "message-id", "message"];
        let headers = named
            .iter()
            .filter_map(|name| Some(format!("{name}:{}", self.get(name)?)));
        let headers: Vec<_> = headers.collect();
        write!(
            f,
            "{} {} {}",
            self.command,
            headers.join(" "),
            String::from_utf8_lossy(&self.body)
        )
    }
}

/// The two ends of a connection: the client's, and the one that a node gets.
pub fn pair() -> (Socket, std::net::TcpStream) {
    let (client, server) = UnixStream::pair().expect("a pair of sockets");
    client
        .set_nonblocking(true)
        .expect("a socket that need not be waited for");
    server
        .set_nonblocking(true)
        .expect("a socket that need not be waited for");
    // What a node does with a socket it can do with this one: it reads, writes and ends it.
    let server = std::net::TcpStream::from(OwnedFd::from(server));
    socket2::SockRef::from(&server)
        .set_send_buffer_size(SENT_BYTES)
        .expect("a small buffer");
    let stream = tokio::net::UnixStream::from_std(client).expect("a socket of the runtime");
    (
        Socket {
            stream,
            read: vec![],
        },
        server,
    )
}

/// The client's end.
pub struct Socket {
    stream: tokio::net::UnixStream,
    read: Vec<u8>,
}

impl Socket {
    /// The next of what comes; none where the connection has ended. Nothing is lost where it is not waited for to the end.
    pub async fn next(&mut self) -> Option<Incoming> {
        loop {
            if let Some(incoming) = self.take() {
                return Some(incoming);
            }
            let mut octets = [0; 4_096];
            match self.stream.read(&mut octets).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.read.extend_from_slice(&octets[..count]),
            }
        }
    }

    fn take(&mut self) -> Option<Incoming> {
        let (first, second) = (*self.read.first()?, *self.read.get(1)?);
        let (length, head) = match second {
            126 => (
                usize::from(u16::from_be_bytes(self.read.get(2..4)?.try_into().ok()?)),
                4,
            ),
            127 => (
                u64::from_be_bytes(self.read.get(2..10)?.try_into().ok()?) as usize,
                10,
            ),
            short => (usize::from(short), 2),
        };
        let payload = self.read.get(head..head + length)?.to_vec();
        self.read.drain(..head + length);
        assert_eq!(
            first & 0xf0,
            0x80,
            "each message of the server's is one frame"
        );
        Some(match first & 0xf {
            TEXT if payload == b"\n" => Incoming::Beat,
            TEXT => Incoming::Frame(Frame::read(&payload)),
            PING => Incoming::Ping(payload),
            CLOSE => Incoming::Close,
            other => panic!("the server sent opcode {other}"),
        })
    }

    /// Writes a text message; a connection that has ended takes it in silence.
    pub async fn send(&mut self, octets: &[u8]) {
        self.write(TEXT, octets).await;
    }

    pub async fn pong(&mut self, payload: &[u8]) {
        self.write(PONG, payload).await;
    }

    async fn write(&mut self, opcode: u8, payload: &[u8]) {
        let mut out = vec![0x80 | opcode];
        match payload.len() {
            length @ 0..=125 => out.push(0x80 | length as u8),
            length @ 126..=0xffff => {
                out.push(0x80 | 126);
                out.extend((length as u16).to_be_bytes());
            }
            length => {
                out.push(0x80 | 127);
                out.extend((length as u64).to_be_bytes());
            }
        }
        // A mask of zeros changes nothing.
        out.extend([0; 4]);
        out.extend_from_slice(payload);
        let _ = self.stream.write_all(&out).await;
    }
}

/// A frame of a client's.
pub fn frame(command: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut out = format!("{command}\n");
    for (name, value) in headers {
        out.push_str(&format!("{name}:{value}\n"));
    }
    out.push('\n');
    out.push_str(body);
    out.push('\0');
    out.into_bytes()
}
