//! The limit of a REST function: a server that gives every request the same answer. One thread, one read and one write a
//! request: nobody can do less.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::{Failure, http1};

const LISTENER: Token = Token(usize::MAX);
const BUFFER_BYTES: usize = 1 << 16;

struct Peer {
    stream: TcpStream,
    /// What is not a whole request yet.
    input: Vec<u8>,
}

struct Constant {
    peers: Vec<Peer>,
    answer: Vec<u8>,
    buffer: Box<[u8]>,
}

/// Serves at this address; the answer is JSON of so many bytes.
#[allow(
    clippy::print_stdout,
    reason = "whoever starts it has to know the port"
)]
pub(crate) fn serve(at: SocketAddr, answer_bytes: usize) -> Result<(), Failure> {
    let mut listener = TcpListener::bind(at)?;
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?);
    let mut constant = Constant::new(answer_bytes);
    let mut events = Events::with_capacity(1_024);
    loop {
        if let Err(why) = poll.poll(&mut events, None)
            && why.kind() != ErrorKind::Interrupted
        {
            return Err(why.into());
        }
        for event in &events {
            if event.token() != LISTENER {
                // A peer that is gone, or says what is no HTTP, is not read any more.
                let _ = constant.serve(event.token().0);
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.set_nodelay(true);
                let token = Token(constant.peers.len());
                poll.registry()
                    .register(&mut stream, token, Interest::READABLE)?;
                let input = vec![];
                constant.peers.push(Peer { stream, input });
            }
        }
    }
}

impl Constant {
    fn new(answer_bytes: usize) -> Self {
        let around = r#"{"text":""}"#.len();
        let text = ".".repeat(answer_bytes.saturating_sub(around));
        let mut answer = vec![];
        let body = format!(r#"{{"text":"{text}"}}"#);
        http1::put_answer("200 OK", "", &body, &mut answer);
        Self {
            peers: vec![],
            answer,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
        }
    }

    fn serve(&mut self, at: usize) -> Result<(), Failure> {
        let peer = &mut self.peers[at];
        loop {
            let count = peer.stream.read(&mut self.buffer)?;
            if count == 0 {
                return Ok(());
            }
            let read = &self.buffer[..count];
            if peer.input.is_empty() {
                let taken = answer(read, &self.answer, &mut peer.stream)?;
                peer.input.extend(&read[taken..]);
            } else {
                peer.input.extend(read);
                let taken = answer(&peer.input, &self.answer, &mut peer.stream)?;
                peer.input.drain(..taken);
            }
            if count < self.buffer.len() {
                return Ok(());
            }
        }
    }
}

/// Answers the requests that are whole, and says how many bytes they were.
fn answer(bytes: &[u8], with: &[u8], to: &mut TcpStream) -> Result<usize, Failure> {
    let mut taken = 0;
    while let Some(found) = http1::find(&bytes[taken..])? {
        taken += found.body.end;
        // Whoever waits for each answer has room for it.
        to.write_all(with)?;
    }
    Ok(taken)
}
