//! Presence in a fleet: memberships, and the holds of nodes that live.
//!
//! Whoever reads a standing here and takes in on top what the log says from then on comes to what the log adds up
//! to, for:
//!
//! - A node writes a hold before it tells the log. Where its lease ran out, or Redis lost it, it says all again.
//! - A node counts no more when its lease has run out, which it has before the log is told that the node is gone;
//!   a node that ends by itself is forgotten first. What is left of it is struck off when the log knows.
//! - A membership counts as it was written, though its event may not be in the log yet: whoever follows the log
//!   may have read the event already while it still stands as pending. Only the version is the one before, so
//!   that the event is still news.
//!
//! A room's members come from a list that may be a moment behind the memberships themselves (an index of
//! DynamoDB's follows its table, mostly within milliseconds). Whoever is held and not on the list is asked for
//! one by one, consistently. What may be missed are a member of some milliseconds whom no node holds, and a
//! switch turned as long ago.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{try_join, try_join_all};

use super::client::{Away, Redis};
use super::holds::Holds;
use super::leases::NodeLeases;
use crate::domain::event::NodeId;
use crate::domain::membership::{MemberCursor, Membership};
use crate::domain::presence::Standing;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::{Error, Result};
use crate::store::{Memberships, Presence};

/// Members read at once.
const MEMBERS_PAGE: usize = 1_000;
/// Memberships asked for one by one at the same time.
const GETS_AT_ONCE: usize = 32;

/// Presence in a fleet.
pub(in crate::store) struct FleetPresence {
    leases: NodeLeases,
    holds: Holds,
    memberships: Arc<dyn Memberships>,
}

impl FleetPresence {
    /// Presence by these memberships and this Redis.
    pub(in crate::store) fn new(redis: Redis, memberships: Arc<dyn Memberships>) -> Self {
        Self {
            leases: NodeLeases::new(redis.clone()),
            holds: Holds::new(redis),
            memberships,
        }
    }

    async fn member(&self, room: RoomId, uid: &Uid) -> Result<Standing> {
        let membership = self.memberships.get(room, uid).await?;
        Ok(membership.as_ref().map(stands).unwrap_or_default())
    }

    async fn listed(&self, room: RoomId) -> Result<HashMap<Uid, Standing>> {
        let (mut standings, mut after) = (HashMap::new(), None);
        loop {
            let page = self.memberships.page(room, after, MEMBERS_PAGE).await?;
            for member in &page {
                // Whoever came back between two pages is on both.
                let standing: &mut Standing = standings.entry(member.who.uid.clone()).or_default();
                if member.version > standing.version {
                    *standing = stands(member);
                }
            }
            let Some(last) = page.last().filter(|_| page.len() == MEMBERS_PAGE) else {
                return Ok(standings);
            };
            after = Some(MemberCursor {
                entered_at: last.entered_at,
                uid: last.who.uid.clone(),
            });
        }
    }

    async fn unlisted(
        &self,
        room: RoomId,
        held: HashMap<Uid, BTreeSet<NodeId>>,
    ) -> Result<Vec<(Uid, Standing)>> {
        let held: Vec<_> = held.into_iter().collect();
        let mut standings = Vec::with_capacity(held.len());
        for some in held.chunks(GETS_AT_ONCE) {
            let gets = some.iter().map(|(uid, nodes)| async move {
                let mut standing = self.member(room, uid).await?;
                standing.nodes.clone_from(nodes);
                Ok::<_, Error>((uid.clone(), standing))
            });
            standings.extend(try_join_all(gets).await?);
        }
        Ok(standings)
    }
}

/// How a membership stands, less the nodes.
fn stands(member: &Membership) -> Standing {
    let pending = u64::from(member.pending.is_some());
    Standing {
        version: member.version.saturating_sub(pending),
        joined: member.joined,
        switch: member.switch,
        ..Standing::default()
    }
}

#[async_trait]
impl Presence for FleetPresence {
    async fn of(&self, room: RoomId, uid: &Uid) -> Result<Standing> {
        let held = async { self.holds.of(room, uid).await.map_err(Away::presence) };
        let (nodes, member) = try_join(held, self.member(room, uid)).await?;
        Ok(Standing { nodes, ..member })
    }

    /// Covers nothing: each record says a version, or whether one node holds or not, so that taking it in twice
    /// is harmless.
    async fn room(&self, room: RoomId) -> Result<(u64, Vec<(Uid, Standing)>)> {
        let mut held = self.holds.room(room).await.map_err(Away::presence)?;
        let mut standings: Vec<_> = self.listed(room).await?.into_iter().collect();
        for (uid, standing) in &mut standings {
            standing.nodes = held.remove(uid).unwrap_or_default();
        }
        standings.extend(self.unlisted(room, held).await?);
        Ok((0, standings))
    }

    async fn hold(&self, node: NodeId, room: RoomId, uid: &Uid, held: bool) -> Result<()> {
        let said = self.holds.say(node, room, uid, held).await;
        said.map_err(Away::presence)
    }

    async fn renew(&self, node: NodeId) -> Result<bool> {
        let unknown = self.leases.renew(node).await.map_err(Away::presence)?;
        // What cannot be told now is told with the next renewal.
        let given_up = self.holds.tell_given_up(node).await.unwrap_or(false);
        Ok(unknown || given_up)
    }

    async fn lost(&self) -> Result<Vec<NodeId>> {
        self.leases.lost().await.map_err(Away::presence)
    }

    /// The lease last: until that is gone the node is found to be lost, and this is done again.
    async fn forget(&self, node: NodeId) -> Result<()> {
        self.holds.forget(node).await.map_err(Away::presence)?;
        self.leases.end(node).await.map_err(Away::presence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::membership::{Change, Planned, UserRooms, plan};
    use crate::domain::time::Timestamp;
    use crate::domain::user::Profile;

    #[test]
    fn a_change_counts_before_and_after_its_event_and_the_event_is_news() {
        let who = Profile {
            uid: Uid::parse("uid", "u1").unwrap(),
            nick_name: "u1".into(),
            profile_image: None,
        };
        let (room, now) = (RoomId::new(), Timestamp::from_ms(1));
        let join = Change::Join { who, silent: false };
        let turn = |on| Change::Switch { on };
        let (mut user, mut member) = (UserRooms::default(), None);
        for (change, joined, switch) in [
            (join.clone(), true, true),
            (turn(false), true, false),
            (turn(true), true, true),
            (turn(false), true, false),
            (join.clone(), true, true),
            (Change::Exit, false, true),
            (join, true, true),
        ] {
            let Planned::Write(plan) = plan(&user, room, member, None, &change, now) else {
                panic!("{change:?} changes nothing");
            };
            let event = plan.membership.pending.clone().unwrap();
            let mut standing = stands(&plan.membership);
            assert_eq!((standing.joined, standing.switch), (joined, switch));
            assert!(standing.version < event.version);
            let settled = Membership {
                pending: None,
                ..plan.membership
            };
            standing.member(&event, None);
            assert_eq!(standing, stands(&settled), "{change:?}");
            (user, member) = (plan.user, Some(settled));
        }
    }
}
