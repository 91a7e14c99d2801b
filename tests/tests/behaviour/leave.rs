//! Leaving: still a member, with a mark of how far was read.

use roomtone_tests::client::Client;
use roomtone_tests::deadline::until;
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{act, far_beyond, new_room, text};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::settings;
use roomtone_tests::user::User;
use serde_json::{Value, json};

async fn mark(user: &User, room: &str) -> Value {
    user.joined_room(room).await["lastReadMessageId"].clone()
}

async fn becomes(user: &User, room: &str, wanted: &str) {
    until("the mark", async || {
        (mark(user, room).await == wanted).then_some(())
    })
    .await;
}

/// The speaker is told that the user came on and went off.
async fn comes_and_goes(speaker: &Client, room: &str, user: &User) {
    for word in ["on", "off"] {
        assert_eq!(speaker.noticed_of(room, user).await["presence"], word);
    }
}

/// A room, a speaker, a member, and three messages after the member's ENTER.
async fn stage(server: &Server) -> (String, Client, User, Vec<String>) {
    let room = new_room(server).await;
    let speaker = server.new_user().await.connect().await;
    speaker.watch(&room).await;
    speaker.join(&room).await;
    let user = server.new_user().await;
    user.connect().await.join(&room).await;
    comes_and_goes(&speaker, &room, &user).await;
    let mut ids = vec![];
    for n in 0..3 {
        ids.push(speaker.say(&room, &n.to_string()).await);
    }
    (room, speaker, user, ids)
}

#[tokio::test]
async fn leave_over_http_moves_the_mark_forward_only() {
    let server = Server::start().await;
    let (room, _, user, ids) = stage(&server).await;
    let leave = async |id: &str| {
        user.ask(
            "PUT",
            "/v1/api/rooms/leave",
            &json!({"roomId": room, "lastReadMessageId": id}),
        )
        .await
    };
    assert_eq!(leave(&ids[1]).await.status, 204);
    assert_eq!(mark(&user, &room).await, ids[1].as_str());
    assert_eq!(leave(&ids[0]).await.status, 204);
    assert_eq!(mark(&user, &room).await, ids[1].as_str());
    assert_eq!(leave(&ids[2]).await.status, 204);
    assert_eq!(mark(&user, &room).await, ids[2].as_str());
    assert!(
        leave(&far_beyond(&ids[2]))
            .await
            .problem(422)
            .contains("lastReadMessageId")
    );
    assert!(
        leave("nonsense")
            .await
            .problem(422)
            .contains("lastReadMessageId")
    );
    assert_eq!(mark(&user, &room).await, ids[2].as_str());
}

#[tokio::test]
async fn a_mark_beyond_the_newest_message_of_its_room_is_refused() {
    let server = Server::start().await;
    let (room, _, user, ids) = stage(&server).await;
    let (elsewhere, other) = (new_room(&server).await, server.new_user().await);
    let speaker = other.connect().await;
    speaker.join(&elsewhere).await;
    let later = speaker.say(&elsewhere, "in another room").await;
    other.recorded(&elsewhere).await;
    let client = user.connect().await;
    client.join(&room).await;
    // Rooms of a fleet may be in different parts of the log, and then the later id may be the lower one.
    let later = Some(later).filter(|later| *later > ids[2]);
    assert!(settings::on_fleet() || later.is_some());
    for beyond in later.into_iter().chain([far_beyond(&ids[2])]) {
        let body = json!({"roomId": room, "lastReadMessageId": beyond});
        user.ask("PUT", "/v1/api/rooms/leave", &body)
            .await
            .problem(422);
        client
            .refused(Frame::send("/chat/pub/leave", &body), 422)
            .await;
        client
            .refused(Frame::send("/chat/pub/read", &body), 422)
            .await;
    }
    client.say(&room, "a refused leave is no leave").await;
}

#[tokio::test]
async fn read_and_leave_over_stomp_move_the_mark_forward_only() {
    let server = Server::start().await;
    let (room, _, user, ids) = stage(&server).await;
    let client = user.connect().await;
    client.join(&room).await;
    let read = |id: &str| {
        Frame::send(
            "/chat/pub/read",
            &json!({"roomId": room, "lastReadMessageId": id}),
        )
    };
    client.done(read(&ids[1])).await;
    becomes(&user, &room, &ids[1]).await;
    client.done(read(&ids[0])).await;
    client
        .done(Frame::send(
            "/chat/pub/leave",
            &json!({"roomId": room, "lastReadMessageId": ids[2]}),
        ))
        .await;
    becomes(&user, &room, &ids[2]).await;
    client.done(read(&ids[0])).await;
    client.settle().await;
    assert_eq!(mark(&user, &room).await, ids[2].as_str());
}

