//! Resume: everything after an id, then live, with no hole and no repeat.
//!
//! History is read up to where this shard stands, again and again until it stands there no further on; the
//! last step to live happens without a pause in between, so nothing can come in the middle. Where history does not get
//! on, or cannot be read, the log itself is.

use std::borrow::Borrow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::{Error, Result};
use tokio::time::{Instant, sleep, timeout};

use super::Shard;
use super::lane::deliver;
use super::subscription::{Detour, State, Subscription, Topic};
use crate::entry::Post;
use crate::replay::Part;
use crate::settings;

/// Between looks at a history that has not got as far as this shard, first and at most.
const BEHIND: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(160));
/// How long one who resumes waits for such a history, all in all, before the log is read in its place.
const REPLAY_AFTER: Duration = Duration::from_secs(1);
/// The same for what came in an older epoch, whose log is no longer there.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// How long one who resumes waits for this shard to get to where they were, before the log is asked how far it goes.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Shard {
    /// Starts a subscription: at `since` where that is given, else at the record at `from`.
    pub(crate) fn start(self: &Rc<Self>, subscription: &Rc<Subscription>, from: u64, now: Instant) {
        let epoch = self.node.stores.log.epoch();
        let before = from.checked_sub(1).map_or(
            MessageId {
                epoch,
                offset: 0,
                index: 0,
            },
            |offset| MessageId::last_of(epoch, offset),
        );
        // Only a room's messages can be resumed; changes of presence are told as they come.
        let resumes = matches!(subscription.topic, Topic::Chat(_));
        // One that was silenced before this shard had got to where its client was has still to wait for that.
        let ahead = || subscription.queued().filter(|queued| *queued > before);
        let since = subscription.detour().since.or_else(ahead);
        subscription.turn(|detour| detour.since = None);
        let Some(since) = since.filter(|_| resumes) else {
            subscription.set_queued(before);
            subscription.lane.start(subscription, now);
            return;
        };
        self.counts.resumes.add(1);
        subscription.set_queued(since);
        let resuming = Resuming {
            turn: subscription.set_state(State::CatchingUp),
            subscription: subscription.clone(),
        };
        tokio::task::spawn_local(self.clone().resume(resuming, since));
    }

    /// A subscription whose user exits at `offset` gets that far and no further.
    pub(crate) fn stop(&self, subscription: &Rc<Subscription>, offset: u64) {
        match subscription.state.get() {
            State::Live => {
                subscription.lane.silence(subscription);
                subscription.set_state(State::Silent);
            }
            State::CatchingUp => {
                subscription.turn(|detour| {
                    detour.stop_at = detour.stop_at.or(Some(offset));
                    detour.again_at = None;
                });
            }
            State::Silent | State::Ended => {}
        }
    }

    /// Silences a subscription at once, even one that is catching up.
    pub(crate) fn silence(&self, subscription: &Rc<Subscription>, to: State) {
        if subscription.state.get() == State::Live {
            subscription.lane.silence(subscription);
        }
        subscription.set_state(to);
        subscription.turn(|detour| (detour.stop_at, detour.again_at) = (None, None));
    }

    async fn resume(self: Rc<Self>, resuming: Resuming, since: MessageId) {
        let subscription = &resuming.subscription;
        let Some(room) = subscription.topic.room() else {
            return;
        };
        let epoch = self.node.stores.log.epoch();
        let is_there = self.comes_to(&resuming, room, since).await;
        if !resuming.goes_on() {
            return;
        }
        if !is_there {
            subscription.set_gap(Some(since));
            if self.live(&resuming) {
                self.tell_by_history(subscription, room).await;
            }
            return;
        }
        let mut after = since;
        if since.epoch < epoch {
            // What followed it in its own epoch may be lost; all of this epoch is here.
            subscription.set_gap(Some(since));
            after = MessageId::last_of(epoch - 1, u64::MAX);
        }
        self.catch_up(&resuming, room, after).await;
    }

    /// Waits until this shard has taken the record of an id: whoever was on a node that is ahead of this one has heard what is still
    /// to come here. False where the log has not got as far as the id; who no longer catches up is not waited for.
    async fn comes_to(&self, resuming: &Resuming, room: RoomId, since: MessageId) -> bool {
        let epoch = self.node.stores.log.epoch();
        if since.epoch != epoch {
            return since.epoch < epoch;
        }
        // Where this shard has read further itself the log is not asked.
        while since.offset >= self.position(room) {
            let end = self.node.ends.of(room).await;
            if end.is_some_and(|end| since.offset >= end) {
                return false;
            }
            // A log that could not be asked, or was cut short, is asked again.
            let _ = timeout(ASK_AGAIN, self.reached(room, since.offset)).await;
            if !resuming.ready().await {
                break;
            }
        }
        true
    }

    async fn catch_up(self: &Rc<Self>, resuming: &Resuming, room: RoomId, mut after: MessageId) {
        let subscription = &resuming.subscription;
        let epoch = self.node.stores.log.epoch();
        let mut patience = Patience::default();
        loop {
            if !resuming.ready().await {
                return;
            }
            let end = subscription
                .detour()
                .stop_at
                .map_or(self.position(room), |stop| stop + 1);
            let until = end
                .checked_sub(1)
                .map(|last| MessageId::last_of(epoch, last));
            if until.is_none_or(|until| after >= until) {
                if !self.caught_up(resuming, &mut after) {
                    continue;
                }
                return;
            }
            let Ok(part) = self.next_part(room, after, end, &mut patience).await else {
                self.give_up(resuming);
                return;
            };
            // What waits for a socket has a bound, so it is given no more than a page at once.
            for page in part.posts.chunks(settings::RESUME_PAGE) {
                if !resuming.ready().await {
                    return;
                }
                send_part(subscription, page);
            }
            after = part.upto.map_or(after, |upto| upto.max(after));
        }
    }

    /// The same as `part`, once there is one: from history, or else from the log itself.
    async fn next_part(
        &self,
        room: RoomId,
        after: MessageId,
        end: u64,
        patience: &mut Patience,
    ) -> Result<Part> {
        let logged = after.epoch == self.node.stores.log.epoch();
        loop {
            match self.part(room, after, end).await {
                Ok(part) if part.upto.is_some_and(|upto| upto > after) => return Ok(part),
                Ok(_) if patience.waited < REPLAY_AFTER => {}
                _ if logged => return self.node.replays.read(room, after, end).await,
                Err(why) => return Err(why),
                Ok(_) if patience.waited < GIVE_UP_AFTER => {}
                Ok(_) => return Err(Error::Unavailable("history")),
            }
            patience.wait().await;
        }
    }

    /// All is sent up to where it was to go: live from here, or silent, or on from a later join. False
    /// where there is more to catch up with.
    fn caught_up(self: &Rc<Self>, resuming: &Resuming, after: &mut MessageId) -> bool {
        let subscription = &resuming.subscription;
        let detour = subscription.detour();
        let Some(again) = detour.stop_at.and(detour.again_at) else {
            self.live(resuming);
            return true;
        };
        subscription.turn(|detour| (detour.stop_at, detour.again_at) = (None, None));
        *after = (*after).max(MessageId::last_of(after.epoch, again.saturating_sub(1)));
        false
    }

    /// Live from here. False where it no longer catches up, or its user has exited meanwhile: then it is silent.
    fn live(self: &Rc<Self>, resuming: &Resuming) -> bool {
        if !resuming.goes_on() {
            return false;
        }
        let subscription = &resuming.subscription;
        let Detour {
            stop_at, again_at, ..
        } = subscription.detour();
        subscription.turn(|detour| (detour.stop_at, detour.again_at) = (None, None));
        if stop_at.is_some() && again_at.is_none() {
            subscription.set_state(State::Silent);
            return false;
        }
        subscription.lane.start(subscription, Instant::now());
        self.tell_of_gap(subscription);
        true
    }

    /// History cannot be read: the rest is a hole, and told as one.
    fn give_up(self: &Rc<Self>, resuming: &Resuming) {
        if resuming.goes_on() {
            let subscription = &resuming.subscription;
            subscription.set_gap(subscription.queued());
            self.live(resuming);
        }
    }

    /// Tells of a hole at once where something has followed it: the newest message of the room.
    pub(crate) fn tell_of_gap(&self, subscription: &Rc<Subscription>) {
        let (Some(after), Some(room)) = (subscription.gap(), subscription.topic.room()) else {
            return;
        };
        let Some(newest) = self
            .node
            .ring
            .newest(room, self.node.stores.log.partition(room))
            .filter(|s| s.offset < self.position(room))
        else {
            return;
        };
        let follows = |post: &&Post| post.id.epoch != after.epoch || post.id > after;
        if let Some(post) = newest.posts().last().filter(follows) {
            send_part(subscription, std::slice::from_ref(post));
        }
    }

    /// The same, where the room's newest message is longer ago than the ring goes back.
    async fn tell_by_history(&self, subscription: &Rc<Subscription>, room: RoomId) {
        let stores = self.node.stores.clone();
        let newest = self
            .node
            .ask(async move { stores.history.before(room, None, 1).await })
            .await;
        let Some(newest) = newest.ok().and_then(|mut page| page.pop()) else {
            return;
        };
        // Whatever came meanwhile has told of the hole already, and what is still to come will.
        let still = subscription.gap().is_some() && subscription.state.get() == State::Live;
        if still && newest.message.id.offset < self.position(room) {
            let post = Post::new(&newest.message, newest.headers);
            send_part(subscription, &[post]);
        }
    }

    /// The room's next messages after `after`, from records below `end`.
    async fn part(&self, room: RoomId, after: MessageId, end: u64) -> Result<Part> {
        let epoch = self.node.stores.log.epoch();
        let until = MessageId::last_of(epoch, end.saturating_sub(1));
        if let Some(recent) = self
            .node
            .ring
            .recent(room, self.node.stores.log.partition(room), after, end)
            .filter(|_| after.epoch == epoch)
        {
            let mut posts = vec![];
            for showing in recent {
                let shown = showing.posts();
                let wanted = shown.iter().filter(|post| post.id > after);
                posts.extend(wanted.cloned().map(Arc::new));
            }
            return Ok(Part {
                posts,
                upto: Some(until),
            });
        }
        let stores = self.node.stores.clone();
        let read = async move {
            let covered = stores.history.covered(room).await?;
            let last = covered.min(end).checked_sub(1);
            let whole = last.map(|last| MessageId::last_of(epoch, last));
            let page = match whole.filter(|whole| *whole > after) {
                Some(whole) => {
                    let size = settings::RESUME_PAGE;
                    let history = &stores.history;
                    history.after(room, Some(after), Some(whole), size).await?
                }
                None => vec![],
            };
            let posts: Vec<_> = page
                .into_iter()
                .map(|a| Arc::new(Post::new(&a.message, a.headers)))
                .collect();
            let upto = if posts.is_empty() {
                whole
            } else {
                posts.last().map(|p| p.id)
            };
            Ok(Part { posts, upto })
        };
        self.node.ask(read).await
    }
}

