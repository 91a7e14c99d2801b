//! Frames that come at once, in one message of the WebSocket: each is answered by itself, in its turn.

use std::collections::BTreeSet;

use roomtone_tests::client::{Client, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{listen, new_room, text, texts};
use roomtone_tests::server::{Server, Starting};
use serde_json::{Value, json};

/// More messages than two records of the log take.
const MANY: usize = 250;
/// Characters of an id that say which record its message is in; the rest is its place there.
const RECORD_CHARS: usize = 20;
/// The last place in a record of 100 messages.
const LAST_OF_RECORD: &str = "63";

/// Sends these at once; they ask for the receipts `r0`, `r1` and so on.
async fn send_at_once(client: &Client, frames: &[Frame]) {
    let numbered = frames.iter().enumerate();
    let octets = numbered.flat_map(|(n, frame)| {
        let frame = frame.clone().with("receipt", &format!("r{n}"));
        frame.encode(Version::V1_2)
    });
    client.octets(&octets.collect::<Vec<u8>>()).await;
}

/// The next answer: the receipt that it is to, and the message's id, or the status of a refusal.
async fn answer(client: &Client) -> (String, Result<String, u64>) {
    let refusal = |frame: &Frame| {
        let body = (frame.command == "MESSAGE").then(|| frame.value());
        body.filter(|body| body["type"] == "REFUSED")
    };
    let fits = |frame: &Frame| frame.command == "RECEIPT" || refusal(frame).is_some();
    let frame = client.take("an answer", fits).await;
    let text = |name| frame.get(name).expect("a header of it").to_owned();
    match refusal(&frame) {
        Some(body) => {
            let receipt = body["receipt"].as_str().expect("its receipt").to_owned();
            (receipt, Err(body["status"].as_u64().expect("its status")))
        }
        None => (text("receipt-id"), Ok(text("message-id"))),
    }
}

async fn answers(client: &Client, count: usize) -> Vec<Result<String, u64>> {
    let mut all = vec![];
    for n in 0..count {
        let (receipt, answer) = answer(client).await;
        assert_eq!(receipt, format!("r{n}"));
        all.push(answer);
    }
    all
}

async fn said(client: &Client, room: &str) -> Vec<Value> {
    let last = client.say(room, "last").await;
    let mut heard = client.heard_until(room, &last).await;
    heard.retain(|message| message["messageType"] == "TALK");
    heard
}

#[tokio::test]
async fn messages_that_come_at_once_are_answered_and_heard_one_by_one() {
    let server = Starting::unhurried().start().await;
    let (here, there) = (new_room(&server).await, new_room(&server).await);
    let client = server.new_user().await.connect().await;
    for room in [&here, &there] {
        client.enter(room).await;
    }
    let wrong = Frame::send("/chat/pub/send", &json!({"roomId": here, "content": 7}));
    let mut frames = vec![
        talk(&here, "one"),
        talk(&here, "two"),
        talk(&there, "elsewhere"),
        wrong,
        talk(&here, "three"),
    ];
    frames.extend((0..MANY).map(|n| talk(&here, &n.to_string())));
    send_at_once(&client, &frames).await;
    let mut answers = answers(&client, frames.len()).await;
    assert_eq!(answers.remove(3), Err(400));
    let elsewhere = answers.remove(2).expect("it is said");
    let here_ids: Vec<String> = answers.into_iter().map(Result::unwrap).collect();

    let heard = said(&client, &here).await;
    let mut contents = vec!["one".to_owned(), "two".into(), "three".into()];
    contents.extend((0..MANY).map(|n| n.to_string()));
    contents.push("last".into());
    assert_eq!(texts(&heard, "content"), contents);
    let ids = texts(&heard, "id");
    assert_eq!(ids[..here_ids.len()], here_ids);
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    // They share records, of no more messages than one may have.
    let records: BTreeSet<&str> = ids.iter().map(|id| &id[..RECORD_CHARS]).collect();
    assert!(records.len() < MANY / 10, "{records:?}");
    let last = ids.iter().map(|id| &id[RECORD_CHARS..]).max();
    assert_eq!(last, Some(LAST_OF_RECORD));
    let heard = said(&client, &there).await;
    assert_eq!(texts(&heard, "content"), ["elsewhere", "last"]);
    assert_eq!(texts(&heard, "id")[0], elsewhere);
}

#[tokio::test]
async fn each_that_is_refused_is_told_so() {
    let server = Server::start().await;
    let (member_of, stranger_to) = (new_room(&server).await, new_room(&server).await);
    let client = server.new_user().await.connect().await;
    client.enter(&member_of).await;
    let to = |room: &String, n: usize| talk(room, &n.to_string());
    let frames: Vec<Frame> = (0..3)
        .map(|n| to(&stranger_to, n))
        .chain((3..5).map(|n| to(&member_of, n)))
        .collect();
    send_at_once(&client, &frames).await;
    let answers = answers(&client, frames.len()).await;
    assert_eq!(answers[..3], [Err(403), Err(403), Err(403)]);
    assert!(answers[3..].iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(
        texts(&said(&client, &member_of).await, "content"),
        ["3", "4", "last"]
    );
}

#[tokio::test]
async fn what_was_sent_before_an_exit_or_the_end_is_said() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let listener = server.new_user().await.connect().await;
    listener.enter(&room).await;
    let exit = Frame::send("/chat/pub/exit", &json!({"roomId": room}));
    for (word, end) in [
        ("exit", exit),
        ("disconnect", Frame::new("DISCONNECT")),
        ("break", Frame::new("NONSENSE")),
    ] {
        let client = server.new_user().await.connect().await;
        client.enter(&room).await;
        let mut octets = talk(&room, word).encode(Version::V1_2);
        octets.extend(talk(&room, word).encode(Version::V1_2));
        octets.extend(end.encode(Version::V1_2));
        client.octets(&octets).await;
        for _ in 0..2 {
            let is_it =
                |frame: &Frame| frame.command == "MESSAGE" && frame.value()["content"] == word;
            listener.take("a word before the end", is_it).await;
        }
    }
}

#[tokio::test]
async fn what_comes_behind_the_end_is_not_done() {
    let server = Server::start().await;
    let (member_of, stranger_to) = (new_room(&server).await, new_room(&server).await);
    let listener = server.new_user().await.connect().await;
    listener.enter(&member_of).await;
    let user = server.new_user().await;
    user.connect().await.enter(&member_of).await;
    // A refusal ends the connection of who does not listen for replies.
    let exit = Frame::send("/chat/pub/exit", &json!({"roomId": member_of}));
    for behind in [talk(&member_of, "behind"), exit] {
        let bare = user.connect_bare(Version::V1_2).await;
        let join = Frame::send("/chat/pub/join", &json!({"roomId": member_of}));
        bare.done(join).await;
        send_at_once(&bare, &[talk(&stranger_to, "refused"), behind]).await;
        bare.take("an ERROR", |frame| frame.command == "ERROR")
            .await;
        bare.ended().await;
    }
    let heard = said(&listener, &member_of).await;
    assert_eq!(texts(&heard, "content"), ["last"]);
    // Nor did they exit.
    user.joined_room(&member_of).await;
}

#[tokio::test]
async fn what_was_sent_before_a_transaction_or_a_subscription_comes_before_it() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.join(&room).await;
    let in_one = |content: &str| talk(&room, content).with("transaction", "t");
    let of_t = |command: &str| Frame::new(command).with("transaction", "t");
    let frames = [
        of_t("BEGIN"),
        in_one("third"),
        talk(&room, "first"),
        in_one("fourth"),
        talk(&room, "second"),
        of_t("COMMIT"),
        talk(&room, "fifth"),
        listen(&room),
        talk(&room, "sixth"),
    ];
    let octets = frames.iter().flat_map(|frame| frame.encode(Version::V1_2));
    client.octets(&octets.collect::<Vec<u8>>()).await;
    // It hears what came behind its SUBSCRIBE, and the room has all of it.
    let heard = said(&client, &room).await;
    assert_eq!(texts(&heard, "content"), ["sixth", "last"]);
    let listener = server.new_user().await.connect().await;
    listener.join(&room).await;
    let first = format!("{}{}", &text(&heard[0]["id"])[..4], "0".repeat(18));
    listener.done(listen(&room).with("since", &first)).await;
    let all = said(&listener, &room).await;
    let contents = [
        "first", "second", "third", "fourth", "fifth", "sixth", "last", "last",
    ];
    assert_eq!(texts(&all, "content"), contents);
}
