//! A message that comes after its sender's off or EXIT is refused, for everybody alike.

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::frame::Frame;
use roomtone_tests::room::{act, new_room, texts};
use roomtone_tests::server::Starting;
use serde_json::{Value, json};

/// Waits for all answers: the ids of what was done, and whether each was done.
async fn outcomes(client: &Client, receipts: &[String]) -> (Vec<String>, Vec<bool>) {
    let (mut ids, mut done) = (vec![], vec![]);
    for receipt in receipts {
        match client.answer(receipt).await {
            Answer::Receipt(receipt) => {
                ids.push(receipt.get("message-id").expect("a message-id").to_owned());
                done.push(true);
            }
            Answer::Refused(refusal) => {
                assert_eq!(refusal["status"], 403, "{refusal}");
                done.push(false);
            }
            Answer::Error(error) => panic!("{error:?}"),
        }
    }
    (ids, done)
}

fn shown_of(messages: &[Value], uid: &str) -> Vec<String> {
    let of: Vec<Value> = messages
        .iter()
        .filter(|m| m["messageType"] == "TALK" && m["senderId"] == uid)
        .cloned()
        .collect();
    texts(&of, "id")
}

#[tokio::test]
async fn nothing_is_shown_after_the_off_and_what_is_shown_is_what_was_receipted() {
    let server = Starting::unhurried().start().await;
    for round in 0..10 {
        let room = new_room(&server).await;
        let (user, other) = (server.new_user().await, server.new_user().await);
        let (client, switching, listener) = (
            user.connect().await,
            user.connect().await,
            other.connect().await,
        );
        client.enter(&room).await;
        listener.enter(&room).await;
        let mut receipts = vec![];
        for n in 0..100 {
            if n == 10 + round * 8 {
                switching
                    .put(&Frame::send(
                        "/chat/pub/presence",
                        &json!({"roomId": room, "presence": "off"}),
                    ))
                    .await;
            }
            receipts.push(client.post(talk(&room, &n.to_string())).await);
        }
        let (ids, done) = outcomes(&client, &receipts).await;
        switching.reply("PRESENCE").await;
        client.refused(talk(&room, "off"), 403).await;
        assert!(
            done.is_sorted_by(|earlier, later| earlier >= later),
            "refused, and then done: {done:?}"
        );
        let end = listener.say(&room, "end").await;
        let history = user.history(&room).await;
        assert_eq!(shown_of(&history, &user.uid), ids);
        assert_eq!(
            shown_of(&listener.heard_until(&room, &end).await, &user.uid),
            ids
        );
        assert_eq!(
            shown_of(&client.heard_until(&room, &end).await, &user.uid),
            ids
        );
    }
}

#[tokio::test]
async fn nothing_is_shown_after_the_exit() {
    let server = Starting::unhurried().start().await;
    for round in 0..10 {
        let room = new_room(&server).await;
        let (user, other) = (server.new_user().await, server.new_user().await);
        let (client, exiting, listener) = (
            user.connect().await,
            user.connect().await,
            other.connect().await,
        );
        client.enter(&room).await;
        listener.enter(&room).await;
        let mut receipts = vec![];
        for n in 0..100 {
            if n == 10 + round * 8 {
                exiting.put(&act("exit", &room)).await;
            }
            receipts.push(client.post(talk(&room, &n.to_string())).await);
        }
        let (ids, done) = outcomes(&client, &receipts).await;
        exiting.settle().await;
        assert!(
            done.is_sorted_by(|earlier, later| earlier >= later),
            "refused, and then done: {done:?}"
        );
        let end = listener.say(&room, "end").await;
        let history = other.history(&room).await;
        assert_eq!(shown_of(&history, &user.uid), ids);
        let exit = history
            .iter()
            .find(|m| m["messageType"] == "EXIT")
            .expect("an EXIT")["id"]
            .as_str()
            .unwrap();
        assert!(ids.iter().all(|id| id.as_str() < exit));
        assert_eq!(
            shown_of(&listener.heard_until(&room, &end).await, &user.uid),
            ids
        );
        // Their own EXIT is the last that they hear.
        assert_eq!(
            shown_of(&client.heard_until(&room, exit).await, &user.uid),
            ids
        );
        client.settle().await;
        assert!(client.drain(|frame| frame.command == "MESSAGE").is_empty());
    }
}

#[tokio::test]
async fn a_switch_that_flickers_loses_nothing_and_shows_nothing_twice() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let (user, other) = (server.new_user().await, server.new_user().await);
    let (client, switching, listener) = (
        user.connect().await,
        user.connect().await,
        other.connect().await,
    );
    client.join(&room).await;
    listener.enter(&room).await;
    let flicker = async {
        for n in 0..40 {
            let word = if n % 2 == 0 { "off" } else { "on" };
            switching
                .done(Frame::send(
                    "/chat/pub/presence",
                    &json!({"roomId": room, "presence": word}),
                ))
                .await;
        }
    };
    let talking = async {
        let mut receipts = vec![];
        for n in 0..400 {
            receipts.push(client.post(talk(&room, &n.to_string())).await);
            if n % 10 == 0 {
                client.settle().await;
            }
        }
        outcomes(&client, &receipts).await.0
    };
    let ((), ids) = tokio::join!(flicker, talking);
    let end = listener.say(&room, "end").await;
    assert_eq!(shown_of(&user.history(&room).await, &user.uid), ids);
    assert_eq!(
        shown_of(&listener.heard_until(&room, &end).await, &user.uid),
        ids
    );
}