/// The patience that one who resumes has with history.
#[derive(Default)]
struct Patience {
    waited: Duration,
    pause: Duration,
}

impl Patience {
    async fn wait(&mut self) {
        self.pause = (self.pause * 2).clamp(BEHIND.0, BEHIND.1);
        sleep(self.pause).await;
        self.waited += self.pause;
    }
}

/// A subscription that catches up, until it is silenced: where it is started again, that is another one.
struct Resuming {
    subscription: Rc<Subscription>,
    turn: u32,
}

impl Resuming {
    fn goes_on(&self) -> bool {
        self.subscription.catches_up(self.turn)
    }

    /// Waits until the socket has taken what it was sent; false where the subscription no longer catches up.
    async fn ready(&self) -> bool {
        let Some(session) = self.subscription.session.upgrade() else {
            return false;
        };
        session.drained().await;
        self.goes_on() && !session.is_over()
    }
}

fn send_part<P: Borrow<Post>>(subscription: &Rc<Subscription>, posts: &[P]) {
    let all = || posts.iter().map(Borrow::borrow);
    let (Some(first), Some(last)) = (all().next(), all().next_back()) else {
        return;
    };
    let mut out = BytesMut::new();
    for post in all() {
        subscription.lane.encode(post, &mut out);
    }
    let ids = (first.id, last.id);
    if deliver(subscription, &out.freeze(), ids, Instant::now()) {
        if let Some(session) = subscription.session.upgrade() {
            session.counts().deliveries.add(posts.len());
        }
        all().for_each(|post| subscription.sent(post.id));
    }
}
