//! Join: become a member of a room, or come back as one.

use crate::domain::membership::{Change, Membership};
use crate::domain::message::MessageId;
use crate::domain::room::{Room, RoomId};
use crate::domain::user::Profile;
use crate::error::Result;
use crate::store::Stores;

use super::Settled;

/// What joining came to.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The room.
    pub room: Room,
    /// The membership.
    pub membership: Membership,
    /// The room that was left for it.
    pub evicted: Option<RoomId>,
    /// Where the join stands in the log; none where nothing changed.
    pub offset: Option<u64>,
    /// The ENTER, where there was one.
    pub notice: Option<MessageId>,
}

/// Makes `who` a member of the room, or finds them one, and turns their switch on.
///
/// # Errors
/// `NotFound` for an unknown room, or `Unavailable`.
pub async fn join(stores: &Stores, room: RoomId, who: &Profile) -> Result<Joined> {
    let of = super::get(stores, room).await?;
    let settled = settle(stores, room, who, false).await?;
    Ok(Joined {
        room: of,
        membership: settled.membership.ok_or_else(super::not_a_member)?,
        evicted: settled.evicted,
        offset: settled.logged.map(|l| l.offset),
        notice: settled.logged.and_then(|l| l.notice),
    })
}

/// Makes them a member of a room that is there; `silent` where it is the owner's, made with the room.
pub(super) async fn settle(
    stores: &Stores,
    room: RoomId,
    who: &Profile,
    silent: bool,
) -> Result<Settled> {
    let who = who.clone();
    let uid = who.uid.clone();
    super::change(stores, room, &uid, Change::Join { who, silent }).await
}
