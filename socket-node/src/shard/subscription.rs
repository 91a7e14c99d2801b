//! One subscription of one session, and where it stands.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;

use crate::frame::MessageHead;
use crate::session::Session;
use crate::session::command::AckMode;
use crate::settings;

/// What somebody can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// A room's messages.
    Chat(RoomId),
    /// A room's changes of presence.
    Presence(RoomId),
    /// Answers to the user's own SENDs.
    Replies,
}

impl Topic {
    /// The room it is of.
    pub(crate) fn room(self) -> Option<RoomId> {
        match self {
            Self::Chat(room) | Self::Presence(room) => Some(room),
            Self::Replies => None,
        }
    }
}

/// What all subscriptions whose frames look the same share.
pub(crate) struct Head {
    pub(crate) message: MessageHead,
    /// The subscription's id, where its messages must be acknowledged: their `ack` ends with it.
    pub(crate) ack: Option<String>,
}

/// Whether messages reach a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its user is not a member, or has left by its socket.
    Silent,
    /// It is being given what came before.
    CatchingUp,
    /// It gets what comes.
    Live,
    /// It is over.
    Ended,
}

/// A subscription.
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) topic: Topic,
    pub(crate) ack: AckMode,
    pub(crate) head: Rc<Head>,
    pub(crate) session: Weak<Session>,
    pub(crate) state: Cell<State>,
    /// Where it wants to begin, until it has.
    pub(crate) since: Cell<Option<MessageId>>,
    /// While catching up: the record after which it is to be silent, its user's EXIT.
    pub(crate) stop_at: Cell<Option<u64>>,
    /// While catching up to `stop_at`: the later join that starts it again.
    pub(crate) again_at: Cell<Option<u64>>,
    /// The last message handed to its socket.
    pub(crate) queued: Cell<Option<MessageId>>,
    /// The last message that its socket took.
    pub(crate) written: Cell<Option<MessageId>>,
    /// The last message that its socket had taken when something last came from it.
    pub(crate) seen: Cell<Option<MessageId>>,
    /// The last message before a hole that it has not been told of yet.
    pub(crate) gap: Cell<Option<MessageId>>,
    unacknowledged: RefCell<VecDeque<MessageId>>,
}

impl Subscription {
    pub(crate) fn new(
        id: String,
        topic: Topic,
        ack: AckMode,
        head: Rc<Head>,
        session: Weak<Session>,
    ) -> Rc<Self> {
        Rc::new(Self {
            id,
            topic,
            ack,
            head,
            session,
            state: Cell::new(State::Silent),
            since: Cell::new(None),
            stop_at: Cell::new(None),
            again_at: Cell::new(None),
            queued: Cell::new(None),
            written: Cell::new(None),
            seen: Cell::new(None),
            gap: Cell::new(None),
            unacknowledged: RefCell::default(),
        })
    }

    /// Notes a message as sent and to be acknowledged, unless the subscription does so by itself. The
    /// oldest are let go of past a bound.
    pub(crate) fn sent(&self, id: MessageId) {
        if self.ack == AckMode::Auto {
            return;
        }
        let mut waiting = self.unacknowledged.borrow_mut();
        waiting.push_back(id);
        if waiting.len() > settings::UNACKNOWLEDGED_MAX {
            waiting.pop_front();
        }
    }

    /// Takes an acknowledgement; false for a message that none is waited for. Nothing is ever sent again,
    /// so an ACK and a NACK come to the same.
    pub(crate) fn acknowledge(&self, id: MessageId) -> bool {
        let mut waiting = self.unacknowledged.borrow_mut();
        let Ok(at) = waiting.binary_search(&id) else {
            return false;
        };
        match self.ack {
            AckMode::Auto => return false,
            AckMode::Client => drop(waiting.drain(..=at)),
            AckMode::ClientIndividual => drop(waiting.remove(at)),
        }
        true
    }
}
