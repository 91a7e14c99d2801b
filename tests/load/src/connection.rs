//! All connections of a run on one thread: what comes on each is taken apart into frames, what is to go out goes out as the
//! socket takes it, and nobody is left without a sign of life.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::Failure;
use crate::enter::{Entered, Entering};
use crate::plan::Plan;
use crate::protocol::SUBSCRIBED;
use crate::wire;

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 20;
/// Between two heart-beats of a client that says nothing else; half of what is agreed on.
const HEART_BEAT: Duration = Duration::from_secs(5);
/// Subscriptions that wait for their answers at once.
const SUBSCRIBING_MAX: usize = 64;
/// How long the server may take to take all subscriptions.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where a connection is.
pub(crate) struct Place {
    pub(crate) room: usize,
    pub(crate) listens: bool,
    /// The number of the next message of its room.
    pub(crate) next: u64,
}

struct Connection {
    stream: TcpStream,
    place: Place,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// A whole frame: all its bytes, and its payload.
pub(crate) struct Frame<'f> {
    pub(crate) bytes: &'f [u8],
    pub(crate) payload: &'f [u8],
}

/// Everybody who is connected.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Box<[u8]>,
    beaten: Instant,
}

impl Crowd {
    /// Takes everybody in, and lets them begin to listen together.
    pub(crate) fn gather(plan: &Plan, entering: &Entering) -> Result<Self, Failure> {
        let mut crowd = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(4_096),
            connections: Vec::with_capacity(entering.count),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            beaten: Instant::now(),
        };
        let mut shown = Instant::now();
        while crowd.connections.len() < entering.count {
            if let Ok(entered) = entering.coming.recv_timeout(Duration::from_millis(10)) {
                crowd.add(entered?)?;
            }
            crowd.turn(Duration::ZERO, |_, _| {})?;
            if shown.elapsed() > Duration::from_secs(5) {
                eprintln!("{} of {} are in", crowd.connections.len(), entering.count);
                shown = Instant::now();
            }
        }
        crowd.subscribe(plan, &entering.rooms)?;
        Ok(crowd)
    }

    fn add(&mut self, entered: Entered) -> Result<(), Failure> {
        let mut stream = TcpStream::from_std(entered.stream);
        let token = Token(self.connections.len());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, both)?;
        self.connections.push(Connection {
            stream,
            place: Place {
                room: entered.room,
                listens: entered.listens,
                next: 0,
            },
            input: entered.left,
            output: vec![],
        });
        Ok(())
    }

    fn subscribe(&mut self, plan: &Plan, rooms: &[String]) -> Result<(), Failure> {
        let (mut asked, mut answered, begun) = (0, 0, Instant::now());
        while answered < self.connections.len() {
            while asked < self.connections.len().min(answered + SUBSCRIBING_MAX) {
                let connection = &mut self.connections[asked];
                let room = &rooms[connection.place.room];
                let frame = match connection.place.listens {
                    true => plan.target.subscribe(room),
                    false => plan.target.begin(room),
                };
                wire::put(wire::TEXT, frame.as_bytes(), &mut connection.output);
                connection.write()?;
                asked += 1;
            }
            self.turn(Duration::from_millis(10), |_, frame| {
                let subscribed = memchr::memmem::find(frame.payload, SUBSCRIBED).is_some();
                answered += usize::from(subscribed);
            })?;
            if begun.elapsed() > PATIENCE {
                let left = self.connections.len() - answered;
                return Err(format!("{left} have no answer to their subscription").into());
            }
        }
        Ok(())
    }

    /// Where the talkers are, in the order of their rooms.
    pub(crate) fn talkers(&self) -> Vec<usize> {
        let talks = self.connections.iter().enumerate();
        let mut places: Vec<_> = talks
            .filter(|(_, connection)| !connection.place.listens)
            .map(|(at, connection)| (connection.place.room, at))
            .collect();
        places.sort_unstable();
        places.into_iter().map(|(_, at)| at).collect()
    }

    /// Lets the connection at this place say what `put` appends.
    pub(crate) fn say(&mut self, at: usize, put: impl FnOnce(&mut Vec<u8>)) -> Result<(), Failure> {
        put(&mut self.connections[at].output);
        self.connections[at].write()
    }

    /// Waits no longer than this for something to come, and hands on all whole frames that did.
    pub(crate) fn turn(
        &mut self,
        wait: Duration,
        mut hear: impl FnMut(&mut Place, Frame<'_>),
    ) -> Result<(), Failure> {
        if let Err(why) = self.poll.poll(&mut self.events, Some(wait))
            && why.kind() != ErrorKind::Interrupted
        {
            return Err(why.into());
        }
        for event in &self.events {
            let connection = &mut self.connections[event.token().0];
            connection.serve(event, &mut self.buffer, &mut hear)?;
        }
        if self.beaten.elapsed() > HEART_BEAT {
            self.beaten = Instant::now();
            for connection in &mut self.connections {
                wire::put(wire::TEXT, b"\n", &mut connection.output);
                connection.write()?;
            }
        }
        Ok(())
    }
}

impl Connection {
    fn serve(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        hear: &mut impl FnMut(&mut Place, Frame<'_>),
    ) -> Result<(), Failure> {
        if event.is_readable() {
            self.read(buffer, hear)?;
        }
        self.write()
    }

    /// Reads until there is nothing more: the poll tells only of what is new.
    fn read(
        &mut self,
        buffer: &mut [u8],
        hear: &mut impl FnMut(&mut Place, Frame<'_>),
    ) -> Result<(), Failure> {
        loop {
            let kept = self.input.len();
            if kept > buffer.len() / 2 {
                return Err("a frame is longer than any of ours".into());
            }
            buffer[..kept].copy_from_slice(&self.input);
            let room = buffer.len() - kept;
            let count = match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => return Err("the server closed a connection".into()),
                Ok(count) => count,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why.into()),
            };
            let bytes = &buffer[..kept + count];
            let taken = self.take(bytes, hear)?;
            self.input.clear();
            self.input.extend(&bytes[taken..]);
            if count < room {
                return Ok(());
            }
        }
    }

    /// Hands on the frames at the beginning of `bytes`; gives how many bytes those were.
    fn take(
        &mut self,
        bytes: &[u8],
        hear: &mut impl FnMut(&mut Place, Frame<'_>),
    ) -> Result<usize, Failure> {
        let mut at = 0;
        while let Some(found) = wire::find(&bytes[at..]) {
            let bytes = &bytes[at..at + found.payload.end];
            at += found.payload.end;
            let payload = &bytes[found.payload];
            match found.opcode {
                wire::PING => wire::put(wire::PONG, payload, &mut self.output),
                wire::CLOSE => {
                    let why = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
                    return Err(format!("the server closed a connection: {why}").into());
                }
                wire::PONG => {}
                _ if payload.starts_with(b"ERROR") => {
                    return Err(String::from_utf8_lossy(payload).into());
                }
                _ => hear(&mut self.place, Frame { bytes, payload }),
            }
        }
        Ok(at)
    }

    /// Writes what the socket takes now.
    fn write(&mut self) -> Result<(), Failure> {
        let mut written = 0;
        while written < self.output.len() {
            match self.stream.write(&self.output[written..]) {
                Ok(count) => written += count,
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(why) => return Err(why.into()),
            }
        }
        self.output.drain(..written);
        Ok(())
    }
}
