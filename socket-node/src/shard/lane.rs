//! A lane: the subscriptions of a room whose frames are the same octets. A message is encoded once for
//! each lane, and what has gathered goes out once a tick.

use std::rc::Rc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use roomtone_shared::domain::message::MessageId;

use super::subscription::{Head, State, Subscription, Topic};
use crate::entry::Post;
use crate::frame::Version;

/// Octets that go out together, about: a socket that does not take them is skipped by so much at once.
const TOGETHER_BYTES: usize = 256 << 10;

/// What makes two subscriptions' frames the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaneKey {
    pub(crate) version: Version,
    pub(crate) subscription: String,
    pub(crate) acknowledged: bool,
}

/// One lane.
pub(crate) struct Lane {
    pub(crate) key: LaneKey,
    pub(crate) head: Rc<Head>,
    /// All of its subscriptions, silent ones too.
    members: usize,
    live: Vec<Rc<Subscription>>,
    pending: BytesMut,
    /// Octets that go out together, mostly.
    usual: usize,
    ids: Vec<MessageId>,
}

impl Lane {
    pub(crate) fn new(key: LaneKey, head: Rc<Head>) -> Self {
        Self {
            key,
            head,
            members: 0,
            live: vec![],
            pending: BytesMut::new(),
            usual: 0,
            ids: vec![],
        }
    }

    /// Counts a subscription in.
    pub(crate) fn enter(&mut self) {
        self.members += 1;
    }

    /// Counts a subscription out; true where it was the last.
    pub(crate) fn leave(&mut self, subscription: &Rc<Subscription>) -> bool {
        self.silence(subscription);
        self.members -= 1;
        self.members == 0
    }

    /// From now on the subscription gets what comes. What has gathered came before.
    pub(crate) fn start(&mut self, subscription: &Rc<Subscription>, now: Instant) {
        self.flush(now);
        subscription.state.set(State::Live);
        self.live.push(subscription.clone());
    }

    /// From now on it gets nothing. What has gathered is still its own.
    pub(crate) fn silence(&mut self, subscription: &Rc<Subscription>) {
        let Some(at) = self.live.iter().position(|s| Rc::ptr_eq(s, subscription)) else {
            return;
        };
        self.flush(Instant::now());
        self.live.swap_remove(at);
    }

    /// Whether anybody gets what comes.
    pub(crate) fn is_heard(&self) -> bool {
        !self.live.is_empty()
    }

    /// Encodes a message, to go out with the next flush; what is much by now goes out before it. True where it is the first to
    /// gather.
    pub(crate) fn gather(&mut self, post: &Post) -> bool {
        if !self.is_heard() {
            return false;
        }
        if self.pending.len() >= TOGETHER_BYTES {
            self.flush(Instant::now());
        }
        let first = self.pending.is_empty();
        if first {
            self.pending.reserve(self.usual);
        }
        encode(&self.head, post, &mut self.pending);
        self.ids.push(post.id);
        first
    }

    /// Sends what has gathered.
    pub(crate) fn flush(&mut self, now: Instant) {
        let (Some(first), Some(last)) = (self.ids.first().copied(), self.ids.last().copied())
        else {
            return;
        };
        let bytes = std::mem::take(&mut self.pending).freeze();
        // What is written a little less for once is no less usual.
        self.usual = bytes.len().max(self.usual / 2);
        for subscription in &self.live {
            let given = deliver(subscription, &bytes, (first, last), now);
            if given && self.key.acknowledged {
                self.ids.iter().for_each(|id| subscription.sent(*id));
            }
        }
        self.ids.clear();
    }
}

/// Appends a message's frame.
pub(crate) fn encode(head: &Head, post: &Post, out: &mut BytesMut) {
    let ack = head.ack(&post.id_text);
    head.message.write_ws(
        out,
        &post.id_text,
        ack.as_deref(),
        post.own_headers(),
        &post.body,
    );
}

/// Hands frames to a subscription's socket; false where it was skipped. A room's messages skip a socket
/// whose backlog is full, and the hole is told before the next that it is given. Changes of presence are
/// few and leave no mark to resume from: they wait, and a socket that never takes them is closed.
pub(crate) fn deliver(
    subscription: &Rc<Subscription>,
    bytes: &Bytes,
    (first, last): (MessageId, MessageId),
    now: Instant,
) -> bool {
    let Some(session) = subscription.session.upgrade() else {
        return false;
    };
    if let Some(after) = subscription.gap() {
        if session.backlog_bytes() > 0 {
            return false;
        }
        subscription.set_gap(None);
        session.send_gap(subscription, after, first);
    }
    let waiting = session.backlog_bytes();
    let full = waiting > 0 && waiting + bytes.len() > session.backlog_bytes_max();
    if full && matches!(subscription.topic, Topic::Chat(_)) {
        subscription.set_gap(subscription.queued.get());
        return false;
    }
    subscription.queued.set(Some(last));
    session.push(bytes.clone(), Some((subscription, last)), now);
    true
}
