//! A shard: one thread that owns its sockets and its part of every room, without locks.
//!
//! It takes entries from the ring in their order, changes who hears what, and hands messages to lanes. It
//! knows sessions by their state only; what a frame asks for is the session's business.

pub(crate) mod inspect;
pub(crate) mod lane;
mod resume;
mod rooms;
pub(crate) mod subscription;
mod tick;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ahash::AHashMap;
use roomtone_shared::domain::event::{Event, Fact, MemberChange, MemberEvent, Partition};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::traces::{Kind, Span};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::addresses::Counting;
use crate::counts::Counts;
use crate::entry::Entry;
use crate::node::Node;
use crate::session::Session;
use inspect::Question;
use rooms::Rooms;

/// Entries taken from the ring in one tick.
const TICK_ENTRIES_MAX: usize = 256;
/// A tick that took longer than this was one of many sockets.
const LONG_TICK: Duration = Duration::from_millis(1);
/// How long the next waits at most for as much as it had.
const LINGER: Duration = Duration::from_millis(1);
/// Octets read from a socket at once; one buffer for all sockets of a shard.
pub(crate) const READ_BYTES: usize = 64 << 10;
/// New sockets that wait for a shard.
const ARRIVALS_MAX: usize = 1_024;
/// Questions of operators that wait for a shard.
const QUESTIONS_MAX: usize = 16;

/// A socket after its upgrade.
pub(crate) struct Arrival {
    pub(crate) stream: std::net::TcpStream,
    /// What came behind the request already.
    pub(crate) read: Vec<u8>,
    pub(crate) echo: bool,
    pub(crate) counting: Option<Box<Counting>>,
}

/// The way to a shard from other threads.
pub(crate) struct ShardHandle {
    arrivals: mpsc::Sender<Arrival>,
    /// What operators ask it.
    pub(crate) questions: mpsc::Sender<Question>,
    /// What it has and has done.
    pub(crate) counts: Arc<Counts>,
}

impl ShardHandle {
    /// Hands it a socket; false where too many wait already, or it is gone.
    pub(crate) fn hand(&self, arrival: Arrival) -> bool {
        self.counts.sockets.fetch_add(1, Ordering::Relaxed);
        let taken = self.arrivals.try_send(arrival).is_ok();
        if !taken {
            self.counts.sockets.fetch_sub(1, Ordering::Relaxed);
        }
        taken
    }
}

/// New sockets, which are let go of where nobody takes them.
struct Arrivals {
    queue: mpsc::Receiver<Arrival>,
    counts: Arc<Counts>,
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.queue.close();
        while self.queue.try_recv().is_ok() {
            self.counts.sockets.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Somebody who waits for a record of a part of the log.
struct Waiting {
    partition: Partition,
    offset: u64,
    told: oneshot::Sender<()>,
}

/// A shard.
pub(crate) struct Shard {
    pub(crate) node: Arc<Node>,
    pub(crate) index: u16,
    /// The place in the ring below which all is taken.
    cursor: Cell<u64>,
    /// For each part of the log, the offset below which all is taken.
    positions: Box<[Cell<u64>]>,
    pub(crate) rooms: RefCell<Rooms>,
    pub(crate) buffer: RefCell<Box<[u8]>>,
    sessions: RefCell<AHashMap<u64, Rc<Session>>>,
    by_user: RefCell<AHashMap<Uid, Vec<Rc<Session>>>>,
    waiting: RefCell<Vec<Waiting>>,
    next_session: Cell<u64>,
    pub(crate) counts: Arc<Counts>,
}

/// A shard that is still to run, where it is to stay.
pub(crate) struct Unstarted {
    node: Arc<Node>,
    index: u16,
    from: Vec<u64>,
    arrivals: Arrivals,
    asked: mpsc::Receiver<Question>,
    counts: Arc<Counts>,
}

/// Makes a shard and the way to it; `from` is where each part of the log goes on.
pub(crate) fn new(node: Arc<Node>, index: u16, from: &[u64]) -> (ShardHandle, Unstarted) {
    let (arrivals, queue) = mpsc::channel(ARRIVALS_MAX);
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let counts = Arc::new(Counts::default());
    let handle = ShardHandle {
        arrivals,
        questions,
        counts: counts.clone(),
    };
    let unstarted = Unstarted {
        node,
        index,
        from: from.to_vec(),
        arrivals: Arrivals {
            queue,
            counts: counts.clone(),
        },
        asked,
        counts,
    };
    (handle, unstarted)
}

impl Unstarted {
    /// Runs it in a thread of its own.
    pub(crate) fn spawn(self) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let name = format!("shard-{}", self.index);
        let run = move || tokio::task::LocalSet::new().block_on(&runtime, self.run());
        std::thread::Builder::new().name(name).spawn(run)?;
        Ok(())
    }

    /// Runs it here, which is among local tasks.
    pub(crate) async fn run(self) {
        let _ended = Ended {
            node: self.node.clone(),
            index: self.index,
        };
        let shard = Shard::new(self.node, self.index, self.from, self.counts);
        let shard = Rc::new(shard);
        let _over = Over(shard.clone());
        shard.run(self.arrivals, self.asked).await;
    }
}

/// Sees that a shard's sockets are closed with it, for it and its sessions hold each other.
struct Over(Rc<Shard>);

impl Drop for Over {
    fn drop(&mut self) {
        let sessions = std::mem::take(&mut *self.0.sessions.borrow_mut());
        let counted = &self.0.counts.sockets;
        counted.fetch_sub(sessions.len(), Ordering::Relaxed);
        sessions.values().for_each(|session| session.forget());
        self.0.by_user.borrow_mut().clear();
        *self.0.rooms.borrow_mut() = Rooms::default();
    }
}

/// Sees, however a shard ends, that nobody waits for it, and that a node without it is not taken for whole.
struct Ended {
    node: Arc<Node>,
    index: u16,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.node.ring.took(self.index, u64::MAX);
        if std::thread::panicking() {
            self.node.cut_off.send_replace(true);
        }
    }
}

