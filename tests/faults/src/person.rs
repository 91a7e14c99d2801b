//! Somebody in some rooms, who listens and may talk, comes back by `since` wherever there is a node, says again what had no
//! answer, and writes down all of it. It knows nothing of what is done to the server.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::connect;
use roomtone_tests::socket::{Incoming, Opening, PONG, Reader, TEXT, Writer};
use roomtone_tests::user::User;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::notes::{Note, Notes};

/// How long somebody waits before they try again, whatever it was.
const AGAIN: Duration = Duration::from_millis(200);
/// How long they wait for a word of a server that should answer at once.
const SILENCE: Duration = Duration::from_secs(15);
/// How long somebody who is to finish waits before they tell what for.
const LATE: Duration = Duration::from_secs(200);
/// Frames of a connection that wait to be taken in.
const READ_AHEAD_MAX: usize = 1_024;
const REPLIES: &str = "/user/queue/replies";
const ROOM_TOPIC: &str = "/chat/topic/room/";
/// What the text of a room's last message of somebody begins with.
const END: &str = "the end of ";

/// What everybody is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    /// Talk, if you have something to say.
    Talk,
    /// Have all answered that was said, say a last word in each room, hear everybody else's, and go.
    Finish,
}

/// How somebody talks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    /// Messages that wait for their answers at once; 0: they only listen.
    pub(crate) window: usize,
    /// From one message to the next, at least.
    pub(crate) pace: Duration,
    /// Messages of a room after which its subscription is ended and another one goes on from there, and they wait for what
    /// they said themselves; 0: never.
    pub(crate) subscribe_after: usize,
}

/// How far all have come, for whoever provokes faults.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Messages acknowledged.
    pub(crate) acknowledged: watch::Sender<usize>,
    /// Messages that wait for their answers.
    pub(crate) in_flight: watch::Sender<isize>,
    /// Connections that were made after the first.
    pub(crate) came_back: watch::Sender<usize>,
    /// Subscriptions that went on where another one was ended.
    pub(crate) subscribed: watch::Sender<usize>,
}

/// Somebody.
pub(crate) struct Person {
    user: User,
    rooms: Vec<String>,
    talk: Talk,
    notes: Notes,
    orders: watch::Receiver<Orders>,
    progress: Progress,
    /// Last words that have to be heard: for each room, of how many.
    talkers: usize,
    state: State,
}

#[derive(Default)]
struct State {
    next: usize,
    /// What waits for its answer, by number.
    unanswered: BTreeMap<usize, Unanswered>,
    /// What they said and did not hear yet, by the id they gave it.
    unheard: HashSet<String>,
    /// The last that was heard, by room.
    heard: BTreeMap<String, String>,
    ends: HashSet<(String, String)>,
    said_ends: bool,
    /// When they tell what they still wait for; none before they are to finish, and once they have told.
    late: Option<Instant>,
    connections: usize,
    /// By room, on this connection.
    subscriptions: BTreeMap<String, Subscribed>,
}

/// What somebody has of a room now.
struct Subscribed {
    /// The room's place among theirs, and how often they subscribed to it before on this connection.
    id: (usize, usize),
    heard: usize,
}

impl Subscribed {
    fn name((place, times): (usize, usize)) -> String {
        format!("{place}-{times}")
    }
}

#[derive(Clone)]
struct Unanswered {
    room: String,
    text: String,
    /// When it is said once more; none while its answer may come.
    again: Option<Instant>,
}

/// A connection, read by a task of its own.
struct Line {
    writer: Writer,
    incoming: mpsc::Receiver<Incoming>,
}

impl Person {
    pub(crate) fn new(
        user: User,
        rooms: Vec<String>,
        talk: Talk,
        talkers: usize,
        notes: Notes,
        orders: watch::Receiver<Orders>,
        progress: Progress,
    ) -> Self {
        Self {
            user,
            rooms,
            talk,
            notes,
            orders,
            progress,
            talkers,
            state: State::default(),
        }
    }

