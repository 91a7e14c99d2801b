//! The way out to one socket: what is ready goes out at once, in one call; what the socket does not take
//! waits in a bounded backlog. An idle socket holds no buffer.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Instant;

use bytes::{Buf, Bytes};
use roomtone_shared::domain::message::MessageId;
use tokio::net::TcpStream;
use tokio::sync::Notify;

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
            subscription.written.set(Some(id));
        }
    }
}

/// One socket's way out.
pub(crate) struct Outbox {
    stream: TcpStream,
    backlog: RefCell<VecDeque<Piece>>,
    backlog_bytes: Cell<usize>,
    /// Since when the socket has been taking nothing.
    stuck_since: Cell<Option<Instant>>,
    last_write: Cell<Instant>,
    drained: Notify,
    dead: Cell<bool>,
}

impl Outbox {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            backlog: RefCell::default(),
            backlog_bytes: Cell::new(0),
            stuck_since: Cell::new(None),
            last_write: Cell::new(Instant::now()),
            drained: Notify::new(),
            dead: Cell::new(false),
        }
    }

    /// The socket, for reading.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Octets that wait.
    pub(crate) fn backlog_bytes(&self) -> usize {
        self.backlog_bytes.get()
    }

    /// Since when something has been waiting without any of it being taken.
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since.get()
    }

    /// When something was last handed in.
    pub(crate) fn last_write(&self) -> Instant {
        self.last_write.get()
    }

    /// Whether the socket can take no more for good.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.get()
    }

    /// Gives the socket up, with what waits for it.
    pub(crate) fn abandon(&self) {
        self.dead.set(true);
        self.drained.notify_waiters();
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
        let waiting = self.backlog_bytes.get() > 0;
        let taken = if waiting { 0 } else { self.try_write(&bytes) };
        if taken == bytes.len() {
            if let Some((subscription, id)) = last {
                subscription.written.set(Some(id));
            }
            return false;
        }
        let last = last.map(|(subscription, id)| (subscription.clone(), id));
        let piece = Piece {
            bytes: bytes.slice(taken..),
            last,
        };
        self.backlog_bytes
            .set(self.backlog_bytes.get() + piece.bytes.len());
        self.backlog.borrow_mut().push_back(piece);
        if !waiting {
            self.stuck_since.set(Some(now));
        }
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
        while !self.dead.get() && self.backlog_bytes.get() > 0 {
            if self.stream.writable().await.is_err() {
                self.dead.set(true);
            }
            self.write_backlog();
        }
        self.backlog.replace(VecDeque::new());
        self.backlog_bytes.set(0);
        self.stuck_since.set(None);
        self.drained.notify_waiters();
    }

    /// One call with as many pieces as fit.
    fn write_backlog(&self) {
        let mut backlog = self.backlog.borrow_mut();
        let slices: Vec<IoSlice<'_>> = backlog
            .iter()
            .take(SLICES_MAX)
            .map(|p| IoSlice::new(&p.bytes))
            .collect();
        let mut taken = match self.stream.try_write_vectored(&slices) {
            Ok(taken) => taken,
            Err(why) => self.failed(why.kind()),
        };
        if taken > 0 {
            self.stuck_since.set(Some(Instant::now()));
            self.backlog_bytes.set(self.backlog_bytes.get() - taken);
        }
        while taken > 0 {
            let Some(front) = backlog.front_mut() else {
                return;
            };
            let part = taken.min(front.bytes.len());
            front.bytes.advance(part);
            taken -= part;
            if front.bytes.is_empty()
                && let Some(whole) = backlog.pop_front()
            {
                whole.written();
            }
        }
    }

    /// Waits until nothing waits.
    pub(crate) async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            if self.backlog_bytes.get() == 0 || self.dead.get() {
                return;
            }
            drained.await;
        }
    }

    /// Tells the other side that nothing more comes.
    pub(crate) fn finish(&self) {
        // A socket that is gone already needs no telling.
        let _ = socket2::SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }
}
