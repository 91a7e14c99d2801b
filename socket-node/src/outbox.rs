//! The way out to one socket: what is ready goes out at once, in one call; what the socket does not take
//! waits in a bounded backlog. An idle socket holds no buffer.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::rc::Rc;

use bytes::{Buf, Bytes};
use roomtone_shared::domain::message::MessageId;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::shard::subscription::Subscription;

/// Pieces handed to the system in one call.
const SLICES_MAX: usize = 64;

/// Octets on their way, and whose message ends with them.
struct Piece {
    bytes: Bytes,
    last: Option<(Rc<Subscription>, MessageId)>,
}

impl Piece {
    fn written(self) {
        if let Some((subscription, id)) = self.last {
            subscription.set_written(id);
        }
    }
}

/// What waits for the socket.
struct Backlog {
    pieces: RefCell<VecDeque<Piece>>,
    bytes: Cell<usize>,
    /// Since when the socket has been taking nothing.
    stuck_since: Cell<Instant>,
    /// Told when none of it waits any more, or nobody waits for it.
    drained: Notify,
}

impl Backlog {
    fn new(now: Instant) -> Self {
        Self {
            pieces: RefCell::default(),
            bytes: Cell::new(0),
            stuck_since: Cell::new(now),
            drained: Notify::new(),
        }
    }
}

/// One socket's way out.
pub(crate) struct Outbox {
    stream: TcpStream,
    /// There only while something waits.
    backlog: RefCell<Option<Rc<Backlog>>>,
    last_write: Cell<Instant>,
    dead: Cell<bool>,
}

impl Outbox {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            backlog: RefCell::default(),
            last_write: Cell::new(Instant::now()),
            dead: Cell::new(false),
        }
    }

    /// The socket, for reading.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Octets that wait.
    pub(crate) fn backlog_bytes(&self) -> usize {
        let backlog = self.backlog.borrow();
        backlog.as_ref().map_or(0, |backlog| backlog.bytes.get())
    }

    /// Whether all that was handed in was taken, and more can be.
    pub(crate) fn is_clear(&self) -> bool {
        self.backlog.borrow().is_none() && !self.dead.get()
    }

    /// Writes octets where nothing waits, and gives how many the socket took; the rest is to be handed in. Neither the time nor what
    /// the system said of the socket before is looked at: this is for who keeps the time for many.
    pub(crate) fn write_at_once(&self, octets: &[u8]) -> usize {
        // What is wrong with the socket shows when the rest is handed in.
        socket2::SockRef::from(&self.stream)
            .send(octets)
            .unwrap_or_default()
    }

    /// Since when something has been waiting without any of it being taken.
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        let backlog = self.backlog.borrow();
        backlog.as_ref().map(|backlog| backlog.stuck_since.get())
    }

    /// When something was last handed in.
    pub(crate) fn last_write(&self) -> Instant {
        self.last_write.get()
    }

    /// Something was written by [`Outbox::write_at_once`] at this time.
    pub(crate) fn wrote(&self, at: Instant) {
        self.last_write.set(self.last_write.get().max(at));
    }

    /// Whether the socket can take no more for good.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.get()
    }

    /// Gives the socket up, with what waits for it: nothing here holds it any longer.
    pub(crate) fn abandon(&self) {
        self.dead.set(true);
        if let Some(backlog) = &*self.backlog.borrow() {
            backlog.drained.notify_waiters();
        }
    }

    /// Sends octets, or puts them behind those that wait. True where they wait and nothing waited before:
    /// then [`Outbox::drain`] must be run.
    #[must_use]
    pub(crate) fn push(
        &self,
        bytes: Bytes,
        last: Option<(&Rc<Subscription>, MessageId)>,
        now: Instant,
    ) -> bool {
        if self.dead.get() {
            return false;
        }
        self.last_write.set(now);
        let waiting = self.backlog.borrow().is_some();
        let taken = if waiting { 0 } else { self.try_write(&bytes) };
        if taken == bytes.len() {
            if let Some((subscription, id)) = last {
                subscription.set_written(id);
            }
            return false;
        }
        let last = last.map(|(subscription, id)| (subscription.clone(), id));
        let piece = Piece {
            bytes: bytes.slice(taken..),
            last,
        };
        let mut backlog = self.backlog.borrow_mut();
        let backlog = backlog.get_or_insert_with(|| Rc::new(Backlog::new(now)));
        backlog.bytes.set(backlog.bytes.get() + piece.bytes.len());
        backlog.pieces.borrow_mut().push_back(piece);
        !waiting && !self.dead.get()
    }

    fn try_write(&self, bytes: &[u8]) -> usize {
        match self.stream.try_write(bytes) {
            Ok(taken) => taken,
            Err(why) => self.failed(why.kind()),
        }
    }

    fn failed(&self, kind: ErrorKind) -> usize {
        if kind != ErrorKind::WouldBlock && kind != ErrorKind::Interrupted {
            self.dead.set(true);
        }
        0
    }

    /// Writes what waits as the socket takes it, until nothing does.
    pub(crate) async fn drain(&self) {
        let Some(backlog) = self.backlog.borrow().clone() else {
            return;
        };
        while !self.dead.get() && backlog.bytes.get() > 0 {
            tokio::select! {
                biased;
                writable = self.stream.writable() => match writable {
                    Ok(()) => self.write(&backlog),
                    Err(_) => self.dead.set(true),
                },
                // It was given up: a socket that takes nothing may never be writable again.
                () = backlog.drained.notified() => {}
            }
        }
        self.backlog.replace(None);
        backlog.drained.notify_waiters();
    }

    /// One call with as many pieces as fit.
    fn write(&self, backlog: &Backlog) {
        let mut pieces = backlog.pieces.borrow_mut();
        let slices: Vec<IoSlice<'_>> = pieces
            .iter()
            .take(SLICES_MAX)
            .map(|p| IoSlice::new(&p.bytes))
            .collect();
        let mut taken = match self.stream.try_write_vectored(&slices) {
            Ok(taken) => taken,
            Err(why) => self.failed(why.kind()),
        };
        if taken > 0 {
            backlog.stuck_since.set(Instant::now());
            backlog.bytes.set(backlog.bytes.get() - taken);
        }
        while taken > 0 {
            let Some(front) = pieces.front_mut() else {
                return;
            };
            let part = taken.min(front.bytes.len());
            front.bytes.advance(part);
            taken -= part;
            if front.bytes.is_empty()
                && let Some(whole) = pieces.pop_front()
            {
                whole.written();
            }
        }
    }

    /// Waits until nothing waits.
    pub(crate) async fn drained(&self) {
        loop {
            let backlog = self.backlog.borrow().clone();
            match backlog {
                Some(backlog) if !self.dead.get() => backlog.drained.notified().await,
                _ => return,
            }
        }
    }

    /// Tells the other side that nothing more comes.
    pub(crate) fn finish(&self) {
        // A socket that is gone already needs no telling.
        let _ = socket2::SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }
}
