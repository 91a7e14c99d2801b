//! Rooms as tests use them: made from a playlist, joined, listened to, talked in.

use serde_json::{Value, json};

use crate::client::{Client, subscribe, talk};
use crate::deadline::until;
use crate::frame::Frame;
use crate::http::Response;
use crate::server::Server;
use crate::user::User;
use crate::{settings, told};

/// Lengths of the tracks of [`playlist`], in milliseconds.
pub const LENGTHS_MS: [i64; 3] = [7_000, 61_000, 3_600_000];

/// A playlist of three tracks, `m0` to `m2`.
#[must_use]
pub fn playlist(id: &str) -> Value {
    let music = |(index, playtime): (usize, &str)| json!({"id": format!("m{index}"), "title": format!("track {index}"), "artist": "artist", "playtime": playtime, "thumbnail": format!("https://images.example/{index}.png")});
    let musics: Vec<Value> = ["0:07", "1:01", "1:00:00"]
        .into_iter()
        .enumerate()
        .map(music)
        .collect();
    json!({"id": id, "name": format!("list {id}"), "musics": musics})
}

/// What the playlist server sends for [`playlist`].
#[must_use]
pub fn create_request(owner: &User, playlist_id: &str) -> Value {
    json!({"uid": owner.uid, "userName": owner.nickname, "playlist": playlist(playlist_id)})
}

/// Asks as this playlist server for a room on that; gives what it is answered.
pub async fn ask_to_create(service: &User, owner: &User, playlist_id: &str) -> Response {
    let request = create_request(owner, playlist_id);
    service.ask("POST", "/v1/api/rooms/create", &request).await
}

/// Makes a room on a new playlist of `owner`, and gives its id.
///
/// # Panics
/// Where it is refused.
pub async fn create(server: &Server, owner: &User, playlist_id: &str) -> String {
    let answer = ask_to_create(&server.service().await, owner, playlist_id).await;
    text(&answer.expect(201)["id"])
}

/// A room of a new owner who does nothing more.
pub async fn new_room(server: &Server) -> String {
    let owner = server.new_user().await;
    create(server, &owner, &format!("playlist-of-{}", owner.uid)).await
}

/// A user nobody was yet, who is a member of these rooms and holds no socket.
pub async fn member(server: &Server, rooms: &[String]) -> User {
    let user = server.new_user().await;
    let client = user.connect().await;
    for room in rooms {
        client.join(room).await;
    }
    client.disconnect().await;
    user
}

/// The name of the subscription to a room's messages.
#[must_use]
pub fn room_subscription(room: &str) -> String {
    format!("room-{room}")
}

/// A SUBSCRIBE to a room's messages.
#[must_use]
pub fn listen(room: &str) -> Frame {
    subscribe(
        &room_subscription(room),
        &format!("/chat/topic/room/{room}"),
    )
}

/// A SEND that does `verb` in a room.
#[must_use]
pub fn act(verb: &str, room: &str) -> Frame {
    Frame::send(&format!("/chat/pub/{verb}"), &json!({"roomId": room}))
}

/// An id beyond all others of its epoch so far.
#[must_use]
pub fn far_beyond(id: &str) -> String {
    format!("{}7{}", &id[..4], &id[5..])
}

/// A text of JSON.
///
/// # Panics
/// Where it is something else.
#[must_use]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// The fields `name` of a list.
#[must_use]
pub fn texts(values: &[Value], name: &str) -> Vec<String> {
    values.iter().map(|value| text(&value[name])).collect()
}

impl Client {
    /// Subscribes to a room, from now on.
    pub async fn listen(&self, room: &str) {
        self.done(listen(room)).await;
    }

    /// Subscribes to a room's presence, as `presence-{room}`.
    pub async fn watch(&self, room: &str) {
        self.subscribe(
            &format!("presence-{room}"),
            &format!("/chat/topic/presence/{room}"),
        )
        .await;
    }

