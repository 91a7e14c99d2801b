//! WebSocket (RFC 6455) as a client speaks it, or as none should. It knows nothing of what messages hold.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use crate::http::{Response, read_head};

/// A text message.
pub const TEXT: u8 = 1;
/// A binary message.
pub const BINARY: u8 = 2;
/// A close.
pub const CLOSE: u8 = 8;
/// A ping.
pub const PING: u8 = 9;
/// A pong.
pub const PONG: u8 = 10;

/// The example of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text or binary message.
    Data(Vec<u8>),
    /// A ping with its payload.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A close with its code and reason.
    Close(Option<u16>, String),
    /// The end of the TCP connection.
    End,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    /// The way in.
    pub reader: Reader,
    /// The way out.
    pub writer: Writer,
    /// How the server answered the upgrade.
    pub response: Response,
}

/// How to open one.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The path to ask for.
    pub path: &'a str,
    /// Headers besides those that every upgrade has.
    pub headers: &'a [(&'a str, &'a str)],
    /// Octets that the system may hold for us before we read them; its own choice without it.
    pub receive_buffer_bytes: Option<u32>,
}

impl Default for Opening<'_> {
    fn default() -> Self {
        Self {
            path: "/ws-chat",
            headers: &[],
            receive_buffer_bytes: None,
        }
    }
}

impl Opening<'_> {
    /// Asks for the upgrade; gives the answer where it was refused.
    ///
    /// # Errors
    /// The answer, where it is not an upgrade.
    ///
    /// # Panics
    /// Where there is no answer, or it is an upgrade against RFC 6455.
    pub async fn open(&self, address: SocketAddr) -> Result<Socket, Response> {
        let asked = self.try_open(address).await;
        asked.expect("the server answers")
    }

    /// The same, of a server that may be gone by now.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn try_open(&self, address: SocketAddr) -> std::io::Result<Result<Socket, Response>> {
        let mut stream = self.connect(address).await?;
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n",
            self.path
        );
        for (name, value) in self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).await?;
        let (response, rest) = read_head(&mut stream).await?;
        if response.status != 101 {
            return Ok(Err(response));
        }
        assert_eq!(response.header("sec-websocket-accept"), Some(ACCEPT));
        let (read, write) = stream.into_split();
        let reader = Reader {
            half: read,
            bytes: rest,
            at: 0,
        };
        Ok(Ok(Socket {
            reader,
            writer: Writer { half: write },
            response,
        }))
    }

    async fn connect(&self, address: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        if let Some(bytes) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(address).await
    }
}

/// The way in.
#[derive(Debug)]
pub struct Reader {
    half: OwnedReadHalf,
    bytes: Vec<u8>,
    at: usize,
}

impl Reader {
    /// Whether a process holds the server's end of it, by the system's own list: what a process has closed has no inode
    /// there, for as long as octets of it are on their way.
    ///
    /// # Panics
    /// Where the system has no such list.
    #[must_use]
    pub fn is_held_by_server(&self) -> bool {
        let own = self.half.local_addr().expect("it is connected").port();
        let server = self.half.peer_addr().expect("it is connected").port();
        let list = std::fs::read_to_string("/proc/net/tcp").expect("a list of connections");
        list.lines().any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let port =
                |at: usize| u16::from_str_radix(fields.get(at)?.rsplit_once(':')?.1, 16).ok();
            let ends = (port(1), port(2)) == (Some(server), Some(own));
            ends && fields.get(9).is_some_and(|inode| *inode != "0")
        })
    }

    /// What comes next. A connection that was reset has ended, too.
    ///
    /// # Panics
    /// Where the server masks, or uses what was not negotiated.
    pub async fn read(&mut self) -> Incoming {
        let mut message = vec![];
        loop {
            let Some((opcode, last, payload)) = self.frame().await else {
                return Incoming::End;
            };
            match opcode {
                PING => return Incoming::Ping(payload),
                PONG => return Incoming::Pong,
                CLOSE => return close(&payload),
                _ => message.extend_from_slice(&payload),
            }
            if last {
                return Incoming::Data(message);
            }
        }
    }

    async fn frame(&mut self) -> Option<(u8, bool, Vec<u8>)> {
        let head = self.take(2).await?;
        assert_eq!(head[0] & 0x70, 0, "a reserved bit is set");
        assert_eq!(head[1] & 0x80, 0, "a server must not mask");
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.take(2).await?.try_into().unwrap())),
            127 => u64::from_be_bytes(self.take(8).await?.try_into().unwrap()),
            short => u64::from(short),
        };
        let payload = self
            .take(usize::try_from(length).expect("a length fits"))
            .await?;
        Some((head[0] & 0x0f, head[0] & 0x80 != 0, payload))
    }

    async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.bytes.len() - self.at < count {
            self.bytes.drain(..self.at);
            self.at = 0;
            self.bytes.reserve(64 << 10);
            match self.half.read_buf(&mut self.bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
        let taken = self.bytes[self.at..self.at + count].to_vec();
        self.at += count;
        Some(taken)
    }
}

fn close(payload: &[u8]) -> Incoming {
    match payload {
        [] => Incoming::Close(None, String::new()),
        [high, low, reason @ ..] => Incoming::Close(
            Some(u16::from_be_bytes([*high, *low])),
            String::from_utf8(reason.to_vec()).expect("a reason is UTF-8"),
        ),
        [_] => panic!("a close with half a code"),
    }
}

/// The way out.
#[derive(Debug)]
pub struct Writer {
    half: OwnedWriteHalf,
}

impl Writer {
    /// Writes octets as they are.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub async fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.half.write_all(bytes).await
    }

    /// Writes a masked frame that is a whole message.
    ///
    /// # Errors
    /// Where the connection is gone.
    pub async fn message(&mut self, opcode: u8, payload: &[u8]) -> std::io::Result<()> {
        self.raw(&frame(opcode, true, Some(MASK), payload)).await
    }
}

/// A frame as octets; whether it is `last` of its message, and how it is masked, is for the caller.
#[must_use]
pub fn frame(opcode: u8, last: bool, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode | if last { 0x80 } else { 0 }];
    let masked = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..126 => bytes.push(masked | length as u8),
        length @ 126..65_536 => {
            bytes.push(masked | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(masked | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = mask
        .inspect(|mask| bytes.extend_from_slice(mask))
        .unwrap_or_default();
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(octet, key)| octet ^ key),
    );
    bytes
}

/// A masked frame as a client sends it.
#[must_use]
pub fn masked(opcode: u8, last: bool, payload: &[u8]) -> Vec<u8> {
    frame(opcode, last, Some(MASK), payload)
}
