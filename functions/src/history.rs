//! A room's messages, for its members: a page backwards from somewhere, or all of them from the beginning.

use axum::Router;
use axum::extract::State;
use roomtone_shared::domain::json::put_list;
use roomtone_shared::domain::membership::Membership;
use roomtone_shared::domain::message::{Message, MessageId};
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::error::Result;
use roomtone_shared::{limits, rooms};
use serde::Serialize;
use tokio::join;
use utoipa::ToSchema;

use crate::Shared;
use crate::identity::User;
use crate::pages::Messages;
use crate::problem::Problem;
use crate::query::Params;
use crate::route::{self, InPath};
use crate::schema::Size;
use crate::written::WrittenJson;

/// `GET /v1/api/chat/history`, `GET /v1/api/chat/history/{roomId}`, and the latter as the first service
/// had it.
pub fn routes() -> Router<Shared> {
    route::get("/v1/api/chat/history", page)
        .merge(route::get("/v1/api/chat/history/{roomId}", whole))
        .merge(route::get("/v1/api/chat/api/v1/history/{roomId}", whole))
}

/// Octets of most messages as JSON.
const MESSAGE_BYTES: usize = 384;

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[allow(
    dead_code,
    reason = "it is written by hand, and this is what it is told as"
)]
#[serde(rename_all = "camelCase")]
struct MessagePage {
    /// The messages.
    messages: Vec<Message>,
    /// Where the next page begins; null on the last.
    #[schema(required = true)]
    next_cursor: Option<MessageId>,
}

/// A [`MessagePage`], written.
fn to_json(page: &Messages) -> Vec<u8> {
    let mut json = Vec::with_capacity((1 + page.list.len()) * MESSAGE_BYTES);
    json.extend_from_slice(b"{\"messages\":");
    put_list(&page.list, Message::write_json, &mut json);
    let cursor = match page.next_cursor() {
        Some(id) => format!(",\"nextCursor\":\"{id}\"}}"),
        None => ",\"nextCursor\":null}".into(),
    };
    json.extend_from_slice(cursor.as_bytes());
    json
}

/// Read back from a message
///
/// A page of what was said before some message, newest first. A page ends early at 4 MiB.
#[utoipa::path(
    get,
    path = "/v1/api/chat/history",
    operation_id = "readHistory",
    tag = "chat",
    params(
        ("roomId" = RoomId, Query),
        ("before" = Option<MessageId>, Query, description = "A `nextCursor`, or the id of a message; the newest where absent."),
        ("size" = inline(Option<Size>), Query, description = "How many: 12 where absent, and never more than 20."),
    ),
    responses((status = 200, description = "A page of messages.", body = MessagePage), (status = 404, description = "There is no such room."))
)]
pub(crate) async fn page(
    State(app): State<Shared>,
    User(user): User,
    params: Params,
) -> Result<WrittenJson, Problem> {
    let (room, size, before) = (
        params.room_id()?,
        params.size()?,
        params.message_id("before")?,
    );
    let member = rooms::member(&app.stores, room, &user.uid);
    let page = Messages::before(&app.stores, room, before, size);
    show(member, page).await
}

/// Read the whole history
///
/// Oldest first, in pages of up to 1,000. A page ends early at 4 MiB.
#[utoipa::path(
    get,
    path = "/v1/api/chat/history/{roomId}",
    operation_id = "readWholeHistory",
    tag = "chat",
    params(
        ("roomId" = RoomId, Path),
        ("after" = Option<MessageId>, Query, description = "A `nextCursor`, or the id of a message; the beginning where absent."),
        ("size" = inline(Option<Size>), Query, description = "How many: 1,000 where absent, and never more than that."),
    ),
    responses((status = 200, description = "A page of messages.", body = MessagePage))
)]
pub(crate) async fn whole(
    State(app): State<Shared>,
    User(user): User,
    InPath(room): InPath,
    params: Params,
) -> Result<WrittenJson, Problem> {
    let size = params.size_up_to(limits::HISTORY_PAGE_SIZE_MAX, limits::HISTORY_PAGE_SIZE_MAX)?;
    let after = params.message_id("after")?;
    let member = rooms::member(&app.stores, room, &user.uid);
    let page = Messages::after(&app.stores, room, after, size);
    show(member, page).await
}

/// Reads the page while it is seen whether the user may have it; who may not gets none.
async fn show(
    member: impl Future<Output = Result<Membership>>,
    page: impl Future<Output = Result<Messages>>,
) -> Result<WrittenJson, Problem> {
    let (member, page) = join!(member, page);
    member?;
    Ok(WrittenJson(to_json(&page?)))
}

#[cfg(test)]
mod tests {
    use roomtone_shared::domain::room::RoomId;
    use serde_json::{Value, json};

    use crate::testing::{Call, Town};

    const PAGE: &str = "/v1/api/chat/history";

