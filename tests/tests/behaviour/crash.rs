//! kill -9 in the middle of everything, and what must be there afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use roomtone_tests::deadline::until;
use roomtone_tests::folder::Folder;
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{create, create_request, text, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{Incoming, TEXT};
use roomtone_tests::user::User;
use serde_json::{Value, json};

/// What the server said was done: that it must never forget.
#[derive(Debug, Default)]
struct Promised {
    /// (room, id, content) of each message whose RECEIPT came.
    messages: Vec<(String, String, String)>,
    /// (id, playlist) of each room that was made.
    rooms: Vec<(String, String)>,
    /// (user's number, room) of each join whose RECEIPT came.
    joins: Vec<(usize, String)>,
    /// The mark of the last leave that was answered.
    mark: Option<String>,
}

impl Promised {
    /// Whether there was some of everything.
    fn is_enough(&self) -> bool {
        let kinds = [
            self.messages.len() / 600,
            self.rooms.len() / 3,
            self.joins.len() / 9,
        ];
        kinds.iter().all(|count| *count > 0) && self.mark.is_some()
    }
}

type Shared = Arc<Mutex<Promised>>;

/// Talks until the connection is gone, twenty messages at a time.
async fn talk_on(user: User, room: String, promised: Shared) {
    let mut raw = Raw::open(user.sockets.next()).await;
    raw.text(connect(Version::V1_2, &user.token)).await;
    raw.text(format!(
        "SEND\ndestination:/chat/pub/join\n\n{{\"roomId\":\"{room}\"}}\0"
    ))
    .await;
    for n in 0_usize.. {
        let contents: Vec<String> = (0..20)
            .map(|m| format!("{} says {n}-{m}", user.uid))
            .collect();
        let send = |content: &String| {
            format!(
                "SEND\ndestination:/chat/pub/send\nreceipt:{content}\n\n{}\0",
                json!({"roomId": room, "content": content})
            )
        };
        if raw
            .socket
            .writer
            .message(
                TEXT,
                contents.iter().map(send).collect::<String>().as_bytes(),
            )
            .await
            .is_err()
        {
            return;
        }
        for content in contents {
            let Some(receipt) = receipt(&mut raw).await else {
                return;
            };
            assert_eq!(receipt.get("receipt-id"), Some(content.as_str()));
            let id = receipt.get("message-id").expect("a message-id").to_owned();
            promised
                .lock()
                .unwrap()
                .messages
                .push((room.clone(), id, content));
        }
    }
}

async fn receipt(raw: &mut Raw) -> Option<Frame> {
    loop {
        let Incoming::Data(bytes) = raw.socket.reader.read().await else {
            return None;
        };
        let frame = Frame::decode(&bytes, raw.version);
        if let Some(frame) = frame.filter(|frame| frame.command != "CONNECTED") {
            assert_eq!(frame.command, "RECEIPT", "{frame:?}");
            return Some(frame);
        }
    }
}

/// Makes rooms until the server is gone.
async fn create_on(service: User, life: usize, promised: Shared) {
    for n in 0_usize.. {
        let playlist = format!("made-{life}-{n}");
        let owner = User {
            uid: format!("owner-{life}-{n}"),
            ..service.clone()
        };
        let request = service
            .request("POST", "/v1/api/rooms/create")
            .json(&create_request(&owner, &playlist));
        let Ok(answer) = request.try_send(service.address).await else {
            return;
        };
        promised
            .lock()
            .unwrap()
            .rooms
            .push((text(&answer.expect(201)["id"]), playlist));
    }
}

/// Joins the three rooms one after another by new users, until the server is gone.
async fn join_on(users: Vec<User>, rooms: Vec<String>, promised: Shared) {
    for (number, user) in users.iter().enumerate() {
        let Some(mut raw) = Raw::try_open(user.sockets.next()).await else {
            return;
        };
        let connect = connect(Version::V1_2, &user.token);
        if raw.socket.writer.message(TEXT, &connect).await.is_err() {
            return;
        }
        for room in &rooms {
            let join = format!(
                "SEND\ndestination:/chat/pub/join\nreceipt:j\n\n{{\"roomId\":\"{room}\"}}\0"
            );
            if raw
                .socket
                .writer
                .message(TEXT, join.as_bytes())
                .await
                .is_err()
            {
                return;
            }
            let Some(_) = receipt(&mut raw).await else {
                return;
            };
            promised.lock().unwrap().joins.push((number, room.clone()));
        }
    }
}

/// Moves a mark along with the messages, until the server is gone.
async fn read_on(user: User, room: String, promised: Shared) {
    loop {
        let newest = promised
            .lock()
            .unwrap()
            .messages
            .iter()
            .rev()
            .find(|(of, ..)| *of == room)
            .map(|(_, id, _)| id.clone());
        let Some(newest) = newest else {
            tokio::task::yield_now().await;
            continue;
        };
        let request = user
            .request("PUT", "/v1/api/rooms/leave")
            .json(&json!({"roomId": room, "lastReadMessageId": newest}));
        let Ok(answer) = request.try_send(user.address).await else {
            return;
        };
        assert_eq!(answer.status, 204);
        promised.lock().unwrap().mark = Some(newest);
    }
}

async fn check(server: &Server, reader: &User, joiners: &[User], promised: &Promised) {
    let mut rooms: Vec<&String> = promised.messages.iter().map(|(room, ..)| room).collect();
    rooms.sort();
    rooms.dedup();
    for room in rooms {
        let history = reader.at(server).history(room).await;
        let ids = texts(&history, "id");
        assert!(
            ids.is_sorted_by(|earlier, later| earlier < later),
            "history has one order"
        );
        for (_, id, content) in promised.messages.iter().filter(|(of, ..)| of == room) {
            let at = ids
                .binary_search(id)
                .unwrap_or_else(|_| panic!("a receipted message is lost: {content}"));
            assert_eq!(history[at]["content"], content.as_str());
        }
        let enters = history
            .iter()
            .filter(|message| message["messageType"] == "ENTER");
        let mut who: Vec<&Value> = enters.map(|message| &message["senderId"]).collect();
        let all = who.len();
        who.sort_by_key(|uid| uid.as_str());
        who.dedup();
        assert_eq!(who.len(), all, "one ENTER each");
    }
    let service = server.service().await;
    for (id, playlist) in &promised.rooms {
        let found = service
            .get(&format!("/v1/api/rooms/playlists/{playlist}"))
            .await
            .expect(200);
        assert_eq!(found, json!({"roomId": id, "locked": true}));
        assert_eq!(
            service
                .get(&format!("/v1/api/rooms/{id}"))
                .await
                .expect(200)["userCount"],
            1
        );
    }
    for (number, room) in &promised.joins {
        joiners[*number].at(server).joined_room(room).await;
    }
}

/// Who takes part in the traffic, and where.
struct Cast {
    reader: User,
    rooms: Vec<String>,
    speakers: Vec<User>,
}

impl Cast {
    async fn new(server: &Server) -> Self {
        let (reader, mut rooms, mut speakers) = (server.new_user().await, vec![], vec![]);
        for n in 0..3 {
            rooms.push(create(server, &reader, &format!("p-{n}")).await);
            speakers.push(server.new_user().await);
        }
        Self {
            reader,
            rooms,
            speakers,
        }
    }

    /// Traffic of all kinds, until there was enough of it and the server is killed in the middle.
    async fn until_killed(
        &self,
        server: Server,
        life: usize,
        joiners: &[User],
    ) -> (Promised, Arc<Folder>) {
        let promised = Shared::default();
        let mut tasks = vec![];
        for (speaker, room) in self.speakers.iter().zip(&self.rooms) {
            tasks.push(tokio::spawn(talk_on(
                speaker.at(&server),
                room.clone(),
                promised.clone(),
            )));
        }
        let reader = self.reader.at(&server);
        tasks.push(tokio::spawn(join_on(
            joiners.to_vec(),
            self.rooms.clone(),
            promised.clone(),
        )));
        tasks.push(tokio::spawn(create_on(
            server.service().await,
            life,
            promised.clone(),
        )));
        tasks.push(tokio::spawn(read_on(
            reader,
            self.rooms[0].clone(),
            promised.clone(),
        )));
        until("some of everything", async || {
            promised.lock().unwrap().is_enough().then_some(())
        })
        .await;
        let folder = server.kill().await;
        for task in tasks {
            task.await.unwrap();
        }
        let promised = std::mem::take(&mut *promised.lock().unwrap());
        (promised, folder)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_and_ids_go_on_upwards() {
    let mut server = Starting::unhurried().start().await;
    let cast = Cast::new(&server).await;
    let mut newest: HashMap<String, String> = HashMap::new();
    let mut messages = vec![];
    for life in 0..3 {
        let mut joiners = vec![];
        for _ in 0..100 {
            joiners.push(server.new_user().await);
        }
        let (mut promised, folder) = cast.until_killed(server, life, &joiners).await;
        for (room, id, _) in &promised.messages {
            let before = newest.insert(room.clone(), id.clone());
            assert!(before < Some(id.clone()), "an id went backwards");
        }
        messages.append(&mut promised.messages);
        promised.messages.clone_from(&messages);
        server = Starting::unhurried().on(folder).start().await;
        check(&server, &cast.reader, &joiners, &promised).await;
        for room in &cast.rooms {
            let on = cast.reader.at(&server).present(room, "on").await;
            assert!(on.is_empty(), "nobody has a socket yet: {on:?}");
        }
        let seen = cast.reader.at(&server).joined_room(&cast.rooms[0]).await;
        let mark = text(&seen["lastReadMessageId"]);
        assert!(Some(mark) >= promised.mark, "a mark went backwards");
    }
}

#[tokio::test]
async fn a_stop_is_clean_and_forgets_nothing_either() {
    let mut server = Server::start().await;
    let owner = server.new_user().await;
    let room = create(&server, &owner, "p-1").await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.join(&room).await;
    let id = client.say(&room, "before the stop").await;
    let folder = server.folder();
    server.terminate().await;
    assert_eq!(
        client.ended().await,
        Some(1012),
        "a client is told to come back"
    );
    assert!(server.ended().await.success());
    let server = Starting::default().on(folder).start().await;
    let user = user.at(&server);
    assert_eq!(texts(&user.history(&room).await, "id").last(), Some(&id));
    let client = user.connect().await;
    client.join(&room).await;
    assert!(client.say(&room, "after it").await > id);
}
