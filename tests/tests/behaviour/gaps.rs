//! Where what was missed can't be had whole: a GAP says where the hole is.

use std::time::Duration;

use roomtone_tests::client::{Answer, talk};
use roomtone_tests::deadline::within;
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{listen, new_room, room_subscription, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{Incoming, Opening};

#[tokio::test]
async fn an_id_of_another_epoch_gets_a_gap_and_then_everything_later() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let speaker = user.connect().await;
    speaker.join(&room).await;
    for n in 0..5 {
        speaker.say(&room, &n.to_string()).await;
    }
    let history = user.history(&room).await;
    let ids = texts(&history, "id");
    let foreign = format!("0000{}", &ids[3][4..]);
    assert!(foreign < ids[0], "the first epoch is not 0");
    let listener = user.connect().await;
    listener.done(listen(&room).with("since", &foreign)).await;
    let gap = listener
        .take("a GAP", |frame| {
            frame.get("subscription") == Some(&room_subscription(&room))
        })
        .await;
    assert_eq!(gap.get("message-id"), Some(foreign.as_str()));
    let body = gap.value();
    assert_eq!(
        (&body["messageType"], &body["roomId"]),
        (&"GAP".into(), &room.as_str().into())
    );
    assert_eq!(
        (&body["after"], &body["before"]),
        (&foreign.as_str().into(), &ids[0].as_str().into())
    );
    let live = speaker.say(&room, "live").await;
    let heard = listener.heard_until(&room, &live).await;
    assert_eq!(texts(&heard, "id"), [&ids[..], &[live]].concat());
}

#[tokio::test]
async fn an_id_of_an_epoch_to_come_gets_a_gap_too() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let speaker = user.connect().await;
    speaker.join(&room).await;
    let id = speaker.say(&room, "before").await;
    let foreign = format!("ffff{}", &id[4..]);
    let listener = user.connect().await;
    listener.done(listen(&room).with("since", &foreign)).await;
    let live = speaker.say(&room, "live").await;
    let heard = listener.heard_until(&room, &live).await;
    let (gap, rest) = heard.split_first().unwrap();
    assert_eq!(
        (&gap["messageType"], &gap["after"]),
        (&"GAP".into(), &foreign.as_str().into())
    );
    assert_eq!(gap["before"], rest[0]["id"]);
    let history = texts(&user.history(&room).await, "id");
    assert!(history.ends_with(&texts(rest, "id")));
}

/// Reads until the message with this id, and gives what came: ids, and GAPs as (after, before).
async fn read_until(raw: &mut Raw, last: &str) -> (Vec<String>, Vec<(usize, String, String)>) {
    let (mut ids, mut gaps) = (vec![], vec![]);
    loop {
        let frame = raw.command("MESSAGE").await;
        let body = frame.value();
        let text = |field: &str| {
            body[field]
                .as_str()
                .unwrap_or_else(|| panic!("no {field}: {body}"))
                .to_owned()
        };
        if body["messageType"] == "GAP" {
            gaps.push((ids.len(), text("after"), text("before")));
            continue;
        }
        ids.push(text("id"));
        if ids.last().is_some_and(|id| id == last) {
            return (ids, gaps);
        }
    }
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_skipped_over_with_a_gap_and_nobody_else_notices() {
    // It falls behind for longer than a socket may be silent on a slow machine.
    let server = Starting::unhurried()
        .with("ROOMTONE_BACKLOG_BYTES_MAX", 64 << 10)
        .with("ROOMTONE_SILENCE_PING_S", 300)
        .with("ROOMTONE_SILENCE_CLOSE_S", 600)
        .with("ROOMTONE_SLOW_CLOSE_S", 300)
        .start()
        .await;
    let room = new_room(&server).await;
    let (user, slow) = (server.new_user().await, server.new_user().await);
    let speaker = user.connect().await;
    speaker.enter(&room).await;
    let opening = Opening {
        receive_buffer_bytes: Some(4_096),
        ..Opening::default()
    };
    let mut raw = Raw::open_as(server.address(), &opening).await;
    let connect = String::from_utf8(connect(Version::V1_2, &slow.token)).unwrap();
    let listen = format!("SUBSCRIBE\nid:s\ndestination:/chat/topic/room/{room}\n\n\0");
    let join =
        format!("SEND\ndestination:/chat/pub/join\nreceipt:j\n\n{{\"roomId\":\"{room}\"}}\0");
    raw.text(connect + &listen + &join).await;
    raw.command("RECEIPT").await;
    let content = "하".repeat(2_000);
    let mut receipts = vec![];
    for _ in 0..1_500 {
        receipts.push(speaker.post(talk(&room, &content)).await);
    }
    for receipt in receipts {
        assert!(matches!(speaker.answer(&receipt).await, Answer::Receipt(_)));
    }
    let read = async {
        let last = speaker.say(&room, "last").await;
        let (ids, gaps) = read_until(&mut raw, &last).await;
        (last, ids, gaps)
    };
    let (last, ids, gaps) = within("the slow reader to catch up", read).await;
    let history = texts(&user.history(&room).await, "id");
    assert!(
        ids.len() < history.len() && !gaps.is_empty(),
        "{} of {}",
        ids.len(),
        history.len()
    );
    let mut jumps = vec![];
    for (at, pair) in ids.windows(2).enumerate() {
        let place = history
            .iter()
            .position(|id| *id == pair[0])
            .expect("what was shown is in history");
        if history[place + 1] != pair[1] {
            jumps.push((at + 1, pair[0].clone(), pair[1].clone()));
        }
    }
    assert_eq!(
        gaps, jumps,
        "every hole has its GAP, and every GAP its hole"
    );
    let heard = texts(&speaker.heard_until(&room, &last).await, "id");
    assert_eq!(heard, history[history.len() - heard.len()..]);
    assert!(heard.len() > 1_500);
}

#[tokio::test]
async fn a_reader_that_never_reads_is_closed() {
    let server = Starting::unhurried()
        .with("ROOMTONE_BACKLOG_BYTES_MAX", 64 << 10)
        .with("ROOMTONE_SLOW_CLOSE_S", 1)
        .start()
        .await;
    let room = new_room(&server).await;
    let (user, slow) = (server.new_user().await, server.new_user().await);
    let speaker = user.connect().await;
    speaker.watch(&room).await;
    speaker.enter(&room).await;
    let opening = Opening {
        receive_buffer_bytes: Some(4_096),
        ..Opening::default()
    };
    let mut raw = Raw::open_as(server.address(), &opening).await;
    let connect = String::from_utf8(connect(Version::V1_2, &slow.token)).unwrap();
    let listen = format!("SUBSCRIBE\nid:s\ndestination:/chat/topic/room/{room}\n\n\0");
    raw.text(format!(
        "{connect}{listen}SEND\ndestination:/chat/pub/join\n\n{{\"roomId\":\"{room}\"}}\0"
    ))
    .await;
    assert_eq!(speaker.noticed_of(&room, &slow).await["presence"], "on");
    let content = "하".repeat(2_000);
    let talking = async {
        let mut pace = tokio::time::interval(Duration::from_millis(1));
        loop {
            pace.tick().await;
            speaker.done(talk(&room, &content)).await;
            speaker.drain(|frame: &Frame| {
                frame.get("subscription") == Some(&room_subscription(&room))
            });
        }
    };
    tokio::select! {
        () = talking => {}
        off = speaker.noticed_of(&room, &slow) => assert_eq!(off["presence"], "off"),
    }
    while within("the end", raw.socket.reader.read()).await != Incoming::End {}
}
