//! A message sent again with the same `clientMessageId`.

use roomtone_tests::client::{Answer, Client};
use roomtone_tests::frame::Frame;
use roomtone_tests::room::{new_room, texts};
use roomtone_tests::server::{Server, Starting};
use serde_json::json;

fn named(room: &str, content: &str, id: &str) -> Frame {
    Frame::send(
        "/chat/pub/send",
        &json!({"roomId": room, "content": content, "clientMessageId": id}),
    )
}

async fn id_of(client: &Client, frame: Frame) -> String {
    client
        .done(frame)
        .await
        .get("message-id")
        .expect("a message-id")
        .to_owned()
}

#[tokio::test]
async fn a_repeat_is_not_shown_and_its_receipt_has_the_first_ones_id() {
    let server = Server::start().await;
    let (room, other_room) = (new_room(&server).await, new_room(&server).await);
    let (user, other) = (server.new_user().await, server.new_user().await);
    let (client, second_socket, other_client) = (
        user.connect().await,
        user.connect().await,
        other.connect().await,
    );
    for room in [&room, &other_room] {
        client.enter(room).await;
        other_client.join(room).await;
    }
    let first = id_of(&client, named(&room, "first", "c-1")).await;
    second_socket.join(&room).await;
    assert_eq!(id_of(&client, named(&room, "again", "c-1")).await, first);
    assert_eq!(
        id_of(&second_socket, named(&room, "again", "c-1")).await,
        first
    );
    // Another name, another sender and another room make another message.
    let mut ids = vec![first];
    ids.push(id_of(&client, named(&room, "second", "c-2")).await);
    ids.push(id_of(&other_client, named(&room, "third", "c-1")).await);
    let elsewhere = id_of(&client, named(&other_room, "fourth", "c-1")).await;
    let heard = client.heard_until(&room, &ids[2]).await;
    let said: Vec<_> = heard
        .into_iter()
        .filter(|message| message["messageType"] == "TALK")
        .collect();
    assert_eq!(texts(&said, "id"), ids);
    assert_eq!(texts(&said, "content"), ["first", "second", "third"]);
    assert_eq!(
        client
            .heard_until(&other_room, &elsewhere)
            .await
            .last()
            .unwrap()["content"],
        "fourth"
    );
}

#[tokio::test]
async fn repeats_in_flight_together_are_shown_once() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let mut clients = vec![];
    for _ in 0..4 {
        let client = user.connect().await;
        client.join(&room).await;
        clients.push(client);
    }
    let mut posted = vec![];
    for _ in 0..5 {
        for client in &clients {
            posted.push((client, client.post(named(&room, "once", "c-1")).await));
        }
    }
    let mut ids = vec![];
    for (client, receipt) in posted {
        let Answer::Receipt(receipt) = client.answer(&receipt).await else {
            panic!("refused")
        };
        ids.push(receipt.get("message-id").expect("a message-id").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let history = user.history(&room).await;
    assert_eq!(
        history
            .iter()
            .filter(|message| message["content"] == "once")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_repeat_within_a_transaction_is_known_as_well() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.enter(&room).await;
    client.done(named(&room, "first", "c-1")).await;
    client
        .done(Frame::new("BEGIN").with("transaction", "t"))
        .await;
    for (content, id) in [("again", "c-1"), ("second", "c-2"), ("again", "c-2")] {
        client
            .put(&named(&room, content, id).with("transaction", "t"))
            .await;
    }
    client
        .done(Frame::new("COMMIT").with("transaction", "t"))
        .await;
    let history: Vec<_> = user
        .history(&room)
        .await
        .into_iter()
        .filter(|message| message["messageType"] == "TALK")
        .collect();
    assert_eq!(texts(&history, "content"), ["first", "second"]);
}

#[tokio::test]
async fn a_repeat_is_known_across_a_crash() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    let first = id_of(&client, named(&room, "first", "c-1")).await;
    let server = Starting::default().on(server.kill().await).start().await;
    let user = user.at(&server);
    let client = user.connect().await;
    client.enter(&room).await;
    assert_eq!(id_of(&client, named(&room, "again", "c-1")).await, first);
    let next = client.say(&room, "next").await;
    let heard = client.heard_until(&room, &next).await;
    assert_eq!(texts(&heard, "content"), ["next"]);
}
