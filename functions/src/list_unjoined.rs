//! Live rooms that the user is not in, newest first.

use axum::extract::State;
use axum::{Json, Router};
use roomtone_shared::store::Which;

use crate::identity::User;
use crate::pages::RoomPage;
use crate::problem::Problem;
use crate::query::Params;
use crate::schema::Paging;
use crate::{Shared, cursor, route};

/// `GET /v1/api/rooms/unjoined`
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/rooms/unjoined", list)
}

/// List rooms to join
///
/// Live rooms that the user is no member of, newest first.
#[utoipa::path(
    get,
    path = "/v1/api/rooms/unjoined",
    operation_id = "listUnjoinedRooms",
    tag = "rooms",
    params(Paging),
    responses((status = 200, description = "A page of rooms.", body = RoomPage))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    User(user): User,
    params: Params,
) -> Result<Json<RoomPage>, Problem> {
    let (size, before) = (params.size()?, params.cursor(cursor::room)?);
    let mine = app.stores.memberships.of_user(&user.uid).await?.rooms;
    // However many of the user's own are among them, a page and one more are left.
    let mut rooms = app
        .stores
        .rooms
        .page(Which::Live, before, size + 1 + mine.len())
        .await?;
    rooms.retain(|room| !mine.contains(&room.id));
    Ok(Json(
        RoomPage::read(&app.stores, rooms, size, Some(&user.uid)).await?,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Call, Town};

    #[tokio::test]
    async fn pages_are_full_though_my_own_rooms_are_among_them() {
        let town = Town::new();
        let mut others = vec![];
        for i in 0..9 {
            let owner = if i % 3 == 1 {
                "me".into()
            } else {
                format!("u{i}")
            };
            let id = town.room(&owner, &format!("p{i}")).await;
            if owner != "me" {
                others.push(json!(id));
            }
        }
        others.reverse();
        let (mut seen, mut cursor) = (vec![], String::new());
        for last in [false, false, true] {
            let page = town
                .get(
                    "me",
                    &format!("/v1/api/rooms/unjoined?size=2&cursor={cursor}"),
                )
                .await
                .json;
            let rooms = page["rooms"].as_array().unwrap();
            assert_eq!(rooms.len(), 2);
            seen.extend(rooms.iter().map(|room| room["id"].clone()));
            assert_eq!(page["nextCursor"].is_null(), last);
            cursor = page["nextCursor"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!(seen, others);
    }

    #[tokio::test]
    async fn a_page_has_12_and_at_most_20_and_a_room_without_members_is_not_listed() {
        let town = Town::new();
        for i in 0..22 {
            town.room(&format!("u{i}"), &format!("p{i}")).await;
        }
        let gone = town.room("u22", "p22").await;
        town.post("u22", &format!("/v1/api/rooms/exit/{gone}"))
            .await;
        for (query, count) in [("", 12), ("?size=20", 20), ("?size=21", 20), ("?size=", 12)] {
            let page = town
                .get("me", &format!("/v1/api/rooms/unjoined{query}"))
                .await
                .json;
            assert_eq!(page["rooms"].as_array().unwrap().len(), count);
            assert_ne!(page["rooms"][0]["id"], json!(gone));
        }
        assert_eq!(
            town.get("me", "/v1/api/rooms/unjoined?size=0").await.status,
            400
        );
        assert_eq!(
            town.get("me", "/v1/api/rooms/unjoined?cursor=zz")
                .await
                .status,
            400
        );
        assert_eq!(
            town.call(Call::get("/v1/api/rooms/unjoined")).await.status,
            401
        );
    }
}
