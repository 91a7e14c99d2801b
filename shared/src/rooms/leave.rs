//! Leave: close the chat, still a member; the mark says how far it was read.

use std::ops::Range;

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
    let epoch = stores.log.epoch();
    if mark.epoch <= epoch {
        let covered = stores.history.covered(room).await?;
        let end = stores.log.end(room).await?;
        // What the recorder came to after the first look is there at the second.
        if is_to_be_recorded(mark, epoch, covered..end) || is_recorded().await? {
            return Ok(());
        }
    }
    Err(Error::invalid(
        "lastReadMessageId",
        "is beyond the room's newest message",
    ))
}

/// Whether it may have been seen, or something newer, though history has got neither: what the recorder did not come to yet may,
/// and is newer than all of an earlier epoch; beyond the log's end nothing was, and what was recorded and is no message is none.
fn is_to_be_recorded(mark: MessageId, epoch: u16, unrecorded: Range<u64>) -> bool {
    if mark.epoch == epoch {
        unrecorded.contains(&mark.offset)
    } else {
        mark.epoch < epoch && !unrecorded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_recorder_comes_to_next_may_have_been_seen_and_what_the_log_gets_next_not() {
        let seen = |epoch, offset, unrecorded| {
            is_to_be_recorded(MessageId::last_of(epoch, offset), 1, unrecorded)
        };
        assert_eq!(
            [2, 3, 4, 5].map(|offset| seen(1, offset, 3..5)),
            [false, true, true, false]
        );
        assert!(!seen(1, 3, 3..3));
        // Of another epoch.
        assert!(seen(0, 7, 3..5));
        assert!(!seen(0, 7, 3..3));
        assert!(!seen(2, 4, 3..5));
    }
}
