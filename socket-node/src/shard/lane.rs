//! A lane: the subscriptions of a room whose frames are the same octets. A message is encoded once for
//! each lane, and what has gathered goes out once a tick.
//!
//! Nearly everybody is in step with their lane nearly always: they stand where the lane stands, and a flush writes to their socket
//! and notes nothing of them, but for what has to be acknowledged. Who is not goes by [`deliver`], and is in step again after the
//! first flush that their socket took whole.
//!
//! In step means: the session has no backlog, and has not said its last; the subscription is one of its own, has no hole to be told
//! of, and its socket took the lane's last flush whole. Whatever ends one of these calls [`Session::step_out`], or
//! [`Lane::step_out`], before or at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use roomtone_shared::domain::message::MessageId;
use tokio::time::Instant;

use super::subscription::{State, Subscription, Topic};
use crate::entry::Post;
use crate::frame::{MessageHead, Version};
use crate::session::Session;

/// Octets that go out together, about: a socket that does not take them is skipped by so much at once.
const TOGETHER_BYTES: usize = 256 << 10;

/// What makes two subscriptions' frames the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaneKey {
    pub(crate) version: Version,
    /// The id that their clients gave them.
    pub(crate) subscription: String,
    /// Whether their messages must be acknowledged: then their `ack` ends with the id.
    pub(crate) acknowledged: bool,
}

/// One lane.
pub(crate) struct Lane {
    pub(crate) key: LaneKey,
    head: MessageHead,
    /// All of its subscriptions, silent ones too.
    members: Cell<usize>,
    live: RefCell<Vec<Listener>>,
    gathered: RefCell<Gathered>,
    /// The last message that went out, and when.
    last: Cell<(Option<MessageId>, Instant)>,
}

/// A subscription that gets what comes.
struct Listener {
    /// Its session, so that a write has no further to go.
    session: Rc<Session>,
    subscription: Rc<Subscription>,
    /// See the module.
    in_step: Cell<bool>,
}

/// What goes out with the next flush.
#[derive(Default)]
struct Gathered {
    octets: BytesMut,
    ids: Vec<MessageId>,
    /// Octets that go out together, mostly.
    usual: usize,
}

impl Lane {
    pub(crate) fn new(key: LaneKey, destination: &str) -> Rc<Self> {
        Rc::new(Self {
            head: MessageHead::new(key.version, &key.subscription, destination),
            key,
            members: Cell::new(0),
            live: RefCell::default(),
            gathered: RefCell::default(),
            last: Cell::new((None, Instant::now())),
        })
    }

    /// Counts a subscription in.
    pub(crate) fn enter(&self) {
        self.members.set(self.members.get() + 1);
    }

    /// How many subscriptions have it.
    pub(crate) fn members(&self) -> usize {
        self.members.get()
    }

    /// Counts a subscription out; true where it was the last.
    pub(crate) fn leave(&self, subscription: &Rc<Subscription>) -> bool {
        self.silence(subscription);
        self.members.set(self.members.get() - 1);
        self.members.get() == 0
    }

    /// From now on the subscription gets what comes, if it has not ended. What has gathered came before.
    pub(crate) fn start(&self, subscription: &Rc<Subscription>, now: Instant) {
        let Some(session) = subscription.session.upgrade() else {
            return;
        };
        if subscription.state.get() == State::Ended || self.hears(subscription) {
            return;
        }
        self.flush(now);
        subscription.set_state(State::Live);
        let mut live = self.live.borrow_mut();
        subscription.place.set(live.len());
        live.push(Listener {
            session,
            subscription: subscription.clone(),
            in_step: Cell::new(false),
        });
    }

    /// From now on it gets nothing. What has gathered is still its own.
    pub(crate) fn silence(&self, subscription: &Rc<Subscription>) {
        if !self.hears(subscription) {
            return;
        }
        self.flush(Instant::now());
        self.step_out(subscription);
        let mut live = self.live.borrow_mut();
        let at = subscription.place.get();
        live.swap_remove(at);
        if let Some(moved) = live.get(at) {
            moved.subscription.place.set(at);
        }
    }

    /// Looks at a subscription among those who hear the lane; none where it does not.
    fn listener<T>(
        &self,
        subscription: &Subscription,
        look: impl FnOnce(&Listener) -> T,
    ) -> Option<T> {
        let live = self.live.borrow();
        let there = live.get(subscription.place.get())?;
        std::ptr::eq(&*there.subscription, subscription).then(|| look(there))
    }

    fn hears(&self, subscription: &Subscription) -> bool {
        self.listener(subscription, |_| ()).is_some()
    }

