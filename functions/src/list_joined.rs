//! The rooms that the user is a member of, last joined first.

use axum::extract::State;
use axum::{Json, Router};
use futures_util::future::try_join_all;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::error::Result;
use roomtone_shared::rooms::view::{self, JoinedRoomView};
use roomtone_shared::store::Stores;
use serde::Serialize;
use tokio::try_join;
use utoipa::ToSchema;

use crate::identity::User;
use crate::problem::Problem;
use crate::{Shared, route};

/// `GET /v1/api/rooms/joined`
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/rooms/joined", list)
}

/// A user's rooms.
#[derive(Serialize, ToSchema)]
#[schema(as = JoinedRooms)]
pub(crate) struct Joined {
    /// Four at most, last joined first.
    rooms: Vec<JoinedRoomView>,
}

/// List my rooms
///
/// The rooms that the user is a member of, with what is unread in them.
#[utoipa::path(
    get,
    path = "/v1/api/rooms/joined",
    operation_id = "listJoinedRooms",
    tag = "rooms",
    responses((status = 200, description = "The rooms.", body = Joined))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    User(user): User,
) -> Result<Json<Joined>, Problem> {
    let joined = app.stores.memberships.of_user(&user.uid).await?.rooms;
    let read = joined.into_iter().rev();
    let read = try_join_all(read.map(|id| joined_room(&app.stores, id, &user.uid))).await?;
    Ok(Json(Joined {
        rooms: read.into_iter().flatten().collect(),
    }))
}

/// The room, unless it was left since the list was read.
async fn joined_room(stores: &Stores, id: RoomId, uid: &Uid) -> Result<Option<JoinedRoomView>> {
    let (member, room) = try_join!(stores.memberships.get(id, uid), stores.rooms.get(id))?;
    let (Some(member), Some(room)) = (member.filter(|m| m.joined), room) else {
        return Ok(None);
    };
    view::joined_room(stores, &room, &member).await.map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Call, Town};

    #[tokio::test]
    async fn my_rooms_come_last_joined_first_with_what_i_missed() {
        let town = Town::new();
        let (first, second) = (town.room("u1", "p1").await, town.room("u2", "p2").await);
        town.join("u1", second).await;
        town.join("u2", first).await;
        town.send("u1", first, "안녕").await;
        let talk = town.send("u2", first, "hello").await;
        let answer = town.get("u1", "/v1/api/rooms/joined").await;
        assert_eq!(answer.status, 200);
        let rooms = answer.json["rooms"].as_array().unwrap();
        assert_eq!(
            (rooms.len(), &rooms[0]["id"], &rooms[1]["id"]),
            (2, &json!(second), &json!(first))
        );
        assert_eq!(
            (&rooms[1]["unreadCount"], &rooms[1]["presence"]),
            (&json!(1), &json!("off"))
        );
        assert_eq!(rooms[1]["lastMessage"], talk);
        assert_eq!(
            (&rooms[1]["userCount"], &rooms[1]["roomName"]),
            (&json!(2), &json!("Night drive"))
        );
        assert_eq!(rooms[0].get("lastMessage"), None);
        assert_eq!(rooms[0]["lastReadMessageId"].as_str().unwrap().len(), 22);
    }

    #[tokio::test]
    async fn whoever_has_none_gets_an_empty_list() {
        let town = Town::new();
        assert_eq!(
            town.get("u1", "/v1/api/rooms/joined/").await.json,
            json!({"rooms": []})
        );
        assert_eq!(
            town.call(Call::get("/v1/api/rooms/joined")).await.status,
            401
        );
    }
}
