//! Ten thousand messages from ten senders into one room, with fifty who listen.

use roomtone_tests::client::{Answer, talk};
use roomtone_tests::frame::Version;
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{new_room, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;

const SENDERS: usize = 10;
const LISTENERS: usize = 50;
const MESSAGES_EACH: usize = 1_000;
/// Messages of one sender that wait for their receipts.
const IN_FLIGHT: usize = 100;

/// Reads a MESSAGE no further than it must, for half a million come: its id, and whether it is the last one.
fn id_of(bytes: &[u8]) -> Option<(String, bool)> {
    let (mut id, mut last) = (None, false);
    let mut lines = bytes.split(|octet| *octet == b'\n');
    if lines.next() != Some(b"MESSAGE") {
        return None;
    }
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(value) = line.strip_prefix(b"message-id:") {
            id = Some(String::from_utf8(value.to_vec()).expect("an id is a text"));
        }
        last |= line == b"end:yes";
    }
    Some((id.expect("a MESSAGE has an id"), last))
}

async fn subscribed(user: &User, room: &str, since: Option<&str>) -> Raw {
    let mut raw = Raw::open(user.sockets.next()).await;
    let since = since.map(|id| format!("since:{id}\n")).unwrap_or_default();
    let subscribe =
        format!("SUBSCRIBE\nid:s\ndestination:/chat/topic/room/{room}\nreceipt:r\n{since}\n\0");
    raw.text([connect(Version::V1_2, &user.token), subscribe.into_bytes()].concat())
        .await;
    raw
}

/// Listens from before the first message to the last.
async fn listen(mut raw: Raw) -> Vec<String> {
    let mut ids = vec![];
    loop {
        let Some((id, last)) = id_of(&raw.bytes().await) else {
            continue;
        };
        ids.push(id);
        if last {
            return ids;
        }
    }
}

/// Listens a little, is cut off, and comes back with what it heard last, again and again.
async fn come_and_go(user: User, room: String, first: String) -> Vec<String> {
    let mut ids = vec![first];
    for patience in [1, 40, 7, 300, 2, 1_000].into_iter().cycle() {
        let mut raw = subscribed(&user, &room, ids.last().map(String::as_str)).await;
        for _ in 0..patience {
            let Some((id, last)) = id_of(&raw.bytes().await) else {
                continue;
            };
            ids.push(id);
            if last {
                return ids;
            }
        }
    }
    unreachable!("it goes on for ever")
}

async fn speak(user: User, room: String) -> Vec<String> {
    let client = user.connect().await;
    client.join(&room).await;
    let (mut waiting, mut ids) = (std::collections::VecDeque::new(), vec![]);
    for n in 0..MESSAGES_EACH + IN_FLIGHT {
        if n < MESSAGES_EACH {
            waiting.push_back(
                client
                    .post(talk(&room, &format!("{} says {n}", user.uid)))
                    .await,
            );
        }
        if n >= IN_FLIGHT {
            let receipt = waiting.pop_front().expect("one was sent");
            let Answer::Receipt(receipt) = client.answer(&receipt).await else {
                panic!("refused")
            };
            ids.push(receipt.get("message-id").expect("a message-id").to_owned());
        }
    }
    ids
}

/// A member whose socket is ready.
async fn member(server: &Server, room: &str) -> (User, Raw) {
    let user = server.new_user().await;
    user.connect().await.join(room).await;
    let mut raw = subscribed(&user, room, None).await;
    raw.command("RECEIPT").await;
    (user, raw)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_reaches_everybody_in_one_order_which_is_that_of_history() {
    let starting = Starting::unhurried();
    let server = starting
        .with("ROOMTONE_BACKLOG_BYTES_MAX", 64 << 20)
        .start()
        .await;
    let room = new_room(&server).await;
    let mut members = vec![];
    for _ in 0..LISTENERS {
        members.push(member(&server, &room).await);
    }
    let (restless, raw) = members.pop().expect("there are fifty");
    drop(raw);
    let beginning = texts(&restless.history(&room).await, "id");
    let returning = tokio::spawn(come_and_go(
        restless.clone(),
        room.clone(),
        beginning[0].clone(),
    ));
    let listening: Vec<_> = members
        .into_iter()
        .map(|(_, raw)| tokio::spawn(listen(raw)))
        .collect();
    let mut speaking = vec![];
    for _ in 0..SENDERS {
        speaking.push(tokio::spawn(speak(server.new_user().await, room.clone())));
    }
    let mut receipted = vec![];
    for ids in speaking {
        let ids = ids.await.unwrap();
        assert!(
            ids.is_sorted(),
            "a sender's own messages are in the order they were sent"
        );
        receipted.extend(ids);
    }
    let client = restless.connect().await;
    client.join(&room).await;
    client.done(talk(&room, "the end").with("end", "yes")).await;

    let history = texts(&restless.history(&room).await, "id");
    assert!(
        history.is_sorted_by(|earlier, later| earlier < later),
        "none stands there twice"
    );
    assert_eq!(
        history.len(),
        1 + LISTENERS - 1 + SENDERS + SENDERS * MESSAGES_EACH + 1
    );
    assert!(receipted.iter().all(|id| history.binary_search(id).is_ok()));
    assert!(
        returning.await.unwrap() == history,
        "who came and went heard something else"
    );
    for heard in listening {
        let heard = heard.await.unwrap();
        assert!(
            heard.len() > SENDERS * MESSAGES_EACH && history.ends_with(&heard),
            "a listener heard something else"
        );
    }
}