    /// The last message that a subscription in step was sent, and when; none where it is not.
    pub(crate) fn last_of(
        &self,
        subscription: &Subscription,
    ) -> Option<(Option<MessageId>, Instant)> {
        let in_step = self.listener(subscription, |listener| listener.in_step.get());
        in_step.unwrap_or(false).then(|| self.last.get())
    }

    /// A subscription is no longer in step, and stands where the lane stands now.
    pub(crate) fn step_out(&self, subscription: &Subscription) {
        self.listener(subscription, |listener| {
            if !listener.in_step.replace(false) {
                return;
            }
            let (last, at) = self.last.get();
            listener.session.sent_at(at);
            if let Some(last) = last {
                subscription.set_queued(last);
                subscription.set_written(last);
            }
        });
    }

    /// Whether anybody gets what comes.
    pub(crate) fn is_heard(&self) -> bool {
        !self.live.borrow().is_empty()
    }

    /// Encodes a message, to go out with the next flush; what is much by now goes out before it. True where it is the first to
    /// gather.
    pub(crate) fn gather(&self, post: &Post) -> bool {
        if !self.is_heard() {
            return false;
        }
        if self.gathered.borrow().octets.len() >= TOGETHER_BYTES {
            self.flush(Instant::now());
        }
        let gathered = &mut *self.gathered.borrow_mut();
        let first = gathered.octets.is_empty();
        if first {
            gathered.octets.reserve(gathered.usual);
        }
        self.encode(post, &mut gathered.octets);
        gathered.ids.push(post.id);
        first
    }

    /// Appends a message's frame.
    pub(crate) fn encode(&self, post: &Post, out: &mut BytesMut) {
        self.write_frame(&post.id_text, post.own_headers(), &post.body, out);
    }

    /// Appends a frame with this id.
    pub(crate) fn write_frame<'h>(
        &self,
        id: &str,
        own: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
        out: &mut BytesMut,
    ) {
        let subscription = &self.key.subscription;
        let ack = self
            .key
            .acknowledged
            .then(|| format!("{id}/{subscription}"));
        self.head.write_ws(out, id, ack.as_deref(), own, body);
    }

    /// Sends what has gathered.
    pub(crate) fn flush(&self, now: Instant) {
        let gathered = &mut *self.gathered.borrow_mut();
        let (Some(first), Some(last)) = (gathered.ids.first(), gathered.ids.last()) else {
            return;
        };
        let ids = (*first, *last);
        let octets = std::mem::take(&mut gathered.octets).freeze();
        // What is written a little less for once is no less usual.
        gathered.usual = octets.len().max(gathered.usual / 2);
        let live = self.live.borrow();
        let mut given_to = 0;
        for listener in &*live {
            let given = listener.give(&octets, ids, now);
            given_to += usize::from(given);
            if given && self.key.acknowledged {
                let sent = gathered.ids.iter();
                sent.for_each(|id| listener.subscription.sent(*id));
            }
        }
        if let Some(one) = live.first() {
            let messages = given_to * gathered.ids.len();
            one.session.counts().deliveries.add(messages);
        }
        self.last.set((Some(ids.1), now));
        gathered.ids.clear();
    }
}

impl Listener {
    /// Gives it what the lane sends; false where it was skipped.
    fn give(&self, octets: &Bytes, ids: (MessageId, MessageId), now: Instant) -> bool {
        let mut taken = 0;
        if self.in_step.get() {
            taken = self.session.write_at_once(octets);
            if taken == octets.len() {
                return true;
            }
            self.session.step_out();
        }
        let given = deliver(&self.subscription, &octets.slice(taken..), ids, now);
        debug_assert!(given || taken == 0, "the rest of a frame was skipped");
        self.in_step.set(given && self.session.is_clear());
        given
    }
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
    let gap = subscription.gap();
    let waiting = session.backlog_bytes();
    if let Some(after) = gap {
        if waiting > 0 {
            session.counts().skips.add(1);
            return false;
        }
        session.counts().gaps.add(1);
        subscription.set_gap(None);
        session.send_gap(subscription, after, first);
    }
    // A GAP says what follows it, so that this follows even where the socket takes no more than the GAP.
    let full = gap.is_none() && waiting > 0 && waiting + bytes.len() > session.backlog_bytes_max();
    if full && matches!(subscription.topic, Topic::Chat(_)) {
        session.counts().skips.add(1);
        subscription.set_gap(subscription.queued());
        return false;
    }
    subscription.set_queued(last);
    session.push(bytes.clone(), Some((subscription, last)), now);
    true
}
