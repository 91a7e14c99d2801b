//! What becomes of sockets when their node is asked to stop.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::Raw;
use roomtone_tests::room::{new_room, text};
use roomtone_tests::server::{Server, Starting};
use serde_json::json;

/// Far more than are closed at once, so that closing them takes a while.
const SOCKETS: usize = 400;
const SOCKETS_EACH: usize = 10;

async fn crowd(server: &Server, room: &str) -> Vec<Client> {
    let mut clients = vec![];
    for _ in 0..SOCKETS / SOCKETS_EACH {
        let user = server.new_user().await;
        for _ in 0..SOCKETS_EACH {
            let client = user.connect().await;
            client.join(room).await;
            clients.push(client);
        }
    }
    clients
}

#[tokio::test]
async fn sockets_are_closed_one_after_another_and_served_until_then() {
    let mut server = Starting::unhurried()
        .with("ROOMTONE_SHARDS", 1)
        .start()
        .await;
    let room = new_room(&server).await;
    let clients = crowd(&server, &room).await;
    let folder = server.folder();
    server.terminate().await;
    let (first, ended) = first_to_end(&clients).await;
    assert_eq!(ended, Some(1012));
    assert!(
        Raw::try_open(server.address()).await.is_none(),
        "a socket is taken by a node that stops"
    );
    // Whoever is not closed yet is answered, and what they said is kept.
    let mut taken = BTreeSet::new();
    for (place, client) in clients
        .iter()
        .enumerate()
        .filter(|(place, _)| *place != first)
    {
        if let Some(id) = try_say(client, &room, &place.to_string()).await {
            taken.insert(id);
        }
        if taken.len() == 3 {
            break;
        }
    }
    assert_eq!(taken.len(), 3, "nobody is served once the first is closed");
    for client in &clients {
        assert_eq!(client.ended().await, Some(1012));
    }
    assert!(server.ended().await.success());
    let server = Starting::default().on(folder).start().await;
    let user = server.new_user().await;
    user.connect_by(Version::V1_2).await.join(&room).await;
    let history = user.history(&room).await;
    let kept: BTreeSet<_> = history.iter().map(|m| text(&m["id"])).collect();
    assert!(taken.is_subset(&kept), "{taken:?} {kept:?}");
}

/// The place of the first client that is closed, and the code that it got.
async fn first_to_end(clients: &[Client]) -> (usize, Option<u16>) {
    let mut ends: Vec<_> = clients
        .iter()
        .map(|client| Box::pin(client.ended()))
        .collect();
    poll_fn(|context| {
        let polled = ends.iter_mut().map(|end| end.as_mut().poll(context));
        let found = polled.enumerate().find_map(|(place, polled)| match polled {
            Poll::Ready(code) => Some((place, code)),
            Poll::Pending => None,
        });
        found.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Says something, where there is an answer; none where the socket is closed before.
async fn try_say(client: &Client, room: &str, content: &str) -> Option<String> {
    let receipt = client.post(talk(room, content)).await;
    let is_receipt = |frame: &Frame| frame.get("receipt-id") == Some(receipt.as_str());
    let receipt = tokio::select! {
        biased;
        _ = client.ended() => client.drain(is_receipt).pop()?,
        answer = client.answer(&receipt) => match answer {
            Answer::Receipt(receipt) => receipt,
            other => panic!("{other:?}"),
        },
    };
    Some(text(&json!(receipt.get("message-id"))))
}
