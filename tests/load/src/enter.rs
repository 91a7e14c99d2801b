//! Coming in: connections are opened, upgraded and greeted, several at once, each waiting for its answers.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::Failure;
use crate::http::Http;
use crate::plan::{Plan, Target};
use crate::wire;

/// Connections that are opened at once.
const AT_ONCE: usize = 16;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection whose user is in the room.
pub(crate) struct Entered {
    pub(crate) stream: TcpStream,
    pub(crate) room: usize,
    pub(crate) listens: bool,
    /// What was read beyond the last answer.
    pub(crate) left: Vec<u8>,
}

/// The rooms, and those who come into them: in each one talker first, who owns it, then the listeners.
pub(crate) struct Entering {
    pub(crate) rooms: Vec<String>,
    pub(crate) coming: Receiver<Result<Entered, Failure>>,
    pub(crate) count: usize,
}

struct Door {
    target: Target,
    at: Vec<SocketAddr>,
    http: Option<Http>,
    rooms: Vec<String>,
    members: usize,
    run: String,
    next: AtomicUsize,
}

/// Makes the rooms, and lets everybody in.
pub(crate) fn enter(plan: &Plan) -> Result<Entering, Failure> {
    let new = || std::process::id().to_string();
    let run = plan.users.clone().unwrap_or_else(new);
    let (http, rooms) = if plan.target == Target::Roomtone {
        let by = Http::new(plan.http.unwrap_or(plan.at[0]), plan.signer()?);
        let rooms = rooms(plan, &by, &run)?;
        (Some(by), rooms)
    } else {
        let name = |room| format!("room-{run}-{room}");
        (None, (0..plan.rooms).map(name).collect())
    };
    let count = plan.rooms * (plan.members + 1);
    let door = Arc::new(Door {
        target: plan.target,
        at: plan.at.clone(),
        http,
        rooms: rooms.clone(),
        members: plan.members,
        run,
        next: AtomicUsize::new(0),
    });
    let (entered, coming) = channel();
    for _ in 0..AT_ONCE {
        let (door, entered) = (door.clone(), entered.clone());
        std::thread::spawn(move || door.admit(&entered));
    }
    Ok(Entering {
        rooms,
        coming,
        count,
    })
}

/// The rooms' ids: from their file, or made.
fn rooms(plan: &Plan, by: &Http, run: &str) -> Result<Vec<String>, Failure> {
    if let Some(path) = plan.rooms_in.as_ref().filter(|path| path.exists()) {
        let text = fs::read_to_string(path)?;
        let known: Vec<String> = text.lines().take(plan.rooms).map(Into::into).collect();
        if known.len() < plan.rooms {
            return Err(format!("{} has only {} rooms", path.display(), known.len()).into());
        }
        return Ok(known);
    }
    let service = by.token("load", Some("service"))?;
    let made = (0..plan.rooms).map(|room| by.create(&service, &uid(run, room, 0)));
    let made = made.collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &plan.rooms_in {
        fs::write(path, made.join("\n"))?;
    }
    Ok(made)
}

fn uid(run: &str, room: usize, member: usize) -> String {
    format!("load-{run}-{room}-{member}")
}

impl Door {
    fn admit(&self, entered: &Sender<Result<Entered, Failure>>) {
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            // The talkers first, one in each room: their rooms are theirs.
            let (room, member) = (place % self.rooms.len(), place / self.rooms.len());
            if member > self.members {
                return;
            }
            if entered.send(self.open(room, member)).is_err() {
                return;
            }
        }
    }

    /// Each room's connections are spread over all addresses.
    fn open(&self, room: usize, member: usize) -> Result<Entered, Failure> {
        let token = match &self.http {
            Some(http) => http.token(&uid(&self.run, room, member), None)?,
            None => String::new(),
        };
        let mut stream = TcpStream::connect(self.at[(room + member) % self.at.len()])?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(self.target.upgrade().as_bytes())?;
        let mut left = vec![];
        let head = loop {
            if let Some(end) = memchr::memmem::find(&left, b"\r\n\r\n") {
                break left.drain(..end + 4).collect::<Vec<u8>>();
            }
            read(&mut stream, &mut left)?;
        };
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(format!("no WebSocket: {}", String::from_utf8_lossy(&head)).into());
        }
        for (frame, answer) in self.target.greeting(&token, &self.rooms[room]) {
            let mut out = vec![];
            wire::put(wire::TEXT, frame.as_bytes(), &mut out);
            stream.write_all(&out)?;
            wait_for(answer, &mut stream, &mut left)?;
        }
        stream.set_nonblocking(true)?;
        Ok(Entered {
            stream,
            room,
            listens: member > 0,
            left,
        })
    }
}

/// Reads frames until one has this in it.
fn wait_for(answer: &[u8], stream: &mut TcpStream, left: &mut Vec<u8>) -> Result<(), Failure> {
    loop {
        while let Some(found) = wire::find(left) {
            let frame: Vec<u8> = left.drain(..found.payload.end).collect();
            let payload = &frame[found.payload];
            if memchr::memmem::find(payload, answer).is_some() {
                return Ok(());
            }
            if payload.starts_with(b"ERROR") || found.opcode == wire::CLOSE {
                return Err(format!("refused: {}", String::from_utf8_lossy(payload)).into());
            }
        }
        read(stream, left)?;
    }
}

fn read(stream: &mut TcpStream, into: &mut Vec<u8>) -> Result<(), Failure> {
    let mut buffer = [0; 8_192];
    match stream.read(&mut buffer)? {
        0 => Err("the connection was closed".into()),
        count => {
            into.extend(&buffer[..count]);
            Ok(())
        }
    }
}
