//! Lists and pages over HTTP.

use roomtone_tests::client::{Answer, talk};
use roomtone_tests::room::{create, new_room, text, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::Value;

/// All pages of a list, and the sizes of the pages.
async fn pages(user: &User, path: &str, field: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut all, mut sizes, mut next) = (vec![], vec![], path.to_owned());
    let join = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = user.get(&next).await.expect(200);
        let entries = page[field].as_array().unwrap_or_else(|| panic!("{page}"));
        sizes.push(entries.len());
        all.extend(entries.iter().cloned());
        match &page["nextCursor"] {
            Value::Null => return (all, sizes),
            cursor => next = format!("{path}{join}cursor={}", text(cursor)),
        }
    }
}

#[tokio::test]
async fn rooms_come_newest_first_in_pages_of_12_and_20_at_most() {
    let server = Server::start().await;
    let (user, service) = (server.new_user().await, server.service().await);
    let mut rooms = vec![];
    for _ in 0..25 {
        rooms.insert(0, new_room(&server).await);
    }
    for (reader, path) in [
        (&user, "/v1/api/rooms/unjoined"),
        (&service, "/v1/api/rooms/"),
    ] {
        for (query, expected) in [
            ("", vec![12, 12, 1]),
            ("?size=20", vec![20, 5]),
            ("?size=1000", vec![20, 5]),
            ("?size=7", vec![7, 7, 7, 4]),
        ] {
            let (all, sizes) = pages(reader, &format!("{path}{query}"), "rooms").await;
            assert_eq!(
                (texts(&all, "id"), sizes),
                (rooms.clone(), expected),
                "{path}{query}"
            );
        }
        for query in ["size=0", "size=-1", "size=x", "cursor=nonsense"] {
            reader.get(&format!("{path}?{query}")).await.problem(400);
        }
        reader.get(&format!("{path}?unknown=1")).await.expect(200);
    }
    user.get("/v1/api/rooms/").await.problem(403);
}

#[tokio::test]
async fn rooms_i_am_in_are_not_among_those_i_can_join() {
    let server = Server::start().await;
    let user = server.new_user().await;
    let own = create(&server, &user, "mine").await;
    let (joined, other) = (new_room(&server).await, new_room(&server).await);
    user.connect().await.join(&joined).await;
    let unjoined = user.get("/v1/api/rooms/unjoined").await.expect(200);
    assert_eq!(texts(unjoined["rooms"].as_array().unwrap(), "id"), [other]);
    assert_eq!(texts(&user.joined().await, "id"), [joined, own]);
}

/// A member, their room, and the ids of its thirty messages.
async fn thirty_messages(server: &Server) -> (User, String, Vec<String>) {
    let room = new_room(server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    let mut ids = vec![text(&user.joined_room(&room).await["lastReadMessageId"])];
    for n in 0..29 {
        ids.push(client.say(&room, &n.to_string()).await);
    }
    user.recorded(&room).await;
    (user, room, ids)
}

fn ids_of(page: &Value) -> Vec<String> {
    texts(
        page["messages"]
            .as_array()
            .unwrap_or_else(|| panic!("{page}")),
        "id",
    )
}

#[tokio::test]
async fn history_as_a_whole_comes_oldest_first() {
    let server = Server::start().await;
    let (user, room, ids) = thirty_messages(&server).await;
    for path in ["/v1/api/chat/history", "/v1/api/chat/api/v1/history"] {
        let whole = user.get(&format!("{path}/{room}")).await.expect(200);
        assert_eq!(
            (ids_of(&whole), &whole["nextCursor"]),
            (ids.clone(), &Value::Null)
        );
        let after = user
            .get(&format!("{path}/{room}?after={}", ids[9]))
            .await
            .expect(200);
        assert_eq!(ids_of(&after), ids[10..]);
    }
    let bad = user
        .get(&format!("/v1/api/chat/history/{room}?after=nonsense"))
        .await;
    bad.problem(400);
    let stranger = server.new_user().await;
    stranger
        .get(&format!("/v1/api/chat/history/{room}"))
        .await
        .problem(403);
}

#[tokio::test]
async fn history_by_pages_comes_newest_first() {
    let server = Server::start().await;
    let (user, room, ids) = thirty_messages(&server).await;
    let page = async |query: &str| {
        user.get(&format!("/v1/api/chat/history?roomId={room}{query}"))
            .await
    };
    let newest_first: Vec<String> = ids.iter().rev().cloned().collect();
    for (size, expected) in [("", 12), ("&size=5", 5), ("&size=20", 20), ("&size=21", 20)] {
        let (mut seen, mut before) = (vec![], String::new());
        loop {
            let page = page(&format!("{size}{before}")).await.expect(200);
            let messages = ids_of(&page);
            assert!(
                messages.len() == expected || page["nextCursor"].is_null(),
                "{page}"
            );
            seen.extend(messages);
            let Some(cursor) = page["nextCursor"].as_str() else {
                break;
            };
            before = format!("&before={cursor}");
        }
        assert_eq!(seen, newest_first);
    }
    let before = page(&format!("&before={}&size=3", ids[10]))
        .await
        .expect(200);
    assert_eq!(ids_of(&before), [&ids[9][..], &ids[8], &ids[7]]);
    for query in ["&size=0", "&size=x", "&before=nonsense"] {
        page(query).await.problem(400);
    }
    let nowhere = user.get("/v1/api/chat/history").await;
    assert!(matches!(nowhere.status, 400 | 422), "{nowhere:?}");
    let stranger = server.new_user().await;
    stranger
        .get(&format!("/v1/api/chat/history?roomId={room}"))
        .await
        .problem(403);
}

#[tokio::test]
async fn a_page_of_history_ends_at_4_mib() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    let (content, mut receipts) = ("하".repeat(2_000), vec![]);
    for _ in 0..900 {
        receipts.push(client.post(talk(&room, &content)).await);
    }
    for receipt in receipts {
        assert!(matches!(client.answer(&receipt).await, Answer::Receipt(_)));
    }
    user.recorded(&room).await;
    let page = user.get(&format!("/v1/api/chat/history/{room}")).await;
    assert!(
        (3 << 20..5 << 20).contains(&page.body.len()),
        "{} octets",
        page.body.len()
    );
    assert!(page.json()["nextCursor"].is_string());
    assert_eq!(user.history(&room).await.len(), 901);
}