#[tokio::test]
async fn leave_over_stomp_takes_one_socket_out_and_over_http_all_of_them() {
    let server = Server::start().await;
    let (room, speaker, user, ids) = stage(&server).await;
    let (first, second) = (user.connect().await, user.connect().await);
    first.enter(&room).await;
    second.enter(&room).await;
    first.done(act("leave", &room)).await;
    assert_eq!(
        user.present(&room, "on").await.len(),
        2,
        "the other socket is still in the room"
    );
    first.join(&room).await;
    let body = json!({"roomId": room, "lastReadMessageId": ids[2]});
    assert_eq!(
        user.ask("PUT", "/v1/api/rooms/leave", &body).await.status,
        204
    );
    comes_and_goes(&speaker, &room, &user).await;
    for client in [&first, &second] {
        client.drain(|_| true);
    }
    let missed = speaker.say(&room, "missed").await;
    for client in [&first, &second] {
        client.join(&room).await;
    }
    let seen = speaker.say(&room, "seen").await;
    for client in [&first, &second] {
        let heard = client.heard_until(&room, &seen).await;
        assert_eq!(
            (heard.len(), &heard[0]["content"]),
            (1, &json!("seen")),
            "{missed} came after the leave"
        );
    }
}

#[tokio::test]
async fn only_members_leave() {
    let server = Server::start().await;
    let (room, _, _, ids) = stage(&server).await;
    let stranger = server.new_user().await;
    let body = json!({"roomId": room, "lastReadMessageId": ids[0]});
    stranger
        .ask("PUT", "/v1/api/rooms/leave", &body)
        .await
        .problem(403);
    let body =
        json!({"roomId": "00000000-0000-4000-8000-000000000000", "lastReadMessageId": ids[0]});
    stranger
        .ask("PUT", "/v1/api/rooms/leave", &body)
        .await
        .problem(404);
    stranger
        .ask("PUT", "/v1/api/rooms/leave", &json!({"roomId": room}))
        .await
        .problem(422);
}

/// Somebody listening by hand, who says nothing by themselves.
async fn by_hand(user: &User, room: &str) -> Raw {
    let mut raw = Raw::open(user.sockets.next()).await;
    let connect = String::from_utf8(connect(Version::V1_2, &user.token)).unwrap();
    raw.text(format!(
        "{connect}SUBSCRIBE\nid:s\ndestination:/chat/topic/room/{room}\nreceipt:r\n\n\0"
    ))
    .await;
    raw.command("RECEIPT").await;
    raw
}

async fn hears(raw: &mut Raw, id: &str) {
    while text(&raw.command("MESSAGE").await.value()["id"]) != id {}
}

#[tokio::test]
async fn a_socket_that_closes_has_read_what_was_written_before_its_last_octets() {
    let server = Server::start().await;
    let (room, speaker, user, ids) = stage(&server).await;
    let mut raw = by_hand(&user, &room).await;
    let read = speaker.say(&room, "seen, and then a sign of life").await;
    hears(&mut raw, &read).await;
    raw.text("\n").await;
    // A frame with a receipt, so that the octets are sure to have arrived.
    raw.text("BEGIN\ntransaction:t\nreceipt:r\n\n\0").await;
    raw.command("RECEIPT").await;
    let unread = speaker
        .say(&room, "written, but nothing came after it")
        .await;
    hears(&mut raw, &unread).await;
    drop(raw);
    comes_and_goes(&speaker, &room, &user).await;
    becomes(&user, &room, &read).await;
    assert_eq!(user.joined_room(&room).await["unreadCount"], 1);
    assert!(ids[2] < read);
}

#[tokio::test]
async fn a_goodbye_is_a_sign_of_life_as_well() {
    let server = Server::start().await;
    let (room, speaker, user, _) = stage(&server).await;
    let mut raw = by_hand(&user, &room).await;
    let read = speaker.say(&room, "seen").await;
    hears(&mut raw, &read).await;
    raw.text("DISCONNECT\nreceipt:bye\n\n\0").await;
    raw.command("RECEIPT").await;
    raw.closed().await;
    becomes(&user, &room, &read).await;
}

#[tokio::test]
async fn who_hears_nothing_by_a_socket_reads_nothing_by_it() {
    let server = Server::start().await;
    let (room, speaker, user, _) = stage(&server).await;
    let before = mark(&user, &room).await;
    let client = user.connect().await;
    client.join(&room).await;
    speaker.say(&room, "not listening").await;
    client.settle().await;
    client.disconnect().await;
    comes_and_goes(&speaker, &room, &user).await;
    assert_eq!(mark(&user, &room).await, before);
}

#[tokio::test]
async fn marks_outlive_a_crash() {
    let server = Server::start().await;
    let (room, _, user, ids) = stage(&server).await;
    let body = json!({"roomId": room, "lastReadMessageId": ids[1]});
    assert_eq!(
        user.ask("PUT", "/v1/api/rooms/leave", &body).await.status,
        204
    );
    let server = Starting::default().on(server.kill().await).start().await;
    assert_eq!(mark(&user.at(&server), &room).await, ids[1].as_str());
}
