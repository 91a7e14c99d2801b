//! Saying something, and being heard.

use roomtone_tests::client::{Answer, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{new_room, room_subscription, text, texts};
use roomtone_tests::server::{Server, Starting};
use serde_json::{Value, json};

#[tokio::test]
async fn everybody_hears_the_same_in_the_same_order() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut users = vec![];
    let mut clients = vec![];
    for version in [Version::V1_0, Version::V1_1, Version::V1_2, Version::V1_2] {
        let user = server.new_user().await;
        let client = user.connect_by(version).await;
        client.enter(&room).await;
        users.push(user);
        clients.push(client);
    }
    let mut receipts = vec![];
    for n in 0..20 {
        for (at, client) in clients.iter().enumerate() {
            receipts.push((at, client.post(talk(&room, &format!("{at}-{n}"))).await));
        }
    }
    for (at, receipt) in receipts {
        assert!(matches!(
            clients[at].answer(&receipt).await,
            Answer::Receipt(_)
        ));
    }
    let last = clients[0].say(&room, "last").await;
    let history = users[0].history(&room).await;
    for client in &clients {
        let heard = client.heard_until(&room, &last).await;
        assert_eq!(heard, history[history.len() - heard.len()..]);
    }
    let ids = texts(&history, "id");
    assert!(ids.is_sorted() && ids.len() == 4 + 80 + 1, "{ids:?}");
}

#[tokio::test]
async fn receipts_come_in_order_with_the_ids_of_the_messages() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.enter(&room).await;
    for n in 0..50 {
        client
            .put(&talk(&room, &n.to_string()).with("receipt", &format!("r{n}")))
            .await;
    }
    let mut ids = vec![];
    for n in 0..50 {
        let receipt = client
            .take("a RECEIPT", |frame| frame.command == "RECEIPT")
            .await;
        assert_eq!(receipt.get("receipt-id"), Some(format!("r{n}").as_str()));
        ids.push(receipt.get("message-id").expect("a message-id").to_owned());
    }
    let heard = client.heard_until(&room, &ids[49]).await;
    let said: Vec<Value> = heard
        .into_iter()
        .filter(|message| message["messageType"] == "TALK")
        .collect();
    assert_eq!(texts(&said, "id"), ids);
    assert_eq!(
        texts(&said, "content"),
        (0..50).map(|n: i32| n.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_message_says_who_what_when_and_what_was_playing() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let body =
        json!({"uid": "sky", "nickname": "하늘", "picture": "https://images.example/sky.png"});
    let token = text(
        &roomtone_tests::http::Request::new("POST", "/dev/token")
            .json(&body)
            .send(server.address())
            .await
            .json()["token"],
    );
    let mut user = server.user("sky", "하늘").await;
    user.token = token;
    let client = user.connect().await;
    client.enter(&room).await;
    let send = json!({"roomId": room, "content": "  안녕 🎵\n ", "clientMessageId": "c-1", "unknown": [1]});
    let receipt = client.done(Frame::send("/chat/pub/send", &send)).await;
    let enter = client.heard(&room).await;
    let frame = client
        .take("the message", |frame| {
            frame.get("subscription") == Some(&room_subscription(&room))
        })
        .await;
    let message = frame.value();
    assert_eq!(message["id"].as_str(), receipt.get("message-id"));
    for (field, value) in [
        ("roomId", room.as_str()),
        ("messageType", "TALK"),
        ("senderId", "sky"),
        ("nickName", "하늘"),
        ("senderProfileImage", "https://images.example/sky.png"),
        ("content", "안녕 🎵"),
        ("clientMessageId", "c-1"),
        ("currentMusicId", "m0"),
    ] {
        assert_eq!(message[field], value, "{message}");
    }
    assert!(
        message["positionMs"].is_u64() && is_time(&message["createdAt"]),
        "{message}"
    );
    assert_eq!(
        (&enter["messageType"], &enter["content"]),
        (&"ENTER".into(), &"하늘님이 입장하였습니다.".into())
    );
    assert!(enter.get("clientMessageId").is_none());
    assert_eq!(message.as_object().unwrap().len(), 11, "{message}");
}

/// RFC 3339, UTC, milliseconds: `2024-05-06T07:08:09.123Z`.
fn is_time(value: &Value) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddZ";
    let text = value.as_str().unwrap_or_default();
    let fits = |(octet, wanted): (u8, u8)| {
        if wanted == b'd' {
            octet.is_ascii_digit()
        } else {
            octet == wanted
        }
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

#[tokio::test]
async fn a_message_has_1_to_2000_characters_after_trimming() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.join(&room).await;
    for content in [
        "x".to_owned(),
        "하".repeat(2_000),
        format!("  {}\n", "🎵".repeat(2_000)),
    ] {
        client.say(&room, &content).await;
    }
    for content in [String::new(), " \n\t ".to_owned(), "하".repeat(2_001)] {
        let refusal = client.refused(talk(&room, &content), 422).await;
        assert!(text(&refusal["detail"]).contains("content"), "{refusal}");
        assert_eq!(refusal["roomId"], room.as_str());
    }
}

#[tokio::test]
async fn what_is_said_over_http_is_heard_by_all() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (user, other) = (server.new_user().await, server.new_user().await);
    let (client, listener) = (user.connect().await, other.connect().await);
    client.join(&room).await;
    listener.enter(&room).await;
    drop(client);
    let body = json!({"roomId": room, "content": " no socket needed ", "clientMessageId": "h-1"});
    let message = user
        .ask("POST", "/v1/api/chat/message", &body)
        .await
        .expect(201);
    assert_eq!(
        (&message["content"], &message["clientMessageId"]),
        (&"no socket needed".into(), &"h-1".into())
    );
    assert_eq!(
        listener
            .heard_until(&room, message["id"].as_str().unwrap())
            .await
            .last(),
        Some(&message)
    );
    let again = user
        .ask("POST", "/v1/api/chat/message", &body)
        .await
        .expect(201);
    assert_eq!(again, message);
    let old_path = user
        .ask(
            "POST",
            "/v1/api/chat/api/v1/message",
            &json!({"roomId": room, "content": "next"}),
        )
        .await
        .expect(201);
    assert_eq!(listener.heard(&room).await, old_path);
}

#[tokio::test]
async fn a_receipted_message_is_in_history_at_once() {
    let server = Starting::default()
        .with("ROOMTONE_SEND_BURST", 1_000)
        .start()
        .await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    for n in 0..30 {
        let id = client.say(&room, &n.to_string()).await;
        user.recorded(&room).await;
        let newest = user
            .get(&format!("/v1/api/chat/history?roomId={room}&size=1"))
            .await
            .expect(200);
        assert_eq!(newest["messages"][0]["id"], id.as_str());
    }
}
