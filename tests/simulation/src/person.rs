//! Somebody with a client: talks, listens, goes, comes back elsewhere, and writes down what they sent and got.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_socket_node::SocketNode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::notes::{Heard, Notes};
use crate::random::Random;
use crate::socket::{Incoming, Socket, frame, pair};
use crate::trace::trace;
use crate::world::World;

mod listen;

/// Messages said again at once.
const AGAIN_MAX: usize = 20;

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

pub struct Person {
    random: Random,
    world: Arc<World>,
    nodes: Nodes,
    phase: watch::Receiver<Phase>,
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
    /// What a receipt will be for.
    receipts: BTreeMap<String, Asked>,
    asked: u64,
    subscribed: u64,
    /// What was said on it and waits for an answer.
    said: Vec<String>,
    deaf_until: Option<Instant>,
    /// When they do the next thing.
    next: Instant,
    leaving: bool,
}

enum Asked {
    Talk(String),
    Subscribe(usize),
    Other,
}

impl Person {
    pub fn new(
        (seed, number): (u64, u64),
        (world, nodes, phase): (Arc<World>, Nodes, watch::Receiver<Phase>),
        (uid, token): (Uid, String),
        (rooms, home): (Vec<RoomId>, usize),
        habits: Habits,
    ) -> Self {
        Self {
            random: Random::of(seed, 100 + number),
            world,
            nodes,
            phase,
            uid,
            token,
            rooms,
            home,
            habits,
            last_seen: BTreeMap::new(),
            open: BTreeMap::new(),
            said: 0,
            notes: Notes::default(),
        }
    }

    pub async fn live(mut self) -> Notes {
        loop {
            if let Some(mut connection) = self.connect().await {
                let ended = self.stay(&mut connection).await;
                let to_the_end = ended && *self.phase.borrow() == Phase::End;
                for place in connection.heard.values() {
                    self.notes.heard[*place].to_the_end = to_the_end;
                }
            }
            if *self.phase.borrow() == Phase::End {
                self.notes.open = self.open.keys().cloned().collect();
                return self.notes;
            }
            let ms = self.random.among(0..1_500);
            sleep(Duration::from_millis(ms)).await;
        }
    }

