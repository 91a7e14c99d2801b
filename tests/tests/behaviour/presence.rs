//! `on` if and only if a socket is in the room and the switch is on; each change told once.

use roomtone_tests::client::Client;
use roomtone_tests::deadline::until;
use roomtone_tests::frame::Frame;
use roomtone_tests::room::{act, listen, new_room, room_subscription};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::{Value, json};

/// A room, somebody who watches it, and somebody who is watched.
struct Stage {
    server: Server,
    room: String,
    watching: Client,
    user: User,
}

impl Stage {
    async fn new() -> Self {
        let server = Server::start().await;
        let room = new_room(&server).await;
        let watcher = server.new_user().await;
        let watching = watcher.connect().await;
        watching.watch(&room).await;
        watching.join(&room).await;
        assert_eq!(watching.noticed_of(&room, &watcher).await["onCount"], 1);
        let user = server.new_user().await;
        Self {
            server,
            room,
            watching,
            user,
        }
    }

    /// The next change told is that the user is so.
    async fn becomes(&self, word: &str) {
        let change = self.watching.noticed(&self.room).await;
        let on_count = if word == "on" { 2 } else { 1 };
        assert_eq!(
            (&change["uid"], &change["presence"], &change["onCount"]),
            (&json!(self.user.uid), &json!(word), &json!(on_count)),
            "{change}"
        );
    }

    /// Brings about one change that is sure to be told, and sees that nothing was told before it.
    async fn nothing_more(self) {
        let last = self.server.new_user().await;
        last.connect().await.join(&self.room).await;
        let change = self.watching.noticed(&self.room).await;
        assert_eq!(
            change["uid"], last.uid,
            "something was told that did not change: {change}"
        );
    }

    async fn switch(&self, client: &Client, word: &str) {
        let body = json!({"roomId": self.room, "presence": word});
        client.done(Frame::send("/chat/pub/presence", &body)).await;
    }

    async fn patch(&self, word: &str) {
        let body = json!({"roomId": self.room});
        let answer = self
            .user
            .ask("PATCH", &format!("/api/v1/presence/{word}"), &body)
            .await;
        assert_eq!(answer.status, 204);
    }

    async fn is(&self, word: &str) {
        let present = self.user.present(&self.room, word).await;
        assert!(present.contains(&self.user.uid), "{word}: {present:?}");
        assert_eq!(self.user.joined_room(&self.room).await["presence"], word);
    }
}

#[tokio::test]
async fn a_change_says_who_where_when_and_how_many_are_on() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    client.join(&stage.room).await;
    let change = stage.watching.noticed(&stage.room).await;
    let mut fields: Vec<&String> = change.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["at", "onCount", "presence", "roomId", "uid"]);
    assert_eq!(change["roomId"], stage.room.as_str());
    assert!(
        change["at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{change}"
    );
}

#[tokio::test]
async fn the_switch_of_a_socket_in_the_room_turns_presence() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    client.join(&stage.room).await;
    stage.becomes("on").await;
    for word in ["off", "off", "on", "on", "off", "on"] {
        stage.switch(&client, word).await;
        let expected = json!({"type": "PRESENCE", "roomId": stage.room, "presence": word});
        assert_eq!(client.reply("PRESENCE").await, expected);
        stage.is(word).await;
    }
    for word in ["off", "on", "off", "on"] {
        stage.becomes(word).await;
    }
    for word in ["off", "off", "on"] {
        stage.patch(word).await;
        stage.is(word).await;
    }
    stage.becomes("off").await;
    stage.becomes("on").await;
    stage.switch(&client, "off").await;
    stage.becomes("off").await;
    client.join(&stage.room).await;
    stage.becomes("on").await;
    stage.nothing_more().await;
}

#[tokio::test]
async fn the_first_socket_in_and_the_last_one_out_count() {
    let stage = Stage::new().await;
    let (first, second, third) = (
        stage.user.connect().await,
        stage.user.connect().await,
        stage.user.connect().await,
    );
    first.join(&stage.room).await;
    stage.becomes("on").await;
    second.join(&stage.room).await;
    third.listen(&stage.room).await;
    first.done(act("leave", &stage.room)).await;
    second.disconnect().await;
    stage.is("on").await;
    third.unsubscribe(&room_subscription(&stage.room)).await;
    stage.becomes("off").await;
    stage.is("off").await;
    // Leaving leaves the switch alone, so that coming back is enough.
    third.listen(&stage.room).await;
    stage.becomes("on").await;
    drop(third);
    stage.becomes("off").await;
    first.join(&stage.room).await;
    stage.becomes("on").await;
    stage.nothing_more().await;
}

#[tokio::test]
async fn a_socket_is_in_the_room_by_a_join_or_by_a_subscription_as_a_member() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    // Not a member yet: the subscription waits.
    client.listen(&stage.room).await;
    client.join(&stage.room).await;
    stage.becomes("on").await;
    client.unsubscribe(&room_subscription(&stage.room)).await;
    stage.becomes("off").await;
    client.done(listen(&stage.room)).await;
    stage.becomes("on").await;
    client.done(act("leave", &stage.room)).await;
    stage.becomes("off").await;
    client.join(&stage.room).await;
    stage.becomes("on").await;
    client.done(act("exit", &stage.room)).await;
    stage.becomes("off").await;
    stage.nothing_more().await;
}

