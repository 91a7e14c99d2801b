//! Create: a room for a playlist, made once however often it is asked for.

use std::time::Duration;

use crate::domain::playlist::Playlist;
use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::domain::user::Profile;
use crate::error::{Error, Result};
use crate::limits;
use crate::search::Search;
use crate::store::{Created, Stores};

/// Tries of a create that keeps meeting others of the same playlist.
const CREATE_TRIES_MAX: u32 = 16;
/// From one of them to the next: 1, 2, 4 ms and so on, and no longer than this.
const CREATE_WAIT_MAX_MS: u64 = 64;

/// What the playlist server asks for.
#[derive(Clone, Debug)]
pub struct CreateRoom {
    /// The playlist's owner.
    pub owner: Profile,
    /// The playlist as it is now.
    pub playlist: Playlist,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct CreatedRoom {
    /// The room.
    pub room: Room,
    /// Whether the playlist had none before.
    pub new: bool,
    /// The room that the owner left for it, by the rule of four rooms.
    pub evicted: Option<RoomId>,
}

/// Makes the room, or finds the one there is; makes the owner a member; hands a room that began to the
/// search server and waits for that no longer than 500 ms. Safe to repeat wherever it stopped.
///
/// # Errors
/// `Conflict` where the playlist's room has another owner, or `Unavailable`.
pub async fn create(stores: &Stores, search: &Search, wanted: CreateRoom) -> Result<CreatedRoom> {
    let owner = wanted.owner.clone();
    // What is there already is found without a write. What is seldom done is in a box: a future is as large as all it may do.
    let (room, new) = match find(stores, &wanted).await? {
        Some(there) => (there, false),
        None => Box::pin(make(stores, wanted)).await?,
    };
    let joined = super::join::settle(stores, room, &owner, true).await?;
    // Until its first member it may have begun anew, by another create: only now its beginning stays.
    let room = super::get(stores, room).await?;
    if !room.indexed {
        Box::pin(super::sweep::index(
            stores,
            search,
            &room,
            limits::INDEX_WAIT_MS,
        ))
        .await;
    }
    Ok(CreatedRoom {
        room,
        new,
        evicted: joined.evicted,
    })
}

/// The playlist's room, where it has one that has begun.
async fn find(stores: &Stores, wanted: &CreateRoom) -> Result<Option<RoomId>> {
    match stores.rooms.by_playlist(&wanted.playlist.id).await? {
        Some(there) => Ok(may_have(&wanted.owner, &there)?.live.then_some(there.id)),
        None => Ok(None),
    }
}

/// Makes it, or begins it anew; true where there was none.
async fn make(stores: &Stores, wanted: CreateRoom) -> Result<(RoomId, bool)> {
    let mut room = Room {
        id: RoomId::new(),
        owner: wanted.owner,
        playlist: wanted.playlist,
        created_at: Timestamp::now(),
        live: false,
        indexed: false,
    };
    for tries in 0..CREATE_TRIES_MAX {
        let there = match stores.rooms.create(&room).await? {
            Created::New => return Ok((room.id, true)),
            Created::Exists(there) => there,
        };
        if may_have(&room.owner, &there)?.live {
            return Ok((there.id, false));
        }
        // Later than the old beginning by every clock, so that the two can be told apart.
        let created_at = Timestamp::now().max(there.created_at.plus_ms(1));
        room = Room {
            id: there.id,
            created_at,
            ..room
        };
        if stores.rooms.restart(&room, there.created_at).await? {
            return Ok((room.id, false));
        }
        // Another create has begun it just now, and is about to bring in the first member: there is nothing to begin then.
        let wait_ms = (1 << tries).min(CREATE_WAIT_MAX_MS);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
    Err(Error::Unavailable("the room store"))
}

/// The room, where it is this owner's.
fn may_have<'a>(owner: &Profile, room: &'a Room) -> Result<&'a Room> {
    if room.owner.uid == owner.uid {
        return Ok(room);
    }
    Err(Error::Conflict(
        "this playlist's room has another owner".into(),
    ))
}
