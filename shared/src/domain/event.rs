//! What can happen in a room: the records of the log, the one closed list of them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use super::partition::Partition;
use super::room::RoomId;
use super::time::Timestamp;
use super::trace::TraceContext;
use super::user::{Profile, Uid};

/// One run of a socket node; a node that starts again is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u64);

/// In hex, as sessions are called after it.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An append of one process, so that the process knows its own records when it reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppendId {
    /// The process.
    pub process: u64,
    /// Counts up in it.
    pub number: u64,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The part of the log that it is in.
    #[serde(default, skip_serializing_if = "Partition::is_first")]
    pub partition: Partition,
    /// Its place in that part, from 0.
    pub offset: u64,
    /// The log's own time, which never runs backwards in one part.
    pub at: Timestamp,
    /// Which append it came by, where the log tells.
    #[serde(skip)]
    pub append: Option<AppendId>,
    /// What it says.
    pub fact: Fact,
}

/// What a record says, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    /// Something happened in a room.
    In(RoomId, Event),
    /// A node is no more: none of its sockets is in any room.
    NodeGone(NodeId),
    /// An operator ends all sockets of a user, on every node.
    Kicked(Uid),
    /// What stands there, these octets, cannot be read. It says nothing, and is passed over.
    #[serde(skip)]
    Unreadable(Arc<[u8]>),
}

impl Fact {
    /// Where it stands in a trace, if in one.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        match self {
            Self::In(_, Event::Said(said)) => said.trace,
            _ => None,
        }
    }

    /// The room it is about, if it is about one.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::In(room, _) => Some(*room),
            Self::NodeGone(_) | Self::Kicked(_) | Self::Unreadable(_) => None,
        }
    }
}

/// What happened in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// A member said something: one message, or a transaction's.
    Said(Said),
    /// A membership changed.
    Member(MemberEvent),
    /// A member left over HTTP: all their sockets are taken out of the room.
    Left(Uid),
    /// A node's first socket of a user came into the room, or its last one left it.
    Held {
        /// The node.
        node: NodeId,
        /// Whose sockets.
        uid: Uid,
        /// Whether there is one now.
        held: bool,
    },
}

/// One or more messages of one sender, shown or refused each on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Who said it.
    pub sender: Profile,
    /// The offset before which the log was known to whoever checked that the sender may send.
    pub as_of: u64,
    /// The messages.
    pub lines: Vec<Line>,
    /// Which frame of which socket it came from, if from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Where it stands in a trace that somebody looks at, if in one. The log tells that as long as it can; what it says does
    /// not rest on it.
    #[serde(skip)]
    pub trace: Option<TraceContext>,
}

/// One message, less its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The text.
    pub content: Arc<str>,
    /// The sender's own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<Arc<str>>,
    /// When it was taken in.
    pub at: Timestamp,
    /// What was playing then.
    pub playing: Playing,
    /// The client's own headers, which reach everybody.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
}

/// A client's own headers, in their order.
pub type Headers = Vec<(Arc<str>, Arc<str>)>;

/// A track and the place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Playing {
    /// The track.
    pub music_id: Arc<str>,
    /// How far into it, in milliseconds.
    pub position_ms: u64,
}

/// The frame that a record came from, so that its node can answer it on reading the record back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The node.
    pub node: NodeId,
    /// The shard in the node.
    pub shard: u16,
    /// The session in the shard.
    pub session: u64,
    /// The answer in the session that waits for this.
    pub answer: u64,
}

/// A change of one membership. Versions count up per user, so a reader knows an old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberEvent {
    /// Whose.
    pub who: Profile,
    /// The membership's version from now on.
    pub version: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What changed.
    pub change: MemberChange,
    /// What was playing then.
    pub playing: Option<Playing>,
}

/// What changed about a membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MemberChange {
    /// It began.
    Joined {
        /// With no ENTER: the owner, when the room was made.
        silent: bool,
        /// Which of the user's joins this is.
        sequence: u64,
    },
    /// It ended.
    Exited {
        /// The fifth room, where joining that one ended this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<RoomId>,
    },
    /// Its switch was turned.
    Switched {
        /// To on, or to off.
        on: bool,
    },
}
