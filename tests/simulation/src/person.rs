//! Somebody with a client: talks, listens, goes, comes back elsewhere, and writes down what they sent and got.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::store::Stores;
use roomtone_socket_node::SocketNode;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::notes::Notes;
use crate::random::Random;
use crate::socket::{Incoming, Socket, frame, pair};
use crate::trace::trace;
use crate::world::World;

mod act;
mod listen;

/// Within what a login, and at the end each request, has to be answered.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// The nodes there are just now; a place is empty while one is started anew.
pub type Nodes = Rc<RefCell<Vec<Option<SocketNode>>>>;

/// What everybody is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Whatever comes to mind.
    Live,
    /// Say nothing new, be in one's rooms, and hear what there is.
    Settle,
    /// Go.
    End,
}

/// What one may be up to.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Whether they stop reading now and then.
    pub deaf: bool,
    /// Whether they exit rooms and join others.
    pub wander: bool,
}

/// What is around somebody.
pub struct Around {
    pub world: Arc<World>,
    pub nodes: Nodes,
    /// The stores as a function of the API has them.
    pub api: Stores,
    pub phase: watch::Receiver<Phase>,
}

pub struct Person {
    random: Random,
    around: Around,
    uid: Uid,
    token: String,
    /// All rooms; the first are those that they want to be in.
    rooms: Vec<RoomId>,
    home: usize,
    habits: Habits,
    last_seen: BTreeMap<RoomId, MessageId>,
    /// Said and not answered, by one's own id.
    open: BTreeMap<String, RoomId>,
    said: u64,
    notes: Notes,
}

/// One connection.
struct Connection {
    socket: Socket,
    /// Of each subscription its place in the notes.
    heard: BTreeMap<String, usize>,
    /// Subscriptions whose end was acknowledged.
    ended: BTreeSet<String>,
    /// What a receipt will be for, and when it was asked for.
    receipts: BTreeMap<String, (Asked, Instant)>,
    asked: u64,
    subscribed: u64,
    /// What was said on it and waits for an answer.
    said: Vec<String>,
    deaf_until: Option<Instant>,
    /// When they begin to read again, or did last.
    read_again: Option<Instant>,
    /// How often they came into each room.
    comings: BTreeMap<RoomId, u64>,
    /// Rooms that they are out of: nothing of these from this offset on may come.
    out: BTreeMap<RoomId, u64>,
    /// When they do the next thing.
    next: Instant,
    leaving: bool,
}

enum Asked {
    Talk(String),
    /// Of a room, by its place in the notes.
    Subscribe(RoomId, usize),
    Unsubscribe(String),
    /// Of a room, with the absences that it ends: each a subscription's place in the notes, and its place among its own.
    Join(RoomId, Vec<(usize, usize)>),
    /// Of a room, and how often they had come into it.
    Leave(RoomId, u64),
    Other,
}

impl Person {
    pub fn new(
        (seed, number): (u64, u64),
        around: Around,
        (uid, token): (Uid, String),
        (rooms, home): (Vec<RoomId>, usize),
        habits: Habits,
    ) -> Self {
        Self {
            random: Random::of(seed, 100 + number),
            around,
            notes: Notes::new(uid.clone(), rooms[..home].to_vec()),
            uid,
            token,
            rooms,
            home,
            habits,
            last_seen: BTreeMap::new(),
            open: BTreeMap::new(),
            said: 0,
        }
    }

    fn phase(&self) -> Phase {
        *self.around.phase.borrow()
    }

    pub async fn live(mut self) -> Notes {
        loop {
            if let Some(mut connection) = self.connect().await {
                let ended = self.stay(&mut connection).await;
                self.notes.there = ended && self.phase() == Phase::End;
                for place in connection.heard.values() {
                    self.notes.heard[*place].to_the_end = self.notes.there;
                }
                if self.notes.there {
                    self.miss_answers(&connection);
                }
            }
            if self.phase() == Phase::End {
                self.notes.open = self.open.keys().cloned().collect();
                return self.notes;
            }
            let ms = self.random.among(0..1_500);
            sleep(Duration::from_millis(ms)).await;
        }
    }

    /// Notes what was never answered.
    fn miss_answers(&mut self, connection: &Connection) {
        let overdue = connection
            .receipts
            .iter()
            .filter(|(_, (_, at))| at.elapsed() > ANSWERED_WITHIN);
        for (receipt, _) in overdue {
            let what = format!("{} was never given receipt {receipt}", self.uid);
            self.notes.wrong.push(what);
        }
    }

