//! What breaks a rule: refused, told, and never the end of the connection.

use roomtone_tests::client::{Answer, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{act, new_room, text};
use roomtone_tests::server::{Server, Starting};
use serde_json::json;

const NO_ROOM: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn a_send_to_nowhere_is_refused_with_404() {
    let server = Server::start().await;
    let client = server.new_user().await.connect().await;
    for destination in [
        "/chat/pub/sing",
        "/chat/pub/",
        "/chat/topic/room/1",
        "nowhere",
        "/chat/pub/send/",
    ] {
        let refusal = client
            .refused(Frame::send(destination, &json!({})), 404)
            .await;
        assert!(refusal.get("roomId").is_none(), "{refusal}");
    }
    client.settle().await;
}

#[tokio::test]
async fn a_body_that_can_not_be_read_is_400_and_one_against_a_rule_422() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.join(&room).await;
    for verb in [
        "join", "send", "leave", "exit", "presence", "read", "refresh",
    ] {
        let destination = format!("/chat/pub/{verb}");
        for body in [
            "",
            "nonsense",
            "[]",
            "{\"roomId\":",
            "{\"roomId\":7,\"token\":7}",
        ] {
            let mut frame = Frame::new("SEND").with("destination", &destination);
            frame.body = body.as_bytes().to_vec();
            client.refused(frame, 400).await;
        }
        client
            .refused(Frame::send(&destination, &json!({})), 422)
            .await;
    }
    for (verb, body) in [
        ("send", json!({"roomId": room})),
        (
            "send",
            json!({"roomId": room, "content": "x", "clientMessageId": ""}),
        ),
        ("presence", json!({"roomId": room})),
        ("presence", json!({"roomId": room, "presence": "away"})),
        ("read", json!({"roomId": room})),
        (
            "read",
            json!({"roomId": room, "lastReadMessageId": "nonsense"}),
        ),
        (
            "leave",
            json!({"roomId": room, "lastReadMessageId": "nonsense"}),
        ),
    ] {
        client
            .refused(Frame::send(&format!("/chat/pub/{verb}"), &body), 422)
            .await;
    }
    client
        .refused(
            Frame::send("/chat/pub/send", &json!({"roomId": room, "content": 7})),
            400,
        )
        .await;
    client.say(&room, "still here").await;
}

#[tokio::test]
async fn no_such_room_and_not_a_member_look_alike_except_to_who_joins() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    for room in [room.as_str(), NO_ROOM] {
        for body in [
            ("send", json!({"roomId": room, "content": "hello"})),
            ("leave", json!({"roomId": room})),
            ("presence", json!({"roomId": room, "presence": "off"})),
            (
                "read",
                json!({"roomId": room, "lastReadMessageId": "0000000000000000000000"}),
            ),
        ] {
            let refusal = client
                .refused(Frame::send(&format!("/chat/pub/{}", body.0), &body.1), 403)
                .await;
            assert_eq!(refusal["roomId"], room);
        }
    }
    let refusal = client.refused(act("join", NO_ROOM), 404).await;
    assert_eq!(refusal["roomId"], NO_ROOM);
}

#[tokio::test]
async fn a_refusal_names_its_receipt_only_where_there_was_one() {
    let server = Server::start().await;
    let client = server.new_user().await.connect().await;
    client.put(&talk(NO_ROOM, "hello")).await;
    let refusal = client.reply("REFUSED").await;
    assert!(refusal.get("receipt").is_none(), "{refusal}");
    let receipt = client.post(talk(NO_ROOM, "hello")).await;
    assert_eq!(client.reply("REFUSED").await["receipt"], receipt.as_str());
    client.settle().await;
    assert!(
        client.drain(|frame| frame.command == "RECEIPT").is_empty(),
        "what is refused has no receipt"
    );
}

#[tokio::test]
async fn who_does_not_listen_for_replies_gets_an_error_instead() {
    let server = Server::start().await;
    for version in Version::ALL {
        let client = server.new_user().await.connect_bare(version).await;
        let receipt = client.post(talk(NO_ROOM, "hello")).await;
        let Answer::Error(error) = client.answer(&receipt).await else {
            panic!("no ERROR")
        };
        assert_eq!(error.get("receipt-id"), Some(receipt.as_str()));
        assert!(error.get("message").is_some());
        client.ended().await;
    }
}

