//! Frames that come at once, in one message of the WebSocket: each is answered by itself, in its turn.

use roomtone_tests::client::{Client, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{new_room, texts};
use roomtone_tests::server::{Server, Starting};
use serde_json::{Value, json};

/// More messages than one record of the log takes.
const MANY: usize = 250;

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