    async fn connect(&mut self) -> Option<Connection> {
        let (socket, server) = pair();
        let node = {
            let nodes = self.around.nodes.borrow();
            nodes[self.random.place(nodes.len())].clone()
        };
        if !node?.take(server) {
            return None;
        }
        let mut connection = Connection::new(socket);
        let login = format!("Bearer {}", self.token);
        let headers = [
            ("accept-version", "1.2"),
            ("host", "simulation"),
            ("Authorization", &login),
        ];
        connection
            .socket
            .send(&frame("CONNECT", &headers, ""))
            .await;
        let Ok(is_in) = timeout(ANSWERED_WITHIN, connection.is_in(&self.uid)).await else {
            let what = format!("{} was neither let in nor sent away", self.uid);
            self.notes.wrong.push(what);
            return None;
        };
        if !is_in {
            return None;
        }
        self.notes.connections += 1;
        trace(&self.uid, format_args!("connects"));
        let replies = [("id", "replies"), ("destination", "/user/queue/replies")];
        connection
            .socket
            .send(&frame("SUBSCRIBE", &replies, ""))
            .await;
        for room in self.rooms[..self.home].to_vec() {
            // Before and behind the subscription: either is right.
            let before = self.random.percent(50);
            if before {
                self.act(&mut connection, "join", room, json!({})).await;
            }
            self.subscribe(&mut connection, room, true).await;
            if !before {
                self.act(&mut connection, "join", room, json!({})).await;
            }
        }
        self.say_again(&mut connection).await;
        Some(connection)
    }

    /// Until the connection ends, which is false, or the end of all.
    async fn stay(&mut self, connection: &mut Connection) -> bool {
        loop {
            if self.phase() == Phase::End {
                return true;
            }
            connection.deaf_until = connection
                .deaf_until
                .filter(|until| *until > Instant::now());
            let next = connection.deaf_until.unwrap_or(connection.next);
            let mut phase = self.around.phase.clone();
            let settled = *phase.borrow();
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase > settled) => {
                    connection.deaf_until = None;
                    if self.phase() == Phase::Settle {
                        self.settle(connection).await;
                    }
                }
                incoming = connection.socket.next(), if connection.deaf_until.is_none() => match incoming {
                    None | Some(Incoming::Close) => {
                        trace(&self.uid, format_args!("is closed"));
                        return false;
                    }
                    Some(Incoming::Beat) => {}
                    Some(Incoming::Ping(payload)) => connection.socket.pong(&payload).await,
                    Some(Incoming::Frame(frame)) => self.take(connection, &frame),
                },
                () = sleep_until(next) => {
                    let pause = Duration::from_millis(self.random.among(1..250));
                    connection.next = Instant::now() + pause;
                    if self.phase() == Phase::Live && !self.does(connection).await {
                        return false;
                    }
                    if self.phase() == Phase::Settle && self.random.percent(2) {
                        self.settle(connection).await;
                    }
                }
            }
        }
    }
}

impl Connection {
    fn new(socket: Socket) -> Self {
        Self {
            socket,
            heard: BTreeMap::new(),
            ended: BTreeSet::new(),
            receipts: BTreeMap::new(),
            asked: 0,
            subscribed: 0,
            said: vec![],
            deaf_until: None,
            read_again: None,
            comings: BTreeMap::new(),
            out: BTreeMap::new(),
            next: Instant::now(),
            leaving: false,
        }
    }

    /// Waits for the answer to CONNECT; false where the connection ends before.
    async fn is_in(&mut self, uid: &Uid) -> bool {
        loop {
            match self.socket.next().await {
                Some(Incoming::Frame(frame)) if frame.command == "CONNECTED" => return true,
                Some(Incoming::Frame(frame)) => {
                    let body = String::from_utf8_lossy(&frame.body);
                    panic!("{uid} got {} at login: {body}", frame.command)
                }
                None | Some(Incoming::Close) => return false,
                Some(Incoming::Beat | Incoming::Ping(_)) => {}
            }
        }
    }

    /// They ask to come into a room.
    fn comes(&mut self, room: RoomId) {
        *self.comings.entry(room).or_default() += 1;
        self.out.remove(&room);
    }

    /// Whether they have asked to come into a room, and were not answered yet.
    fn is_coming(&self, room: RoomId) -> bool {
        let comes = |asked: &Asked| matches!(asked, Asked::Subscribe(of, _) | Asked::Join(of, _) if *of == room);
        self.receipts.values().any(|(asked, _)| comes(asked))
    }

    /// A receipt to ask for.
    fn receipt(&mut self, asked: Asked) -> String {
        self.asked += 1;
        let receipt = format!("{}", self.asked);
        self.receipts
            .insert(receipt.clone(), (asked, Instant::now()));
        receipt
    }
}
