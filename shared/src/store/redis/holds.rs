//! Holds: which node has a socket of which user in which room.
//!
//! `holds:ROOM` is a sorted set of `UID⏎NODE`, so that one user's are next to each other; `held:NODE` is the set of
//! `ROOM/UID`, by which a node's holds are found when it is gone. A hold is in the second before it is in the
//! first, and out of the first before it is out of the second, so that no hold of a node that is gone stays
//! behind. Neither expires: a socket may be quiet for weeks.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redis::Pipeline;

use super::breaker::Wait;
use super::client::{Away, Redis};
use super::leases::{self, Clock, Expiries};
use crate::domain::event::NodeId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;

/// Holds of a room read with one call.
const READ_AT_ONCE: isize = 1_000;
/// Holds taken back with one call.
const TAKEN_BACK_AT_ONCE: usize = 500;
/// Holds that a node gave up while Redis was away and that are remembered one by one; of more, all that it holds
/// are taken back, for it to say again.
const GIVEN_UP_MAX: usize = 10_000;
/// Between a uid and a node. No uid has a control character.
const DIVIDER: char = '\n';
/// The character after it.
const BEHIND_DIVIDER: char = '\u{b}';

/// A user in a room.
type Place = (RoomId, Uid);

/// The nodes' holds in Redis.
pub(super) struct Holds {
    redis: Redis,
    /// What nodes of this process gave up and Redis was not told of.
    given_up: Mutex<HashMap<NodeId, HashSet<Place>>>,
}

