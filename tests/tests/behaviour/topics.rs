//! Subscriptions: when they speak, and when they are silent.

use roomtone_tests::client::subscribe;
use roomtone_tests::room::{act, new_room, texts};
use roomtone_tests::server::Server;
use serde_json::json;

#[tokio::test]
async fn subscribing_before_joining_and_joining_before_subscribing_both_work() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let first = server.new_user().await.connect().await;
    first.listen(&room).await;
    first.join(&room).await;
    assert_eq!(first.heard(&room).await["messageType"], "ENTER");
    let second = server.new_user().await.connect().await;
    second.join(&room).await;
    second.listen(&room).await;
    let said = first.say(&room, "to both").await;
    assert_eq!(
        texts(&second.heard_until(&room, &said).await, "content"),
        ["to both"]
    );
    assert_eq!(first.heard_until(&room, &said).await.len(), 2);
}

#[tokio::test]
async fn several_subscriptions_of_a_socket_each_get_everything() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    for id in ["a", "b", "c"] {
        client
            .subscribe(id, &format!("/chat/topic/room/{room}"))
            .await;
    }
    client.join(&room).await;
    let said = client.say(&room, "hello").await;
    for id in ["a", "b", "c"] {
        assert_eq!(client.until_id(id, &said).await.len(), 2);
    }
}

#[tokio::test]
async fn a_room_and_its_presence_are_silent_to_who_is_not_a_member() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let speaker = server.new_user().await.connect().await;
    let stranger = server.new_user().await.connect().await;
    stranger.listen(&room).await;
    stranger.watch(&room).await;
    speaker.join(&room).await;
    speaker.say(&room, "among ourselves").await;
    speaker
        .done(roomtone_tests::frame::Frame::send(
            "/chat/pub/presence",
            &json!({"roomId": room, "presence": "off"}),
        ))
        .await;
    speaker
        .done(roomtone_tests::frame::Frame::send(
            "/chat/pub/presence",
            &json!({"roomId": room, "presence": "on"}),
        ))
        .await;
    stranger.settle().await;
    stranger.join(&room).await;
    let said = speaker.say(&room, "welcome").await;
    let heard = stranger.heard_until(&room, &said).await;
    assert_eq!(
        (&heard[0]["messageType"], heard.len()),
        (&"ENTER".into(), 2)
    );
    assert_eq!(stranger.noticed(&room).await["presence"], "on");
    assert!(
        stranger
            .drain(|frame| frame
                .get("subscription")
                .is_some_and(|s| s.starts_with("presence")))
            .is_empty()
    );
}

#[tokio::test]
async fn a_room_that_is_not_there_is_silent() {
    let server = Server::start().await;
    let client = server.new_user().await.connect().await;
    client.listen("00000000-0000-4000-8000-000000000000").await;
    client.settle().await;
}

#[tokio::test]
async fn who_left_by_a_socket_hears_nothing_there_until_they_join_again() {
    let server = Server::start().await;
    let (room, other) = (new_room(&server).await, new_room(&server).await);
    let (speaker, user) = (
        server.new_user().await.connect().await,
        server.new_user().await,
    );
    speaker.join(&room).await;
    speaker.join(&other).await;
    let (leaving, staying) = (user.connect().await, user.connect().await);
    leaving.enter(&other).await;
    leaving.enter(&room).await;
    staying.enter(&room).await;
    leaving.heard(&room).await;
    leaving.done(act("leave", &room)).await;
    let missed = speaker.say(&room, "missed").await;
    assert_eq!(
        staying.heard_until(&room, &missed).await.last().unwrap()["content"],
        "missed"
    );
    // Each socket takes the log at its own pace: this one has come past that message where it hears what was said after it.
    let elsewhere = speaker.say(&other, "elsewhere").await;
    leaving.heard_until(&other, &elsewhere).await;
    leaving.join(&room).await;
    let back = speaker.say(&room, "welcome back").await;
    assert_eq!(
        texts(&leaving.heard_until(&room, &back).await, "content"),
        ["welcome back"]
    );
}

#[tokio::test]
async fn joining_again_starts_a_silent_subscription_once() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let speaker = server.new_user().await.connect().await;
    speaker.join(&room).await;
    let client = server.new_user().await.connect().await;
    client.enter(&room).await;
    client.heard(&room).await;
    for _ in 0..3 {
        client.join(&room).await;
        let said = speaker.say(&room, "once").await;
        assert_eq!(client.heard_until(&room, &said).await.len(), 1);
    }
}

#[tokio::test]
async fn replies_come_on_the_socket_that_asked_and_evictions_on_every_one() {
    let server = Server::start().await;
    let user = server.new_user().await;
    let mut rooms = vec![];
    for _ in 0..5 {
        rooms.push(new_room(&server).await);
    }
    let (asking, listening) = (user.connect().await, user.connect().await);
    asking
        .done(subscribe("replies-2", "/user/queue/replies"))
        .await;
    for room in &rooms {
        asking.done(act("join", room)).await;
    }
    for client in [&asking, &listening] {
        let evicted = client.reply("EVICTED").await;
        assert_eq!(
            evicted,
            json!({"type": "EVICTED", "roomId": rooms[0], "byRoomId": rooms[4]})
        );
    }
    listening.settle().await;
    assert!(listening.replies("JOINED").is_empty() && listening.replies("EVICTED").is_empty());
    let of_second = asking.drain(|frame| frame.get("subscription") == Some("replies-2"));
    assert_eq!(of_second.len(), 6, "each subscription gets every reply");
}
