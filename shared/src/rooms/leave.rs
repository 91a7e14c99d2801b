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
    let is_recorded =
        async || Ok::<_, Error>(stores.history.summary(room).await?.last >= Some(mark));
    if is_recorded().await? {
        return Ok(());
    }
    if mark.epoch == stores.log.epoch() {
        let covered = stores.history.covered(room).await?;
        let end = stores.log.end(room).await?;
        // What the recorder came to after the first look is there at the second.
        if is_to_be_recorded(mark.offset, covered, end) || is_recorded().await? {
            return Ok(());
        }
    }
    Err(Error::invalid(
        "lastReadMessageId",
        "is beyond the room's newest message",
    ))
}

/// Whether it may have been seen though history has not got it: what the recorder did not come to yet may, beyond the log's end
/// nothing was, and what was recorded and is no message is none.
fn is_to_be_recorded(offset: u64, covered: u64, end: u64) -> bool {
    (covered..end).contains(&offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_recorder_comes_to_next_may_have_been_seen_and_what_the_log_gets_next_not() {
        let seen = |offset| is_to_be_recorded(offset, 3, 5);
        assert_eq!([2, 3, 4, 5].map(seen), [false, true, true, false]);
        assert!(!is_to_be_recorded(3, 3, 3));
    }
}
