//! Re-enter: everything a member needs to come back to a room in one answer. Changes nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::{Json, Router};
use roomtone_shared::domain::membership::Membership;
use roomtone_shared::domain::message::{Message, MessageId};
use roomtone_shared::domain::playlist::NowPlaying;
use roomtone_shared::domain::room::{Room, RoomId};
use roomtone_shared::error::Result;
use roomtone_shared::rooms::view::{self, PresenceWord, RoomView};
use roomtone_shared::store::Stores;
use roomtone_shared::{limits, rooms};
use serde::Serialize;
use tokio::try_join;
use utoipa::ToSchema;

use crate::Shared;
use crate::identity::User;
use crate::pages::Messages;
use crate::problem::Problem;
use crate::route::{self, InPath};

/// `GET /v1/api/chat/rooms/joined/{roomId}`, and as the first service had it.
pub fn routes() -> Router<Shared> {
    let paths = [
        "/v1/api/chat/rooms/joined/{roomId}",
        "/v1/api/chat/api/v1/rooms/joined/{roomId}",
    ];
    paths.into_iter().fold(Router::new(), |all, path| {
        all.merge(route::get(path, reenter))
    })
}

/// All that a member needs to come back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reentry {
    /// The room.
    room: RoomView,
    /// The 20 nearest up to and including the last that was read, oldest first.
    before_messages: Vec<Message>,
    /// Those after it, oldest first, 300 at most.
    new_messages: Vec<Message>,
    /// Whether there are more new ones than that.
    truncated: bool,
    /// What plays.
    #[schema(value_type = String)]
    current_music_id: Arc<str>,
    /// What plays, and since when.
    now_playing: NowPlaying,
    /// What others said after the last message read, counted to 300.
    unread_count: u64,
    /// Left out while it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PresenceWord, required = false)]
    presence: Option<PresenceWord>,
}

/// Re-enter a room
///
/// Everything to come back with, in one answer. It changes nothing.
#[utoipa::path(
    get,
    path = "/v1/api/chat/rooms/joined/{roomId}",
    operation_id = "reenterRoom",
    tag = "chat",
    params(("roomId" = RoomId, Path)),
    responses((status = 200, description = "The room, and what was said in it.", body = Reentry))
)]
pub(crate) async fn reenter(
    State(app): State<Shared>,
    User(user): User,
    InPath(id): InPath,
) -> Result<Json<Reentry>, Problem> {
    let member = rooms::member(&app.stores, id, &user.uid).await?;
    let room = rooms::get(&app.stores, id).await?;
    Ok(Json(read(&app.stores, &room, &member).await?))
}

/// Reads all of it at once.
async fn read(stores: &Stores, room: &Room, member: &Membership) -> Result<Reentry> {
    let uid = &member.who.uid;
    let before = async {
        match member.mark {
            Some(mark) => up_to(stores, room.id, mark).await,
            None => Ok(vec![]),
        }
    };
    let known = async { Ok(view::presence(stores, room.id, uid).await) };
    let (before_messages, new, shown, unread_count, presence) = try_join!(
        before,
        Messages::after(stores, room.id, member.mark, limits::REENTRY_NEW_MAX),
        view::room(stores, room, Some(uid)),
        stores.history.unread(room.id, uid, member.mark),
        known,
    )?;
    Ok(Reentry {
        before_messages,
        new_messages: new.list,
        truncated: new.more,
        current_music_id: shown.now_playing.music_id.clone(),
        now_playing: shown.now_playing.clone(),
        room: shown,
        unread_count,
        presence,
    })
}

