//! Sockets that do not read while a room is talked full: what waits for them is bounded. Who reads again is told what was left out,
//! and goes on with the newest; who never does is closed as slow. Nobody else notices.

use std::time::{Duration, Instant};

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::deadline::within_time;
use roomtone_tests::frame::Version;
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{listen, member};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{Opening, TEXT};
use tokio::task::JoinSet;

use crate::scale::Scale;
use crate::trial::{Outcome, Trial};

/// Messages of everybody, before and while.
const BETWEEN: usize = 400;
/// Long messages that the room is talked full with: some megabytes, more than a socket and the system take together.
const FLOOD: usize = 1_200;
/// Of these, under way at once.
const TOGETHER: usize = 100;
/// Characters of one, each of three octets.
const LONG: usize = 2_000;
const BACKLOG_BYTES_MAX: usize = 65_536;
/// How long the end of a slow socket may take to be noticed here, once its time is up.
const NOTICED_IN: Duration = Duration::from_secs(40);
/// How often that is tried.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) async fn run(scale: Scale) -> Outcome {
    let slow = scale.of(16, 100);
    // Longer than the flood takes.
    let slow_close_s = scale.of(20, 90);
    let starting = Starting::unhurried()
        .with("ROOMTONE_BACKLOG_BYTES_MAX", BACKLOG_BYTES_MAX)
        .with("ROOMTONE_SLOW_CLOSE_S", slow_close_s)
        // Nor are they closed for saying nothing.
        .with("ROOMTONE_SILENCE_CLOSE_S", 600);
    let mut trial = Trial::begin(scale, starting).await;
    let room = trial.rooms()[0].clone();
    trial.talk(BETWEEN).await;
    let (mut again, mut never) = (vec![], vec![]);
    for number in 0..slow {
        let reader = slow_member(&trial.server, &room).await;
        match number % 2 {
            0 => again.push(reader),
            _ => never.push(reader),
        }
    }
    let speaker = member(&trial.server, std::slice::from_ref(&room))
        .await
        .connect()
        .await;
    speaker.done(listen(&room)).await;
    flood(&speaker, &room).await;
    trial.struck(slow);
    trial.next_acknowledged().await;
    let last = speaker.say(&room, "read again").await;
    let again: JoinSet<usize> = again
        .into_iter()
        .map(|reader| reads_on(reader, last.clone()))
        .collect();
    let begun = Instant::now();
    let closed_in = Duration::from_secs(slow_close_s) + NOTICED_IN;
    let never: JoinSet<()> = never
        .into_iter()
        .map(|reader| closed(reader, closed_in))
        .collect();
    let gaps: usize = again.join_all().await.into_iter().sum();
    never.join_all().await;
    let took = begun.elapsed().as_secs_f64();
    speaker.disconnect().await;
    trial.talk(BETWEEN).await;
    let outcome = trial.judge().await.unnoticed();
    assert_eq!(
        outcome.verdict.gaps, 0,
        "somebody else has a hole: {outcome:?}"
    );
    outcome.also(format!(
        "Those who read again were told of {gaps} holes and went on with the newest; the others were closed, the last of them after \
         {took:.1} s; nobody else has a hole"
    ))
}

/// A member on a socket of which the system holds little here.
async fn slow_member(server: &Server, room: &str) -> Raw {
    let user = member(server, &[room.to_owned()]).await;
    let opening = Opening {
        receive_buffer_bytes: Some(65_536),
        ..Opening::default()
    };
    let mut raw = Raw::open_as(server.sockets().next(), &opening).await;
    raw.text(connect(Version::V1_2, &user.token)).await;
    let destination = format!("/chat/topic/room/{room}");
    raw.text(format!(
        "SUBSCRIBE\nid:s\ndestination:{destination}\nreceipt:r\n\n\0"
    ))
    .await;
    raw.command("RECEIPT").await;
    raw
}

/// Talks the room full.
async fn flood(speaker: &Client, room: &str) {
    let content = "하".repeat(LONG);
    for _ in 0..FLOOD / TOGETHER {
        let mut receipts = vec![];
        for _ in 0..TOGETHER {
            receipts.push(speaker.post(talk(room, &content)).await);
        }
        for receipt in receipts {
            let answer = speaker.answer(&receipt).await;
            assert!(matches!(answer, Answer::Receipt(_)), "{answer:?}");
        }
    }
}

/// Reads until this message or a later one, each with a greater id than the one before and no hole but those it is told of; gives how many those are.
async fn reads_on(mut reader: Raw, last: String) -> usize {
    let (mut gaps, mut newest) = (0, String::new());
    while newest < last {
        let frame = reader.command("MESSAGE").await;
        if frame.value()["messageType"] == "GAP" {
            gaps += 1;
            continue;
        }
        let id = frame.get("message-id").expect("a message-id").to_owned();
        assert!(newest < id, "{id} after {newest}");
        newest = id;
    }
    assert!(gaps > 0, "a slow reader missed nothing");
    gaps
}

/// Ends once the server has nothing more to do with a socket: what is written to it is refused.
async fn closed(mut reader: Raw, limit: Duration) {
    let refused = async {
        while reader.socket.writer.message(TEXT, b"\n").await.is_ok() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    within_time(limit, "a slow socket to be closed", refused).await;
}