    fn texts(page: &Value) -> Vec<&str> {
        page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["content"].as_str().unwrap())
            .collect()
    }

    /// Follows the cursors from `path` to the end; gives the pages' lengths and all messages.
    async fn follow(town: &Town, path: &str, parameter: &str) -> (Vec<usize>, Vec<Value>) {
        let (mut lengths, mut messages, mut next) = (vec![], vec![], String::new());
        loop {
            let page = town
                .get("u1", &format!("{path}{parameter}={next}"))
                .await
                .json;
            let list = page["messages"].as_array().unwrap();
            lengths.push(list.len());
            messages.extend(list.iter().cloned());
            match &page["nextCursor"] {
                Value::String(cursor) => next.clone_from(cursor),
                end => {
                    assert_eq!(end, &Value::Null);
                    return (lengths, messages);
                }
            }
        }
    }

    async fn room_with(town: &Town, messages: usize) -> RoomId {
        let id = town.room("u1", "p1").await;
        town.say("u1", id, messages).await;
        id
    }

    #[tokio::test]
    async fn a_page_goes_back_from_the_newest_or_from_a_message() {
        let town = Town::new();
        let id = room_with(&town, 30).await;
        let page = town.get("u1", &format!("{PAGE}?roomId={id}")).await;
        assert_eq!(
            (page.status, texts(&page.json).len(), texts(&page.json)[0]),
            (200, 12, "29")
        );
        let cursor = page.json["nextCursor"].as_str().unwrap();
        let next = town
            .get(
                "u1",
                &format!("{PAGE}/?roomId={id}&before={cursor}&size=100"),
            )
            .await
            .json;
        assert_eq!(
            (texts(&next).len(), texts(&next)[0], &next["nextCursor"]),
            (18, "17", &json!(null))
        );
        let of_message = page.json["messages"][2]["id"].as_str().unwrap();
        let next = town
            .get(
                "u1",
                &format!("{PAGE}?roomId={id}&before={of_message}&size=1"),
            )
            .await
            .json;
        assert_eq!(texts(&next), ["26"]);
    }

    #[tokio::test]
    async fn the_last_page_says_that_it_is_even_where_it_is_full() {
        let town = Town::new();
        let id = room_with(&town, 24).await;
        let (lengths, messages) = follow(&town, &format!("{PAGE}?roomId={id}&"), "before").await;
        assert_eq!((lengths, messages.len()), (vec![12, 12], 24));
        let empty = town.room("u1", "p2").await;
        let page = town.get("u1", &format!("{PAGE}?roomId={empty}")).await.json;
        assert_eq!(page, json!({"messages": [], "nextCursor": null}));
    }

    #[tokio::test]
    async fn the_whole_history_comes_oldest_first_in_pages_of_a_thousand() {
        let town = Town::new();
        let id = room_with(&town, 1_500).await;
        for path in [
            format!("{PAGE}/{id}"),
            format!("/v1/api/chat/api/v1/history/{id}"),
        ] {
            let (lengths, messages) = follow(&town, &format!("{path}?"), "after").await;
            assert_eq!(lengths, [1_000, 500]);
            let numbers = messages
                .iter()
                .map(|m| m["content"].as_str().unwrap().parse::<usize>().unwrap());
            assert!(numbers.eq(0..1_500));
        }
        let (lengths, _) = follow(&town, &format!("{PAGE}/{id}?size=700&"), "after").await;
        assert_eq!(lengths, [700, 700, 100]);
        let (lengths, _) = follow(&town, &format!("{PAGE}/{id}?size=5000&"), "after").await;
        assert_eq!(lengths, [1_000, 500]);
    }

    #[tokio::test]
    async fn a_page_ends_early_at_4_mib_and_the_next_goes_on_there() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        town.say_each(
            "u1",
            id,
            (0..800).map(|i| format!("{i} {}", "🎵".repeat(1_990))),
        )
        .await;
        let first = town.get("u1", &format!("{PAGE}/{id}")).await;
        assert!(
            (3 << 20..=4 << 20).contains(&first.bytes),
            "{}",
            first.bytes
        );
        let (lengths, messages) = follow(&town, &format!("{PAGE}/{id}?"), "after").await;
        assert_eq!((lengths.len(), messages.len()), (2, 800));
        let numbers = messages.iter().map(|m| {
            m["content"]
                .as_str()
                .unwrap()
                .split(' ')
                .next()
                .unwrap()
                .parse::<usize>()
                .unwrap()
        });
        assert!(numbers.eq(0..800));
    }

    #[tokio::test]
    async fn a_message_has_the_fields_of_the_contract() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        town.join("u2", id).await;
        let page = town.get("u1", &format!("{PAGE}/{id}")).await.json;
        let message = &page["messages"][0];
        let expected = json!({
            "id": message["id"], "roomId": id, "messageType": "ENTER", "senderId": "u2", "nickName": "Nu2",
            "content": "Nu2님이 입장하였습니다.", "createdAt": message["createdAt"],
            "currentMusicId": "0", "positionMs": message["positionMs"],
        });
        assert_eq!(message, &expected);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_malformed_and_named() {
        let town = Town::new();
        let id = town.room("u1", "p1").await;
        for (path, name) in [
            (PAGE.to_owned(), "roomId"),
            (format!("{PAGE}?roomId="), "roomId"),
            (format!("{PAGE}?roomId=x"), "roomId"),
            (format!("{PAGE}?roomId={id}&size=0"), "size"),
            (format!("{PAGE}?roomId={id}&before=x"), "before"),
            (format!("{PAGE}/{id}?after=x"), "after"),
            (format!("{PAGE}/{id}?size=0"), "size"),
        ] {
            let answer = town.get("u1", &path).await;
            assert_eq!(answer.problem(), (400, "/problems/malformed"), "{path}");
            assert!(answer.json["detail"].as_str().unwrap().starts_with(name));
        }
    }

    #[tokio::test]
    async fn it_is_for_members() {
        let town = Town::new();
        let (id, unknown) = (town.room("u1", "p1").await, Town::no_room());
        for (of, status) in [(id.to_string(), 403), (unknown.to_string(), 404)] {
            for path in [format!("{PAGE}?roomId={of}"), format!("{PAGE}/{of}")] {
                assert_eq!(town.get("u2", &path).await.status, status);
                assert_eq!(town.call(Call::get(&path)).await.status, 401);
            }
        }
        assert_eq!(town.get("u1", &format!("{PAGE}/x")).await.status, 404);
    }
}
