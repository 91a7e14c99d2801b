//! A session: one socket, from its upgrade to its end.
//!
//! One task reads frames and does what they ask for, in their order. What comes from the room reaches the
//! session through its lanes and the few calls in `events`; nothing else calls into it.

mod acknowledge;
mod answers;
mod asked;
mod coming;
pub(crate) mod command;
mod connect;
mod echo;
mod ended;
mod events;
mod exit;
mod fault;
mod inspect;
mod join;
mod leave;
mod places;
mod presence;
mod read;
mod receive;
mod refresh;
mod replies;
mod request;
mod run;
mod subscribe;
mod talk;
mod tick;
mod transaction;
mod under_way;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::{Profile, Uid};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::accounts::Account;
use crate::addresses::Counting;
use crate::counts::Counts;
use crate::frame::Version;
use crate::holds::Told;
use crate::outbox::Outbox;
use crate::settings;
use crate::shard::Shard;
use crate::shard::subscription::{State, Subscription, Topic};
use crate::ws;
use ended::Ended;
use places::Place;
use under_way::UnderWay;

/// Who is logged in.
struct User {
    profile: Profile,
    account: Arc<Account>,
}

/// A session.
pub(crate) struct Session {
    pub(crate) id: u64,
    shard: Rc<Shard>,
    outbox: Outbox,
    user: OnceCell<User>,
    version: Cell<Version>,
    expires_at_ms: Cell<u64>,
    subscriptions: RefCell<Vec<Rc<Subscription>>>,
    places: RefCell<Vec<Place>>,
    /// There only while something is.
    under_way: RefCell<Option<Box<UnderWay>>>,
    /// What the next answer and the next reply are numbered; from 0 again after four billion.
    next_answer: Cell<u32>,
    next_reply: Cell<u32>,
    /// When octets last came, by the node's clock.
    last_read_ms: Cell<u64>,
    pinged: Cell<bool>,
    /// Whether a frame is being worked on, which counts as life.
    busy: Cell<bool>,
    /// Milliseconds between the server's heart-beats, and the client's; 0 for none.
    beats_ms: Cell<u32>,
    hears_ms: Cell<u32>,
    /// Set when the last frame was sent.
    over: Cell<bool>,
    /// By when CONNECT must have come; once it is over, by when the last frame must have arrived.
    until: Cell<Instant>,
    ended: Ended,
    echo: bool,
    _counting: Option<Box<Counting>>,
}

impl Session {
    /// A session on a fresh socket; none where the system does not take the socket.
    pub(crate) fn new(
        shard: &Rc<Shard>,
        id: u64,
        stream: std::net::TcpStream,
        echo: bool,
        counting: Option<Box<Counting>>,
    ) -> Option<Rc<Self>> {
        let stream = TcpStream::from_std(stream).ok()?;
        let now = Instant::now();
        Some(Rc::new(Self {
            id,
            shard: shard.clone(),
            outbox: Outbox::new(stream),
            user: OnceCell::new(),
            version: Cell::new(Version::V1_0),
            expires_at_ms: Cell::new(u64::MAX),
            subscriptions: RefCell::default(),
            places: RefCell::default(),
            under_way: RefCell::default(),
            next_answer: Cell::new(0),
            next_reply: Cell::new(0),
            last_read_ms: Cell::new(shard.node.ms_at(now)),
            pinged: Cell::new(false),
            busy: Cell::new(false),
            beats_ms: Cell::new(0),
            hears_ms: Cell::new(0),
            over: Cell::new(false),
            until: Cell::new(now + Duration::from_millis(shard.node.settings.connect_ms)),
            ended: Ended::default(),
            echo,
            _counting: counting,
        }))
    }

    fn uid(&self) -> Option<&Uid> {
        self.user.get().map(|user| &user.profile.uid)
    }

    /// What its shard counts.
    pub(crate) fn counts(&self) -> &Counts {
        &self.shard.counts
    }

    /// Octets that wait for the socket.
    pub(crate) fn backlog_bytes(&self) -> usize {
        self.outbox.backlog_bytes()
    }

    /// Octets that may wait for it.
    pub(crate) fn backlog_bytes_max(&self) -> usize {
        self.shard.node.settings.backlog_bytes_max
    }

    /// Waits until nothing waits for the socket.
    pub(crate) async fn drained(&self) {
        self.outbox.drained().await;
    }

    /// Whether the session has said its last.
    pub(crate) fn is_over(&self) -> bool {
        self.over.get() || self.outbox.is_dead()
    }

    /// Whether its socket has taken all and takes more, and it has not said its last.
    pub(crate) fn is_clear(&self) -> bool {
        !self.over.get() && self.outbox.is_clear()
    }

    /// Writes octets for a subscription in step, and gives how many the socket took.
    pub(crate) fn write_at_once(&self, octets: &[u8]) -> usize {
        self.outbox.write_at_once(octets)
    }

    /// Something waits for the socket, or nothing more is said to it: from now on all goes behind that.
    pub(crate) fn step_out(&self) {
        let subscriptions = self.subscriptions.borrow();
        subscriptions.iter().for_each(|s| s.lane.step_out(s));
    }

    /// Something was sent at this time.
    pub(crate) fn sent_at(&self, at: Instant) {
        self.outbox.wrote(at);
    }

    /// When something was last sent.
    fn last_sent(&self) -> Instant {
        let subscriptions = self.subscriptions.borrow();
        let in_step = subscriptions.iter().filter_map(|s| s.lane.last_of(s));
        in_step.fold(self.outbox.last_write(), |last, (_, at)| last.max(at))
    }