    async fn connect(&mut self) -> Option<Connection> {
        let (socket, server) = pair();
        let node = {
            let nodes = self.nodes.borrow();
            nodes[self.random.place(nodes.len())].clone()
        };
        if !node?.take(server) {
            return None;
        }
        let mut connection = Connection {
            socket,
            heard: BTreeMap::new(),
            receipts: BTreeMap::new(),
            asked: 0,
            subscribed: 0,
            said: vec![],
            deaf_until: None,
            next: Instant::now(),
            leaving: false,
        };
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
        loop {
            match connection.socket.next().await? {
                Incoming::Frame(frame) if frame.command == "CONNECTED" => break,
                Incoming::Frame(frame) => {
                    panic!(
                        "{} at login: {}",
                        frame.command,
                        String::from_utf8_lossy(&frame.body)
                    )
                }
                Incoming::Close => return None,
                Incoming::Beat | Incoming::Ping(_) => {}
            }
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
            if *self.phase.borrow() == Phase::End {
                return true;
            }
            connection.deaf_until = connection
                .deaf_until
                .filter(|until| *until > Instant::now());
            let next = connection.deaf_until.unwrap_or(connection.next);
            let mut phase = self.phase.clone();
            let settled = *phase.borrow();
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase > settled) => {
                    connection.deaf_until = None;
                    if *self.phase.borrow() == Phase::Settle {
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
                    if *self.phase.borrow() == Phase::Live && !self.does(connection).await {
                        return false;
                    }
                    if *self.phase.borrow() == Phase::Settle && self.random.percent(2) {
                        self.settle(connection).await;
                    }
                }
            }
        }
    }

    /// Is in the rooms that they want to be in, and says again what is not answered on this connection.
    async fn settle(&mut self, connection: &mut Connection) {
        for room in self.rooms[..self.home].to_vec() {
            self.act(connection, "join", room, json!({})).await;
        }
        self.say_again(connection).await;
    }

    /// Some of what was not answered, and waits for no answer on this connection.
    async fn say_again(&mut self, connection: &mut Connection) {
        let open = self
            .open
            .iter()
            .filter(|(own, _)| !connection.said.contains(own));
        let some: Vec<_> = open
            .take(AGAIN_MAX)
            .map(|(own, room)| (own.clone(), *room))
            .collect();
        for (own, room) in some {
            self.say(connection, room, &own).await;
        }
    }

    /// Something or other; false where it ends the connection.
    async fn does(&mut self, connection: &mut Connection) -> bool {
        if connection.leaving {
            return true;
        }
        let room = self.rooms[self.random.place(self.home)];
        match self.random.among(0..100) {
            0..50 => self.talk(connection, room).await,
            50..56 => {
                for _ in 0..self.random.among(2..6) {
                    self.talk(connection, room).await;
                }
            }
            56..60 => {
                let place = self.random.place(self.notes.acknowledged.len());
                let again = self
                    .notes
                    .acknowledged
                    .get(place)
                    .map(|a| (a.own.clone(), a.room));
                if let Some((own, room)) = again {
                    self.say(connection, room, &own).await;
                }
            }
            60..66 if self.habits.deaf => {
                let ms = self.random.among(200..9_000);
                trace(&self.uid, format_args!("reads nothing for {ms} ms"));
                connection.deaf_until = Some(Instant::now() + Duration::from_millis(ms));
            }
            66..74 => {
                let place = self.random.place(connection.heard.len());
                let subscription = connection.heard.keys().nth(place).cloned();
                if let Some(id) = subscription {
                    connection.heard.remove(&id);
                    connection
                        .socket
                        .send(&frame("UNSUBSCRIBE", &[("id", &id)], ""))
                        .await;
                }
                let since = self.random.percent(80);
                self.subscribe(connection, room, since).await;
            }
            74..77 if connection.heard.len() < 8 => self.subscribe(connection, room, false).await,
            77..83 => {
                trace(&self.uid, format_args!("cuts the connection"));
                return false;
            }
            83..86 => {
                connection.leaving = true;
                connection
                    .socket
                    .send(&frame("DISCONNECT", &[("receipt", "bye")], ""))
                    .await;
            }
            86..90 if self.habits.wander => self.act(connection, "exit", room, json!({})).await,
            90..95 if self.habits.wander => {
                let room = self.rooms[self.random.place(self.rooms.len())];
                self.act(connection, "join", room, json!({})).await;
            }
            95..97 if self.habits.wander => {
                let to = if self.random.percent(50) { "on" } else { "off" };
                self.act(connection, "presence", room, json!({ "presence": to }))
                    .await;
            }
            97..98 => {
                for place in connection.heard.values() {
                    let heard = &mut self.notes.heard[*place];
                    heard.left |= heard.room == room;
                }
                self.act(connection, "leave", room, json!({})).await;
            }
            _ => {}
        }
        true
    }

    async fn talk(&mut self, connection: &mut Connection, room: RoomId) {
        self.said += 1;
        let own = format!("{}-{}", self.uid, self.said);
        self.open.insert(own.clone(), room);
        self.say(connection, room, &own).await;
    }

    async fn say(&mut self, connection: &mut Connection, room: RoomId, own: &str) {
        connection.said.push(own.into());
        trace(&self.uid, format_args!("says {own} in {room}"));
        let receipt = connection.receipt(Asked::Talk(own.into()));
        let body = json!({ "roomId": room, "content": own, "clientMessageId": own }).to_string();
        let headers = [("destination", "/chat/pub/send"), ("receipt", &receipt)];
        connection
            .socket
            .send(&frame("SEND", &headers, &body))
            .await;
    }

    async fn act(
        &mut self,
        connection: &mut Connection,
        verb: &str,
        room: RoomId,
        mut body: Value,
    ) {
        let receipt = connection.receipt(Asked::Other);
        trace(&self.uid, format_args!("{verb} {room}, receipt {receipt}"));
        body["roomId"] = json!(room);
        let destination = format!("/chat/pub/{verb}");
        let headers = [("destination", destination.as_str()), ("receipt", &receipt)];
        connection
            .socket
            .send(&frame("SEND", &headers, &body.to_string()))
            .await;
    }

    async fn subscribe(&mut self, connection: &mut Connection, room: RoomId, since: bool) {
        let since = self.last_seen.get(&room).copied().filter(|_| since);
        connection.subscribed += 1;
        let id = format!("s{}", connection.subscribed);
        let place = self.notes.heard.len();
        self.notes.heard.push(Heard {
            uid: self.uid.clone(),
            room,
            since,
            from: None,
            items: vec![],
            left: false,
            to_the_end: false,
        });
        connection.heard.insert(id.clone(), place);
        trace(
            &self.uid,
            format_args!("subscribes {id} to {room} since {since:?}"),
        );
        let receipt = connection.receipt(Asked::Subscribe(place));
        let (destination, since) = (
            format!("/chat/topic/room/{room}"),
            since.map(|id| id.to_string()),
        );
        let mut headers = vec![
            ("id", id.as_str()),
            ("destination", &destination),
            ("receipt", &receipt),
        ];
        headers.extend(since.as_ref().map(|since| ("since", since.as_str())));
        connection
            .socket
            .send(&frame("SUBSCRIBE", &headers, ""))
            .await;
    }
}

impl Connection {
    /// A receipt to ask for.
    fn receipt(&mut self, asked: Asked) -> String {
        self.asked += 1;
        let receipt = format!("{}", self.asked);
        self.receipts.insert(receipt.clone(), asked);
        receipt
    }
}
