//! One room, for anybody who is logged in.

use axum::Router;
use axum::extract::State;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms;
use roomtone_shared::rooms::view::{self, RoomView};

use crate::Shared;
use crate::identity::User;
use crate::problem::Problem;
use crate::route::{self, InPath};
use crate::written::WrittenJson;

/// `GET /v1/api/rooms/{roomId}`
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/rooms/{roomId}", show)
}

/// Get a room
#[utoipa::path(
    get,
    path = "/v1/api/rooms/{roomId}",
    operation_id = "getRoom",
    tag = "rooms",
    params(("roomId" = RoomId, Path)),
    responses((status = 200, description = "The room.", body = RoomView))
)]
pub(crate) async fn show(
    State(app): State<Shared>,
    User(user): User,
    InPath(id): InPath,
) -> Result<WrittenJson, Problem> {
    let room = rooms::get(&app.stores, id).await?;
    let room = view::room(&app.stores, &room, Some(&user.uid)).await?;
    Ok(WrittenJson(room.to_json()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Call, Town};

    #[tokio::test]
    async fn anybody_logged_in_sees_a_room() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let answer = town.get("u2", &format!("/v1/api/rooms/{id}")).await;
        assert_eq!((answer.status, answer.id()), (200, id.to_string()));
        assert_eq!(answer.json["users"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_mark_is_shown_on_ones_own_entry_only() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let enter = town.join("u2", id).await;
        town.join("u3", id).await;
        let room = town.get("u2", &format!("/v1/api/rooms/{id}")).await.json;
        let marks: Vec<_> = room["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| u.get("lastReadMessageId").is_some())
            .collect();
        assert_eq!(marks, [false, true, false]);
        assert_eq!(room["users"][1]["lastReadMessageId"], enter);
    }

    #[tokio::test]
    async fn an_unknown_room_is_not_found_whatever_its_id_looks_like() {
        let town = Town::new();
        for id in [
            "7d444840-9dc0-11d1-b245-5ffdce74fad2",
            "x",
            "%ff",
            "7d4448409dc011d1b2455ffdce74fad2",
        ] {
            let answer = town.get("u1", &format!("/v1/api/rooms/{id}")).await;
            assert_eq!(answer.problem(), (404, "/problems/not-found"), "{id}");
        }
    }

    #[tokio::test]
    async fn it_takes_a_token_of_a_user() {
        let town = Town::new();
        let path = format!("/v1/api/rooms/{}", town.room("u1", "p1").await);
        assert_eq!(
            town.call(Call::get(&path)).await.problem(),
            (401, "/problems/unauthenticated")
        );
        assert_eq!(
            town.call(Call::get(&path).token("x")).await.problem(),
            (401, "/problems/unauthenticated")
        );
        assert_eq!(
            town.call(Call::get(&path).token(&town.service()))
                .await
                .problem(),
            (403, "/problems/forbidden")
        );
    }
}