impl Shard {
    fn new(node: Arc<Node>, index: u16, from: Vec<u64>, counts: Arc<Counts>) -> Self {
        Self {
            node,
            index,
            cursor: Cell::new(0),
            positions: from.into_iter().map(Cell::new).collect(),
            rooms: RefCell::default(),
            buffer: RefCell::new(vec![0; READ_BYTES].into_boxed_slice()),
            sessions: RefCell::default(),
            by_user: RefCell::default(),
            waiting: RefCell::default(),
            next_session: Cell::new(0),
            counts,
        }
    }

    async fn run(self: Rc<Self>, mut arrivals: Arrivals, mut asked: mpsc::Receiver<Question>) {
        let mut end = self.node.ring.follow();
        let mut shutdown = self.node.shutdown.subscribe();
        let mut ticks = tokio::time::interval(tick::EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // What the last tick took, where that took long.
        let mut enough = 0;
        loop {
            let ready = tokio::select! {
                biased;
                // What is seldom comes first: entries may be there always.
                _ = shutdown.wait_for(|down| *down) => break,
                _ = ticks.tick() => {
                    self.tick();
                    false
                }
                changed = end.wait_for(|end| *end > self.cursor.get()) => changed.is_ok(),
                Some(arrival) = arrivals.queue.recv() => {
                    self.arrive(arrival);
                    false
                }
                Some(question) = asked.recv() => {
                    self.answer(question);
                    false
                }
            };
            if ready {
                self.linger(&mut end, enough).await;
                let (from, begun) = (self.cursor.get(), Instant::now());
                self.take_entries();
                let long = begun.elapsed() > LONG_TICK;
                enough = if long { self.cursor.get() - from } else { 0 };
                // Entries may be there always.
                if let Ok(arrival) = arrivals.queue.try_recv() {
                    self.arrive(arrival);
                }
                if let Ok(question) = asked.try_recv() {
                    self.answer(question);
                }
                tokio::task::yield_now().await;
            }
        }
        // What comes too late is let go of.
        drop((arrivals, asked));
        self.drain(&mut end).await;
    }

    /// Where fewer entries are there than the last tick took, and that one was long, waits a little for the rest of them: to
    /// write to many sockets costs far more than what is written, and who talks as fast as is heard does so in bursts.
    async fn linger(&self, end: &mut watch::Receiver<u64>, enough: u64) {
        let from = self.cursor.get();
        if *end.borrow() < from + enough {
            // Whether they came or the time is over is all the same.
            let _ = timeout(LINGER, end.wait_for(|end| *end >= from + enough)).await;
        }
    }

    fn arrive(self: &Rc<Self>, arrival: Arrival) {
        let id = self.next_session.get();
        self.next_session.set(id + 1);
        if let Some(session) =
            Session::new(self, id, arrival.stream, arrival.echo, arrival.counting)
        {
            self.sessions.borrow_mut().insert(id, session.clone());
            tokio::task::spawn_local(session.run(arrival.read));
        } else {
            self.counts.sockets.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A session is logged in.
    pub(crate) fn logged_in(&self, uid: &Uid, session: &Rc<Session>) {
        self.by_user
            .borrow_mut()
            .entry(uid.clone())
            // Most users have one socket.
            .or_insert_with(|| Vec::with_capacity(1))
            .push(session.clone());
    }

    /// A session is over.
    pub(crate) fn gone(&self, id: u64, uid: Option<&Uid>) {
        // A shard that has ended counts its sockets out itself.
        if self.sessions.borrow_mut().remove(&id).is_some() {
            self.counts.sockets.fetch_sub(1, Ordering::Relaxed);
        }
        let Some(uid) = uid else { return };
        let mut by_user = self.by_user.borrow_mut();
        if let Some(sessions) = by_user.get_mut(uid) {
            sessions.retain(|s| s.id != id);
            if sessions.is_empty() {
                by_user.remove(uid);
            }
        }
    }

    fn of_user(&self, uid: &Uid) -> Vec<Rc<Session>> {
        self.by_user.borrow().get(uid).cloned().unwrap_or_default()
    }

    /// The offset in a room's part of the log below which this shard has taken all.
    pub(crate) fn position(&self, room: RoomId) -> u64 {
        self.position_in(self.node.stores.log.partition(room))
    }

    fn position_in(&self, partition: Partition) -> u64 {
        self.positions.get(partition.index()).map_or(0, Cell::get)
    }

    /// Waits until this shard has taken the record at `offset` of a room's part of the log.
    pub(crate) async fn reached(&self, room: RoomId, offset: u64) {
        let partition = self.node.stores.log.partition(room);
        if self.position_in(partition) > offset {
            return;
        }
        let (told, reached) = oneshot::channel();
        self.wait_for(Waiting {
            partition,
            offset,
            told,
        });
        // The shard outlives its sessions, so this is told sooner or later.
        let _ = reached.await;
    }

    /// Puts it with the others; whenever there are twice as many, those go that nobody waits for any more.
    fn wait_for(&self, new: Waiting) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() == waiting.capacity() {
            waiting.retain(|waiting| !waiting.told.is_closed());
            let left = waiting.len();
            waiting.reserve(left + 1);
        }
        waiting.push(new);
    }

    // A step of its own to tests/load/instructions.
    #[inline(never)]
    fn take_entries(self: &Rc<Self>) {
        let entries = self.node.ring.read(self.cursor.get(), TICK_ENTRIES_MAX);
        let now = Instant::now();
        // Over when all of it is written. Mostly there is none.
        let mut spans = vec![];
        for entry in &entries {
            if let Some(trace) = entry.judged.record.fact.trace() {
                spans.push(Span::begin("deliver", Kind::Consumer, Some(trace)));
            }
            self.take(entry, now);
            self.cursor.set(entry.place + 1);
            if let Some(position) = self.positions.get(entry.partition().index()) {
                position.set(entry.offset() + 1);
            }
        }
        self.rooms.borrow_mut().flush(now, &self.counts);
        drop(spans);
        self.node.ring.took(self.index, self.cursor.get());
        let reached = self
            .waiting
            .borrow_mut()
            .extract_if(.., |w| w.offset < self.position_in(w.partition))
            .collect::<Vec<_>>();
        for waiting in reached {
            // Whoever waited may be gone.
            let _ = waiting.told.send(());
        }
    }

    fn take(self: &Rc<Self>, entry: &Arc<Entry>, now: Instant) {
        match &entry.judged.record.fact {
            Fact::In(room, Event::Member(event)) if entry.judged.fresh => {
                self.member(*room, event, entry, now)
            }
            Fact::In(room, Event::Left(uid)) => {
                self.of_user(uid)
                    .iter()
                    .for_each(|session| session.taken_out(*room, entry.offset()));
            }
            Fact::In(room, Event::Said(said)) => {
                self.rooms.borrow_mut().post(*room, entry);
                let mine = said
                    .origin
                    .filter(|o| o.node == self.node.id && o.shard == self.index);
                let session = mine.and_then(|o| self.sessions.borrow().get(&o.session).cloned());
                if let (Some(session), Some(origin)) = (session, mine) {
                    session.read_back(origin.answer, &entry.judged.verdicts);
                }
            }
            Fact::Kicked(uid) => {
                let sessions = self.of_user(uid);
                sessions
                    .iter()
                    .for_each(|session| session.close_as_kicked());
            }
            Fact::In(..) | Fact::NodeGone(_) | Fact::Unreadable(_) => {}
        }
        entry
            .flips
            .iter()
            .for_each(|flip| self.rooms.borrow_mut().post_flip(flip));
    }

    /// A membership changed: who came hears the room from here on, who went no longer.
    fn member(
        self: &Rc<Self>,
        room: RoomId,
        event: &MemberEvent,
        entry: &Arc<Entry>,
        now: Instant,
    ) {
        let sessions = self.of_user(&event.who.uid);
        if matches!(event.change, MemberChange::Joined { .. }) {
            self.rooms.borrow_mut().forget_schedule(room);
            sessions
                .iter()
                .for_each(|s| s.member(room, event, entry.offset(), now));
            self.rooms.borrow_mut().post(room, entry);
            return;
        }
        self.rooms.borrow_mut().post(room, entry);
        sessions
            .iter()
            .for_each(|s| s.member(room, event, entry.offset(), now));
        if let MemberChange::Exited { by: Some(by) } = event.change {
            sessions.iter().for_each(|s| s.evicted(room, by));
        }
    }
}
