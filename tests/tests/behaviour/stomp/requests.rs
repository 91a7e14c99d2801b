//! SEND, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT; what RECEIPT and ERROR say of them.

use roomtone_tests::client::Answer;
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::Raw;
use roomtone_tests::room::{act, new_room};
use roomtone_tests::server::Server;

use super::{hello, member, refuses, said};

#[tokio::test]
async fn an_unknown_command_is_an_error() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[
                ("no command", b"NONSENSE\n\n\0"),
                (
                    "a server's command",
                    b"MESSAGE\ndestination:/user/queue/replies\n\n\0",
                ),
                ("a server's answer", b"RECEIPT\nreceipt-id:a\n\n\0"),
                ("one that never ends", &[b'A'; 4096]),
            ],
        )
        .await;
    }
    refuses(
        &server,
        Version::V1_0,
        &[("NACK, which 1.0 has not", b"NACK\nid:a\nmessage-id:a\n\n\0")],
    )
    .await;
}

#[tokio::test]
async fn required_headers_are_required() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[
                ("SEND without destination", b"SEND\n\n{}\0"),
                ("SUBSCRIBE without destination", b"SUBSCRIBE\nid:a\n\n\0"),
                ("UNSUBSCRIBE without id", b"UNSUBSCRIBE\n\n\0"),
                ("ACK without id", b"ACK\n\n\0"),
                ("BEGIN without transaction", b"BEGIN\n\n\0"),
                ("COMMIT without transaction", b"COMMIT\n\n\0"),
                ("ABORT without transaction", b"ABORT\n\n\0"),
            ],
        )
        .await;
    }
    for version in [Version::V1_1, Version::V1_2] {
        refuses(
            &server,
            version,
            &[
                (
                    "SUBSCRIBE without id",
                    b"SUBSCRIBE\ndestination:/user/queue/replies\n\n\0",
                ),
                ("NACK without id", b"NACK\n\n\0"),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_subscription_id_is_used_once_at_a_time() {
    let server = Server::start().await;
    for version in Version::ALL {
        let mut raw = Raw::connected(&server, version).await;
        let subscribe = "SUBSCRIBE\nid:a\ndestination:/user/queue/replies\n\n\0";
        raw.text(format!("{subscribe}UNSUBSCRIBE\nid:a\n\n\0{subscribe}"))
            .await;
        raw.lives().await;
        raw.text(subscribe).await;
        raw.error().await;
    }
}

#[tokio::test]
async fn unsubscribe_needs_an_id_that_is_in_use() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[("an unknown id", b"UNSUBSCRIBE\nid:never\n\n\0")],
        )
        .await;
    }
}

#[tokio::test]
async fn no_message_comes_after_the_receipt_of_unsubscribe() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        raw.text(format!(
            "SUBSCRIBE\nid:t\ndestination:/chat/topic/room/{room}\n\n\0"
        ))
        .await;
        raw.text(hello(&room, "")).await;
        raw.text("UNSUBSCRIBE\nid:s\nreceipt:gone\n\n\0").await;
        while raw.frame().await.get("receipt-id") != Some("gone") {}
        raw.text(hello(&room, "n:1\n")).await;
        raw.text(hello(&room, "n:2\n")).await;
        loop {
            let (_, message) = said(&mut raw).await;
            assert_eq!(message.get("subscription"), Some("t"));
            if message.get("n") == Some("2") {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_message_says_where_it_belongs() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        raw.text(hello(&room, "")).await;
        let (_, message) = said(&mut raw).await;
        let id = message.value()["id"].as_str().unwrap().to_owned();
        assert_eq!(message.get("subscription"), Some("s"));
        assert_eq!(
            message.get("destination"),
            Some(format!("/chat/topic/room/{room}").as_str())
        );
        assert_eq!(message.get("message-id"), Some(id.as_str()));
        assert_eq!(message.get("content-type"), Some("application/json"));
        assert_eq!(message.get("ack"), None);
    }
}

