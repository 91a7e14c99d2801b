//! Say something in a room without a socket: for debugging.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router};
use roomtone_shared::domain::message::{self, Message};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::rooms;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::identity::User;
use crate::input::{Input, Text, required};
use crate::problem::Problem;
use crate::traced::Traced;
use crate::{Shared, route, schema};

/// `POST /v1/api/chat/message`, and as the first service had it.
pub fn routes() -> Router<Shared> {
    let paths = ["/v1/api/chat/message", "/v1/api/chat/api/v1/message"];
    paths.into_iter().fold(Router::new(), |all, path| {
        all.merge(route::post(path, send))
    })
}

/// Something to say.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SendRequest<'i> {
    /// The room.
    #[serde(borrow)]
    #[schema(value_type = RoomId, required = true)]
    room_id: Option<Text<'i>>,
    /// 1 to 2,000 characters after trimming.
    #[serde(borrow)]
    #[schema(schema_with = schema::content, required = true)]
    content: Option<Text<'i>>,
    /// The sender's own id for it: a repeat within five minutes is not shown, and answered with the first.
    #[serde(borrow)]
    #[schema(schema_with = schema::client_message_id)]
    client_message_id: Option<Text<'i>>,
}

/// Say something
///
/// Without a socket, for debugging. The sender must be a member, and switched on.
#[utoipa::path(
    post,
    path = "/v1/api/chat/message",
    operation_id = "sendMessage",
    tag = "chat",
    request_body = SendRequest,
    responses(
        (status = 201, description = "The message as it stands in the log.", body = Message),
        (status = 404, description = "There is no such room."),
        (status = 429, description = "Too many of the user's messages, or of the room's, within a second."),
    )
)]
pub(crate) async fn send(
    State(app): State<Shared>,
    User(user): User,
    Traced(trace): Traced,
    input: Input,
) -> Result<(StatusCode, Json<Message>), Problem> {
    let request: SendRequest<'_> = input.read()?;
    app.sends.count(&user.uid).await?;
    let room = RoomId::parse("roomId", &required("roomId", request.room_id)?)?;
    let content = message::content(&required("content", request.content)?)?;
    let own_id = request
        .client_message_id
        .as_deref()
        .map(message::client_message_id)
        .transpose()?;
    let counted = app.sends.count_in(room);
    let message = rooms::send(&app.stores, room, &user, content, own_id, trace, counted).await?;
    Ok((StatusCode::CREATED, Json(message)))
}

#[cfg(test)]
mod tests {
    use axum::http::header::RETRY_AFTER;
    use roomtone_shared::domain::rate::Rate;
    use serde_json::{Value, json};

    use crate::testing::{Answer, Call, Town};

    const PATH: &str = "/v1/api/chat/message";

    async fn send(town: &Town, uid: &str, body: &Value) -> Answer {
        town.call(Call::new("POST", PATH).token(&town.user(uid)).json(body))
            .await
    }

