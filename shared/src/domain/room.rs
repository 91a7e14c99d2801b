//! A room: a live chat over one playlist.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::partition::Partition;
use super::playlist::{Playlist, Schedule};
use super::time::Timestamp;
use super::user::Profile;
use crate::error::{Error, Result};

/// A room's id, a UUID.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, format = "uuid")]
pub struct RoomId(Uuid);

impl RoomId {
    /// A new id, like no other.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }

    /// Takes a text as a room's id, in UUID's hyphenated form.
    ///
    /// # Errors
    /// `Invalid`, naming `field`, where it is not a UUID.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        let hyphenated = text.len() == 36;
        let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
        id.map(Self)
            .ok_or_else(|| Error::invalid(field, "must be a room's id, a UUID"))
    }

    /// The id's 16 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// The part of a log of `count` parts that has everything of this room. Ids are random, so the parts
    /// are even.
    #[must_use]
    pub fn partition(self, count: u16) -> Partition {
        let (_, low) = self.0.as_u64_pair();
        let number = low % u64::from(count.max(1));
        Partition(u16::try_from(number).unwrap_or(0))
    }

    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl Default for RoomId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A room as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The room's id.
    pub id: RoomId,
    /// The playlist's owner (채팅장).
    pub owner: Profile,
    /// The playlist as it was when the chat began.
    pub playlist: Playlist,
    /// When the chat began; the playlist loops from here.
    pub created_at: Timestamp,
    /// Whether it has at least one member, as the recorder last saw it.
    pub live: bool,
    /// Whether the search server has acknowledged this beginning of the room.
    pub indexed: bool,
}

impl Room {
    /// What plays when.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule::new(&self.playlist, self.created_at)
    }
}
