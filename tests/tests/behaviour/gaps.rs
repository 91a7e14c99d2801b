//! Where what was missed can't be had whole: a GAP says where the hole is.

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::deadline::{until, within};
use roomtone_tests::frame::Version;
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{listen, new_room, room_subscription, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{Incoming, Opening};
use roomtone_tests::user::User;

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

/// A member on a connection of which the system holds next to nothing, so that not to read is soon noticed.
async fn slow_member(server: &Server, room: &str) -> (User, Raw) {
    let user = server.new_user().await;
    let opening = Opening {
        receive_buffer_bytes: Some(4_096),
        ..Opening::default()
    };
    let mut raw = Raw::open_as(server.address(), &opening).await;
    let connect = String::from_utf8(connect(Version::V1_2, &user.token)).unwrap();
    let subscribe = format!("SUBSCRIBE\nid:s\ndestination:/chat/topic/room/{room}\n\n\0");
    let join =
        format!("SEND\ndestination:/chat/pub/join\nreceipt:j\n\n{{\"roomId\":\"{room}\"}}\0");
    raw.text(connect + &subscribe + &join).await;
    raw.command("RECEIPT").await;
    (user, raw)
}

/// Says a hundred long things, all in flight together, and gives the id of the last.
async fn flood(speaker: &Client, room: &str) -> String {
    let content = "하".repeat(2_000);
    let mut receipts = vec![];
    for _ in 0..100 {
        receipts.push(speaker.post(talk(room, &content)).await);
    }
    let mut last = None;
    for receipt in receipts {
        let Answer::Receipt(receipt) = speaker.answer(&receipt).await else {
            panic!("refused")
        };
        last = receipt.get("message-id").map(str::to_owned);
    }
    last.expect("a message-id")
}

/// Where what was heard leaves something of history out: how much was heard before, the id before, the id after.
fn holes(history: &[String], heard: &[String]) -> Vec<(usize, String, String)> {
    let mut holes = vec![];
    for (at, pair) in heard.windows(2).enumerate() {
        let place = history
            .binary_search(&pair[0])
            .expect("what was heard is in history");
        if history[place + 1] != pair[1] {
            holes.push((at + 1, pair[0].clone(), pair[1].clone()));
        }
    }
    holes
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_skipped_over_with_a_gap_and_nobody_else_notices() {
    // It falls behind for longer than a socket may be silent, or slow, on a busy machine.
    let server = Starting::unhurried()
        .with("ROOMTONE_BACKLOG_BYTES_MAX", 64 << 10)
        .with("ROOMTONE_SILENCE_PING_S", 300)
        .with("ROOMTONE_SILENCE_CLOSE_S", 600)
        .with("ROOMTONE_SLOW_CLOSE_S", 300)
        .start()
        .await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let (speaker, neighbour) = (user.connect().await, user.connect().await);
    speaker.join(&room).await;
    neighbour.listen(&room).await;
    let (_, mut raw) = slow_member(&server, &room).await;
    let mut noticed = vec![];
    for _ in 0..15 {
        let last = flood(&speaker, &room).await;
        noticed.extend(texts(&neighbour.heard_until(&room, &last).await, "id"));
    }
    let last = noticed.last().expect("the neighbour heard them").clone();
    let (ids, gaps) = within("the slow reader to catch up", read_until(&mut raw, &last)).await;
    let history = texts(&user.history(&room).await, "id");
    assert!(ids.len() < history.len(), "it was not slow enough");
    assert_eq!(
        gaps,
        holes(&history, &ids),
        "every hole has its GAP, and every GAP its hole"
    );
    assert!(history.ends_with(&noticed) && noticed.len() > 1_500);
}

#[tokio::test]
async fn a_reader_that_never_reads_is_closed() {
    let server = Starting::unhurried()
        .with("ROOMTONE_BACKLOG_BYTES_MAX", 64 << 10)
        .with("ROOMTONE_SLOW_CLOSE_S", 1)
        .start()
        .await;
    let room = new_room(&server).await;
    let speaker = server.new_user().await.connect().await;
    speaker.watch(&room).await;
    speaker.join(&room).await;
    let (slow, mut raw) = slow_member(&server, &room).await;
    assert_eq!(speaker.noticed_of(&room, &slow).await["presence"], "on");
    let talking = async {
        loop {
            flood(&speaker, &room).await;
        }
    };
    tokio::select! {
        () = talking => {}
        off = speaker.noticed_of(&room, &slow) => assert_eq!(off["presence"], "off"),
    }
    // All of it is let go of, though nothing of what waits was read.
    until("the server to close it", || async {
        (!raw.socket.reader.is_held_by_server()).then_some(())
    })
    .await;
    while within("the end", raw.socket.reader.read()).await != Incoming::End {}
}
