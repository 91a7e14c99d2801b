//! Puts the event of a membership's change in the log, and notes that it is there.
//!
//! The change was committed first, with its event pending; whoever finds one pending brings it in. Two who
//! do so at the same moment write it twice, and readers pass over the second by its version.

use crate::crash;
use crate::domain::event::{Event, MemberChange, MemberEvent, Playing};
use crate::domain::membership::Membership;
use crate::domain::message::MessageId;
use crate::domain::playlist::NowPlaying;
use crate::domain::room::RoomId;
use crate::error::Result;
use crate::store::Stores;

/// Where an event stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    /// The record.
    pub(super) offset: u64,
    /// The message that tells the room of it.
    pub(super) notice: Option<MessageId>,
}

/// Brings in the pending event of `membership`; none where there is none, or it is in the log already.
pub(super) async fn settle(
    stores: &Stores,
    room: RoomId,
    membership: &Membership,
) -> Result<Option<Logged>> {
    let Some(event) = membership.pending.clone() else {
        return Ok(None);
    };
    let (uid, version) = (event.who.uid.clone(), event.version);
    let told = stores.memberships.told(room, &uid).await?;
    let silent = matches!(event.change, MemberChange::Joined { silent: true, .. });
    let tells = matches!(event.change, MemberChange::Joined { silent: false, .. });
    let (logged, mark) = if told.version >= version {
        (None, told.entered)
    } else {
        // Read before the append: what is newest now is what the owner has not missed.
        let newest = if silent {
            stores.history.summary(room).await?.last
        } else {
            None
        };
        let logged = append(stores, room, event).await?;
        crash::after("appended");
        let mark = match logged.notice {
            // Somebody else brought it in at the same moment, and theirs told the room.
            None if tells => stores.memberships.told(room, &uid).await?.entered,
            notice => notice.or(newest),
        };
        (Some(logged), mark)
    };
    stores.memberships.settle(room, &uid, version, mark).await?;
    crash::after("settled");
    Ok(logged)
}

async fn append(stores: &Stores, room: RoomId, mut event: MemberEvent) -> Result<Logged> {
    if let Some(room) = stores.rooms.get(room).await? {
        event.playing = Some(playing(&room.schedule().at(event.at)));
    }
    let appended = stores.log.append(room, Event::Member(event)).await?;
    Ok(Logged {
        offset: appended.offset,
        notice: appended.notice,
    })
}

/// The part of what is playing that a message carries.
pub(super) fn playing(now: &NowPlaying) -> Playing {
    Playing {
        music_id: now.music_id.clone(),
        position_ms: now.position_ms,
    }
}
