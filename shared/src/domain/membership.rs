//! Memberships and the rule of four rooms, as values: what a change makes of what there is.
//!
//! A store reads a user's item and the memberships in question, asks [`plan`], and writes what it says in
//! one transaction, on condition that the user's version is still the one it read.

use serde::{Deserialize, Serialize};

use super::event::{MemberChange, MemberEvent};
use super::message::MessageId;
use super::room::RoomId;
use super::time::Timestamp;
use super::user::{Profile, Uid};
use crate::limits;

/// What is kept per user: the rooms, and the counters that put the user's own changes in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRooms {
    /// Counts the changes of the user's memberships.
    pub version: u64,
    /// Counts the user's joins.
    pub sequence: u64,
    /// When the last join was, so that the next one is later.
    pub last_entered_at: Timestamp,
    /// At most four rooms, the one joined longest ago first.
    pub rooms: Vec<RoomId>,
}

/// A user's membership of a room; one that ended stays as a tombstone, for its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// Who.
    pub who: Profile,
    /// Whether they are a member.
    pub joined: bool,
    /// The user's version when this changed last.
    pub version: u64,
    /// Which of the user's joins began this; tells one membership from a later one of the same room.
    pub sequence: u64,
    /// When it began.
    pub entered_at: Timestamp,
    /// The member's switch: whether they want to be on.
    pub switch: bool,
    /// The last message read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MessageId>,
    /// The change that may not be in the log yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<MemberEvent>,
}

/// What somebody wants changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// Become a member, or come back as one.
    Join {
        /// Who, as they are now.
        who: Profile,
        /// With no ENTER: the owner, when the room is made.
        silent: bool,
    },
    /// Stop being a member.
    Exit,
    /// Turn the switch of a membership.
    Switch {
        /// To on, or to off.
        on: bool,
    },
}

/// A membership with the room it is of.
pub type Placed = (RoomId, Membership);

/// What a change comes to.
#[expect(
    clippy::large_enum_variant,
    reason = "made once for a change and matched at once"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is so already.
    Already(Option<Membership>),
    /// These have a change that may not be in the log yet, which must come first.
    Blocked(Vec<Placed>),
    /// Write this.
    Write(Plan),
}

/// What to write, all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The user's item.
    pub user: UserRooms,
    /// The membership that was to change.
    pub membership: Membership,
    /// The one that the rule of four rooms ended.
    pub evicted: Option<Placed>,
}

/// Which room a join would end: the one joined longest ago, where the user is in four others.
#[must_use]
pub fn to_evict(user: &UserRooms, room: RoomId) -> Option<RoomId> {
    let full = user.rooms.len() >= limits::ROOMS_PER_USER && !user.rooms.contains(&room);
    full.then(|| user.rooms.first().copied()).flatten()
}

/// Works out what `change` of the membership of `uid` in `room` comes to.
///
/// `target` is that membership, `oldest` the one that [`to_evict`] names, as they are now.
#[must_use]
pub fn plan(
    user: &UserRooms,
    room: RoomId,
    target: Option<Membership>,
    oldest: Option<Placed>,
    change: &Change,
    now: Timestamp,
) -> Planned {
    let evicts = matches!(change, Change::Join { .. });
    let oldest = oldest.filter(|_| evicts);
    if let Some(already) = already(target.as_ref(), change) {
        return already;
    }
    let pending = |m: &Membership| m.pending.is_some();
    let target_pending = target.clone().filter(pending).map(|m| (room, m));
    let oldest_pending = oldest.clone().filter(|(_, m)| pending(m));
    let blocked: Vec<Placed> = target_pending.into_iter().chain(oldest_pending).collect();
    if !blocked.is_empty() {
        return Planned::Blocked(blocked);
    }
    match (change, target) {
        (Change::Join { who, silent }, target) => {
            Planned::Write(join(user, room, target, oldest, who, *silent, now))
        }
        (_, None) => Planned::Already(None),
        (Change::Exit, Some(mut gone)) => {
            let mut user = user.clone();
            user.version += 1;
            user.rooms.retain(|r| *r != room);
            end(&mut gone, user.version, None, now);
            Planned::Write(Plan {
                user,
                membership: gone,
                evicted: None,
            })
        }
        (Change::Switch { on }, Some(turned)) => Planned::Write(switch(user, turned, *on, now)),
    }
}

/// The answer where nothing has to change: what there is, a tombstone too, whose event may be pending still.
fn already(target: Option<&Membership>, change: &Change) -> Option<Planned> {
    let joined = target.filter(|m| m.joined);
    let unchanged = match change {
        Change::Join { who, .. } => joined.is_some_and(|m| m.switch && m.who == *who),
        Change::Exit => joined.is_none(),
        Change::Switch { on } => joined.is_none_or(|m| m.switch == *on),
    };
    unchanged.then(|| Planned::Already(target.cloned()))
}

fn join(
    user: &UserRooms,
    room: RoomId,
    target: Option<Membership>,
    oldest: Option<Placed>,
    who: &Profile,
    silent: bool,
    now: Timestamp,
) -> Plan {
    match target.filter(|m| m.joined) {
        Some(mut back) => {
            back.who = who.clone();
            if back.switch {
                return Plan {
                    user: user.clone(),
                    membership: back,
                    evicted: None,
                };
            }
            switch(user, back, true, now)
        }
        None => begin(user, room, oldest, who, silent, now),
    }
}

fn begin(
    user: &UserRooms,
    room: RoomId,
    oldest: Option<Placed>,
    who: &Profile,
    silent: bool,
    now: Timestamp,
) -> Plan {
    let mut user = user.clone();
    user.version += 1;
    user.sequence += 1;
    // A clock that was set back must not let a later join look earlier.
    user.last_entered_at = now.max(user.last_entered_at.plus_ms(1));
    let evicted = oldest.map(|(left, mut gone)| {
        user.rooms.retain(|r| *r != left);
        end(&mut gone, user.version, Some(room), user.last_entered_at);
        (left, gone)
    });
    user.rooms.push(room);
    let membership = Membership {
        who: who.clone(),
        joined: true,
        version: user.version,
        sequence: user.sequence,
        entered_at: user.last_entered_at,
        switch: true,
        mark: None,
        pending: Some(event(
            who,
            user.version,
            user.last_entered_at,
            MemberChange::Joined {
                silent,
                sequence: user.sequence,
            },
        )),
    };
    Plan {
        user,
        membership,
        evicted,
    }
}

fn end(gone: &mut Membership, version: u64, by: Option<RoomId>, at: Timestamp) {
    gone.joined = false;
    gone.version = version;
    gone.mark = None;
    gone.pending = Some(event(&gone.who, version, at, MemberChange::Exited { by }));
}

fn switch(user: &UserRooms, mut turned: Membership, on: bool, at: Timestamp) -> Plan {
    let mut user = user.clone();
    user.version += 1;
    turned.switch = on;
    turned.version = user.version;
    turned.pending = Some(event(
        &turned.who,
        user.version,
        at,
        MemberChange::Switched { on },
    ));
    Plan {
        user,
        membership: turned,
        evicted: None,
    }
}

fn event(who: &Profile, version: u64, at: Timestamp, change: MemberChange) -> MemberEvent {
    MemberEvent {
        who: who.clone(),
        version,
        at,
        change,
        playing: None,
    }
}

/// Where a list of a room's members goes on: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberCursor {
    /// When the last one shown joined.
    pub entered_at: Timestamp,
    /// Who that was.
    pub uid: Uid,
}

#[cfg(test)]
mod tests;
