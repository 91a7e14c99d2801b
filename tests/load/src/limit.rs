//! The limit: a server that writes what a publisher sends to every subscriber, as it is, and does nothing else.
//!
//! Who sends `SUB x` subscribes to x; who sends `PUB x` publishes there from then on, in frames whose payload is a whole
//! frame already. One thread, one read and one write a subscriber for all that came together: nobody can do less.
//!
//! With a file it makes what came durable before anybody is sent it: all that its publishers sent together by one write and one
//! sync. Nobody who loses nothing can do less than that, and what more it takes is the disk's.

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sha1::{Digest, Sha1};

use crate::Failure;
use crate::protocol::SUBSCRIBED;
use crate::wire;

const LISTENER: Token = Token(usize::MAX);
const BUFFER_BYTES: usize = 1 << 18;
/// What RFC 6455, section 1.3, appends to a client's key.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

struct Peer {
    stream: TcpStream,
    state: State,
    input: Vec<u8>,
    /// What the socket did not take.
    backlog: Vec<u8>,
}

enum State {
    Upgrading,
    Open,
    Publishes(String),
}

struct Limit {
    peers: Vec<Peer>,
    topics: HashMap<String, Vec<usize>>,
    buffer: Box<[u8]>,
    durable: Option<Durable>,
}

/// What was published and is not durable yet, by whom, and where it is made so.
struct Durable {
    file: File,
    waiting: Vec<(usize, Vec<u8>)>,
}

#[allow(
    clippy::print_stdout,
    reason = "whoever starts it has to know the port"
)]
pub(crate) fn serve(at: SocketAddr, durable: Option<&Path>) -> Result<(), Failure> {
    let mut listener = TcpListener::bind(at)?;
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?);
    let mut events = Events::with_capacity(4_096);
    let mut limit = Limit {
        peers: vec![],
        topics: HashMap::new(),
        buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
        durable: match durable {
            Some(path) => Some(Durable {
                file: File::create(path)?,
                waiting: vec![],
            }),
            None => None,
        },
    };
    loop {
        if let Err(why) = poll.poll(&mut events, None)
            && why.kind() != ErrorKind::Interrupted
        {
            return Err(why.into());
        }
        for event in &events {
            if event.token() != LISTENER {
                limit.serve(event.token().0);
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.set_nodelay(true);
                let token = Token(limit.peers.len());
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, token, both)?;
                limit.peers.push(Peer {
                    stream,
                    state: State::Upgrading,
                    input: vec![],
                    backlog: vec![],
                });
            }
        }
        limit.make_durable()?;
    }
}

impl Limit {
    fn serve(&mut self, at: usize) {
        self.peers[at].flush();
        loop {
            let peer = &mut self.peers[at];
            let kept = peer.input.len();
            self.buffer[..kept].copy_from_slice(&peer.input);
            let room = self.buffer.len() - kept;
            // A peer that is gone is written to no more: it has an error of its own then.
            let Ok(count @ 1..) = peer.stream.read(&mut self.buffer[kept..]) else {
                return;
            };
            self.take(at, kept + count);
            if count < room {
                return;
            }
        }
    }

    fn take(&mut self, at: usize, length: usize) {
        let bytes = &self.buffer[..length];
        let peer = &mut self.peers[at];
        let mut taken = 0;
        if matches!(peer.state, State::Upgrading) {
            let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
                peer.input = bytes.to_vec();
                return;
            };
            taken = end + 4;
            peer.send(upgraded(&bytes[..taken]).as_bytes());
            peer.state = State::Open;
        }
        let mut out = vec![];
        while let Some(found) = wire::find(&bytes[taken..]) {
            let frame = &bytes[taken..taken + found.payload.end];
            taken += found.payload.end;
            let payload = &frame[found.payload.clone()];
            match &peer.state {
                State::Publishes(_) if found.opcode == wire::TEXT && payload.len() > 1 => {
                    out.extend(payload)
                }
                State::Publishes(_) => {}
                State::Open | State::Upgrading => {
                    let key = &frame[found.payload.start - 4..found.payload.start];
                    let text: Vec<u8> = payload
                        .iter()
                        .zip(key.iter().cycle())
                        .map(|(b, k)| b ^ k)
                        .collect();
                    greet(peer, at, &text, &mut self.topics);
                }
            }
        }
        peer.input = bytes[taken..].to_vec();
        match &mut self.durable {
            _ if out.is_empty() => {}
            Some(durable) => durable.waiting.push((at, out)),
            None => self.relay(at, &out),
        }
    }

    /// Writes what a peer published to everybody subscribed to that.
    fn relay(&mut self, by: usize, out: &[u8]) {
        let State::Publishes(topic) = &self.peers[by].state else {
            return;
        };
        for subscriber in self.topics.get(topic).into_iter().flatten() {
            self.peers[*subscriber].send(out);
        }
    }

    /// Makes durable what came, and relays it then.
    fn make_durable(&mut self) -> Result<(), Failure> {
        let Some(durable) = &mut self.durable else {
            return Ok(());
        };
        let waiting = std::mem::take(&mut durable.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let together: Vec<&[u8]> = waiting.iter().map(|(_, out)| &out[..]).collect();
        durable.file.write_all(&together.concat())?;
        durable.file.sync_data()?;
        for (by, out) in &waiting {
            self.relay(*by, out);
        }
        Ok(())
    }
}

/// What an open connection says first.
fn greet(peer: &mut Peer, at: usize, text: &[u8], topics: &mut HashMap<String, Vec<usize>>) {
    let text = String::from_utf8_lossy(text);
    if let Some(topic) = text.strip_prefix("SUB ") {
        topics.entry(topic.into()).or_default().push(at);
    } else if let Some(topic) = text.strip_prefix("PUB ") {
        peer.state = State::Publishes(topic.into());
    } else {
        return;
    }
    let mut answer = vec![];
    wire::put_unmasked(wire::TEXT, SUBSCRIBED, &mut answer);
    peer.send(&answer);
}

impl Peer {
    fn send(&mut self, bytes: &[u8]) {
        if !self.backlog.is_empty() {
            self.backlog.extend(bytes);
            return self.flush();
        }
        let written = self.stream.write(bytes).unwrap_or(0);
        self.backlog.extend(&bytes[written..]);
    }

    fn flush(&mut self) {
        if !self.backlog.is_empty()
            && let Ok(written) = self.stream.write(&self.backlog)
        {
            self.backlog.drain(..written);
        }
    }
}

fn upgraded(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let key = text
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let mut hash = Sha1::new();
    hash.update(key.unwrap_or_default().trim().as_bytes());
    hash.update(KEY_SUFFIX);
    let accept = BASE64_STANDARD.encode(hash.finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v12.stomp\r\n\r\n"
    )
}
