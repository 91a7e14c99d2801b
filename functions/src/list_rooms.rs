//! Every room, live or not, newest first: for debugging, and for the playlist server only.

use axum::extract::State;
use axum::{Json, Router};
use roomtone_shared::store::Which;

use crate::identity::Service;
use crate::pages::RoomPage;
use crate::problem::Problem;
use crate::query::Params;
use crate::schema::Paging;
use crate::{Shared, cursor, route};

/// `GET /v1/api/rooms/`
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/rooms", list)
}

/// List all rooms
///
/// Live or not, newest first: for debugging.
#[utoipa::path(
    get,
    path = "/v1/api/rooms/",
    operation_id = "listRooms",
    tag = "playlist server",
    params(Paging),
    responses(
        (status = 200, description = "A page of rooms.", body = RoomPage),
        (status = 403, description = "The token has not got the scope `service`."),
    )
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    _: Service,
    params: Params,
) -> Result<Json<RoomPage>, Problem> {
    let (size, before) = (params.size()?, params.cursor(cursor::room)?);
    let rooms = app.stores.rooms.page(Which::All, before, size + 1).await?;
    Ok(Json(RoomPage::read(&app.stores, rooms, size, None).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Call, Town};

    #[tokio::test]
    async fn every_room_comes_newest_first_live_or_not() {
        let town = Town::new();
        let mut ids = vec![];
        for i in 0..3 {
            ids.push(town.room("u1", &format!("p{i}")).await.to_string());
        }
        town.post("u1", &format!("/v1/api/rooms/exit/{}", ids[1]))
            .await;
        ids.reverse();
        let get = |path: String| town.call(Call::get(&path).token(&town.service()));
        let first = get("/v1/api/rooms/?size=2".into()).await.json;
        assert_eq!(
            [&first["rooms"][0]["id"], &first["rooms"][1]["id"]],
            [&json!(ids[0]), &json!(ids[1])]
        );
        assert_eq!(first["rooms"][1]["userCount"], 0);
        let cursor = first["nextCursor"].as_str().unwrap();
        let second = get(format!("/v1/api/rooms?size=2&cursor={cursor}"))
            .await
            .json;
        assert_eq!(
            (
                second["rooms"].as_array().unwrap().len(),
                &second["rooms"][0]["id"]
            ),
            (1, &json!(ids[2]))
        );
        assert_eq!(second["nextCursor"], json!(null));
    }

    #[tokio::test]
    async fn it_is_for_the_playlist_server_only() {
        let town = Town::new();
        assert_eq!(town.get("u1", "/v1/api/rooms/").await.status, 403);
        assert_eq!(town.call(Call::get("/v1/api/rooms/")).await.status, 401);
    }
}
