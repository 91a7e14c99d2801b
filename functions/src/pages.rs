//! Pages: what was read, cut to its size, and where it goes on. Knows the stores and no operation.

use futures_util::{StreamExt, TryStreamExt, stream};
use roomtone_shared::domain::message::{Message, MessageId};
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::Result;
use roomtone_shared::rooms::view::{self, RoomView};
use roomtone_shared::store::{Archived, Stores};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cursor;

/// What a page shows is read from the stores for so many of its entries at once.
pub(crate) const AT_ONCE: usize = 16;

/// Cuts what was read with one more than `size` to `size`, and says whether there was more.
pub(crate) fn cut<T>(mut read: Vec<T>, size: usize) -> (Vec<T>, bool) {
    let more = read.len() > size;
    read.truncate(size);
    (read, more)
}

/// Rooms, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomPage {
    /// The rooms.
    rooms: Vec<RoomView>,
    /// Where the next page begins; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

impl RoomPage {
    /// The first `size` of the rooms that were read, as `viewer` sees them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn read(
        stores: &Stores,
        rooms: Vec<Room>,
        size: usize,
        viewer: Option<&Uid>,
    ) -> Result<Self> {
        let (rooms, more) = cut(rooms, size);
        let next_cursor = rooms.last().filter(|_| more).map(cursor::after_room);
        let read = |room| view::room(stores, room, viewer);
        let views: Vec<_> = rooms.iter().map(read).collect();
        let views = stream::iter(views).buffered(AT_ONCE).try_collect();
        Ok(Self {
            rooms: views.await?,
            next_cursor,
        })
    }
}

/// Messages, and whether there are more of them in the same direction.
pub(crate) struct Messages {
    /// In the order they were asked for.
    pub(crate) list: Vec<Message>,
    /// Whether the last is not the end.
    pub(crate) more: bool,
}

impl Messages {
    /// At most `size` messages after `after`, oldest first; fewer where their bytes are at the limit.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn after(
        stores: &Stores,
        room: RoomId,
        after: Option<MessageId>,
        size: usize,
    ) -> Result<Self> {
        let mut page = Self::cut(
            stores.history.after(room, after, None, size + 1).await?,
            size,
        );
        // A page may have ended by its bytes, so only one that is full says by itself that there is more.
        if let (false, Some(last)) = (page.more, page.last()) {
            page.more = !stores
                .history
                .after(room, Some(last), None, 1)
                .await?
                .is_empty();
        }
        Ok(page)
    }

    /// At most `size` messages before `before`, newest first; fewer where their bytes are at the limit.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn before(
        stores: &Stores,
        room: RoomId,
        before: Option<MessageId>,
        size: usize,
    ) -> Result<Self> {
        let mut page = Self::cut(stores.history.before(room, before, size + 1).await?, size);
        if let (false, Some(last)) = (page.more, page.last()) {
            page.more = !stores.history.before(room, Some(last), 1).await?.is_empty();
        }
        Ok(page)
    }

    fn cut(read: Vec<Archived>, size: usize) -> Self {
        let (kept, more) = cut(read, size);
        Self {
            list: kept.into_iter().map(|archived| archived.message).collect(),
            more,
        }
    }

    fn last(&self) -> Option<MessageId> {
        self.list.last().map(|message| message.id)
    }

    /// Where the next page goes on: the last message's id, or `None` at the end.
    pub(crate) fn next_cursor(&self) -> Option<MessageId> {
        self.last().filter(|_| self.more)
    }
}
