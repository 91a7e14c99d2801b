//! Rooms as they are shown.

use std::sync::Arc;

use serde::Serialize;
use tokio::try_join;
use utoipa::ToSchema;

use crate::domain::membership::Membership;
use crate::domain::message::{Message, MessageId};
use crate::domain::playlist::{Music, NowPlaying, Playlist};
use crate::domain::room::{Room, RoomId};
use crate::domain::time::Timestamp;
use crate::domain::user::{Profile, Uid};
use crate::error::Result;
use crate::limits;
use crate::store::{Stores, Summary};

mod json;

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Presence)]
pub enum PresenceWord {
    /// One of the user's sockets is in the room and their switch is on.
    On,
    /// Anything else.
    Off,
}

impl From<bool> for PresenceWord {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// A user in a room.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    /// Who.
    #[serde(flatten)]
    pub who: Profile,
    /// When they became a member.
    pub entered_at: Timestamp,
    /// On one's own entry only: the last message read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = MessageId, required = false)]
    pub last_read_message_id: Option<MessageId>,
}

impl UserView {
    /// A member, as `viewer` sees them.
    #[must_use]
    pub fn new(member: &Membership, viewer: Option<&Uid>) -> Self {
        let own = viewer == Some(&member.who.uid);
        Self {
            who: member.who.clone(),
            entered_at: member.entered_at,
            last_read_message_id: member.mark.filter(|_| own),
        }
    }
}

/// A room.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Room)]
pub struct RoomView {
    /// The room's id.
    pub id: RoomId,
    /// The playlist's name.
    #[schema(value_type = String)]
    pub room_name: Arc<str>,
    /// The playlist's owner.
    pub owner: UserView,
    /// How many members there are.
    pub user_count: u64,
    /// The first hundred, in the order they joined.
    pub users: Vec<UserView>,
    /// The playlist.
    pub playlist: Playlist,
    /// Its first track.
    #[schema(value_type = Music)]
    pub thumbnail: Option<Music>,
    /// When the chat began.
    pub created_at: Timestamp,
    /// What is playing.
    pub now_playing: NowPlaying,
}

/// Reads what a room is shown with, as `viewer` sees it.
///
/// # Errors
/// `Unavailable`.
pub async fn room(stores: &Stores, room: &Room, viewer: Option<&Uid>) -> Result<RoomView> {
    let (members, summary) = try_join!(members(stores, room), stores.history.summary(room.id))?;
    show(stores, room, viewer, &members, &summary).await
}

/// Those of a room's members that are shown with it.
async fn members(stores: &Stores, room: &Room) -> Result<Vec<Membership>> {
    let page = stores
        .memberships
        .page(room.id, None, limits::ROOM_USERS_SHOWN);
    page.await
}

async fn show(
    stores: &Stores,
    room: &Room,
    viewer: Option<&Uid>,
    members: &[Membership],
    summary: &Summary,
) -> Result<RoomView> {
    let users: Vec<UserView> = members.iter().map(|m| UserView::new(m, viewer)).collect();
    Ok(RoomView {
        id: room.id,
        room_name: room.playlist.name.clone(),
        owner: owner(stores, room, &users).await?,
        // The recorder's count may be a moment behind; a list that is whole is not.
        user_count: if users.len() < limits::ROOM_USERS_SHOWN {
            users.len() as u64
        } else {
            summary.user_count
        },
        users,
        playlist: room.playlist.clone(),
        thumbnail: room.playlist.musics.first().cloned(),
        created_at: room.created_at,
        now_playing: room.schedule().at(Timestamp::now()),
    })
}

/// The owner, since they joined, or since the room began where they are no member.
async fn owner(stores: &Stores, room: &Room, users: &[UserView]) -> Result<UserView> {
    if let Some(owner) = users.iter().find(|u| u.who.uid == room.owner.uid) {
        return Ok(owner.clone());
    }
    let membership = stores.memberships.get(room.id, &room.owner.uid).await?;
    let entered_at = membership
        .filter(|m| m.joined)
        .map_or(room.created_at, |m| m.entered_at);
    Ok(UserView {
        who: room.owner.clone(),
        entered_at,
        last_read_message_id: None,
    })
}

/// A room that the viewer is a member of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JoinedRoom)]
pub struct JoinedRoomView {
    /// The room.
    #[serde(flatten)]
    pub room: RoomView,
    /// The newest TALK.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Message, required = false)]
    pub last_message: Option<Message>,
    /// TALKs of others after the mark, counted to 300.
    pub unread_count: u64,
    /// The mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = MessageId, required = false)]
    pub last_read_message_id: Option<MessageId>,
    /// Whether the viewer is on; left out while that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PresenceWord, required = false)]
    pub presence: Option<PresenceWord>,
}

/// Reads what a member's own room is shown with, all of it at once.
///
/// # Errors
/// `Unavailable`.
pub async fn joined_room(
    stores: &Stores,
    of: &Room,
    member: &Membership,
) -> Result<JoinedRoomView> {
    let uid = &member.who.uid;
    let known = async { Ok(presence(stores, of.id, uid).await) };
    let (members, summary, unread_count, presence) = try_join!(
        members(stores, of),
        stores.history.summary(of.id),
        stores.history.unread(of.id, uid, member.mark),
        known,
    )?;
    Ok(JoinedRoomView {
        room: show(stores, of, Some(uid), &members, &summary).await?,
        last_message: summary.last_talk,
        unread_count,
        last_read_message_id: member.mark,
        presence,
    })
}

/// Whether a user is on in a room; none where the presence store is away, which is not the same as off.
pub async fn presence(stores: &Stores, room: RoomId, uid: &Uid) -> Option<PresenceWord> {
    let standing = stores.presence.of(room, uid).await.ok()?;
    Some(standing.is_on().into())
}