    /// Joins a room, and gives the reply.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn join(&self, room: &str) -> Value {
        self.done(act("join", room)).await;
        let joined = self.reply("JOINED").await;
        assert_eq!(joined["room"]["id"], room);
        joined
    }

    /// Subscribes to a room and joins it.
    pub async fn enter(&self, room: &str) -> Value {
        self.listen(room).await;
        self.join(room).await
    }

    /// Says something, and gives the message's id.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn say(&self, room: &str, content: &str) -> String {
        let receipt = self.done(talk(room, content)).await;
        receipt
            .get("message-id")
            .unwrap_or_else(|| panic!("no message-id: {receipt:?}"))
            .to_owned()
    }

    /// The next message of a room.
    pub async fn heard(&self, room: &str) -> Value {
        self.next(&room_subscription(room)).await
    }

    /// A room's messages up to the one with this id.
    pub async fn heard_until(&self, room: &str, id: &str) -> Vec<Value> {
        self.until_id(&room_subscription(room), id).await
    }

    /// The next change of presence in a room.
    pub async fn noticed(&self, room: &str) -> Value {
        self.next(&format!("presence-{room}")).await
    }

    /// The next change of one user's presence in a room; the others' are left where they are.
    pub async fn noticed_of(&self, room: &str, user: &User) -> Value {
        let subscription = format!("presence-{room}");
        let fits = |frame: &Frame| {
            frame.get("subscription") == Some(&subscription) && frame.value()["uid"] == user.uid
        };
        self.take(&format!("presence of {}", user.uid), fits)
            .await
            .value()
    }
}

impl User {
    /// Asks for a room's messages from the first to the newest.
    ///
    /// # Panics
    /// Where it may not be read.
    pub async fn history(&self, room: &str) -> Vec<Value> {
        self.history_after(room, None).await
    }

    /// The same, after this message.
    ///
    /// # Panics
    /// Where it may not be read.
    pub async fn history_after(&self, room: &str, after: Option<&str>) -> Vec<Value> {
        self.recorded(room).await;
        let path = |after: Option<&str>| {
            format!(
                "/v1/api/chat/history/{room}{}",
                after.map(|id| format!("?after={id}")).unwrap_or_default()
            )
        };
        let (mut messages, mut next) = (vec![], path(after));
        loop {
            let page = self.get(&next).await.expect(200);
            messages.extend(page["messages"].as_array().expect("a list").iter().cloned());
            match page["nextCursor"].as_str() {
                Some(cursor) => next = path(Some(cursor)),
                None => return messages,
            }
        }
    }

    /// Waits until history has what was told of a room, or cannot be read.
    ///
    /// # Panics
    /// Where it has not before the deadline.
    pub async fn recorded(&self, room: &str) {
        let Some(told) = told::newest(room).filter(|_| settings::on_fleet()) else {
            return;
        };
        let newest = format!("/v1/api/chat/history?roomId={room}&size=1");
        until("history to have what was told", || async {
            let answer = self.get(&newest).await;
            if answer.status != 200 {
                return Some(());
            }
            let page = answer.json();
            let newest = page["messages"][0]["id"].as_str().unwrap_or_default();
            (newest >= told.as_str()).then_some(())
        })
        .await;
    }

    /// The rooms this user is a member of, last joined first.
    ///
    /// # Panics
    /// Where there is no such list.
    pub async fn joined(&self) -> Vec<Value> {
        if settings::on_fleet() {
            for room in self.joined_now().await {
                self.recorded(&text(&room["id"])).await;
            }
        }
        self.joined_now().await
    }

    async fn joined_now(&self) -> Vec<Value> {
        self.get("/v1/api/rooms/joined").await.expect(200)["rooms"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// One of them.
    ///
    /// # Panics
    /// Where it is not among them.
    pub async fn joined_room(&self, room: &str) -> Value {
        let rooms = self.joined().await;
        rooms
            .into_iter()
            .find(|r| r["id"] == room)
            .unwrap_or_else(|| panic!("{room} is not among the joined rooms"))
    }

    /// Who is `on` or `off` in a room, sorted.
    ///
    /// # Panics
    /// Where that may not be read.
    pub async fn present(&self, room: &str, word: &str) -> Vec<String> {
        let answer = self
            .get(&format!("/api/v1/presence/{room}/{word}"))
            .await
            .expect(200);
        let mut users: Vec<String> = answer["users"]
            .as_array()
            .expect("a list")
            .iter()
            .map(text)
            .collect();
        users.sort();
        users
    }
}