#[tokio::test]
async fn receipts_come_in_the_order_of_their_frames() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        let frames = [
            hello(&room, "receipt:1\n"),
            "SUBSCRIBE\nid:q\ndestination:/user/queue/replies\nreceipt:2\n\n\0".to_owned(),
            hello(&room, "receipt:3\n"),
            "BEGIN\ntransaction:t\nreceipt:4\n\n\0".to_owned(),
            "ABORT\ntransaction:t\nreceipt:5\n\n\0".to_owned(),
            hello(&room, "receipt:6\n"),
            "UNSUBSCRIBE\nid:q\nreceipt:7\n\n\0".to_owned(),
        ];
        raw.text(frames.concat()).await;
        for receipt in ["1", "2", "3", "4", "5", "6", "7"] {
            assert_eq!(
                raw.command("RECEIPT").await.get("receipt-id"),
                Some(receipt)
            );
        }
    }
}

#[tokio::test]
async fn disconnect_gets_its_receipt_after_all_before_it_and_then_the_end() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        let sends: String = (0..5)
            .map(|n| hello(&room, &format!("receipt:{n}\n")))
            .collect();
        raw.text(sends + "DISCONNECT\nreceipt:bye\n\n\0").await;
        for receipt in ["0", "1", "2", "3", "4", "bye"] {
            assert_eq!(
                raw.command("RECEIPT").await.get("receipt-id"),
                Some(receipt)
            );
        }
        raw.closed().await;
    }
}

#[tokio::test]
async fn what_was_received_whole_is_done_after_the_client_is_gone() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut listener = member(&server, &room, Version::V1_2).await;
        let mut raw = member(&server, &room, version).await;
        let sends: String = (0..5).map(|n| hello(&room, &format!("n:{n}\n"))).collect();
        let unfinished = hello(&room, "n:unfinished\n");
        raw.text(sends + &unfinished[..unfinished.len() - 1]).await;
        drop(raw);
        for n in ["0", "1", "2", "3", "4"] {
            assert_eq!(said(&mut listener).await.1.get("n"), Some(n));
        }
        // Had the unfinished one been taken, it would come before this.
        listener.text(hello(&room, "n:last\n")).await;
        assert_eq!(said(&mut listener).await.1.get("n"), Some("last"));
    }
}

#[tokio::test]
async fn an_error_names_the_receipt_that_was_asked_for() {
    let server = Server::start().await;
    for version in Version::ALL {
        for frame in [
            "SUBSCRIBE\nid:a\ndestination:/nowhere\nreceipt:mine\n\n\0",
            "SEND\nreceipt:mine\n\n{}\0",
            "COMMIT\nreceipt:mine\ntransaction:never\n\n\0",
            "CONNECT\nreceipt:mine\n\n\0",
            "SEND\nreceipt:mine\ndestination:/chat/pub/send\nbroken\n\n{}\0",
        ] {
            let mut raw = Raw::connected(&server, version).await;
            raw.text(frame).await;
            assert_eq!(raw.error().await.get("receipt-id"), Some("mine"), "{frame}");
        }
        let mut raw = Raw::connected(&server, version).await;
        raw.text("NONSENSE\n\n\0").await;
        assert_eq!(raw.error().await.get("receipt-id"), None);
    }
}

#[tokio::test]
async fn nothing_is_done_after_an_error() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut listener = member(&server, &room, Version::V1_2).await;
    let mut raw = member(&server, &room, Version::V1_2).await;
    raw.text(format!(
        "{}NONSENSE\n\n\0{}",
        hello(&room, "n:before\n"),
        hello(&room, "n:after\n")
    ))
    .await;
    raw.error().await;
    assert_eq!(said(&mut listener).await.1.get("n"), Some("before"));
    listener.text(hello(&room, "n:last\n")).await;
    assert_eq!(said(&mut listener).await.1.get("n"), Some("last"));
}

#[tokio::test]
async fn version_1_0_subscribes_without_an_id() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect_bare(Version::V1_0).await;
    let destination = format!("/chat/topic/room/{room}");
    client
        .done(Frame::new("SUBSCRIBE").with("destination", &destination))
        .await;
    client.done(act("join", &room)).await;
    let enter = client
        .take("the ENTER", |frame| frame.command == "MESSAGE")
        .await;
    assert_eq!(
        (
            enter.get("destination"),
            enter.value()["messageType"].as_str()
        ),
        (Some(destination.as_str()), Some("ENTER"))
    );
    client
        .done(Frame::new("UNSUBSCRIBE").with("destination", &destination))
        .await;
    let again = client
        .post(Frame::new("UNSUBSCRIBE").with("destination", &destination))
        .await;
    assert!(matches!(client.answer(&again).await, Answer::Error(_)));
}
