//! Coming back: everything after an id, then live, with no hole and no repeat.

use roomtone_tests::client::{Answer, Client, subscribe, talk};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::room::{act, far_beyond, listen, new_room, texts};
use roomtone_tests::server::{Server, Starting};
use serde_json::Value;

/// Says as many things as this, all in flight together.
async fn say_many(client: &Client, room: &str, count: usize) {
    let mut receipts = vec![];
    for n in 0..count {
        receipts.push(client.post(talk(room, &n.to_string())).await);
    }
    for receipt in receipts {
        assert!(matches!(client.answer(&receipt).await, Answer::Receipt(_)));
    }
}

fn since(room: &str, subscription: &str, id: &str) -> Frame {
    subscribe(subscription, &format!("/chat/topic/room/{room}")).with("since", id)
}

fn ids(messages: &[Value]) -> Vec<String> {
    texts(messages, "id")
}

#[tokio::test]
async fn since_gives_exactly_what_came_after_and_goes_on_live() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let speaker = user.connect().await;
    speaker.join(&room).await;
    say_many(&speaker, &room, 40).await;
    let history = ids(&user.history(&room).await);
    let listener = user.connect().await;
    for (at, id) in history.iter().enumerate() {
        listener.done(since(&room, &format!("s{at}"), id)).await;
    }
    let live = [
        speaker.say(&room, "live 1").await,
        speaker.say(&room, "live 2").await,
    ];
    for at in 0..history.len() {
        let heard = listener.until_id(&format!("s{at}"), &live[1]).await;
        assert_eq!(
            ids(&heard),
            [&history[at + 1..], &live[..]].concat(),
            "since message {at}"
        );
    }
    assert!(
        listener
            .drain(|frame| frame.command == "MESSAGE")
            .is_empty(),
        "something came twice"
    );
}

#[tokio::test]
async fn since_in_the_middle_of_traffic_leaves_no_hole_and_repeats_nothing() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let (speaking, listening) = (server.new_user().await, server.new_user().await);
    let speaker = speaking.connect().await;
    speaker.join(&room).await;
    let member = listening.connect().await;
    member.join(&room).await;
    say_many(&speaker, &room, 50).await;
    let first = ids(&speaking.history(&room).await);
    let talking = async {
        say_many(&speaker, &room, 800).await;
        speaker.say(&room, "last").await
    };
    let resuming = async {
        let mut clients = vec![];
        for (n, id) in first.iter().enumerate().take(30) {
            // A user has 16 sockets, so some resume on one that does already.
            if n % 5 == 0 {
                clients.push(listening.connect().await);
            }
            clients[n / 5]
                .put(&since(&room, &format!("s{n}"), id))
                .await;
        }
        clients
    };
    let (last, clients) = tokio::join!(talking, resuming);
    let history = ids(&speaking.history(&room).await);
    assert_eq!(history.last(), Some(&last));
    for n in 0..30 {
        let heard = clients[n / 5].until_id(&format!("s{n}"), &last).await;
        assert_eq!(ids(&heard), history[n + 1..], "since message {n}");
    }
}

#[tokio::test]
async fn a_resume_reaches_back_beyond_a_restart() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    say_many(&client, &room, 1_000).await;
    let before = ids(&user.history(&room).await);
    let server = Starting::default().on(server.kill().await).start().await;
    let user = user.at(&server);
    let client = user.connect().await;
    client.done(since(&room, "s", &before[0])).await;
    client.join(&room).await;
    let live = client.say(&room, "after the restart").await;
    let heard = ids(&client.until_id("s", &live).await);
    assert_eq!(heard, [&before[1..], &[live]].concat());
}

#[tokio::test]
async fn since_the_newest_gives_only_what_comes() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    client.join(&room).await;
    let newest = client.say(&room, "newest").await;
    client.done(since(&room, "s", &newest)).await;
    client.say(&room, "live").await;
    assert_eq!(client.next("s").await["content"], "live");
}

/// A resume from beyond the room's newest message, and then something that ends it, in one write: it is over before the log has said
/// how far it goes.
async fn resumes_beyond_and_then(other: impl FnOnce(&str) -> Frame) {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (user, speaker) = (server.new_user().await, server.new_user().await);
    let (client, speaking) = (user.connect().await, speaker.connect().await);
    for both in [&client, &speaking] {
        both.join(&room).await;
        both.subscribe("other", &format!("/chat/topic/room/{room}"))
            .await;
    }
    // Its frames are those of the other's, so that both are sent the same octets.
    speaking
        .subscribe("s", &format!("/chat/topic/room/{room}"))
        .await;
    let newest = speaking.say(&room, "newest").await;
    let gone = far_beyond(&newest);
    let frames = [since(&room, "s", &gone), other(&room)].map(|f| f.encode(Version::V1_2));
    client.octets(&frames.concat()).await;
    client.settle().await;
    // It may have been told of the hole before it was over.
    let of_s = |frame: &Frame| frame.get("subscription") == Some("s");
    client.drain(of_s);
    for n in 0..3 {
        let last = speaking.say(&room, &n.to_string()).await;
        speaking.until_id("s", &last).await;
    }
    client.settle().await;
    let heard = client.drain(of_s);
    assert!(heard.is_empty(), "{heard:?}");
}

#[tokio::test]
async fn who_unsubscribes_while_resuming_from_what_is_not_there_hears_nothing_more() {
    resumes_beyond_and_then(|_| Frame::new("UNSUBSCRIBE").with("id", "s")).await;
}

#[tokio::test]
async fn who_leaves_while_resuming_from_what_is_not_there_hears_nothing_more() {
    resumes_beyond_and_then(|room| act("leave", room)).await;
}

#[tokio::test]
async fn since_waits_for_who_is_not_yet_a_member() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (user, speaker) = (server.new_user().await, server.new_user().await);
    let speaking = speaker.connect().await;
    speaking.enter(&room).await;
    let enter = speaking.heard(&room).await;
    for n in 0..3 {
        speaking.say(&room, &format!("before {n}")).await;
    }
    let client = user.connect().await;
    client
        .done(listen(&room).with("since", enter["id"].as_str().unwrap()))
        .await;
    client
        .subscribe("from-now", &format!("/chat/topic/room/{room}"))
        .await;
    speaking.say(&room, "still not a member").await;
    client.settle().await;
    assert!(
        client.drain(|frame| frame.command == "MESSAGE").is_empty(),
        "who is no member hears nothing"
    );
    client.join(&room).await;
    let last = speaking.say(&room, "welcome").await;
    let heard = client.heard_until(&room, &last).await;
    let missed = ["before 0", "before 1", "before 2", "still not a member"];
    assert_eq!(texts(&heard, "content")[..4], missed);
    assert_eq!(
        (&heard[4]["messageType"], &heard[5]["content"], heard.len()),
        (&"ENTER".into(), &"welcome".into(), 6)
    );
    let from_now = client.until_id("from-now", &last).await;
    assert_eq!(from_now, heard[4..]);
}

#[tokio::test]
async fn a_since_that_is_no_id_is_an_error() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    for bad in [
        "",
        "0",
        "nonsense",
        "-1",
        "00010000000000000000000",
        "0001000000000000000g00",
        " 0001000000000000000000",
    ] {
        let client = user.connect().await;
        client.join(&room).await;
        let receipt = client.post(since(&room, "s", bad)).await;
        assert!(
            matches!(client.answer(&receipt).await, Answer::Error(_)),
            "{bad:?}"
        );
        client.ended().await;
    }
}