    /// Lives until all is said and heard.
    pub(crate) async fn live(mut self) {
        loop {
            let node = self.user.sockets.next();
            if let Some(mut line) = self.call(node).await {
                let over = self.chat(&mut line).await;
                if over {
                    break;
                }
                self.notes.write(Note::CutOff);
                for unanswered in self.state.unanswered.values_mut() {
                    unanswered.again = Some(Instant::now());
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
        self.notes.end();
    }

    fn own(&self, number: usize) -> String {
        format!("{}-{number}", self.user.uid)
    }

    /// Connects and subscribes; none where nobody answers.
    async fn call(&mut self, node: SocketAddr) -> Option<Line> {
        let opening = Opening::default();
        let opened = timeout(SILENCE, opening.try_open(node)).await.ok()?;
        let socket = opened.ok()?.ok()?;
        let (sender, incoming) = mpsc::channel(READ_AHEAD_MAX);
        tokio::spawn(read(socket.reader, sender));
        let mut line = Line {
            writer: socket.writer,
            incoming,
        };
        let mut hello = connect(Version::V1_2, &self.user.token);
        hello.extend(format!("SUBSCRIBE\nid:replies\ndestination:{REPLIES}\n\n\0").bytes());
        for (index, room) in self.rooms.iter().enumerate() {
            let since = self.state.heard.get(room).cloned();
            let header = since
                .as_ref()
                .map(|id| format!("since:{id}\n"))
                .unwrap_or_default();
            hello.extend(
                format!("SUBSCRIBE\nid:{index}-0\ndestination:{ROOM_TOPIC}{room}\n{header}\n\0")
                    .bytes(),
            );
            let room = room.clone();
            let subscribed = Subscribed {
                id: (index, 0),
                heard: 0,
            };
            self.state.subscriptions.insert(room.clone(), subscribed);
            self.notes.write(Note::Subscribed { room, since });
        }
        line.writer.message(TEXT, &hello).await.ok()?;
        if self.state.connections > 0 {
            self.progress.came_back.send_modify(|count| *count += 1);
        }
        self.state.connections += 1;
        Some(line)
    }

    /// One connection's life; true once all is said and heard.
    async fn chat(&mut self, line: &mut Line) -> bool {
        let mut pace = interval(self.talk.pace.max(Duration::from_millis(1)));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.is_over() {
                let _ = line
                    .writer
                    .message(TEXT, b"DISCONNECT\nreceipt:bye\n\n\0")
                    .await;
                return true;
            }
            let again = self.state.unanswered.values().filter_map(|u| u.again).min();
            let (may_talk, late) = (self.may_talk(), self.state.late);
            tokio::select! {
                incoming = line.incoming.recv() => match incoming {
                    Some(Incoming::Data(bytes)) => {
                        let Some(frame) = Frame::decode(&bytes, Version::V1_2) else { continue };
                        if !self.take(&frame) || !self.subscribe_anew(line).await { return false; }
                    }
                    Some(Incoming::Ping(payload)) => {
                        if line.writer.message(PONG, &payload).await.is_err() { return false; }
                    }
                    Some(Incoming::Pong) => {}
                    Some(Incoming::Close(..) | Incoming::End) | None => return false,
                },
                _ = pace.tick(), if may_talk => if !self.say(line).await { return false; },
                () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {
                    if !self.say_again(line).await { return false; }
                }
                () = sleep_until(late.unwrap_or_else(Instant::now)), if late.is_some() => self.tell(),
                changed = self.orders.changed() => {
                    if changed.is_err() { return true; }
                    self.state.late = Some(Instant::now() + LATE);
                }
            }
        }
    }

    /// Says what they wait for, for whoever looks for a fault.
    fn tell(&mut self) {
        self.state.late = None;
        let of = |room: &String| self.state.ends.iter().filter(|(of, _)| of == room).count();
        let ends: Vec<_> = self.rooms.iter().map(|room| (room, of(room))).collect();
        println!(
            "  {} waits for {} answers, and has these of {} last words a room: {ends:?}; heard {:?}",
            self.user.uid,
            self.state.unanswered.len(),
            self.talkers,
            self.state.heard
        );
    }

    fn may_talk(&self) -> bool {
        if self.is_to_finish() {
            return self.talk.window > 0
                && self.state.unanswered.is_empty()
                && !self.state.said_ends;
        }
        // A subscription that goes on gives a few messages only: who did not wait for them would fall behind ever further.
        let ahead = match self.talk.subscribe_after {
            0 => 0,
            _ => self.state.unheard.len(),
        };
        self.state.unanswered.len().max(ahead) < self.talk.window
    }

    fn is_to_finish(&self) -> bool {
        *self.orders.borrow() == Orders::Finish
    }

    fn is_over(&self) -> bool {
        let said =
            self.talk.window == 0 || self.state.said_ends && self.state.unanswered.is_empty();
        self.is_to_finish() && said && self.state.ends.len() == self.talkers * self.rooms.len()
    }

    /// Says the next thing, or the last words.
    async fn say(&mut self, line: &mut Line) -> bool {
        let mut said = vec![];
        if self.is_to_finish() {
            self.state.said_ends = true;
            for room in self.rooms.clone() {
                said.push((room, format!("{END}{}", self.user.uid)));
            }
        } else {
            let room = self.rooms[self.state.next % self.rooms.len()].clone();
            said.push((room, self.own(self.state.next)));
        }
        for (room, text) in said {
            let number = self.state.next;
            self.state.next += 1;
            let again = None;
            let unanswered = Unanswered { room, text, again };
            self.state.unanswered.insert(number, unanswered);
            self.state.unheard.insert(self.own(number));
            self.progress.in_flight.send_modify(|count| *count += 1);
            if !self.put(line, number).await {
                return false;
            }
        }
        true
    }

    /// Goes on by another subscription where one has had enough, and ends that; both at once, so that nobody is out of a room.
    async fn subscribe_anew(&mut self, line: &mut Line) -> bool {
        let enough = self.talk.subscribe_after;
        if enough == 0 || self.is_to_finish() {
            return true;
        }
        for (room, subscribed) in &mut self.state.subscriptions {
            if subscribed.heard < enough {
                continue;
            }
            let Some(since) = self.state.heard.get(room).cloned() else {
                continue;
            };
            let (place, times) = subscribed.id;
            let (old, new) = ((place, times), (place, times + 1));
            *subscribed = Subscribed { id: new, heard: 0 };
            let frames = format!(
                "SUBSCRIBE\nid:{}\ndestination:{ROOM_TOPIC}{room}\nsince:{since}\n\n\0UNSUBSCRIBE\nid:{}\n\n\0",
                Subscribed::name(new),
                Subscribed::name(old)
            );
            self.notes.write(Note::Subscribed {
                room: room.clone(),
                since: Some(since),
            });
            self.progress.subscribed.send_modify(|count| *count += 1);
            if line.writer.message(TEXT, frames.as_bytes()).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn say_again(&mut self, line: &mut Line) -> bool {
        let now = Instant::now();
        let due = self
            .state
            .unanswered
            .iter()
            .filter(|(_, u)| u.again.is_some_and(|again| again <= now));
        let due: Vec<usize> = due.map(|(number, _)| *number).collect();
        for number in due {
            if let Some(unanswered) = self.state.unanswered.get_mut(&number) {
                unanswered.again = None;
            }
            if !self.put(line, number).await {
                return false;
            }
        }
        true
    }

    async fn put(&mut self, line: &mut Line, number: usize) -> bool {
        let own = self.own(number);
        let Some(Unanswered { room, text, .. }) = self.state.unanswered.get(&number).cloned()
        else {
            return true;
        };
        let body = json!({"roomId": room, "content": text, "clientMessageId": own});
        let frame = Frame::send("/chat/pub/send", &body).with("receipt", &number.to_string());
        self.notes.write(Note::Sent { room, own });
        line.writer
            .message(TEXT, &frame.encode(Version::V1_2))
            .await
            .is_ok()
    }

    /// Takes in what came; false where the connection is of no more use.
    fn take(&mut self, frame: &Frame) -> bool {
        match frame.command.as_str() {
            "RECEIPT" => self.acknowledged(frame),
            "MESSAGE" if frame.get("destination") == Some(REPLIES) => self.replied(frame),
            "MESSAGE" => self.hear(frame),
            "ERROR" => return false,
            _ => {}
        }
        true
    }

    fn acknowledged(&mut self, frame: &Frame) {
        let number = frame.get("receipt-id").and_then(|id| id.parse().ok());
        let Some(number) = number else { return };
        let (Some(said), Some(id)) = (
            self.state.unanswered.remove(&number),
            frame.get("message-id"),
        ) else {
            return;
        };
        self.progress.in_flight.send_modify(|count| *count -= 1);
        self.progress.acknowledged.send_modify(|count| *count += 1);
        self.notes.write(Note::Acknowledged {
            room: said.room,
            own: self.own(number),
            id: id.into(),
        });
    }

    /// What is refused for now is said again; nothing else may be refused.
    fn replied(&mut self, frame: &Frame) {
        let reply = frame.value();
        if reply["type"] != "REFUSED" {
            return;
        }
        let number = reply["receipt"].as_str().and_then(|id| id.parse().ok());
        let status = reply["status"].as_u64().unwrap_or(0);
        assert!(matches!(status, 429 | 503), "{}: {reply}", self.user.uid);
        let Some(number) = number else { return };
        let own = self.own(number);
        self.notes.write(Note::Refused { own, status });
        if let Some(unanswered) = self.state.unanswered.get_mut(&number) {
            unanswered.again = Some(Instant::now() + AGAIN);
        }
    }

    fn hear(&mut self, frame: &Frame) {
        let said = frame.value();
        let destination = frame.get("destination").unwrap_or_default();
        let Some(room) = destination.strip_prefix(ROOM_TOPIC).map(str::to_owned) else {
            return;
        };
        // What an ended subscription still had on its way, the next one gives again.
        let Some(subscribed) = self.state.subscriptions.get_mut(&room) else {
            return;
        };
        if frame.get("subscription") != Some(&Subscribed::name(subscribed.id)) {
            return;
        }
        subscribed.heard += 1;
        let text = |name: &str| said[name].as_str().map(str::to_owned);
        if said["messageType"] == "GAP" {
            let after = text("after").unwrap_or_default();
            let before = text("before").unwrap_or_default();
            self.notes.write(Note::Gap {
                room,
                after,
                before,
            });
            return;
        }
        let Some(id) = frame.get("message-id").map(str::to_owned) else {
            return;
        };
        if text("content").is_some_and(|content| content.starts_with(END)) {
            let who = text("senderId").unwrap_or_default();
            self.state.ends.insert((room.clone(), who));
        }
        self.state.heard.insert(room.clone(), id.clone());
        let own = text("clientMessageId");
        if let Some(own) = &own {
            self.state.unheard.remove(own);
        }
        self.notes.write(Note::Heard { room, id, own });
    }
}

async fn read(mut reader: Reader, to: mpsc::Sender<Incoming>) {
    loop {
        let incoming = reader.read().await;
        let last = matches!(incoming, Incoming::Close(..) | Incoming::End);
        if to.send(incoming).await.is_err() || last {
            return;
        }
    }
}
