//! Exit: stop being a member for good.

use crate::domain::membership::Change;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;
use crate::store::Stores;

/// What exiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exited {
    /// Where it stands in the log; none for somebody who was no member.
    pub offset: Option<u64>,
    /// The EXIT.
    pub notice: Option<MessageId>,
}

/// Ends the membership; does nothing where there is none.
///
/// # Errors
/// `Unavailable`.
pub async fn exit(stores: &Stores, room: RoomId, uid: &Uid) -> Result<Exited> {
    let settled = super::change(stores, room, uid, Change::Exit).await?;
    Ok(Exited {
        offset: settled.logged.map(|l| l.offset),
        notice: settled.logged.and_then(|l| l.notice),
    })
}
