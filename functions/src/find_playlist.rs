//! Whether a playlist has a room, and whether its owner must leave it as it is.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Json, Router};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Error;
use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::Anybody;
use crate::problem::Problem;
use crate::{Shared, route};

/// `GET /v1/api/rooms/playlists/{playlistId}`
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/rooms/playlists/{playlistId}", find)
}

/// A playlist's room.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlaylistRoom)]
pub(crate) struct Found {
    /// The room.
    room_id: RoomId,
    /// Whether it is live, so that the playlist must stay as it is.
    locked: bool,
}

/// Find a playlist's room
///
/// Says whether the playlist is locked: its owner can't edit it while its room is live.
#[utoipa::path(
    get,
    path = "/v1/api/rooms/playlists/{playlistId}",
    operation_id = "findPlaylist",
    tag = "playlist server",
    params(("playlistId" = String, Path, description = "The playlist server's id for it.")),
    responses(
        (status = 200, description = "It has one.", body = Found),
        (status = 404, description = "It has none."),
    )
)]
pub(crate) async fn find(
    State(app): State<Shared>,
    _: Anybody,
    playlist: Result<Path<String>, PathRejection>,
) -> Result<Json<Found>, Problem> {
    let room = match playlist {
        Ok(Path(id)) => app.stores.rooms.by_playlist(&id).await?,
        // What is no UTF-8 is no playlist's id.
        Err(_) => None,
    };
    let room = room.ok_or_else(|| Error::NotFound("this playlist has no room".into()))?;
    Ok(Json(Found {
        room_id: room.id,
        locked: room.live,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Call, Town};

    #[tokio::test]
    async fn a_playlist_is_locked_while_its_room_is_live() {
        let town = Town::new();
        let id = town.room("u1", "밤/drive 1").await;
        let path = "/v1/api/rooms/playlists/%EB%B0%A4%2Fdrive%201";
        for token in [town.user("u2"), town.service()] {
            let answer = town.call(Call::get(path).token(&token)).await;
            assert_eq!(
                (answer.status, answer.json),
                (200, json!({"roomId": id, "locked": true}))
            );
        }
        town.post("u1", &format!("/v1/api/rooms/exit/{id}")).await;
        assert_eq!(
            town.get("u2", path).await.json,
            json!({"roomId": id, "locked": false})
        );
    }

    #[tokio::test]
    async fn a_playlist_without_a_room_is_not_found() {
        let town = Town::new();
        for id in ["p1", "%ff", "users"] {
            let answer = town
                .get("u1", &format!("/v1/api/rooms/playlists/{id}"))
                .await;
            assert_eq!(answer.problem(), (404, "/problems/not-found"));
        }
        assert_eq!(
            town.call(Call::get("/v1/api/rooms/playlists/p1"))
                .await
                .status,
            401
        );
    }
}
