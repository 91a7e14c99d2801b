//! Acknowledging messages: cumulative or one by one, and never one that was not sent.

use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::Raw;
use roomtone_tests::room::new_room;
use roomtone_tests::server::Server;

use super::{hello, member, refuses, said};

/// A member who listens as `a` too, with this ack mode, and has heard three messages there.
async fn heard_three(
    server: &Server,
    room: &str,
    version: Version,
    mode: &str,
) -> (Raw, Vec<Frame>) {
    let mut raw = member(server, room, version).await;
    raw.text("UNSUBSCRIBE\nid:s\n\n\0").await;
    raw.text(format!(
        "SUBSCRIBE\nid:a\ndestination:/chat/topic/room/{room}\nack:{mode}\n\n\0"
    ))
    .await;
    let mut messages = vec![];
    for _ in 0..3 {
        raw.text(hello(room, "")).await;
        messages.push(said(&mut raw).await.1);
    }
    (raw, messages)
}

/// An ACK or NACK of a message, as the version writes it.
fn ack(command: &str, version: Version, message: &Frame) -> String {
    let header = |name: &str| {
        message
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {message:?}"))
    };
    let headers = match version {
        Version::V1_0 => format!("message-id:{}\n", header("message-id")),
        Version::V1_1 => format!(
            "message-id:{}\nsubscription:{}\n",
            header("message-id"),
            header("subscription")
        ),
        Version::V1_2 => format!("id:{}\n", header("ack")),
    };
    format!("{command}\n{headers}\n\0")
}

#[tokio::test]
async fn an_unknown_ack_mode_is_an_error() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[
                (
                    "a word",
                    b"SUBSCRIBE\nid:a\ndestination:/user/queue/replies\nack:never\n\n\0",
                ),
                (
                    "nothing",
                    b"SUBSCRIBE\nid:a\ndestination:/user/queue/replies\nack:\n\n\0",
                ),
                (
                    "upper case",
                    b"SUBSCRIBE\nid:a\ndestination:/user/queue/replies\nack:AUTO\n\n\0",
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn only_messages_to_be_acknowledged_say_how() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for (mode, wanted) in [
        ("auto", false),
        ("client", true),
        ("client-individual", true),
    ] {
        let (_raw, messages) = heard_three(&server, &room, Version::V1_2, mode).await;
        assert!(
            messages
                .iter()
                .all(|message| message.get("ack").is_some() == wanted),
            "{messages:?}"
        );
    }
}

#[tokio::test]
async fn in_client_mode_an_ack_covers_all_before_it() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        for command in ["ACK", "NACK"] {
            if (command, version) == ("NACK", Version::V1_0) {
                continue;
            }
            let (mut raw, messages) = heard_three(&server, &room, version, "client").await;
            raw.text(ack(command, version, &messages[1])).await;
            raw.text(ack(command, version, &messages[2])).await;
            raw.lives().await;
            let (mut raw, messages) = heard_three(&server, &room, version, "client").await;
            raw.text(ack(command, version, &messages[1])).await;
            raw.lives().await;
            raw.text(ack(command, version, &messages[0])).await;
            raw.error().await;
        }
    }
}

#[tokio::test]
async fn in_client_individual_mode_an_ack_covers_one_message() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in [Version::V1_1, Version::V1_2] {
        for command in ["ACK", "NACK"] {
            let (mut raw, messages) =
                heard_three(&server, &room, version, "client-individual").await;
            for message in [&messages[1], &messages[0], &messages[2]] {
                raw.text(ack(command, version, message)).await;
            }
            raw.lives().await;
            raw.text(ack(command, version, &messages[0])).await;
            raw.error().await;
        }
    }
}

#[tokio::test]
async fn an_ack_stays_within_its_subscription() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut raw = member(&server, &room, Version::V1_2).await;
    for id in ["a", "b"] {
        raw.text(format!(
            "SUBSCRIBE\nid:{id}\ndestination:/chat/topic/room/{room}\nack:client\n\n\0"
        ))
        .await;
    }
    let mut messages = vec![];
    for n in ["1", "2"] {
        raw.text(hello(&room, &format!("n:{n}\n"))).await;
        while messages
            .iter()
            .filter(|message: &&Frame| message.get("n") == Some(n))
            .count()
            < 2
        {
            let (_, message) = said(&mut raw).await;
            if message.get("subscription") != Some("s") {
                messages.push(message);
            }
        }
    }
    let of = |subscription, n| {
        messages
            .iter()
            .find(|m| m.get("subscription") == Some(subscription) && m.get("n") == Some(n))
            .unwrap()
    };
    raw.text(ack("ACK", Version::V1_2, of("a", "2"))).await;
    raw.text(ack("ACK", Version::V1_2, of("b", "1"))).await;
    raw.text(ack("ACK", Version::V1_2, of("b", "2"))).await;
    raw.lives().await;
    raw.text(ack("ACK", Version::V1_2, of("a", "1"))).await;
    raw.error().await;
}

#[tokio::test]
async fn an_ack_of_what_was_not_sent_is_an_error() {
    let server = Server::start().await;
    for command in ["ACK", "NACK"] {
        let twelve = format!("{command}\nid:never\n\n\0");
        let eleven = format!("{command}\nmessage-id:never\nsubscription:never\n\n\0");
        refuses(&server, Version::V1_2, &[("in 1.2", twelve.as_bytes())]).await;
        refuses(&server, Version::V1_1, &[("in 1.1", eleven.as_bytes())]).await;
    }
    refuses(
        &server,
        Version::V1_0,
        &[("in 1.0", b"ACK\nmessage-id:never\n\n\0")],
    )
    .await;
    let room = new_room(&server).await;
    let (mut raw, messages) = heard_three(&server, &room, Version::V1_2, "auto").await;
    raw.text(format!(
        "ACK\nid:{}\n\n\0",
        messages[0].get("message-id").unwrap()
    ))
    .await;
    raw.error().await;
}

#[tokio::test]
async fn nothing_is_sent_again_after_a_nack() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (mut raw, messages) = heard_three(&server, &room, Version::V1_2, "client-individual").await;
    raw.text(ack("NACK", Version::V1_2, &messages[1])).await;
    raw.text(hello(&room, "n:next\n")).await;
    assert_eq!(said(&mut raw).await.1.get("n"), Some("next"));
}

#[tokio::test]
async fn acks_may_stand_in_a_transaction() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let in_transaction = |message: &Frame| {
        ack("ACK", Version::V1_2, message).replacen("\n\n", "\ntransaction:t\n\n", 1)
    };
    let (mut raw, messages) = heard_three(&server, &room, Version::V1_2, "client-individual").await;
    raw.text(format!(
        "BEGIN\ntransaction:t\n\n\0{}ABORT\ntransaction:t\n\n\0",
        in_transaction(&messages[0])
    ))
    .await;
    raw.text(format!(
        "BEGIN\ntransaction:t\n\n\0{}COMMIT\ntransaction:t\n\n\0",
        in_transaction(&messages[0])
    ))
    .await;
    raw.lives().await;
    raw.text(ack("ACK", Version::V1_2, &messages[0])).await;
    raw.error().await;
}
