//! A subscription with `since` for each message of a room, through every node: it gets what follows, in order, and all of it.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use roomtone_tests::archive;
use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::room::{member, new_room, room_subscription};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;

use crate::judge::Verdict;
use crate::scale::Scale;
use crate::trial::Outcome;

/// Messages that are said at once.
const TOGETHER: usize = 100;
/// Clients that come back at once.
const CLIENTS: usize = 6;

pub(crate) async fn run(scale: Scale) -> Outcome {
    let count = scale.of(400, 10_000);
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let speaker = member(&server, std::slice::from_ref(&room)).await;
    let ids = Arc::new(fill(&server, &speaker, &room, count).await);
    // Who stays on one node asks for the first, and who stays on another for the second.
    let heard = stream::iter(0..CLIENTS)
        .map(|first| resume(&speaker, &room, ids.clone(), first))
        .buffer_unordered(CLIENTS)
        .fold(0, async |all, heard| all + heard)
        .await;
    let archived = archive::is_the_log(&server).await;
    Outcome {
        faults: count,
        archived,
        verdict: Verdict {
            sent: count,
            acknowledged: count,
            heard,
            ..Verdict::default()
        },
        also: "Each got the rest, no more and no less".into(),
        ..Outcome::default()
    }
}

/// Talks the room full; gives the ids of what was said, in order.
async fn fill(server: &Server, speaker: &User, room: &str, count: usize) -> Vec<String> {
    let client = speaker.connect_at(server.address()).await;
    client.join(room).await;
    let mut ids = vec![];
    while ids.len() < count {
        let mut receipts = vec![];
        for number in 0..TOGETHER.min(count - ids.len()) {
            receipts.push(client.post(talk(room, &number.to_string())).await);
        }
        for receipt in receipts {
            let Answer::Receipt(receipt) = client.answer(&receipt).await else {
                panic!("something that was said is refused");
            };
            ids.push(receipt.get("message-id").expect("an id").to_owned());
        }
    }
    assert!(ids.is_sorted(), "ids in the order of what was said");
    client.disconnect().await;
    ids
}

/// Subscribes once since each of every so many messages; gives how many came.
async fn resume(user: &User, room: &str, ids: Arc<Vec<String>>, first: usize) -> usize {
    let client = user.connect().await;
    let mut heard = 0;
    for place in (first..ids.len()).step_by(CLIENTS) {
        heard += rest(&client, room, &ids, place).await;
    }
    client.disconnect().await;
    heard
}

async fn rest(client: &Client, room: &str, ids: &[String], place: usize) -> usize {
    let name = room_subscription(room);
    let subscribe = roomtone_tests::room::listen(room).with("since", &ids[place]);
    client.done(subscribe).await;
    let rest = &ids[place + 1..];
    for wanted in rest {
        let is_next = |frame: &roomtone_tests::frame::Frame| {
            frame.command == "MESSAGE" && frame.get("subscription") == Some(name.as_str())
        };
        let next = client.take("the next message", is_next).await;
        assert_eq!(
            next.get("message-id"),
            Some(wanted.as_str()),
            "since {}",
            ids[place]
        );
    }
    client.unsubscribe(&name).await;
    rest.len()
}
