//! The members of a room in the order they joined, for its members.

use axum::extract::State;
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use roomtone_shared::domain::membership::Membership;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::Uid;
use roomtone_shared::rooms;
use roomtone_shared::rooms::view::{self, PresenceWord, UserView};
use roomtone_shared::store::Stores;
use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::User;
use crate::problem::Problem;
use crate::query::Params;
use crate::route::{self, InPath};
use crate::schema::Paging;
use crate::{Shared, cursor, pages};

/// `GET /v1/api/rooms/{roomId}/users`
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/rooms/{roomId}/users", list)
}

/// A page of members.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPage {
    /// In the order they joined.
    users: Vec<Present>,
    /// Where the next page begins; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A member.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct Present {
    #[serde(flatten)]
    user: UserView,
    /// Left out while it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PresenceWord, required = false)]
    presence: Option<PresenceWord>,
}

/// List a room's members
#[utoipa::path(
    get,
    path = "/v1/api/rooms/{roomId}/users",
    operation_id = "listUsers",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path),
        Paging,
    ),
    responses((status = 200, description = "A page of members.", body = UserPage))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    User(user): User,
    InPath(id): InPath,
    params: Params,
) -> Result<Json<UserPage>, Problem> {
    let (size, after) = (params.size()?, params.cursor(cursor::member)?);
    rooms::member(&app.stores, id, &user.uid).await?;
    let members = app.stores.memberships.page(id, after, size + 1).await?;
    let (members, more) = pages::cut(members, size);
    let next_cursor = members.last().filter(|_| more).map(cursor::after_member);
    let read = |member| present(&app.stores, id, member, &user.uid);
    let users: Vec<_> = members.iter().map(read).collect();
    let users = stream::iter(users).buffered(pages::AT_ONCE).collect().await;
    Ok(Json(UserPage { users, next_cursor }))
}

async fn present(stores: &Stores, room: RoomId, member: &Membership, viewer: &Uid) -> Present {
    Present {
        user: UserView::new(member, Some(viewer)),
        presence: view::presence(stores, room, &member.who.uid).await,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Town;

    #[tokio::test]
    async fn members_come_in_pages_in_the_order_they_joined() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        for uid in ["u5", "u3", "u4", "u2"] {
            town.join(uid, id).await;
        }
        town.hold("u3", id).await;
        let (mut seen, mut cursor) = (vec![], String::new());
        for expected in [2, 2, 1] {
            let page = town
                .get(
                    "u4",
                    &format!("/v1/api/rooms/{id}/users?size=2&cursor={cursor}"),
                )
                .await;
            let users = page.json["users"].as_array().unwrap();
            assert_eq!((page.status, users.len()), (200, expected));
            let told = |u: &serde_json::Value| {
                format!(
                    "{} {}",
                    u["uid"].as_str().unwrap(),
                    u["presence"].as_str().unwrap()
                )
            };
            seen.extend(users.iter().map(told));
            cursor = page.json["nextCursor"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            assert_eq!(cursor.is_empty(), page.json["nextCursor"] == json!(null));
        }
        assert_eq!(seen, ["u1 off", "u5 off", "u3 on", "u4 off", "u2 off"]);
        assert_eq!(cursor, "");
    }

    #[tokio::test]
    async fn an_entry_is_a_user_and_their_presence() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let enter = town.join("u2", id).await;
        let page = town
            .get("u2", &format!("/v1/api/rooms/{id}/users"))
            .await
            .json;
        let at = page["users"][1]["enteredAt"].clone();
        let expected = json!({"uid": "u2", "nickName": "Nu2", "enteredAt": at, "lastReadMessageId": enter, "presence": "off"});
        assert_eq!(page["users"][1], expected);
        assert_eq!(page["users"][0].get("lastReadMessageId"), None);
        assert_eq!(page["nextCursor"], json!(null));
        assert!(page.as_object().unwrap().contains_key("nextCursor"));
    }

    #[tokio::test]
    async fn it_is_for_members_and_for_cursors_of_its_own() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let path = format!("/v1/api/rooms/{id}/users");
        assert_eq!(town.get("u2", &path).await.status, 403);
        assert_eq!(
            town.get("u1", &format!("/v1/api/rooms/{}/users", Town::no_room()))
                .await
                .status,
            404
        );
        assert_eq!(town.get("u1", "/v1/api/rooms/x/users").await.status, 404);
        for query in ["cursor=x", "size=0", "size=-1", "size=x"] {
            assert_eq!(
                town.get("u1", &format!("{path}?{query}")).await.problem(),
                (400, "/problems/malformed"),
                "{query}"
            );
        }
        assert_eq!(
            town.get("u1", &format!("{path}?size=500&cursor=&other=1"))
                .await
                .status,
            200
        );
    }
}
