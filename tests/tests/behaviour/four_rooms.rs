//! Never more than four rooms, and always the one joined longest ago goes.

use std::collections::HashMap;

use roomtone_tests::client::{Answer, Client};
use roomtone_tests::room::{act, create, create_request, new_room, room_subscription, text, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::settings;
use roomtone_tests::user::User;
use serde_json::{Value, json};

#[tokio::test]
async fn a_fifth_room_ends_the_one_joined_longest_ago() {
    let server = Server::start().await;
    let mut rooms = vec![];
    for _ in 0..6 {
        rooms.push(new_room(&server).await);
    }
    let (user, other) = (server.new_user().await, server.new_user().await);
    let (client, second, witness) = (
        user.connect().await,
        user.connect().await,
        other.connect().await,
    );
    witness.enter(&rooms[0]).await;
    for room in &rooms[..4] {
        assert!(client.enter(room).await.get("evictedRoomId").is_none());
    }
    // Coming back is no join: it makes no room younger and ends none.
    let before = texts(&user.joined().await, "id");
    assert!(client.join(&rooms[0]).await.get("evictedRoomId").is_none());
    assert_eq!(texts(&user.joined().await, "id"), before);
    let joined = client.join(&rooms[4]).await;
    assert_eq!(joined["evictedRoomId"], rooms[0].as_str());
    let expected: Vec<&String> = rooms[1..5].iter().rev().collect();
    assert_eq!(
        texts(&user.joined().await, "id").iter().collect::<Vec<_>>(),
        expected
    );
    let evicted = json!({"type": "EVICTED", "roomId": rooms[0], "byRoomId": rooms[4]});
    assert_eq!(client.reply("EVICTED").await, evicted);
    assert_eq!(second.reply("EVICTED").await, evicted);
    let exit = witness
        .take("the EXIT", |frame| {
            frame.get("subscription") == Some(&room_subscription(&rooms[0]))
                && frame.value()["messageType"] == "EXIT"
        })
        .await
        .value();
    assert_eq!(
        (&exit["senderId"], &exit["content"]),
        (
            &user.uid.clone().into(),
            &format!("{}님이 퇴장하였습니다.", user.nickname).into()
        )
    );
    // Their own EXIT is the last that the evicted one hears of the room.
    client
        .heard_until(&rooms[0], exit["id"].as_str().unwrap())
        .await;
    let said = witness.say(&rooms[0], "gone").await;
    witness.heard_until(&rooms[0], &said).await;
    client.settle().await;
    assert!(
        client
            .drain(|frame| frame.get("subscription") == Some(&room_subscription(&rooms[0])))
            .is_empty()
    );
    client
        .refused(roomtone_tests::client::talk(&rooms[0], "still here?"), 403)
        .await;
}

#[tokio::test]
async fn creating_a_fifth_room_evicts_as_well() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    let client = owner.connect().await;
    let mut rooms = vec![];
    for n in 0..4 {
        rooms.push(create(&server, &owner, &format!("p-{n}")).await);
    }
    let request = create_request(&owner, "p-4");
    let created = server
        .service()
        .await
        .ask("POST", "/v1/api/rooms/create", &request)
        .await
        .expect(201);
    assert_eq!(created["evictedRoomId"], rooms[0].as_str());
    assert_eq!(client.reply("EVICTED").await["byRoomId"], created["id"]);
    assert_eq!(owner.joined().await.len(), 4);
}

/// One round of the race: who ran, where, and what the sockets were told.
struct Race<'a> {
    user: User,
    rooms: &'a [String],
    clients: Vec<Client>,
}

impl<'a> Race<'a> {
    async fn new(server: &Server, rooms: &'a [String]) -> Self {
        let (user, mut clients) = (server.new_user().await, vec![]);
        for _ in 0..8 {
            clients.push(user.connect().await);
        }
        Self {
            user,
            rooms,
            clients,
        }
    }

