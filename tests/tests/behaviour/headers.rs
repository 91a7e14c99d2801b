//! A client's own headers on SEND.

use roomtone_tests::client::{Client, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{listen, new_room, room_subscription};
use roomtone_tests::server::Server;

/// What belongs to the server, or to the sender alone.
const RESERVED: [&str; 16] = [
    "destination",
    "content-type",
    "content-length",
    "content-encoding",
    "receipt",
    "transaction",
    "message-id",
    "subscription",
    "ack",
    "authorization",
    "Authorization",
    "login",
    "passcode",
    "traceparent",
    "tracestate",
    "receipt-id",
];

async fn said(client: &Client, subscription: &str) -> Frame {
    let fits = |frame: &Frame| {
        frame.get("subscription") == Some(subscription) && frame.value()["messageType"] == "TALK"
    };
    client.take("a message", fits).await
}

#[tokio::test]
async fn own_headers_reach_everybody_live_and_replayed() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (user, other) = (server.new_user().await, server.new_user().await);
    let (client, listener) = (user.connect().await, other.connect().await);
    let enter = {
        client.enter(&room).await;
        client.heard(&room).await
    };
    listener.enter(&room).await;
    let hello = talk(&room, "hello")
        .with("colour", "blue")
        .with("하늘:", "구름\n")
        .with("empty", "");
    client.done(hello).await;
    let live = said(&listener, &room_subscription(&room)).await;
    let since = listen(&room).with("since", enter["id"].as_str().unwrap());
    let again = other.connect().await;
    again.done(since).await;
    let replayed = said(&again, &room_subscription(&room)).await;
    for message in [live, replayed] {
        for (name, value) in [("colour", "blue"), ("하늘:", "구름\n"), ("empty", "")] {
            assert_eq!(message.get(name), Some(value), "{message:?}");
        }
    }
}

#[tokio::test]
async fn reserved_headers_are_the_servers_alone() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.enter(&room).await;
    let first = client.heard(&room).await["id"].as_str().unwrap().to_owned();
    let mut hello = talk(&room, "hello").with("kept", "yes");
    for name in RESERVED.iter().filter(|name| {
        !matches!(
            **name,
            "destination" | "content-length" | "transaction" | "receipt" | "receipt-id"
        )
    }) {
        hello = hello.with(name, "forged");
    }
    client.done(hello).await;
    let live = said(&client, &room_subscription(&room)).await;
    let again = user.connect().await;
    again.done(listen(&room).with("since", &first)).await;
    let replayed = said(&again, &room_subscription(&room)).await;
    for message in [live, replayed] {
        assert_eq!(message.get("kept"), Some("yes"));
        assert!(
            message.headers.iter().all(|(_, value)| value != "forged"),
            "{message:?}"
        );
        let mut names: Vec<&str> = message
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "content-length",
                "content-type",
                "destination",
                "kept",
                "message-id",
                "subscription"
            ]
        );
    }
}

#[tokio::test]
async fn a_receipt_or_a_transaction_is_not_told_to_others() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.enter(&room).await;
    client
        .done(Frame::new("BEGIN").with("transaction", "t"))
        .await;
    client
        .put(
            &talk(&room, "hello")
                .with("transaction", "t")
                .with("receipt", "mine")
                .with("kept", "yes"),
        )
        .await;
    client
        .done(Frame::new("COMMIT").with("transaction", "t"))
        .await;
    let message = said(&client, &room_subscription(&room)).await;
    assert_eq!(
        (
            message.get("kept"),
            message.get("receipt"),
            message.get("transaction")
        ),
        (Some("yes"), None, None)
    );
}

#[tokio::test]
async fn own_headers_have_1_kib_and_beyond_that_are_refused() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let client = server.new_user().await.connect_by(version).await;
        client.enter(&room).await;
        client
            .done(talk(&room, "fits").with("k", &"v".repeat(1_023)))
            .await;
        client
            .done(
                talk(&room, "fits")
                    .with("a", &"v".repeat(511))
                    .with("b", &"v".repeat(511)),
            )
            .await;
        client
            .refused(talk(&room, "no").with("k", &"v".repeat(1_024)), 422)
            .await;
        client
            .refused(
                talk(&room, "no")
                    .with("a", &"v".repeat(511))
                    .with("b", &"v".repeat(512)),
                422,
            )
            .await;
        // Those that go no further are not counted.
        client
            .done(
                talk(&room, "fits")
                    .with("login", &"v".repeat(2_000))
                    .with("traceparent", &"v".repeat(2_000)),
            )
            .await;
    }
}