    #[tokio::test]
    async fn a_message_is_given_as_it_stands_in_history() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let body = json!({"roomId": id, "content": "  안녕하세요 \n", "clientMessageId": "c1"});
        let sent = town
            .call(
                Call::new("POST", PATH)
                    .token(&town.user_with_picture("u1", "/p.svg"))
                    .json(&body),
            )
            .await;
        assert_eq!(sent.status, 201);
        let message = sent.json;
        let expected = json!({
            "id": message["id"], "roomId": id, "messageType": "TALK", "senderId": "u1", "nickName": "Nu1",
            "senderProfileImage": "/p.svg", "content": "안녕하세요", "createdAt": message["createdAt"],
            "currentMusicId": "0", "positionMs": message["positionMs"], "clientMessageId": "c1",
        });
        assert_eq!(message, expected);
        assert_eq!(message["id"].as_str().unwrap().len(), 22);
        let history = town
            .get("u1", &format!("/v1/api/chat/history/{id}"))
            .await
            .json;
        assert_eq!(history["messages"], json!([message]));
    }

    #[tokio::test]
    async fn a_repeat_gives_the_first_message_and_shows_nothing() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let first = send(
            &town,
            "u1",
            &json!({"roomId": id, "content": "one", "clientMessageId": "c1"}),
        )
        .await;
        let again = json!({"roomId": id, "content": "two", "clientMessageId": "c1"});
        let repeat = town
            .call(
                Call::new("POST", "/v1/api/chat/api/v1/message/")
                    .token(&town.user("u1"))
                    .json(&again),
            )
            .await;
        assert_eq!((repeat.status, &repeat.json), (201, &first.json));
        let history = town
            .get("u1", &format!("/v1/api/chat/history/{id}"))
            .await
            .json;
        assert_eq!(history["messages"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_text_has_1_to_2000_characters_after_trimming() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let of = |content: Value| json!({"roomId": id, "content": content});
        assert_eq!(
            send(&town, "u1", &of(json!("가".repeat(2_000))))
                .await
                .status,
            201
        );
        for content in [
            json!("가".repeat(2_001)),
            json!(" \n"),
            json!(""),
            json!(null),
        ] {
            let answer = send(&town, "u1", &of(content)).await;
            assert_eq!(
                (answer.status, &answer.json["field"]),
                (422, &json!("content"))
            );
        }
        let missing = send(&town, "u1", &json!({"content": "x"})).await;
        assert_eq!(
            (missing.status, &missing.json["field"]),
            (422, &json!("roomId"))
        );
        let own_id = send(
            &town,
            "u1",
            &json!({"roomId": id, "content": "x", "clientMessageId": ""}),
        )
        .await;
        assert_eq!(
            (own_id.status, &own_id.json["field"]),
            (422, &json!("clientMessageId"))
        );
        assert_eq!(
            send(&town, "u1", &of(json!(5))).await.problem(),
            (400, "/problems/malformed")
        );
    }

    #[tokio::test]
    async fn it_needs_membership_and_the_switch() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let body = json!({"roomId": id, "content": "x"});
        assert_eq!(
            send(&town, "u2", &body).await.problem(),
            (403, "/problems/forbidden")
        );
        let unknown = json!({"roomId": Town::no_room(), "content": "x"});
        assert_eq!(
            send(&town, "u1", &unknown).await.problem(),
            (404, "/problems/not-found")
        );
        assert_eq!(
            town.call(Call::new("POST", PATH).json(&body)).await.status,
            401
        );
        let switch = |word: &str| {
            Call::new("PATCH", &format!("/api/v1/presence/{word}"))
                .token(&town.user("u1"))
                .json(&json!({"roomId": id}))
        };
        assert_eq!(town.call(switch("off")).await.status, 204);
        assert_eq!(send(&town, "u1", &body).await.status, 403);
        assert_eq!(town.call(switch("on")).await.status, 204);
        assert_eq!(send(&town, "u1", &body).await.status, 201);
    }

    #[tokio::test]
    async fn who_sends_too_fast_must_wait_and_others_need_not() {
        let town = Town::with_rate(Rate { per_s: 1, burst: 2 });
        let id = town.room("u1", "p1").await;
        town.join("u2", id).await;
        let body = json!({"roomId": id, "content": "x"});
        let mut answers = vec![];
        for _ in 0..4 {
            answers.push(send(&town, "u1", &body).await);
        }
        let refused = answers
            .iter()
            .find(|a| a.status != 201)
            .expect("four within a second");
        assert_eq!(refused.problem(), (429, "/problems/too-fast"));
        assert_eq!(refused.headers[RETRY_AFTER], "1");
        assert_eq!(send(&town, "u2", &body).await.status, 201);
    }

    #[tokio::test]
    async fn a_room_gets_so_many_whoever_sends_them_and_another_gets_its_own() {
        let town = Town::with_room_rate(Rate { per_s: 1, burst: 3 });
        let (full, other) = (town.room("u1", "p1").await, town.room("u1", "p2").await);
        town.join("u2", full).await;
        let body = json!({"roomId": full, "content": "x"});
        let mut answers = vec![];
        for who in ["u1", "u2", "u1", "u2", "u1"] {
            answers.push(send(&town, who, &body).await);
        }
        let refused = answers
            .iter()
            .find(|a| a.status != 201)
            .expect("five within a second");
        assert_eq!(refused.problem(), (429, "/problems/too-fast"));
        assert_eq!(refused.headers[RETRY_AFTER], "1");
        let elsewhere = json!({"roomId": other, "content": "x"});
        assert_eq!(send(&town, "u1", &elsewhere).await.status, 201);
    }
}
