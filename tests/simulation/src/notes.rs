//! What people write down of what they sent and got.

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;

/// What a subscription got.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    Message(MessageId),
    /// A hole, told of: behind the first and before the second.
    Gap(MessageId, MessageId),
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
    /// Whether its socket left the room meanwhile: it heard nothing until it joined again.
    pub left: bool,
    /// Whether it was there to the end.
    pub to_the_end: bool,
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
#[derive(Debug, Default)]
pub struct Notes {
    pub heard: Vec<Heard>,
    pub acknowledged: Vec<Acknowledged>,
    /// Messages of which nothing is known at the end.
    pub open: Vec<String>,
    pub refused: usize,
    pub connections: usize,
}
