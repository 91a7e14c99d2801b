//! Leave: close the chat and say how far it was read.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use roomtone_shared::domain::message::MessageId;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::identity::User;
use crate::input::{Input, Text, required};
use crate::problem::Problem;
use crate::{Shared, route};

/// `PUT /v1/api/rooms/leave`
pub fn routes() -> Router<Shared> {
    route::put("/v1/api/rooms/leave", leave)
}

/// How far a room was read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LeaveRequest<'i> {
    /// The room.
    #[serde(borrow)]
    #[schema(value_type = RoomId, required = true)]
    room_id: Option<Text<'i>>,
    /// The last message that was read.
    #[serde(borrow)]
    #[schema(value_type = MessageId, required = true)]
    last_read_message_id: Option<Text<'i>>,
}

/// Leave a room
///
/// Closes the chat on all the user's sockets, who stays a member, and keeps how far they read: never backwards.
#[utoipa::path(
    put,
    path = "/v1/api/rooms/leave",
    operation_id = "leaveRoom",
    tag = "rooms",
    request_body = LeaveRequest,
    responses((status = 204, description = "Kept."), (status = 404, description = "There is no such room."))
)]
pub(crate) async fn leave(
    State(app): State<Shared>,
    User(user): User,
    input: Input,
) -> Result<StatusCode, Problem> {
    let request: LeaveRequest<'_> = input.read()?;
    let room = RoomId::parse("roomId", &required("roomId", request.room_id)?)?;
    let mark = required("lastReadMessageId", request.last_read_message_id)?;
    let mark = MessageId::parse("lastReadMessageId", &mark)?;
    rooms::leave(&app.stores, room, &user.uid, mark).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Call, Town};

    async fn leave(town: &Town, uid: &str, body: Value) -> crate::testing::Answer {
        town.call(
            Call::new("PUT", "/v1/api/rooms/leave")
                .token(&town.user(uid))
                .json(&body),
        )
        .await
    }

    #[tokio::test]
    async fn the_mark_moves_forward_and_never_back() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let enter = town.join("u2", id).await;
        let talk = town.send("u1", id, "hello").await["id"].clone();
        for mark in [&talk, &enter] {
            let answer = leave(
                &town,
                "u2",
                json!({"roomId": id, "lastReadMessageId": mark}),
            )
            .await;
            assert_eq!((answer.status, answer.json), (204, Value::Null));
            let rooms = town.get("u2", "/v1/api/rooms/joined").await.json;
            assert_eq!(
                (
                    &rooms["rooms"][0]["lastReadMessageId"],
                    &rooms["rooms"][0]["unreadCount"]
                ),
                (&talk, &json!(0))
            );
        }
    }

    #[tokio::test]
    async fn what_is_missing_or_beyond_the_newest_message_is_named() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let enter = town.join("u2", id).await;
        for (body, field) in [
            (json!({"lastReadMessageId": enter}), "roomId"),
            (json!({"roomId": "x", "lastReadMessageId": enter}), "roomId"),
            (json!({"roomId": id}), "lastReadMessageId"),
            (
                json!({"roomId": id, "lastReadMessageId": "x"}),
                "lastReadMessageId",
            ),
            (
                json!({"roomId": id, "lastReadMessageId": "00010fffffffffffffff00"}),
                "lastReadMessageId",
            ),
        ] {
            let answer = leave(&town, "u2", body).await;
            assert_eq!(
                (answer.problem(), answer.json["field"].as_str()),
                ((422, "/problems/invalid"), Some(field))
            );
        }
        assert_eq!(leave(&town, "u2", json!({"roomId": 5})).await.status, 400);
    }

    #[tokio::test]
    async fn it_is_for_members() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let enter = town.join("u2", id).await;
        let body = json!({"roomId": id, "lastReadMessageId": enter});
        assert_eq!(
            leave(&town, "u3", body.clone()).await.problem(),
            (403, "/problems/forbidden")
        );
        let unknown = json!({"roomId": Town::no_room(), "lastReadMessageId": enter});
        assert_eq!(
            leave(&town, "u2", unknown).await.problem(),
            (404, "/problems/not-found")
        );
        assert_eq!(
            town.call(Call::new("PUT", "/v1/api/rooms/leave").json(&body))
                .await
                .status,
            401
        );
    }
}
