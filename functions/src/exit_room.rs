//! Exit: stop being a member for good; the same answer for somebody who is none.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms;

use crate::Shared;
use crate::identity::User;
use crate::problem::Problem;
use crate::route::{self, InPath};

/// `POST /v1/api/rooms/exit/{roomId}`
pub fn routes() -> Router<Shared> {
    route::post("/v1/api/rooms/exit/{roomId}", exit)
}

/// Exit a room
///
/// Stops being a member for good. It is the same for who is no member.
#[utoipa::path(
    post,
    path = "/v1/api/rooms/exit/{roomId}",
    operation_id = "exitRoom",
    tag = "rooms",
    params(("roomId" = RoomId, Path)),
    responses((status = 204, description = "No member any more."))
)]
pub(crate) async fn exit(
    State(app): State<Shared>,
    User(user): User,
    InPath(id): InPath,
) -> Result<StatusCode, Problem> {
    rooms::get(&app.stores, id).await?;
    rooms::exit(&app.stores, id, &user.uid).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Call, Town};

    #[tokio::test]
    async fn exiting_tells_the_room_once_however_often_it_is_asked() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        town.join("u2", id).await;
        for _ in 0..2 {
            let answer = town.post("u2", &format!("/v1/api/rooms/exit/{id}")).await;
            assert_eq!((answer.status, answer.json), (204, Value::Null));
        }
        let history = town
            .get("u1", &format!("/v1/api/chat/history/{id}"))
            .await
            .json;
        let types: Vec<&Value> = history["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| &m["messageType"])
            .collect();
        assert_eq!(types, [&json!("ENTER"), &json!("EXIT")]);
        assert_eq!(
            history["messages"][1]["content"],
            json!("Nu2님이 퇴장하였습니다.")
        );
        assert_eq!(
            town.get("u2", "/v1/api/rooms/joined").await.json,
            json!({"rooms": []})
        );
        assert_eq!(
            town.get("u2", &format!("/v1/api/chat/history/{id}"))
                .await
                .status,
            403
        );
    }

    #[tokio::test]
    async fn it_asks_for_no_membership_but_for_a_room_and_a_user() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        assert_eq!(
            town.post("u2", &format!("/v1/api/rooms/exit/{id}/"))
                .await
                .status,
            204
        );
        assert_eq!(
            town.post("u2", &format!("/v1/api/rooms/exit/{}", Town::no_room()))
                .await
                .status,
            404
        );
        assert_eq!(town.post("u2", "/v1/api/rooms/exit/x").await.status, 404);
        assert_eq!(
            town.call(Call::new("POST", &format!("/v1/api/rooms/exit/{id}")))
                .await
                .status,
            401
        );
    }
}