/// The 20 messages nearest to the mark, up to and including it, oldest first.
async fn up_to(stores: &Stores, room: RoomId, mark: MessageId) -> Result<Vec<Message>> {
    // A record has no more than 100 messages, so this is an id between the mark and all that follows.
    let after_mark = MessageId {
        index: mark.index.saturating_add(1),
        ..mark
    };
    let mut messages = Messages::before(stores, room, Some(after_mark), limits::REENTRY_BEFORE)
        .await?
        .list;
    messages.reverse();
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Call, Town};

    fn texts(messages: &Value) -> Vec<&str> {
        messages
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["content"].as_str().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn what_was_read_and_what_was_missed_come_apart_at_the_mark() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        for i in 0..25 {
            town.send("u1", id, &format!("early {i}")).await;
        }
        let enter = town.join("u2", id).await;
        for i in 0..5 {
            town.send("u1", id, &format!("late {i}")).await;
        }
        for path in [
            "/v1/api/chat/rooms/joined",
            "/v1/api/chat/api/v1/rooms/joined",
        ] {
            let answer = town.get("u2", &format!("{path}/{id}")).await;
            let reentry = answer.json;
            assert_eq!(answer.status, 200);
            let before = texts(&reentry["beforeMessages"]);
            assert_eq!(
                (before.len(), before[0], before[18], before[19]),
                (20, "early 6", "early 24", "Nu2님이 입장하였습니다.")
            );
            assert_eq!(reentry["beforeMessages"][19]["id"], enter);
            assert_eq!(
                texts(&reentry["newMessages"]),
                ["late 0", "late 1", "late 2", "late 3", "late 4"]
            );
            assert_eq!(
                (
                    &reentry["truncated"],
                    &reentry["unreadCount"],
                    &reentry["presence"]
                ),
                (&json!(false), &json!(5), &json!("off"))
            );
            assert_eq!(
                (&reentry["room"]["id"], &reentry["currentMusicId"]),
                (&json!(id), &json!("0"))
            );
            assert_eq!(reentry["nowPlaying"], reentry["room"]["nowPlaying"]);
            let mut fields: Vec<&String> = reentry.as_object().unwrap().keys().collect();
            fields.sort();
            assert_eq!(
                fields,
                [
                    "beforeMessages",
                    "currentMusicId",
                    "newMessages",
                    "nowPlaying",
                    "presence",
                    "room",
                    "truncated",
                    "unreadCount"
                ]
            );
        }
    }

    #[tokio::test]
    async fn no_more_than_300_new_messages_are_given() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        town.join("u2", id).await;
        town.say("u1", id, 300).await;
        let path = format!("/v1/api/chat/rooms/joined/{id}");
        let whole = town.get("u2", &path).await.json;
        assert_eq!(
            (
                whole["newMessages"].as_array().unwrap().len(),
                &whole["truncated"]
            ),
            (300, &json!(false))
        );
        town.say("u1", id, 1).await;
        let cut = town.get("u2", &path).await.json;
        assert_eq!(
            (
                cut["newMessages"].as_array().unwrap().len(),
                &cut["truncated"]
            ),
            (300, &json!(true))
        );
        assert_eq!(
            (&cut["newMessages"][0]["content"], &cut["unreadCount"]),
            (&json!("0"), &json!(300))
        );
    }

    #[tokio::test]
    async fn whoever_has_read_nothing_has_everything_new() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        town.join("u2", id).await;
        let reentry = town
            .get("u1", &format!("/v1/api/chat/rooms/joined/{id}/"))
            .await
            .json;
        assert_eq!(reentry["beforeMessages"], json!([]));
        assert_eq!(texts(&reentry["newMessages"]), ["Nu2님이 입장하였습니다."]);
        assert_eq!(reentry["unreadCount"], 0);
    }

    #[tokio::test]
    async fn it_is_for_members() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        let path = format!("/v1/api/chat/rooms/joined/{id}");
        assert_eq!(
            town.get("u2", &path).await.problem(),
            (403, "/problems/forbidden")
        );
        assert_eq!(
            town.get(
                "u1",
                &format!("/v1/api/chat/rooms/joined/{}", Town::no_room())
            )
            .await
            .status,
            404
        );
        assert_eq!(town.call(Call::get(&path)).await.status, 401);
    }
}