    /// 64 joins in flight together, of all rooms, on all sockets.
    async fn run(&self) {
        let mut posted = vec![];
        for n in 0..64 {
            let client = &self.clients[n % self.clients.len()];
            // Each socket goes through the rooms in another order.
            let room = &self.rooms[(n / self.clients.len() * 3 + n) % self.rooms.len()];
            posted.push((client, client.post(act("join", room)).await));
        }
        for (client, receipt) in posted {
            let answer = client.answer(&receipt).await;
            assert!(matches!(answer, Answer::Receipt(_)), "{answer:?}");
        }
    }

    /// Every socket was told of each eviction once: (evicted, by).
    async fn evictions(&self, count: usize) -> Vec<(String, String)> {
        let mut told = vec![];
        for client in &self.clients {
            let mut heard = vec![];
            while heard.len() < count {
                let evicted = client.reply("EVICTED").await;
                heard.push((text(&evicted["roomId"]), text(&evicted["byRoomId"])));
            }
            client.settle().await;
            assert!(
                client.replies("EVICTED").is_empty(),
                "an eviction was told twice"
            );
            heard.sort();
            told.push(heard);
        }
        assert!(
            told.windows(2).all(|two| two[0] == two[1]),
            "the sockets were told different things"
        );
        told.swap_remove(0)
    }
}

/// When each membership of `uid` began that this part of a room's history tells of. Their ENTERs and EXITs take
/// turns, and the last tells whether they are a member now.
fn beginnings(history: &[Value], uid: &str, member: bool) -> Vec<String> {
    let own: Vec<Value> = history
        .iter()
        .filter(|m| m["senderId"] == uid)
        .cloned()
        .collect();
    let kinds = texts(&own, "messageType");
    for (at, kind) in kinds.iter().enumerate() {
        assert_eq!(kind, ["ENTER", "EXIT"][at % 2], "{kinds:?}");
    }
    assert_eq!(kinds.len() % 2 == 1, member, "{kinds:?}");
    texts(&own, "createdAt").into_iter().step_by(2).collect()
}

/// What must have been evicted by what, when the rooms were joined in this order.
fn evictions_of(order: &[String]) -> Vec<(String, String)> {
    let mut evictions: Vec<_> = order
        .iter()
        .cloned()
        .zip(order.iter().skip(4).cloned())
        .collect();
    evictions.sort();
    evictions
}

#[tokio::test]
async fn joins_that_race_never_make_a_fifth_room_and_always_end_the_oldest() {
    let server = Starting::unhurried().start().await;
    let (mut rooms, mut readers) = (vec![], vec![]);
    for n in 0..8 {
        let reader = server.new_user().await;
        rooms.push(create(&server, &reader, &format!("p-{n}")).await);
        readers.push(reader);
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    for round in 0..settings::rounds(30) {
        let race = Race::new(&server, &rooms).await;
        tokio::join!(race.run(), async {
            for _ in 0..5 {
                let joined = race.user.joined().await.len();
                assert!(joined <= 4, "{joined} rooms in round {round}");
            }
        });
        let joined = texts(&race.user.joined().await, "id");
        let mut memberships: Vec<(String, String)> = vec![];
        for (room, reader) in rooms.iter().zip(&readers) {
            let news = reader
                .history_after(room, seen.get(room).map(String::as_str))
                .await;
            seen.extend(
                news.last()
                    .map(|message| (room.clone(), text(&message["id"]))),
            );
            let beginnings = beginnings(&news, &race.user.uid, joined.contains(room));
            memberships.extend(beginnings.into_iter().map(|at| (at, room.clone())));
        }
        memberships.sort();
        let order: Vec<String> = memberships.into_iter().map(|(_, room)| room).collect();
        let last: Vec<&String> = order.iter().rev().take(4).collect();
        assert_eq!(joined.iter().collect::<Vec<_>>(), last, "round {round}");
        let evictions = race.evictions(order.len() - 4).await;
        assert_eq!(
            evictions,
            evictions_of(&order),
            "round {round}: not the oldest went"
        );
    }
}
