//! A shard's part of every room: the lanes of those who listen here, and what of the room they need.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use ahash::AHashMap;
use roomtone_shared::domain::playlist::Schedule;
use roomtone_shared::domain::room::RoomId;

use super::lane::{Lane, LaneKey};
use super::subscription::{Head, Subscription, Topic};
use crate::entry::{Entry, Flip, Post};
use crate::frame::MessageHead;
use crate::latency::{Latency, Unwritten};

/// Schedules kept for rooms that messages were sent to.
const SCHEDULES_MAX: usize = 10_000;

/// Topics with somebody who listens here.
#[derive(Default)]
pub(crate) struct Rooms {
    topics: AHashMap<Topic, Vec<Lane>>,
    /// Topics with something gathered since the last flush.
    gathered: Vec<Topic>,
    /// When the messages among that were read.
    unwritten: Unwritten,
    schedules: AHashMap<RoomId, Arc<Schedule>>,
}

impl Rooms {
    /// The head that frames of this lane begin with; the lane is made where it is not there yet.
    pub(crate) fn enter(&mut self, topic: Topic, destination: &str, key: LaneKey) -> Rc<Head> {
        let lanes = self.topics.entry(topic).or_default();
        let at = lanes.iter().position(|lane| lane.key == key);
        let lane = match at {
            Some(at) => &mut lanes[at],
            None => {
                let message = MessageHead::new(key.version, &key.subscription, destination);
                let head = Head {
                    id: key.subscription.clone(),
                    message,
                    acknowledged: key.acknowledged,
                };
                lanes.push(Lane::new(key, Rc::new(head)));
                let last = lanes.len() - 1;
                &mut lanes[last]
            }
        };
        lane.enter();
        lane.head.clone()
    }

    /// Takes a subscription out.
    pub(crate) fn leave(&mut self, subscription: &Rc<Subscription>) {
        let Some(lanes) = self.topics.get_mut(&subscription.topic) else {
            return;
        };
        lanes.retain_mut(|lane| {
            !(Rc::ptr_eq(&lane.head, &subscription.head) && lane.leave(subscription))
        });
        if lanes.is_empty() {
            self.topics.remove(&subscription.topic);
        }
    }

    fn lane_of(&mut self, subscription: &Rc<Subscription>) -> Option<&mut Lane> {
        let lanes = self.topics.get_mut(&subscription.topic)?;
        lanes
            .iter_mut()
            .find(|lane| Rc::ptr_eq(&lane.head, &subscription.head))
    }

    /// From now on the subscription gets what comes.
    pub(crate) fn start(&mut self, subscription: &Rc<Subscription>, now: Instant) {
        if let Some(lane) = self.lane_of(subscription) {
            lane.start(subscription, now);
        }
    }

    /// From now on it gets nothing.
    pub(crate) fn silence(&mut self, subscription: &Rc<Subscription>) {
        if let Some(lane) = self.lane_of(subscription) {
            lane.silence(subscription);
        }
    }

    /// Gathers an entry's messages for those who listen.
    pub(crate) fn post(&mut self, room: RoomId, entry: &Entry) {
        let heard = self.gather(Topic::Chat(room), || entry.posts());
        self.unwritten.add(entry.read_at, heard);
    }

    /// Gathers a change of presence for those who listen.
    pub(crate) fn post_flip(&mut self, flip: &Flip) {
        let post = Post {
            id: flip.id,
            id_text: flip.id.text(),
            body: flip.body.to_vec(),
            headers: vec![],
        };
        self.gather(Topic::Presence(flip.room), || std::slice::from_ref(&post));
    }

    /// How many of these somebody gets.
    fn gather<'p>(&mut self, topic: Topic, posts: impl FnOnce() -> &'p [Post]) -> usize {
        let Some(lanes) = self.topics.get_mut(&topic) else {
            return 0;
        };
        let heard = lanes.iter().any(Lane::is_heard);
        let (posts, mut first) = (posts(), false);
        for lane in lanes {
            posts.iter().for_each(|post| first |= lane.gather(post));
        }
        if first {
            self.gathered.push(topic);
        }
        if heard { posts.len() } else { 0 }
    }

    /// Sends all that has gathered, and notes how long after it was read that was done.
    pub(crate) fn flush(&mut self, now: Instant, latency: &Latency) {
        for topic in self.gathered.drain(..) {
            self.topics
                .get_mut(&topic)
                .into_iter()
                .flatten()
                .for_each(|lane| lane.flush(now));
        }
        self.unwritten.written(latency);
    }

    /// What plays when in a room, where it is known here.
    pub(crate) fn schedule(&self, room: RoomId) -> Option<Arc<Schedule>> {
        self.schedules.get(&room).cloned()
    }

    /// Keeps what plays when.
    pub(crate) fn keep_schedule(&mut self, room: RoomId, schedule: Arc<Schedule>) {
        if self.schedules.len() >= SCHEDULES_MAX {
            self.schedules.clear();
        }
        self.schedules.insert(room, schedule);
    }

    /// Somebody joined: a room that was not live may have begun anew.
    pub(crate) fn forget_schedule(&mut self, room: RoomId) {
        self.schedules.remove(&room);
    }
}
