//! The operations with a rule, above every form of the stores alike.

mod crash;
mod create;
mod exit;
mod four_rooms;
mod join;
mod leave;
mod send;

use roomtone_shared::domain::message::{MessageId, MessageType};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Profile;
use roomtone_shared::error::Result;
use roomtone_shared::outbound::Outbound;
use roomtone_shared::rooms::{CreateRoom, CreatedRoom};
use roomtone_shared::search::Search;
use roomtone_shared::store::Stores;

use crate::{chat, given, rooms};

/// A room that is there and has no member.
pub(crate) async fn room(stores: &Stores) -> RoomId {
    room_with(stores, RoomId::new()).await
}

/// The same with this id.
pub(crate) async fn room_with(stores: &Stores, id: RoomId) -> RoomId {
    let room = roomtone_shared::domain::room::Room {
        id,
        ..given::room_of(&id.to_string(), 1)
    };
    rooms::keep(stores, &room).await;
    id
}

/// Creates a room, as the playlist server does; no search server is told.
pub(crate) async fn create(
    stores: &Stores,
    owner: &Profile,
    playlist: &str,
) -> Result<CreatedRoom> {
    let search = Search::new(Outbound::new(), None).unwrap();
    let (owner, playlist) = (owner.clone(), given::playlist(playlist));
    roomtone_shared::rooms::create(stores, &search, CreateRoom { owner, playlist }).await
}

/// Makes somebody a member.
pub(crate) async fn join(stores: &Stores, room: RoomId, who: &Profile) -> MessageId {
    let joined = roomtone_shared::rooms::join(stores, room, who)
        .await
        .unwrap();
    joined.notice.expect("an ENTER")
}

/// What the room's messages are, and of whom, oldest first.
async fn told(stores: &Stores, room: RoomId) -> Vec<(MessageType, String)> {
    let all = chat::messages(stores, room).await.into_iter();
    all.map(|m| (m.message.message_type, m.message.sender_id.to_string()))
        .collect()
}
