//! Presence, for members: who of a room is on or off, and one's own switch.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router};
use roomtone_shared::domain::presence::Standing;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::{Profile, Uid};
use roomtone_shared::rooms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Shared;
use crate::identity::User;
use crate::input::{Input, Text, required};
use crate::problem::Problem;
use crate::route::{self, InPath};

/// `GET /api/v1/presence/{roomId}/on` and `/off`, `PATCH /api/v1/presence/on` and `/off`
pub fn routes() -> Router<Shared> {
    route::get("/api/v1/presence/{roomId}/on", who_is_on)
        .merge(route::get("/api/v1/presence/{roomId}/off", who_is_off))
        .merge(route::patch("/api/v1/presence/on", turn_on))
        .merge(route::patch("/api/v1/presence/off", turn_off))
}

/// Members of a room.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoomPresence)]
pub(crate) struct Who {
    /// The room.
    room_id: RoomId,
    /// Their ids.
    users: Vec<Uid>,
}

/// List who is on
///
/// On is who has a socket in the room, and their switch on.
#[utoipa::path(
    get,
    path = "/api/v1/presence/{roomId}/on",
    operation_id = "listOn",
    tag = "presence",
    params(("roomId" = RoomId, Path)),
    responses((status = 200, description = "Members that are on.", body = Who))
)]
pub(crate) async fn who_is_on(
    State(app): State<Shared>,
    User(user): User,
    InPath(room): InPath,
) -> Result<Json<Who>, Problem> {
    list(&app, user, room, true).await
}

/// List who is off
#[utoipa::path(
    get,
    path = "/api/v1/presence/{roomId}/off",
    operation_id = "listOff",
    tag = "presence",
    params(("roomId" = RoomId, Path)),
    responses((status = 200, description = "Members that are off.", body = Who))
)]
pub(crate) async fn who_is_off(
    State(app): State<Shared>,
    User(user): User,
    InPath(room): InPath,
) -> Result<Json<Who>, Problem> {
    list(&app, user, room, false).await
}

async fn list(
    app: &Shared,
    user: Profile,
    room_id: RoomId,
    on: bool,
) -> Result<Json<Who>, Problem> {
    rooms::member(&app.stores, room_id, &user.uid).await?;
    let (_, standings) = app.stores.presence.room(room_id).await?;
    let wanted = |(_, standing): &(Uid, Standing)| standing.joined && standing.is_on() == on;
    let users = standings
        .into_iter()
        .filter(wanted)
        .map(|(uid, _)| uid)
        .collect();
    Ok(Json(Who { room_id, users }))
}

/// Where to be on or off.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SwitchRequest<'i> {
    /// The room.
    #[serde(borrow)]
    #[schema(value_type = RoomId, required = true)]
    room_id: Option<Text<'i>>,
}

/// Switch on
#[utoipa::path(
    patch,
    path = "/api/v1/presence/on",
    operation_id = "switchOn",
    tag = "presence",
    request_body = SwitchRequest,
    responses((status = 204, description = "On."), (status = 404, description = "There is no such room."))
)]
pub(crate) async fn turn_on(
    State(app): State<Shared>,
    User(user): User,
    input: Input,
) -> Result<StatusCode, Problem> {
    switch(&app, &user.uid, &input, true).await
}

/// Switch off
///
/// Who is off may not send, and is not shown as here.
#[utoipa::path(
    patch,
    path = "/api/v1/presence/off",
    operation_id = "switchOff",
    tag = "presence",
    request_body = SwitchRequest,
    responses((status = 204, description = "Off."), (status = 404, description = "There is no such room."))
)]
pub(crate) async fn turn_off(
    State(app): State<Shared>,
    User(user): User,
    input: Input,
) -> Result<StatusCode, Problem> {
    switch(&app, &user.uid, &input, false).await
}

async fn switch(app: &Shared, uid: &Uid, input: &Input, on: bool) -> Result<StatusCode, Problem> {
    let request: SwitchRequest<'_> = input.read()?;
    let room = RoomId::parse("roomId", &required("roomId", request.room_id)?)?;
    rooms::switch(&app.stores, room, uid, on).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use roomtone_shared::domain::room::RoomId;
    use serde_json::{Value, json};

    use crate::testing::{Answer, Call, Town};

    async fn switch(town: &Town, uid: &str, word: &str, body: Value) -> Answer {
        town.call(
            Call::new("PATCH", &format!("/api/v1/presence/{word}"))
                .token(&town.user(uid))
                .json(&body),
        )
        .await
    }

    async fn who_is(town: &Town, room: RoomId, word: &str) -> Value {
        let answer = town
            .get("u1", &format!("/api/v1/presence/{room}/{word}"))
            .await;
        assert_eq!((answer.status, &answer.json["roomId"]), (200, &json!(room)));
        assert_eq!(answer.json.as_object().unwrap().len(), 2);
        answer.json["users"].clone()
    }

    #[tokio::test]
    async fn on_takes_a_socket_and_the_switch() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        town.join("u2", id).await;
        town.join("u3", id).await;
        town.post("u3", &format!("/v1/api/rooms/exit/{id}")).await;
        assert_eq!(
            (
                who_is(&town, id, "on").await,
                who_is(&town, id, "off").await
            ),
            (json!([]), json!(["u1", "u2"]))
        );
        town.hold("u2", id).await;
        assert_eq!(
            (
                who_is(&town, id, "on").await,
                who_is(&town, id, "off").await
            ),
            (json!(["u2"]), json!(["u1"]))
        );
        let answer = switch(&town, "u2", "off", json!({"roomId": id})).await;
        assert_eq!((answer.status, answer.json), (204, Value::Null));
        assert_eq!(
            (
                who_is(&town, id, "on").await,
                who_is(&town, id, "off").await
            ),
            (json!([]), json!(["u1", "u2"]))
        );
        assert_eq!(
            switch(&town, "u2", "on/", json!({"roomId": id}))
                .await
                .status,
            204
        );
        assert_eq!(who_is(&town, id, "on/").await, json!(["u2"]));
    }

    #[tokio::test]
    async fn both_are_for_members() {
        let town = Town::new();
        let (id, unknown) = (town.room("u1", "p1").await, Town::no_room());
        for (of, status) in [(id, 403), (unknown, 404)] {
            assert_eq!(
                town.get("u2", &format!("/api/v1/presence/{of}/on"))
                    .await
                    .status,
                status
            );
            assert_eq!(
                town.get("u2", &format!("/api/v1/presence/{of}/off"))
                    .await
                    .status,
                status
            );
            assert_eq!(
                switch(&town, "u2", "off", json!({"roomId": of}))
                    .await
                    .status,
                status
            );
        }
        assert_eq!(town.get("u1", "/api/v1/presence/x/on").await.status, 404);
        assert_eq!(
            town.call(Call::get(&format!("/api/v1/presence/{id}/on")))
                .await
                .status,
            401
        );
        assert_eq!(
            town.call(Call::new("PATCH", "/api/v1/presence/on").json(&json!({})))
                .await
                .status,
            401
        );
    }

    #[tokio::test]
    async fn the_switch_wants_a_room() {
        let town = Town::new();
        for body in [json!({}), json!({"roomId": "x"})] {
            let answer = switch(&town, "u1", "on", body).await;
            assert_eq!(
                (answer.status, &answer.json["field"]),
                (422, &json!("roomId"))
            );
        }
        assert_eq!(switch(&town, "u1", "on", json!([])).await.status, 400);
    }
}
