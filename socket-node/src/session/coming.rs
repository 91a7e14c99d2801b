//! Coming into a room, beside the user's leaving it over HTTP.
//!
//! That is a record of the log, which this shard may read late. Whatever brings a socket into a room notes where the log ended
//! meanwhile: a leaving before that is over, one behind it counts, also where it is read before the socket has come.

use std::rc::Rc;
use std::time::Duration;

use roomtone_shared::domain::room::RoomId;
use tokio::time::timeout;

use super::Session;
use super::under_way::Coming;

/// How long where the log ends is waited for. Where it cannot be had, a leaving counts however old it is.
const END_WITHIN: Duration = Duration::from_secs(2);

impl Session {
    /// Does what brings the socket into a room. Until [`Session::came`], no leaving takes it out.
    pub(super) async fn coming<T, E>(
        &self,
        room: RoomId,
        does: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.with_place(room, |_| ());
        let coming = Coming {
            room,
            left_at: None,
        };
        self.under_way(|under_way| under_way.coming = Some(coming));
        let end = timeout(END_WITHIN, self.shard.node.ends.of(room));
        let (done, end) = tokio::join!(does, end);
        if done.is_ok()
            && let Some(end) = end.ok().flatten()
        {
            self.with_place(room, |place| place.came_at = end);
        }
        done
    }

    /// It has come, or not: a leaving that was read meanwhile counts now, where it was behind all this.
    pub(super) fn came(self: &Rc<Self>) {
        let coming = self.under_way(|under_way| under_way.coming.take());
        if let Some(Coming {
            room,
            left_at: Some(offset),
        }) = coming
        {
            self.taken_out(room, offset);
        }
    }

    /// The room that it is just coming into.
    pub(super) fn coming_to(&self) -> Option<RoomId> {
        let under_way = self.under_way.borrow();
        Some(under_way.as_ref()?.coming.as_ref()?.room)
    }

    /// Keeps the user's leaving at this offset for later, where the socket is just coming; false where it is not.
    pub(super) fn leaves_while_coming(&self, room: RoomId, offset: u64) -> bool {
        let mut under_way = self.under_way.borrow_mut();
        let coming = under_way
            .as_mut()
            .and_then(|under_way| under_way.coming.as_mut());
        let coming = coming.filter(|coming| coming.room == room);
        coming.map(|coming| coming.left_at = Some(offset)).is_some()
    }
}
