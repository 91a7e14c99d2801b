//! Who is on, as the log's records add up, and which nodes live.

use async_trait::async_trait;

use crate::domain::event::NodeId;
use crate::domain::presence::Standing;
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;

/// Presence. Every error is `Unavailable`.
#[async_trait]
pub trait Presence: Send + Sync {
    /// How one user stands in a room.
    async fn of(&self, room: RoomId, uid: &Uid) -> Result<Standing>;
    /// How every member of a room stands, and the offset before which all is summed up. It may go further:
    /// records from that offset on change nothing that has them already.
    async fn room(&self, room: RoomId) -> Result<(u64, Vec<(Uid, Standing)>)>;
    /// Notes whether a node has a socket of a user in a room, before the log is told. Of one node's word on
    /// one user in one room, the next comes only when the last is answered.
    async fn hold(&self, node: NodeId, room: RoomId, uid: &Uid, held: bool) -> Result<()>;
    /// Says that a node lives, for [`limits::LEASE_MS`](crate::limits::LEASE_MS) from now. True where what it
    /// holds is not known here and has to be said again.
    async fn renew(&self, node: NodeId) -> Result<bool>;
    /// Nodes that live no more, so far as is known, and that the log has to be told of.
    async fn lost(&self) -> Result<Vec<NodeId>>;
    /// Notes that all parts of the log know that a node is gone.
    async fn forget(&self, node: NodeId) -> Result<()>;
}
