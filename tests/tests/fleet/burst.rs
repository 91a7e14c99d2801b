//! Many messages through three nodes into a hundred rooms, while a fourth node comes and one of the three goes.

use std::collections::{BTreeMap, VecDeque};

use roomtone_tests::archive;
use roomtone_tests::client::{Answer, Client};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::connect;
use roomtone_tests::room::{member, new_room, texts};
use roomtone_tests::server::Starting;
use roomtone_tests::settings;
use roomtone_tests::socket::{Incoming, Opening, TEXT};
use roomtone_tests::user::User;
use serde_json::json;
use tokio::sync::watch;

/// A user is in no more than four rooms, so these are groups of four.
const GROUPS: usize = 25;
const ROOMS_EACH: usize = 4;
/// Who listens in each group.
const LISTENERS: usize = 2;
/// Messages of one sender that wait for their receipts.
const IN_FLIGHT: usize = 50;
/// The last word in each room.
const END: &str = "the end";

type Heard = BTreeMap<String, Vec<String>>;

/// One socket's life: what it hears is added until all rooms have had their last word; false where it was cut off
/// before.
async fn listen_once(user: &User, rooms: &[String], heard: &mut Heard, ended: &mut usize) -> bool {
    let Ok(Ok(socket)) = Opening::default().try_open(user.sockets.next()).await else {
        return false;
    };
    let (mut writer, mut reader) = (socket.writer, socket.reader);
    let mut hello = connect(Version::V1_2, &user.token);
    for (index, room) in rooms.iter().enumerate() {
        let since = heard.get(room).and_then(|ids| ids.last());
        let since = since.map(|id| format!("since:{id}\n")).unwrap_or_default();
        let topic = format!("/chat/topic/room/{room}");
        hello.extend(format!("SUBSCRIBE\nid:{index}\ndestination:{topic}\n{since}\n\0").bytes());
    }
    if writer.message(TEXT, &hello).await.is_err() {
        return false;
    }
    while *ended < rooms.len() {
        let frame = match reader.read().await {
            Incoming::Data(bytes) => Frame::decode(&bytes, Version::V1_2),
            Incoming::Ping(_) | Incoming::Pong => continue,
            Incoming::Close(..) | Incoming::End => return false,
        };
        let Some(message) = frame.filter(|frame| frame.command == "MESSAGE") else {
            continue;
        };
        let said = message.value();
        assert_ne!(said["messageType"], "GAP", "{said}");
        let room = said["roomId"].as_str().expect("a room").to_owned();
        let id = message.get("message-id").expect("an id").to_owned();
        heard.entry(room).or_default().push(id);
        *ended += usize::from(said["content"] == END);
    }
    true
}

/// Listens to the end, on whichever node there is, and comes back with what was heard last.
async fn listen(user: User, rooms: Vec<String>) -> Heard {
    let (mut heard, mut ended) = (Heard::new(), 0);
    for room in &rooms {
        let first = texts(&user.history(room).await, "id").pop();
        heard.insert(room.clone(), first.into_iter().collect());
    }
    while !listen_once(&user, &rooms, &mut heard, &mut ended).await {}
    heard
}

/// Somebody who says things in these rooms, in turn, and says again what was refused because a store was busy.
struct Speaker {
    user: User,
    client: Client,
    rooms: Vec<String>,
    /// The number of what was said, and the receipt it asked for.
    waiting: VecDeque<(usize, String)>,
    said: watch::Sender<usize>,
}

impl Speaker {
    async fn begin(user: User, rooms: Vec<String>, said: watch::Sender<usize>) -> Self {
        let client = user.connect().await;
        for room in &rooms {
            client.join(room).await;
        }
        let waiting = VecDeque::new();
        Self {
            user,
            client,
            rooms,
            waiting,
            said,
        }
    }

    /// Says so many things, and then the last word in each room.
    async fn speak(mut self, count: usize) {
        for n in 0..count {
            self.say(n).await;
            if self.waiting.len() >= IN_FLIGHT {
                self.answer().await;
            }
        }
        while !self.waiting.is_empty() {
            self.answer().await;
        }
        for room in &self.rooms {
            self.client.say(room, END).await;
        }
    }

    async fn say(&mut self, n: usize) {
        let body = json!({
            "roomId": self.rooms[n % self.rooms.len()],
            "content": format!("{} says {n}", self.user.uid),
            "clientMessageId": n.to_string(),
        });
        let receipt = self.client.post(Frame::send("/chat/pub/send", &body)).await;
        self.waiting.push_back((n, receipt));
    }

    async fn answer(&mut self) {
        let (n, receipt) = self.waiting.pop_front().expect("one was sent");
        match self.client.answer(&receipt).await {
            Answer::Receipt(_) => self.said.send_modify(|said| *said += 1),
            Answer::Refused(refusal) if refusal["status"] == 503 => self.say(n).await,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn everybody_hears_everything_once_while_nodes_come_and_go_and_the_archive_is_the_log() {
    let messages = settings::messages(5_000);
    let starting = Starting::unhurried().with("ROOMTONE_BACKLOG_BYTES_MAX", 64 << 20);
    let mut server = starting.start().await;
    let (mut listening, mut speakers, mut groups) = (vec![], vec![], vec![]);
    let mut speaking = vec![];
    for _ in 0..GROUPS {
        let mut rooms = vec![];
        for _ in 0..ROOMS_EACH {
            rooms.push(new_room(&server).await);
        }
        for _ in 0..LISTENERS {
            let user = member(&server, &rooms).await;
            listening.push(tokio::spawn(listen(user, rooms.clone())));
        }
        groups.push((member(&server, &rooms).await, rooms));
    }
    // The node that is to go serves only those who come back; what is said there without a receipt is another test.
    let leaving = server.take_node(1);
    let (said, mut so_far) = watch::channel(0);
    for (user, rooms) in &groups {
        let (user, rooms, said) = (user.clone(), rooms.clone(), said.clone());
        speakers.push(Speaker::begin(user, rooms, said).await);
    }
    for speaker in speakers {
        speaking.push(tokio::spawn(speaker.speak(messages / GROUPS)));
    }
    so_far
        .wait_for(|said| *said >= messages / 3)
        .await
        .expect("talk");
    server.add_node(&[]).await;
    so_far
        .wait_for(|said| *said >= messages * 2 / 3)
        .await
        .expect("talk");
    leaving.signal("TERM").await;
    for speaking in speaking {
        speaking.await.expect("somebody who spoke to the end");
    }
    for (place, listening) in listening.into_iter().enumerate() {
        let (reader, _) = &groups[place / LISTENERS];
        for (room, heard) in listening.await.expect("somebody who listened to the end") {
            let history = texts(&reader.history(&room).await, "id");
            assert!(history.ends_with(&heard), "{room}: heard something else");
            assert!(
                heard.len() > messages / GROUPS / ROOMS_EACH,
                "{room}: {}",
                heard.len()
            );
        }
    }
    let archived = archive::is_the_log(&server).await;
    assert!(archived > messages);
}
