//! Who is on, as the log's records add up.

use async_trait::async_trait;

use crate::domain::event::NodeId;
use crate::domain::presence::Standing;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;

/// Presence as the recorder sums it up. Every error is `Unavailable`.
#[async_trait]
pub trait Presence: Send + Sync {
    /// How one user stands in a room.
    async fn of(&self, room: RoomId, uid: &Uid) -> Result<Standing>;
    /// How every member of a room stands, and the offset before which all is summed up.
    async fn room(&self, room: RoomId) -> Result<(u64, Vec<(Uid, Standing)>)>;
    /// The nodes that have a socket in some room, so far as the log tells.
    async fn nodes(&self) -> Result<Vec<NodeId>>;
}
