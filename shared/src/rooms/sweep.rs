//! Sweeps: what an operation left undone because something went wrong is done here, surely.

use crate::domain::room::Room;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::limits;
use crate::search::{Search, SearchError};
use crate::store::Stores;

/// Entries looked at in one go.
const SWEEP_PAGE: usize = 100;

/// Brings events into the log that have been pending for a minute; gives how many there were.
///
/// # Errors
/// `Unavailable`; what is left is found by the next sweep.
pub async fn sweep_pending(stores: &Stores) -> Result<usize> {
    let before = Timestamp::now().minus_ms(limits::PENDING_AGE_MS);
    let pending = stores.memberships.pending(before, SWEEP_PAGE).await?;
    super::settle_all(stores, &pending).await?;
    Ok(pending.len())
}

/// Sends the search server every room that it has not acknowledged; gives how many it has now. Stops
/// where it does not answer at all.
///
/// # Errors
/// `Unavailable`; what is left is found by the next sweep.
pub async fn sweep_unindexed(stores: &Stores, search: &Search) -> Result<usize> {
    let (mut after, mut done) = (None, 0);
    while search.is_on() {
        let rooms = stores.rooms.unindexed(after, SWEEP_PAGE).await?;
        let Some(last) = rooms.last() else { break };
        after = Some(last.id);
        for room in &rooms {
            match index(stores, search, room, limits::REINDEX_WAIT_MS).await {
                Indexed::Yes => done += 1,
                Indexed::Refused => {}
                Indexed::NoAnswer => return Ok(done),
            }
        }
    }
    Ok(done)
}

/// What came of handing a room to the search server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indexed {
    Yes,
    Refused,
    NoAnswer,
}

/// Hands one room to the search server and notes it where that was acknowledged. A failure is logged; the
/// room stays in the outbox.
pub(super) async fn index(stores: &Stores, search: &Search, room: &Room, wait_ms: u64) -> Indexed {
    match search.index(room, wait_ms).await {
        Ok(()) => {}
        Err(SearchError::Off) => return Indexed::NoAnswer,
        Err(why) => {
            tracing::warn!(room = %room.id, %why, "the room waits to be indexed");
            let refused = matches!(why, SearchError::Refused(_));
            return if refused {
                Indexed::Refused
            } else {
                Indexed::NoAnswer
            };
        }
    }
    match stores.rooms.indexed(room.id, room.created_at).await {
        Ok(()) => Indexed::Yes,
        Err(_) => Indexed::NoAnswer,
    }
}