#[tokio::test]
async fn a_subscription_to_nowhere_is_an_error() {
    let server = Server::start().await;
    for destination in [
        "/nowhere",
        "/chat/topic/room/",
        "/chat/topic/room/not-a-room",
        "/chat/topic/presence/",
        "/chat/topic",
        "/user/queue/others",
    ] {
        let client = server.new_user().await.connect().await;
        let receipt = client
            .post(roomtone_tests::client::subscribe("a", destination))
            .await;
        let Answer::Error(error) = client.answer(&receipt).await else {
            panic!("no ERROR for {destination}")
        };
        assert_eq!(error.get("receipt-id"), Some(receipt.as_str()));
        client.ended().await;
    }
}

#[tokio::test]
async fn who_sends_too_fast_is_refused_with_429_on_all_sockets_together() {
    let server = Starting::default()
        .with("ROOMTONE_SENDS_PER_S", 1)
        .with("ROOMTONE_SEND_BURST", 10)
        .start()
        .await;
    let room = new_room(&server).await;
    let (user, other) = (server.new_user().await, server.new_user().await);
    let clients = [user.connect().await, user.connect().await];
    for client in &clients {
        client.join(&room).await;
    }
    let mut posted = vec![];
    for n in 0..40 {
        let client = &clients[n % 2];
        posted.push((client, client.post(talk(&room, &n.to_string())).await));
    }
    let (mut done, mut refused) = (0, 0);
    for (client, receipt) in posted {
        match client.answer(&receipt).await {
            Answer::Receipt(_) => done += 1,
            Answer::Refused(refusal) => {
                assert_eq!(refusal["status"], 429, "{refusal}");
                refused += 1;
            }
            Answer::Error(error) => panic!("{error:?}"),
        }
    }
    // Eight are left of the burst after two joins; some more were earned while the test went on.
    assert!(
        (8..30).contains(&done) && refused == 40 - done,
        "{done} done, {refused} refused"
    );
    let client = other.connect().await;
    client.join(&room).await;
    client.say(&room, "not my fault").await;
}

#[tokio::test]
async fn a_room_that_is_talked_into_too_fast_refuses_with_429_and_others_do_not() {
    let server = Starting::default()
        .with("ROOMTONE_ROOM_SENDS_PER_S", 1)
        .with("ROOMTONE_ROOM_SEND_BURST", 10)
        .start()
        .await;
    let (room, other) = (new_room(&server).await, new_room(&server).await);
    let stranger = server.new_user().await.connect().await;
    // Whoever may not talk in it takes nothing from those who may.
    for _ in 0..20 {
        stranger.refused(talk(&room, "let me in"), 403).await;
    }
    let (user, friend) = (server.new_user().await, server.new_user().await);
    let clients = [user.connect().await, friend.connect().await];
    for client in &clients {
        client.join(&room).await;
        client.join(&other).await;
    }
    let (mut said, mut refused) = (vec![], 0);
    for n in 0..40 {
        let client = &clients[n % 2];
        let receipt = client.post(talk(&room, &n.to_string())).await;
        match client.answer(&receipt).await {
            Answer::Receipt(receipt) => said.push(text(&json!(receipt.get("message-id")))),
            Answer::Refused(refusal) => {
                assert_eq!(refusal["status"], 429, "{refusal}");
                refused += 1;
            }
            Answer::Error(error) => panic!("{error:?}"),
        }
    }
    assert!(
        (10..35).contains(&said.len()) && refused == 40 - said.len(),
        "{} said, {refused} refused",
        said.len()
    );
    clients[0].say(&other, "here is room").await;
    let talked = user.history(&room).await;
    let ids = talked.iter().filter(|m| m["messageType"] == "TALK");
    let ids: Vec<_> = ids.map(|message| text(&message["id"])).collect();
    assert_eq!(
        ids, said,
        "what was refused is shown, or what was taken is not"
    );
}

#[tokio::test]
async fn a_default_burst_is_100() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.join(&room).await;
    let mut receipts = vec![];
    for n in 0..400 {
        receipts.push(client.post(talk(&room, &n.to_string())).await);
    }
    let mut refused = 0;
    for (n, receipt) in receipts.iter().enumerate() {
        if let Answer::Refused(refusal) = client.answer(receipt).await {
            assert!(
                n >= 99 && refusal["status"] == 429,
                "message {n}: {refusal}"
            );
            assert!(!text(&refusal["detail"]).is_empty());
            refused += 1;
        }
    }
    assert!(refused > 0, "400 at once are more than a burst of 100");
}