#[tokio::test]
async fn a_switch_turned_without_a_socket_tells_nobody_and_is_kept() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    client.join(&stage.room).await;
    stage.becomes("on").await;
    drop(client);
    stage.becomes("off").await;
    stage.patch("off").await;
    stage.patch("on").await;
    stage.patch("off").await;
    stage.is("off").await;
    let client = stage.user.connect().await;
    client.listen(&stage.room).await;
    stage.is("off").await;
    stage.patch("on").await;
    stage.becomes("on").await;
    client.unsubscribe(&room_subscription(&stage.room)).await;
    stage.becomes("off").await;
    // By a frame as well, from a socket that is not in the room.
    stage.switch(&client, "off").await;
    stage.switch(&client, "on").await;
    stage.is("off").await;
    stage.nothing_more().await;
}

#[tokio::test]
async fn only_who_is_on_sends() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    client.join(&stage.room).await;
    client.say(&stage.room, "on").await;
    stage.switch(&client, "off").await;
    client
        .refused(roomtone_tests::client::talk(&stage.room, "off"), 403)
        .await;
    let body = json!({"roomId": stage.room, "content": "off"});
    stage
        .user
        .ask("POST", "/v1/api/chat/message", &body)
        .await
        .problem(403);
    stage.switch(&client, "on").await;
    client.say(&stage.room, "on").await;
    // A socket that is not in the room: their presence is off, unless another one is.
    client.done(act("leave", &stage.room)).await;
    client
        .refused(roomtone_tests::client::talk(&stage.room, "left"), 403)
        .await;
    stage
        .user
        .ask("POST", "/v1/api/chat/message", &body)
        .await
        .expect(201);
}

#[tokio::test]
async fn presence_is_shown_to_members_only() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    client.join(&stage.room).await;
    let (on, off) = (
        stage.user.present(&stage.room, "on").await,
        stage.user.present(&stage.room, "off").await,
    );
    assert_eq!((on.len(), off.len()), (2, 1), "the owner has no socket");
    let stranger = stage.server.new_user().await;
    for word in ["on", "off"] {
        stranger
            .get(&format!("/api/v1/presence/{}/{word}", stage.room))
            .await
            .problem(403);
        stranger
            .ask(
                "PATCH",
                &format!("/api/v1/presence/{word}"),
                &json!({"roomId": stage.room}),
            )
            .await
            .problem(403);
        let nowhere = json!({"roomId": "00000000-0000-4000-8000-000000000000"});
        stranger
            .ask("PATCH", &format!("/api/v1/presence/{word}"), &nowhere)
            .await
            .problem(404);
    }
}

#[tokio::test]
async fn everybody_is_off_after_a_crash_until_they_come_back() {
    let stage = Stage::new().await;
    let client = stage.user.connect().await;
    client.join(&stage.room).await;
    stage.becomes("on").await;
    let Stage {
        server, room, user, ..
    } = stage;
    let server = Starting::default().on(server.kill().await).start().await;
    let user = user.at(&server);
    assert_eq!(user.present(&room, "on").await, Vec::<String>::new());
    assert_eq!(user.present(&room, "off").await.len(), 3);
    let client = user.connect().await;
    client.watch(&room).await;
    client.listen(&room).await;
    let change: Value = client.noticed(&room).await;
    assert_eq!(
        (&change["uid"], &change["onCount"]),
        (&json!(user.uid), &json!(1))
    );
}

#[tokio::test]
async fn what_is_told_adds_up_however_many_come_and_go_at_once() {
    let server = Starting::unhurried().start().await;
    let room = new_room(&server).await;
    let (watcher, last) = (server.new_user().await, server.new_user().await);
    let watching = watcher.connect().await;
    watching.watch(&room).await;
    watching.join(&room).await;
    let mut coming = vec![];
    for n in 0..12 {
        let (user, room) = (server.new_user().await, room.clone());
        coming.push(tokio::spawn(async move {
            for turn in 0..6 {
                let client = user.connect().await;
                client.join(&room).await;
                for word in ["off", "on"].iter().take((n + turn) % 3) {
                    let body = json!({"roomId": room, "presence": word});
                    client.done(Frame::send("/chat/pub/presence", &body)).await;
                }
                if (n + turn) % 4 == 0 {
                    client.done(act("exit", &room)).await;
                }
            }
        }));
    }
    for user in coming {
        user.await.unwrap();
    }
    until("all but the watcher off", async || {
        (watcher.present(&room, "on").await == [watcher.uid.clone()]).then_some(())
    })
    .await;
    last.connect().await.join(&room).await;
    let mut on: Vec<Value> = vec![];
    loop {
        let change = watching.noticed(&room).await;
        let who = &change["uid"];
        assert_eq!(
            change["presence"],
            if on.contains(who) { "off" } else { "on" },
            "{change}"
        );
        on.retain(|other| other != who);
        on.extend((change["presence"] == "on").then(|| who.clone()));
        assert_eq!(change["onCount"], on.len(), "{change}");
        if *who == last.uid {
            break;
        }
    }
    assert_eq!(on, [json!(watcher.uid), json!(last.uid)]);
}