impl Holds {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            redis,
            given_up: Mutex::default(),
        }
    }

    /// The living nodes that hold a user in a room.
    pub(super) async fn of(&self, room: RoomId, uid: &Uid) -> Result<BTreeSet<NodeId>, Away> {
        let mut asked = redis::pipe();
        leases::ask(&self.redis, &mut asked);
        let from = format!("[{uid}{DIVIDER}");
        let to = format!("({uid}{BEHIND_DIVIDER}");
        asked.zrangebylex(self.holds(room), from, to);
        let answer: HoldsAnswer = self.redis.pipe(Wait::Full, &asked).await?;
        let mut held = HashMap::new();
        read_living(answer, &mut held);
        Ok(held.remove(uid).unwrap_or_default())
    }

    /// The living nodes that hold each user who is in a room. What changes while it is read may be in it or not;
    /// the log tells of it later.
    pub(super) async fn room(&self, room: RoomId) -> Result<HashMap<Uid, BTreeSet<NodeId>>, Away> {
        let (mut held, mut from) = (HashMap::new(), "-".to_owned());
        loop {
            let mut asked = redis::pipe();
            leases::ask(&self.redis, &mut asked);
            asked.zrangebylex_limit(self.holds(room), from, "+", 0, READ_AT_ONCE);
            let answer: HoldsAnswer = self.redis.pipe(Wait::Full, &asked).await?;
            let full = usize::try_from(READ_AT_ONCE).is_ok_and(|size| answer.2.len() >= size);
            let last = answer.2.last().filter(|_| full).cloned();
            read_living(answer, &mut held);
            let Some(last) = last else {
                return Ok(held);
            };
            from = format!("({last}");
        }
    }

    /// Notes whether a node holds a user in a room.
    pub(super) async fn say(
        &self,
        node: NodeId,
        room: RoomId,
        uid: &Uid,
        held: bool,
    ) -> Result<(), Away> {
        let place = (room, uid.clone());
        let mut told = redis::pipe();
        if held {
            told.sadd(self.held(node), held_member(&place));
            told.zadd(self.holds(room), holds_member(uid, node), 0);
        } else {
            self.take_back(&mut told, node, [&place]);
        }
        let told = self.redis.tell(Wait::Full, &told).await;
        let mut given_up = self.given_up();
        match told {
            Ok(()) => {
                if let Some(places) = given_up.get_mut(&node)
                    && places.len() < GIVEN_UP_MAX
                {
                    places.remove(&place);
                }
            }
            Err(Away) if !held => {
                let places = given_up.entry(node).or_default();
                if places.len() < GIVEN_UP_MAX {
                    places.insert(place);
                }
            }
            Err(Away) => {}
        }
        told
    }

    /// Tells Redis what a node gave up while that was away; true where there was something. A user who came
    /// back meanwhile may be given up by it too, so the node has to say again what it holds.
    pub(super) async fn tell_given_up(&self, node: NodeId) -> Result<bool, Away> {
        let places: Vec<Place> = match self.given_up().get(&node) {
            Some(places) => places.iter().cloned().collect(),
            None => return Ok(false),
        };
        if places.len() >= GIVEN_UP_MAX {
            self.forget(node).await?;
            self.given_up().remove(&node);
            return Ok(true);
        }
        for some in places.chunks(TAKEN_BACK_AT_ONCE) {
            let mut told = redis::pipe();
            self.take_back(&mut told, node, some);
            self.redis.tell(Wait::Full, &told).await?;
        }
        let mut given_up = self.given_up();
        if let Some(left) = given_up.get_mut(&node) {
            places.iter().for_each(|place| {
                left.remove(place);
            });
            if left.is_empty() {
                given_up.remove(&node);
            }
        }
        Ok(!places.is_empty())
    }

    /// Takes back all that a node holds.
    pub(super) async fn forget(&self, node: NodeId) -> Result<(), Away> {
        let mut cursor = 0_u64;
        loop {
            let mut asked = redis::pipe();
            let scan = asked.cmd("SSCAN").arg(self.held(node)).arg(cursor);
            scan.arg("COUNT").arg(TAKEN_BACK_AT_ONCE);
            let ((next, held),): ((u64, Vec<String>),) =
                self.redis.pipe(Wait::Full, &asked).await?;
            let places: Vec<_> = held.iter().filter_map(|member| read_held(member)).collect();
            if !places.is_empty() {
                let mut told = redis::pipe();
                self.take_back(&mut told, node, &places);
                self.redis.tell(Wait::Full, &told).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    fn take_back<'p>(
        &self,
        told: &mut Pipeline,
        node: NodeId,
        places: impl IntoIterator<Item = &'p Place>,
    ) {
        for place in places {
            told.zrem(self.holds(place.0), holds_member(&place.1, node));
            told.srem(self.held(node), held_member(place));
        }
    }

    fn holds(&self, room: RoomId) -> String {
        self.redis.key(format_args!("holds:{room}"))
    }

    fn held(&self, node: NodeId) -> String {
        self.redis.key(format_args!("held:{}", node.0))
    }

    fn given_up(&self) -> MutexGuard<'_, HashMap<NodeId, HashSet<Place>>> {
        let given_up = self.given_up.lock();
        given_up.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The leases, and holds of a room.
type HoldsAnswer = (Clock, Expiries, Vec<String>);

/// Adds the holds of nodes that live.
fn read_living((clock, expiries, holds): HoldsAnswer, held: &mut HashMap<Uid, BTreeSet<NodeId>>) {
    let leases = leases::answered(clock, expiries);
    for (uid, node) in holds.iter().filter_map(|hold| read_hold(hold)) {
        if leases.lives(node) {
            held.entry(uid).or_default().insert(node);
        }
    }
}

fn holds_member(uid: &Uid, node: NodeId) -> String {
    format!("{uid}{DIVIDER}{}", node.0)
}

fn read_hold(member: &str) -> Option<(Uid, NodeId)> {
    let (uid, node) = member.split_once(DIVIDER)?;
    Some((Uid::parse("uid", uid).ok()?, NodeId(node.parse().ok()?)))
}

fn held_member((room, uid): &Place) -> String {
    format!("{room}/{uid}")
}

fn read_held(member: &str) -> Option<Place> {
    let (room, uid) = member.split_once('/')?;
    let room = RoomId::parse("room", room).ok()?;
    Some((room, Uid::parse("uid", uid).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_whatever_the_uid_looks_like() {
        for uid in ["u1", "a/b", "1", "가 {나}", &"x".repeat(64)] {
            let (room, uid) = (RoomId::new(), Uid::parse("uid", uid).unwrap());
            let node = NodeId(u64::MAX);
            let hold = holds_member(&uid, node);
            assert_eq!(read_hold(&hold), Some((uid.clone(), node)));
            let place = (room, uid);
            assert_eq!(read_held(&held_member(&place)), Some(place));
        }
        for bad in ["", "u1", "u1\nx", "\n1"] {
            assert_eq!(read_hold(bad), None, "{bad:?}");
            assert_eq!(read_held(bad), None, "{bad:?}");
        }
    }
}
