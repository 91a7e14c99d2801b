//! Memberships with the rule of four rooms, and marks.

use async_trait::async_trait;

use crate::domain::membership::{Change, MemberCursor, Membership, Placed, UserRooms};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::Result;

/// What came of a change.
#[expect(
    clippy::large_enum_variant,
    reason = "made once for a change and matched at once"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was so already.
    Already(Option<Membership>),
    /// These have a change that must be in the log first; nothing was written.
    Blocked(Vec<Placed>),
    /// It is written, and pending until [`Memberships::settle`].
    Done {
        /// The membership as it is now.
        membership: Membership,
        /// The one that the rule of four rooms ended.
        evicted: Option<Placed>,
    },
}

/// How far the log has told of a membership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The newest version that is in the log, so far as is known.
    pub version: u64,
    /// The ENTER that the membership began with, where that is known.
    pub entered: Option<MessageId>,
}

/// Memberships. Reads see every write that came before them. Every error is `Unavailable`.
#[async_trait]
pub trait Memberships: Send + Sync {
    /// The membership, or the tombstone of one.
    async fn get(&self, room: RoomId, uid: &Uid) -> Result<Option<Membership>>;
    /// The user's rooms, the one joined longest ago first.
    async fn of_user(&self, uid: &Uid) -> Result<UserRooms>;
    /// Changes a membership by the rules of `domain::membership`, in one transaction.
    async fn change(
        &self,
        room: RoomId,
        uid: &Uid,
        change: Change,
        now: Timestamp,
    ) -> Result<Changed>;
    /// Notes that the change of this version is in the log; `mark` is where a new membership's mark begins.
    /// Does nothing where the membership has gone on to another version. Where two bring the same change in,
    /// either may come first, and the one that knows the mark may come last.
    async fn settle(
        &self,
        room: RoomId,
        uid: &Uid,
        version: u64,
        mark: Option<MessageId>,
    ) -> Result<()>;
    /// How far the log has told of a membership. By itself a membership knows that what is not pending is told.
    async fn told(&self, room: RoomId, uid: &Uid) -> Result<Told> {
        let membership = self.get(room, uid).await?;
        let version =
            membership.map_or(0, |m| m.version.saturating_sub(m.pending.is_some().into()));
        Ok(Told {
            version,
            entered: None,
        })
    }
    /// Moves the mark of the membership that began with this join forward to `mark`, never back.
    async fn mark(&self, room: RoomId, uid: &Uid, sequence: u64, mark: MessageId) -> Result<()>;
    /// The room's members in the order they joined, after `after`.
    async fn page(
        &self,
        room: RoomId,
        after: Option<MemberCursor>,
        size: usize,
    ) -> Result<Vec<Membership>>;
    /// Memberships with a change decided before `before` that may not be in the log, at most `size`.
    async fn pending(&self, before: Timestamp, size: usize) -> Result<Vec<Placed>>;
}
