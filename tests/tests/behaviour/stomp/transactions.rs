//! All or nothing: SENDs between BEGIN and COMMIT.

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{new_room, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::told;

use super::refuses;

fn transaction(command: &str) -> Frame {
    Frame::new(command).with("transaction", "t")
}

async fn put_in(client: &Client, room: &str, content: &str) {
    client
        .put(&talk(room, content).with("transaction", "t"))
        .await;
}

#[tokio::test]
async fn a_transaction_is_begun_once_and_used_while_it_is_open() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(&server, version, &[
            ("begun twice", b"BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0"),
            ("committed unknown", b"COMMIT\ntransaction:t\n\n\0"),
            ("aborted unknown", b"ABORT\ntransaction:t\n\n\0"),
            ("committed twice", b"BEGIN\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0"),
            ("used after its end", b"BEGIN\ntransaction:t\n\n\0ABORT\ntransaction:t\n\n\0SEND\ndestination:/chat/pub/send\ntransaction:t\n\n{}\0"),
            ("used before its beginning", b"SEND\ndestination:/chat/pub/send\ntransaction:t\n\n{}\0"),
            ("used by an ACK", b"ACK\nid:a\nmessage-id:a\nsubscription:a\ntransaction:t\n\n\0"),
        ])
        .await;
    }
}

#[tokio::test]
async fn a_name_may_be_used_again_and_several_may_be_open() {
    let server = Server::start().await;
    let user = server.new_user().await;
    let client = user.connect().await;
    for _ in 0..3 {
        client.done(transaction("BEGIN")).await;
        client
            .done(Frame::new("BEGIN").with("transaction", "other"))
            .await;
        client.done(transaction("ABORT")).await;
        client
            .done(Frame::new("COMMIT").with("transaction", "other"))
            .await;
    }
}

#[tokio::test]
async fn a_commit_shows_everything_together_and_nothing_before() {
    let starting = Starting::unhurried();
    let server = starting.start().await;
    let room = new_room(&server).await;
    let (user, noisy) = (server.new_user().await, server.new_user().await);
    let (client, noise) = tokio::join!(user.connect(), noisy.connect());
    client.enter(&room).await;
    noise.join(&room).await;
    let mut receipts = vec![];
    client.done(transaction("BEGIN")).await;
    for n in 0..5 {
        put_in(&client, &room, &format!("part {n}")).await;
        for _ in 0..20 {
            receipts.push(noise.post(talk(&room, "noise")).await);
        }
    }
    let between = noise.say(&room, "between").await;
    let before = client.heard_until(&room, &between).await;
    assert!(
        before
            .iter()
            .all(|message| !message["content"].as_str().unwrap().starts_with("part"))
    );
    for _ in 0..100 {
        receipts.push(noise.post(talk(&room, "noise")).await);
    }
    client.done(transaction("COMMIT")).await;
    for receipt in receipts {
        assert!(matches!(noise.answer(&receipt).await, Answer::Receipt(_)));
    }
    let contents = texts(&user.history(&room).await, "content");
    let first = contents
        .iter()
        .position(|content| content == "part 0")
        .unwrap();
    assert_eq!(
        contents[first..first + 5],
        ["part 0", "part 1", "part 2", "part 3", "part 4"]
    );
    assert_eq!(
        contents
            .iter()
            .filter(|content| content.starts_with("part"))
            .count(),
        5
    );
    assert_eq!(
        contents
            .iter()
            .filter(|content| *content == "noise")
            .count(),
        200
    );
}

#[tokio::test]
async fn an_aborted_or_interrupted_transaction_shows_nothing() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let staying = user.connect().await;
    staying.enter(&room).await;
    for end in ["ABORT", "DISCONNECT", "a drop"] {
        let client = user.connect().await;
        client.join(&room).await;
        client.done(transaction("BEGIN")).await;
        put_in(&client, &room, end).await;
        match end {
            "ABORT" => drop(client.done(transaction("ABORT")).await),
            "DISCONNECT" => client.disconnect().await,
            _ => drop(client),
        }
        let after = staying.say(&room, "after").await;
        let heard = texts(&staying.heard_until(&room, &after).await, "content");
        assert!(!heard.iter().any(|content| content == end), "{heard:?}");
    }
}

#[tokio::test]
async fn one_refusal_refuses_all() {
    let server = Server::start().await;
    let (room, other) = (new_room(&server).await, new_room(&server).await);
    let user = server.new_user().await;
    let client = user.connect().await;
    client.enter(&room).await;
    for bad in [
        talk(&room, "  "),
        talk(&room, &"x".repeat(2_001)),
        talk(&other, "not a member"),
    ] {
        client.done(transaction("BEGIN")).await;
        put_in(&client, &room, "good").await;
        client.put(&bad.with("transaction", "t")).await;
        put_in(&client, &room, "good too").await;
        client.post(transaction("COMMIT")).await;
        let refused = client.reply("REFUSED").await;
        assert!(
            matches!(refused["status"].as_u64(), Some(403 | 422)),
            "{refused}"
        );
        let after = client.say(&room, "after").await;
        let heard = texts(&client.heard_until(&room, &after).await, "content");
        assert!(
            !heard.iter().any(|content| content.starts_with("good")),
            "{heard:?}"
        );
        assert!(
            client.drain(|frame| frame.command == "RECEIPT").is_empty(),
            "a refused transaction has no receipt"
        );
        client.replies("REFUSED");
    }
}

#[tokio::test]
async fn a_transaction_is_of_one_room() {
    let server = Server::start().await;
    let rooms = [new_room(&server).await, new_room(&server).await];
    let user = server.new_user().await;
    let client = user.connect().await;
    for room in &rooms {
        client.enter(room).await;
    }
    client.done(transaction("BEGIN")).await;
    for room in &rooms {
        put_in(&client, room, "torn").await;
    }
    client.refused(transaction("COMMIT"), 422).await;
    for room in &rooms {
        let after = client.say(room, "after").await;
        let heard = texts(&client.heard_until(room, &after).await, "content");
        assert!(!heard.iter().any(|content| content == "torn"), "{heard:?}");
    }
}

#[tokio::test]
async fn an_empty_transaction_is_committed_as_well() {
    let server = Server::start().await;
    for version in Version::ALL {
        let client = server.new_user().await.connect_by(version).await;
        client.done(transaction("BEGIN")).await;
        client.done(transaction("COMMIT")).await;
    }
}

#[tokio::test]
async fn a_transaction_has_100_messages_at_most() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    for (count, fits) in [(100, true), (101, false)] {
        client.done(transaction("BEGIN")).await;
        for n in 0..count {
            put_in(&client, &room, &format!("{count}: {n}")).await;
        }
        if fits {
            let done = client.done(transaction("COMMIT")).await;
            told::note(&room, done.get("message-id").expect("a message-id"));
        } else {
            client.refused(transaction("COMMIT"), 422).await;
        }
    }
    let contents = texts(&user.history(&room).await, "content");
    let wanted: Vec<String> = (0..100).map(|n| format!("100: {n}")).collect();
    assert_eq!(contents[1..], wanted);
}
