//! The recorder, killed and moved from node to node while messages flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::client::{Answer, talk};
use roomtone_tests::deadline::until;
use roomtone_tests::room::{new_room, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use tokio::time::MissedTickBehavior;

/// Rooms, more than there are partitions.
const ROOMS: usize = 8;
/// Nodes that are killed, one after another.
const KILLS: usize = 6;
/// Milliseconds between two messages in a room, and between two looks at its history: enough for the parts of one
/// machine to keep up.
const PACE_MS: u64 = 50;
/// Messages in each room between two kills, at least.
const MESSAGES_BETWEEN: usize = 10;

fn pace() -> tokio::time::Interval {
    let mut pace = tokio::time::interval(Duration::from_millis(PACE_MS));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

/// Talks until it is told to stop; gives how many messages had their receipts.
async fn talk_on(user: User, room: String, stop: Arc<AtomicBool>) -> usize {
    // The one process is not killed, and its node serves whoever speaks.
    let client = user.connect_at(user.address).await;
    client.join(&room).await;
    let (mut said, mut pace) = (0, pace());
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let receipt = client.post(talk(&room, &format!("{said}"))).await;
        let answer = client.answer(&receipt).await;
        assert!(matches!(answer, Answer::Receipt(_)), "{answer:?}");
        said += 1;
    }
    said
}

/// Reads the newest pages again and again; gives them all, each oldest first.
async fn read_on(user: User, room: String, stop: Arc<AtomicBool>) -> Vec<Vec<String>> {
    let newest = format!("/v1/api/chat/history?roomId={room}&size=20");
    let (mut pages, mut pace) = (vec![], pace());
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let mut path = newest.clone();
        for _ in 0..2 {
            let page = user.get(&path).await.expect(200);
            let mut ids = texts(page["messages"].as_array().expect("a list"), "id");
            ids.reverse();
            let Some(cursor) = page["nextCursor"].as_str() else {
                break;
            };
            path = format!("{newest}&before={cursor}");
            pages.push(ids);
        }
    }
    pages
}

/// Waits until history has this many more messages of a room.
async fn grows(user: &User, room: &str, by: usize) {
    let newest =
        |page: serde_json::Value| texts(page["messages"].as_array().expect("a list"), "content");
    let path = format!("/v1/api/chat/history?roomId={room}&size=1");
    let number = |texts: Vec<String>| texts.first().and_then(|text| text.parse::<usize>().ok());
    let before = number(newest(user.get(&path).await.expect(200))).unwrap_or(0);
    until("history to go on", || async {
        let now = number(newest(user.get(&path).await.expect(200)))?;
        (now >= before + by).then_some(())
    })
    .await;
}

async fn kill_one_and_start_another(server: &mut Server) {
    let mut node = server.take_node(0);
    node.kill().await;
    server.add_node(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn history_equals_the_log_and_no_page_has_a_hole_though_the_recorder_moves() {
    let mut server = Starting::unhurried().start().await;
    let stop = Arc::new(AtomicBool::new(false));
    let (mut talking, mut reading, mut rooms) = (vec![], vec![], vec![]);
    for _ in 0..ROOMS {
        let room = new_room(&server).await;
        let user = server.new_user().await;
        talking.push(tokio::spawn(talk_on(
            user.clone(),
            room.clone(),
            stop.clone(),
        )));
        rooms.push((user, room));
    }
    for (user, room) in &rooms {
        grows(user, room, 1).await;
        reading.push(tokio::spawn(read_on(
            user.clone(),
            room.clone(),
            stop.clone(),
        )));
    }
    for _ in 0..KILLS {
        kill_one_and_start_another(&mut server).await;
        for (user, room) in &rooms {
            grows(user, room, MESSAGES_BETWEEN).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut said = 0;
    for talking in talking {
        said += talking.await.expect("somebody who talked to the end");
    }
    let archived = archive::is_the_log(&server).await;
    assert!(archived >= said, "{archived} of {said}");
    for ((user, room), reading) in rooms.iter().zip(reading) {
        let history = texts(&user.history(room).await, "id");
        let pages = reading.await.expect("somebody who read to the end");
        assert!(!pages.is_empty());
        for page in pages {
            let first = page.first().expect("a page with something in it");
            let at = history.binary_search(first).expect("a message of history");
            assert_eq!(
                history[at..at + page.len()],
                page,
                "{room}: a page with a hole"
            );
        }
    }
}
