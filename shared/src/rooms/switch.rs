//! Presence by the member's own switch.

use crate::domain::membership::Change;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::store::Stores;

/// What turning the switch came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switched {
    /// Where it stands in the log; none where the switch stood so already.
    pub offset: Option<u64>,
}

/// Turns a member's switch.
///
/// # Errors
/// `NotFound`, `Forbidden` for somebody who is no member, or `Unavailable`.
pub async fn switch(stores: &Stores, room: RoomId, uid: &Uid, on: bool) -> Result<Switched> {
    super::member(stores, room, uid).await?;
    let settled = super::change(stores, room, uid, Change::Switch { on }).await?;
    let member = settled.membership.filter(|m| m.joined);
    member.ok_or_else(super::not_a_member)?;
    Ok(Switched {
        offset: settled.logged.map(|l| l.offset),
    })
}
