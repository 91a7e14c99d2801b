//! The operations that have a rule, one file each. They know the stores and no edge.

mod create;
mod exit;
mod join;
mod leave;
mod patience;
mod send;
mod settle;
mod sweep;
mod switch;
pub mod view;

pub use create::{CreateRoom, CreatedRoom, create};
pub use exit::{Exited, exit};
pub use join::{Joined, join};
pub use leave::{check_mark, leave};
pub use send::{may_send, off, send};
pub use sweep::{sweep_pending, sweep_unindexed};
pub use switch::{Switched, switch};

use crate::crash;
use crate::domain::membership::{Change, Membership, Placed};
use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::{Error, Result};
use crate::store::{Changed, Stores};
use patience::Patience;

/// Tries of one change that keeps meeting others' changes of the same user.
const CHANGE_TRIES_MAX: usize = 512;

/// The room with this id.
///
/// # Errors
/// `NotFound`, or `Unavailable`.
pub async fn get(stores: &Stores, id: RoomId) -> Result<Room> {
    let room = stores.rooms.get(id).await?;
    room.ok_or_else(|| Error::NotFound("there is no such room".into()))
}

/// The membership of somebody who must be a member of a room that must be there.
///
/// # Errors
/// `NotFound`, `Forbidden`, or `Unavailable`.
pub async fn member(stores: &Stores, room: RoomId, uid: &Uid) -> Result<Membership> {
    let membership = stores.memberships.get(room, uid).await?;
    if let Some(member) = membership.filter(|m| m.joined) {
        return Ok(member);
    }
    get(stores, room).await?;
    Err(not_a_member())
}

/// The answer to somebody who is not a member.
#[must_use]
pub fn not_a_member() -> Error {
    Error::Forbidden("you are not a member of this room".into())
}

/// What a change came to, its event in the log.
struct Settled {
    /// The membership, if there is one.
    membership: Option<Membership>,
    /// The one that the rule of four rooms ended.
    evicted: Option<RoomId>,
    /// Where the change stands in the log; none where nothing changed.
    logged: Option<settle::Logged>,
}

/// Makes a change and puts what it comes to in the log; events left by others come first.
async fn change(stores: &Stores, room: RoomId, uid: &Uid, wanted: Change) -> Result<Settled> {
    let mut patience = Patience::default();
    for _ in 0..CHANGE_TRIES_MAX {
        let changed = stores
            .memberships
            .change(room, uid, wanted.clone(), Timestamp::now())
            .await?;
        match changed {
            Changed::Already(membership) => {
                let pending = membership.iter().filter(|m| m.pending.is_some());
                let placed: Vec<Placed> = pending.map(|m| (room, m.clone())).collect();
                if !placed.is_empty() && patience.wait_for(&placed).await {
                    continue;
                }
                let logged = settle_pending(stores, room, membership.as_ref()).await?;
                return Ok(Settled {
                    membership,
                    evicted: None,
                    logged,
                });
            }
            Changed::Blocked(pending) => {
                if !patience.wait_for(&pending).await {
                    settle_all(stores, &pending).await?;
                }
            }
            Changed::Done {
                membership,
                evicted,
            } => {
                crash::after("committed");
                let logged = settle_pending(stores, room, Some(&membership)).await?;
                crash::after("joined");
                settle_all(stores, evicted.as_slice()).await?;
                let evicted = evicted.map(|(left, _)| left);
                return Ok(Settled {
                    membership: Some(membership),
                    evicted,
                    logged,
                });
            }
        }
    }
    Err(Error::Unavailable("the membership store"))
}

async fn settle_pending(
    stores: &Stores,
    room: RoomId,
    membership: Option<&Membership>,
) -> Result<Option<settle::Logged>> {
    match membership {
        Some(membership) => settle::settle(stores, room, membership).await,
        None => Ok(None),
    }
}

async fn settle_all(stores: &Stores, pending: &[Placed]) -> Result<()> {
    for (room, membership) in pending {
        settle::settle(stores, *room, membership).await?;
    }
    Ok(())
}
