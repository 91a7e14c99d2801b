//! One subscription of one session, and where it stands.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;

use super::lane::Lane;
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

/// Where a subscription stands apart from what comes. Most do not, and keep none of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Detour {
    /// Where it wants to begin, until it has.
    pub(crate) since: Option<MessageId>,
    /// While catching up: the record after which it is to be silent, its user's EXIT.
    pub(crate) stop_at: Option<u64>,
    /// While catching up to `stop_at`: the later join that starts it again.
    pub(crate) again_at: Option<u64>,
    /// The last message before a hole that it has not been told of yet.
    pub(crate) gap: Option<MessageId>,
}

/// The last message of which something is so, if there is one, in half of the octets: a node holds three for each subscription.
#[derive(Default)]
pub(crate) struct Last(Cell<Option<[u8; 11]>>);

impl Last {
    pub(crate) fn get(&self) -> Option<MessageId> {
        self.0.get().map(MessageId::from_bytes)
    }

    pub(crate) fn set(&self, id: Option<MessageId>) {
        self.0.set(id.map(MessageId::to_bytes));
    }
}

/// A subscription.
pub(crate) struct Subscription {
    pub(crate) topic: Topic,
    pub(crate) ack: AckMode,
    pub(crate) lane: Rc<Lane>,
    /// Its place among those who hear the lane, if the one in that place is this one.
    pub(super) place: Cell<usize>,
    pub(crate) session: Weak<Session>,
    pub(crate) state: Cell<State>,
    /// How often its state has changed: a catching up that is no longer its last one ends.
    turns: Cell<u32>,
    /// The last message handed to its socket, and the last that this took; not looked at while it is in step with its lane.
    queued: Last,
    written: Last,
    /// The last message that its socket had taken when something last came from it.
    pub(crate) seen: Last,
    detour: RefCell<Option<Box<Detour>>>,
    /// What was sent and is to be acknowledged; none where it acknowledges by itself.
    unacknowledged: Option<Box<RefCell<VecDeque<MessageId>>>>,
}

impl Subscription {
    pub(crate) fn new(
        topic: Topic,
        ack: AckMode,
        lane: Rc<Lane>,
        session: Weak<Session>,
    ) -> Rc<Self> {
        Rc::new(Self {
            topic,
            ack,
            lane,
            place: Cell::new(usize::MAX),
            session,
            state: Cell::new(State::Silent),
            turns: Cell::new(0),
            queued: Last::default(),
            written: Last::default(),
            seen: Last::default(),
            detour: RefCell::default(),
            unacknowledged: (ack != AckMode::Auto).then(Box::default),
        })
    }

    /// Changes whether messages reach it; gives what this turn is counted.
    pub(super) fn set_state(&self, state: State) -> u32 {
        let turn = self.turns.get().wrapping_add(1);
        self.turns.set(turn);
        self.state.set(state);
        turn
    }

    /// Whether it still catches up as it did since that turn.
    pub(super) fn catches_up(&self, turn: u32) -> bool {
        self.state.get() == State::CatchingUp && self.turns.get() == turn
    }

    /// The id that its client gave it.
    pub(crate) fn id(&self) -> &str {
        &self.lane.key.subscription
    }

    /// The last message handed to its socket.
    pub(crate) fn queued(&self) -> Option<MessageId> {
        let in_step = self.lane.last_of(self);
        in_step.map_or(self.queued.get(), |(last, _)| last)
    }

    /// The last message that its socket took.
    pub(crate) fn written(&self) -> Option<MessageId> {
        let in_step = self.lane.last_of(self);
        in_step.map_or(self.written.get(), |(last, _)| last)
    }

    /// A message was handed to its socket.
    pub(crate) fn set_queued(&self, id: MessageId) {
        self.queued.set(Some(id));
    }

    /// Its socket took a message.
    pub(crate) fn set_written(&self, id: MessageId) {
        self.written.set(Some(id));
    }

    /// Where it stands apart.
    pub(crate) fn detour(&self) -> Detour {
        self.detour.borrow().as_deref().copied().unwrap_or_default()
    }

    /// Changes where it stands apart.
    pub(crate) fn turn(&self, change: impl FnOnce(&mut Detour)) {
        let mut detour = self.detour();
        change(&mut detour);
        let apart = detour != Detour::default();
        self.detour.replace(apart.then(|| Box::new(detour)));
    }

    /// The last message before a hole that it has not been told of yet.
    pub(crate) fn gap(&self) -> Option<MessageId> {
        self.detour.borrow().as_deref()?.gap
    }

    /// A hole begins behind this message, or has been told of.
    pub(crate) fn set_gap(&self, after: Option<MessageId>) {
        self.turn(|detour| detour.gap = after);
    }

    /// Notes a message as sent and to be acknowledged, unless the subscription does so by itself. The
    /// oldest are let go of past a bound.
    pub(crate) fn sent(&self, id: MessageId) {
        let Some(waiting) = &self.unacknowledged else {
            return;
        };
        let mut waiting = waiting.borrow_mut();
        waiting.push_back(id);
        if waiting.len() > settings::UNACKNOWLEDGED_MAX {
            waiting.pop_front();
        }
    }

    /// Takes an acknowledgement; false for a message that none is waited for. Nothing is ever sent again,
    /// so an ACK and a NACK come to the same.
    pub(crate) fn acknowledge(&self, id: MessageId) -> bool {
        let Some(waiting) = &self.unacknowledged else {
            return false;
        };
        let mut waiting = waiting.borrow_mut();
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
