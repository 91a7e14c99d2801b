//! Rooms with their playlists.

use async_trait::async_trait;

use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::error::Result;

/// What came of making a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// Its playlist has this one already.
    Exists(Room),
}

/// Which rooms a page is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every room there ever was.
    All,
    /// Those with a member.
    Live,
}

/// Where a list of rooms goes on: before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomCursor {
    /// When the last one shown began.
    pub created_at: Timestamp,
    /// Which that was.
    pub id: RoomId,
}

/// Rooms, at most one per playlist. Every error is `Unavailable`.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// The room with this id.
    async fn get(&self, id: RoomId) -> Result<Option<Room>>;
    /// The room of this playlist.
    async fn by_playlist(&self, playlist_id: &str) -> Result<Option<Room>>;
    /// Makes the room, unless its playlist has one.
    async fn create(&self, room: &Room) -> Result<Created>;
    /// Lets a room that is not live begin anew as `room` says, if it still is the one that began at `was`.
    async fn restart(&self, room: &Room, was: Timestamp) -> Result<bool>;
    /// The newest rooms before `before`, newest first.
    async fn page(
        &self,
        which: Which,
        before: Option<RoomCursor>,
        size: usize,
    ) -> Result<Vec<Room>>;
    /// Rooms that the search server has not acknowledged, by their ids, after `after`, at most `size`.
    async fn unindexed(&self, after: Option<RoomId>, size: usize) -> Result<Vec<Room>>;
    /// Notes that the search server has acknowledged the room that began at `created_at`.
    async fn indexed(&self, id: RoomId, created_at: Timestamp) -> Result<()>;
}