    /// Sends octets behind all that was sent before.
    pub(crate) fn push(
        self: &Rc<Self>,
        bytes: Bytes,
        last: Option<(&Rc<Subscription>, MessageId)>,
        now: Instant,
    ) {
        if self.is_over() {
            return;
        }
        if self.backlog_bytes() > 2 * self.backlog_bytes_max() {
            tracing::debug!(session = self.id, "socket dropped: it takes nothing");
            self.outbox.abandon();
            return self.ended.say();
        }
        let was_clear = self.outbox.is_clear();
        let begins_to_wait = self.outbox.push(bytes, last, now);
        if was_clear && !self.outbox.is_clear() {
            self.step_out();
        }
        if begins_to_wait {
            let session = self.clone();
            tokio::task::spawn_local(async move {
                session.outbox.drain().await;
                session.tell_of_gaps();
            });
        }
    }

    fn send(self: &Rc<Self>, bytes: Bytes) {
        self.push(bytes, None, Instant::now());
    }

    /// Those that were skipped while the socket took nothing are told of the hole now.
    fn tell_of_gaps(&self) {
        let skipped: Vec<Rc<Subscription>> = self
            .subscriptions
            .borrow()
            .iter()
            .filter(|s| s.gap().is_some())
            .cloned()
            .collect();
        for subscription in skipped.iter().filter(|s| s.state.get() == State::Live) {
            self.shard.tell_of_gap(subscription);
        }
    }

    /// Says the last: these octets, then a close frame. The socket is closed once both have arrived.
    fn close(self: &Rc<Self>, last_words: Bytes, code: u16, reason: &str) {
        if self.is_over() {
            self.ended.say();
            return;
        }
        let mut out = BytesMut::from(&last_words[..]);
        ws::put_close(&mut out, Some(code), reason);
        self.send(out.freeze());
        self.over.set(true);
        self.step_out();
        self.until
            .set(Instant::now() + Duration::from_millis(settings::LINGER_MS));
        let session = self.clone();
        tokio::task::spawn_local(async move {
            session.outbox.drained().await;
            session.outbox.finish();
        });
        // The reader may be waiting for octets that nobody needs any more.
        self.ended.say();
    }

    /// The node goes down: the client is to come back elsewhere.
    pub(crate) fn close_for_restart(self: &Rc<Self>) {
        self.close(Bytes::new(), ws::close_code::SERVICE_RESTART, "restarting");
    }

    /// An operator ends all sockets of the user.
    pub(crate) fn close_as_kicked(self: &Rc<Self>) {
        self.close(
            Bytes::new(),
            ws::close_code::POLICY_VIOLATION,
            "closed by an operator",
        );
    }

    /// What CONNECTED calls it: node, shard and number.
    fn name(&self) -> String {
        format!("{}-{}-{}", self.shard.node.id, self.shard.index, self.id)
    }

    fn place(&self, room: RoomId) -> Option<Place> {
        self.places
            .borrow()
            .iter()
            .find(|p| p.room == room)
            .copied()
    }

    /// Changes where the session stands in a room, which begins with nowhere.
    fn with_place<T>(&self, room: RoomId, change: impl FnOnce(&mut Place) -> T) -> T {
        let mut places = self.places.borrow_mut();
        let at = places
            .iter()
            .position(|p| p.room == room)
            .unwrap_or_else(|| {
                // Most sockets have to do with one room.
                places.reserve_exact(1);
                places.push(Place::new(room));
                places.len() - 1
            });
        change(&mut places[at])
    }

    /// The socket comes into the room. What it gives back ends when the log has it.
    fn enter(&self, room: RoomId) -> Option<Told> {
        let was = self.with_place(room, |place| std::mem::replace(&mut place.inside, true));
        if was {
            None
        } else {
            self.shard.node.holds.enter(room, self.uid()?)
        }
    }

    /// The socket goes out of the room, and how far it was read is noted.
    fn go_out(&self, room: RoomId) -> Option<Told> {
        let uid = self.uid()?;
        let place = self.place(room).filter(|p| p.inside)?;
        self.with_place(room, |place| place.inside = false);
        if let Some(mark) = self.seen(room) {
            self.shard.node.marks.note(room, uid, place.sequence, mark);
        }
        self.shard.node.holds.leave(room, uid)
    }

    /// The last message of the room that was written to the socket before the last that came from it.
    fn seen(&self, room: RoomId) -> Option<MessageId> {
        let subscriptions = self.subscriptions.borrow();
        subscriptions
            .iter()
            .filter(|s| s.topic == Topic::Chat(room))
            .filter_map(|s| s.seen.get())
            .max()
    }

    fn of_room(&self, room: RoomId) -> Vec<Rc<Subscription>> {
        self.subscriptions
            .borrow()
            .iter()
            .filter(|s| s.topic.room() == Some(room))
            .cloned()
            .collect()
    }

    /// Lets go of what refers back to it.
    pub(crate) fn forget(&self) {
        let subscriptions = std::mem::take(&mut *self.subscriptions.borrow_mut());
        for subscription in &subscriptions {
            subscription.lane.leave(subscription);
        }
        self.under_way.borrow_mut().take();
    }

    /// Lets go of rooms that the session has nothing to do with any more.
    fn forget_places(&self) {
        let subscriptions = self.subscriptions.borrow();
        let listens = |room| subscriptions.iter().any(|s| s.topic.room() == Some(room));
        let coming = self.coming_to();
        self.places
            .borrow_mut()
            .retain(|place| place.inside || coming == Some(place.room) || listens(place.room));
    }
}
