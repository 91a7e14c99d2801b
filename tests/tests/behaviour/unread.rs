//! What a member missed: counted, shown at re-entry, and read.

use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::deadline::until;
use roomtone_tests::frame::Frame;
use roomtone_tests::room::{act, new_room, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::{Value, json};

async fn say_many(client: &Client, room: &str, count: usize) -> Vec<String> {
    let (mut receipts, mut ids) = (vec![], vec![]);
    for n in 0..count {
        receipts.push(client.post(talk(room, &format!("message {n}"))).await);
    }
    for receipt in receipts {
        let Answer::Receipt(receipt) = client.answer(&receipt).await else {
            panic!("refused")
        };
        ids.push(receipt.get("message-id").expect("a message-id").to_owned());
    }
    ids
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

/// Somebody who read three messages of another's, left, and missed five.
struct Missed {
    user: User,
    client: Client,
    room: String,
    own: String,
    read: Vec<String>,
    missed: Vec<String>,
}

impl Missed {
    async fn new(server: &Server) -> Self {
        let room = new_room(server).await;
        let (user, other) = (server.new_user().await, server.new_user().await);
        let (client, speaker) = (user.connect().await, other.connect().await);
        client.join(&room).await;
        speaker.join(&room).await;
        let own = client.say(&room, "my own").await;
        let read = say_many(&speaker, &room, 3).await;
        client.done(marking("leave", &room, &read[2])).await;
        let missed = say_many(&speaker, &room, 5).await;
        // What others do besides talking is not counted.
        let third = server.new_user().await.connect().await;
        third.join(&room).await;
        third.done(act("exit", &room)).await;
        user.recorded(&room).await;
        Self {
            user,
            client,
            room,
            own,
            read,
            missed,
        }
    }
}

fn marking(verb: &str, room: &str, id: &str) -> Frame {
    Frame::send(
        &format!("/chat/pub/{verb}"),
        &json!({"roomId": room, "lastReadMessageId": id}),
    )
}

#[tokio::test]
async fn five_missed_messages_are_five_unread() {
    let server = Server::start().await;
    let Missed {
        user,
        client,
        room,
        read,
        missed,
        ..
    } = Missed::new(&server).await;
    let listed = user.joined_room(&room).await;
    assert_eq!(
        (&listed["unreadCount"], &listed["presence"]),
        (&json!(5), &json!("off"))
    );
    assert_eq!(listed["lastReadMessageId"], read[2]);
    let last = &listed["lastMessage"];
    assert_eq!(
        (&last["id"], &last["messageType"]),
        (&json!(missed[4]), &json!("TALK"))
    );
    client.done(marking("read", &room, &missed[4])).await;
    until("nothing unread", async || {
        (user.joined_room(&room).await["unreadCount"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_re_entry_shows_what_was_missed_and_what_was_before() {
    let server = Server::start().await;
    let Missed {
        user,
        room,
        own,
        read,
        missed,
        ..
    } = Missed::new(&server).await;
    for path in [
        "/v1/api/chat/rooms/joined",
        "/v1/api/chat/api/v1/rooms/joined",
    ] {
        let entry = user.get(&format!("{path}/{room}")).await.expect(200);
        assert_eq!(
            (&entry["unreadCount"], &entry["truncated"]),
            (&json!(5), &json!(false))
        );
        assert_eq!(
            (&entry["presence"], &entry["room"]["id"]),
            (&json!("off"), &json!(room))
        );
        let new = texts(list(&entry["newMessages"]), "id");
        assert_eq!(
            (&new[..5], new.len()),
            (&missed[..], 7),
            "an ENTER and an EXIT are shown too"
        );
        let before = texts(list(&entry["beforeMessages"]), "id");
        assert!(before.contains(&own) && before.contains(&read[2]) && before.len() == 6);
        assert_eq!(entry["currentMusicId"], entry["nowPlaying"]["musicId"]);
    }
    assert_eq!(
        user.joined_room(&room).await["unreadCount"],
        5,
        "to look is not to read"
    );
}

#[tokio::test]
async fn one_counts_to_300_and_sees_300() {
    let starting = Starting::unhurried();
    let server = starting.start().await;
    let room = new_room(&server).await;
    let (user, other) = (server.new_user().await, server.new_user().await);
    let speaker = other.connect().await;
    speaker.join(&room).await;
    let before = say_many(&speaker, &room, 30).await;
    user.connect().await.join(&room).await;
    let enter = user.joined_room(&room).await["lastReadMessageId"].clone();
    for (more, unread, truncated) in [(299, 299, false), (1, 300, false), (1, 300, true)] {
        say_many(&speaker, &room, more).await;
        user.recorded(&room).await;
        let entry = user
            .get(&format!("/v1/api/chat/rooms/joined/{room}"))
            .await
            .expect(200);
        assert_eq!(
            (&entry["unreadCount"], &entry["truncated"]),
            (&json!(unread), &json!(truncated))
        );
        assert_eq!(list(&entry["newMessages"]).len(), unread);
        let ids = texts(list(&entry["newMessages"]), "id");
        assert!(ids.is_sorted() && ids[0].as_str() > enter.as_str().unwrap());
        let mut nearest = texts(list(&entry["beforeMessages"]), "id");
        nearest.sort();
        assert_eq!(nearest[..19], before[11..]);
        assert_eq!(json!(nearest[19]), enter);
        assert_eq!(user.joined_room(&room).await["unreadCount"], unread);
    }
}

#[tokio::test]
async fn the_rooms_joined_last_come_first() {
    let server = Server::start().await;
    let user = server.new_user().await;
    let client = user.connect().await;
    let mut rooms = vec![];
    for _ in 0..4 {
        let room = new_room(&server).await;
        client.join(&room).await;
        rooms.insert(0, room);
    }
    client.say(&rooms[3], "talking makes no difference").await;
    let joined = user.joined().await;
    assert_eq!(texts(&joined, "id"), rooms);
    assert!(
        joined
            .iter()
            .all(|room| room["unreadCount"] == 0 && room["presence"] == "on")
    );
    assert!(
        joined[0].get("lastMessage").is_none(),
        "what is absent is left out"
    );
}
