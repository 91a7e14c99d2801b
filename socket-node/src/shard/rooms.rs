//! A shard's part of every room: the lanes of those who listen here, and what of the room they need.

use std::rc::Rc;
use std::sync::Arc;

use ahash::AHashMap;
use roomtone_shared::domain::playlist::Schedule;
use roomtone_shared::domain::room::RoomId;
use tokio::time::Instant;

use super::lane::{Lane, LaneKey};
use super::subscription::{Subscription, Topic};
use crate::counts::Counts;
use crate::entry::{Entry, Flip, Post};
use crate::latency::Unwritten;

/// Schedules kept for rooms that messages were sent to.
const SCHEDULES_MAX: usize = 10_000;

/// Topics with somebody who listens here.
#[derive(Default)]
pub(crate) struct Rooms {
    topics: AHashMap<Topic, Vec<Rc<Lane>>>,
    /// Topics with something gathered since the last flush.
    gathered: Vec<Topic>,
    /// When the messages among that were read.
    unwritten: Unwritten,
    schedules: AHashMap<RoomId, Arc<Schedule>>,
}

impl Rooms {
    /// The lane of this key, with one more in it; it is made where it is not there yet.
    pub(crate) fn enter(&mut self, topic: Topic, destination: &str, key: LaneKey) -> Rc<Lane> {
        let lanes = self.topics.entry(topic).or_default();
        let known = lanes.iter().find(|lane| lane.key == key).cloned();
        let lane = known.unwrap_or_else(|| {
            let lane = Lane::new(key, destination);
            lanes.push(lane.clone());
            lane
        });
        lane.enter();
        lane
    }

    /// Takes a subscription out.
    pub(crate) fn leave(&mut self, subscription: &Rc<Subscription>) {
        if !subscription.lane.leave(subscription) {
            return;
        }
        if let Some(lanes) = self.topics.get_mut(&subscription.topic) {
            lanes.retain(|lane| !Rc::ptr_eq(lane, &subscription.lane));
            if lanes.is_empty() {
                self.topics.remove(&subscription.topic);
            }
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
        let Some(lanes) = self.topics.get(&topic) else {
            return 0;
        };
        let heard = lanes.iter().any(|lane| lane.is_heard());
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
    pub(crate) fn flush(&mut self, now: Instant, counts: &Counts) {
        for topic in self.gathered.drain(..) {
            self.topics
                .get(&topic)
                .into_iter()
                .flatten()
                .for_each(|lane| lane.flush(now));
        }
        self.unwritten.written(&counts.latency);
    }

    /// How many rooms somebody listens to.
    pub(crate) fn heard(&self) -> usize {
        let chats = self.topics.keys();
        chats
            .filter(|topic| matches!(topic, Topic::Chat(_)))
            .count()
    }

    /// Rooms that somebody listens to, with how many subscriptions there are.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = (RoomId, usize)> {
        self.topics.iter().filter_map(|(topic, lanes)| match topic {
            Topic::Chat(room) => Some((*room, lanes.iter().map(|lane| lane.members()).sum())),
            Topic::Presence(_) | Topic::Replies => None,
        })
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
