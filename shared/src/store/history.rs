//! Messages, and what lists need of them without reading them all.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::domain::event::Headers;
use crate::domain::message::{Message, MessageId};
use crate::domain::room::RoomId;
use crate::domain::user::Uid;
use crate::error::Result;

/// A message as history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// The message.
    pub message: Message,
    /// The client's own headers, for those who resume.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
}

/// What a room comes to, so far as it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many members there are.
    pub user_count: u64,
    /// The newest message of any kind.
    pub last: Option<MessageId>,
    /// The newest TALK.
    pub last_talk: Option<Message>,
    /// How many TALKs there were.
    pub talks: u64,
}

/// History: always a whole beginning of a room's order. Every error is `Unavailable`.
#[async_trait]
pub trait History: Send + Sync {
    /// One message.
    async fn get(&self, room: RoomId, id: MessageId) -> Result<Option<Archived>>;
    /// Messages after `after` (from the first where that is `None`) and up to `until`, which is covered (or, where
    /// that is `None`, as far as history goes), oldest first: at most `size`, and ending early at the byte limit
    /// of a page, never before one message.
    async fn after(
        &self,
        room: RoomId,
        after: Option<MessageId>,
        until: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>>;
    /// Messages before `before` (from the newest where that is `None`), newest first, limited likewise.
    async fn before(
        &self,
        room: RoomId,
        before: Option<MessageId>,
        size: usize,
    ) -> Result<Vec<Archived>>;
    /// What the room comes to.
    async fn summary(&self, room: RoomId) -> Result<Summary>;
    /// How many TALKs of others than `uid` there are after `mark`.
    async fn unread(&self, room: RoomId, uid: &Uid, mark: Option<MessageId>) -> Result<u64>;
    /// The offset before which everything of this room's part of the log is in history.
    async fn covered(&self, room: RoomId) -> Result<u64>;
}
