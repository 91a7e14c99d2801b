//! What people write down of what they sent and got.

use std::fmt;

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;

/// What a message was.
pub struct Octets(pub Vec<u8>);

/// Some of them are the time of day, which no seed decides.
impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("octets")
    }
}

/// What a subscription got.
#[derive(Debug)]
pub enum Item {
    /// A message.
    Message(MessageId, Octets),
    /// A hole, told of: behind the first and before the second.
    Gap {
        after: MessageId,
        before: MessageId,
        /// Whether their client had stopped reading just before, or a part was away that messages come from.
        troubled: bool,
    },
}

/// A time in which a socket was out of a room, while its user was a member: it may hear nothing.
#[derive(Debug)]
pub struct Absence {
    /// What was heard last when they asked to go.
    pub after: Option<MessageId>,
    /// Where the room's part of the log ended when they were told that they are back.
    pub until: Option<u64>,
}

/// A subscription, from its SUBSCRIBE on.
#[derive(Debug)]
pub struct Heard {
    pub uid: Uid,
    pub room: RoomId,
    pub since: Option<MessageId>,
    /// Where the room's part of the log ended when its RECEIPT came.
    pub from: Option<u64>,
    pub items: Vec<Item>,
    pub absences: Vec<Absence>,
    /// Whether it was there to the end.
    pub to_the_end: bool,
}

impl Heard {
    /// The last message that it got.
    pub fn last(&self) -> Option<MessageId> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Message(id, _) => Some(*id),
            Item::Gap { .. } => None,
        })
    }
}

/// A message that was acknowledged.
#[derive(Debug)]
pub struct Acknowledged {
    pub uid: Uid,
    pub room: RoomId,
    /// The sender's own id for it.
    pub own: String,
    pub id: MessageId,
}

/// What somebody wrote down.
#[derive(Debug)]
pub struct Notes {
    pub uid: Uid,
    /// The rooms that they want to be in.
    pub home: Vec<RoomId>,
    pub heard: Vec<Heard>,
    pub acknowledged: Vec<Acknowledged>,
    /// Messages of which nothing is known at the end.
    pub open: Vec<String>,
    /// What must not be, seen by themselves.
    pub wrong: Vec<String>,
    /// Whether they were connected at the end.
    pub there: bool,
    pub refused: usize,
    pub connections: usize,
}

impl Notes {
    pub fn new(uid: Uid, home: Vec<RoomId>) -> Self {
        Self {
            uid,
            home,
            heard: vec![],
            acknowledged: vec![],
            open: vec![],
            wrong: vec![],
            there: false,
            refused: 0,
            connections: 0,
        }
    }
}
