//! Leave: close the chat, still a member; the mark says how far it was read.

use crate::domain::event::Event;
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::{Error, Result};
use crate::store::Stores;

/// Stores the mark and takes all sockets of the user out of the room.
///
/// # Errors
/// `NotFound`, `Forbidden` for somebody who is no member, `Invalid` for a mark beyond the newest message, or
/// `Unavailable`.
pub async fn leave(stores: &Stores, room: RoomId, uid: &Uid, mark: MessageId) -> Result<()> {
    let member = super::member(stores, room, uid).await?;
    check_mark(stores, room, mark).await?;
    stores
        .memberships
        .mark(room, uid, member.sequence, mark)
        .await?;
    stores.log.append(room, Event::Left(uid.clone())).await?;
    Ok(())
}

/// Sees that a mark is not beyond the room's newest message.
///
/// # Errors
/// `Invalid`, naming `lastReadMessageId`, or `Unavailable`.
pub async fn check_mark(stores: &Stores, room: RoomId, mark: MessageId) -> Result<()> {
    let newest = stores.history.summary(room).await?.last;
    if newest >= Some(mark) {
        return Ok(());
    }
    // What is not recorded yet may have been seen already; beyond the log's end nothing was.
    let recorded = stores.history.covered(room).await? > mark.offset;
    let ours = mark.epoch == stores.log.epoch();
    if ours && !recorded && mark.offset < stores.log.end(room).await? {
        return Ok(());
    }
    Err(Error::invalid(
        "lastReadMessageId",
        "is beyond the room's newest message",
    ))
}
