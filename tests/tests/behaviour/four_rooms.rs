//! Never more than four rooms, and always the one joined longest ago goes.

use std::collections::{HashMap, VecDeque};

use roomtone_tests::client::{Answer, Client};
use roomtone_tests::frame::Frame;
use roomtone_tests::room::{act, new_room, room_subscription, text, texts};
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
        rooms.push(roomtone_tests::room::create(&server, &owner, &format!("p-{n}")).await);
    }
    let request = roomtone_tests::room::create_request(&owner, "p-4");
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

impl Race<'_> {
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

/// How many memberships of `uid` this part of a room's history tells of. Their ENTERs and EXITs take turns, and the last tells whether they
/// are a member now.
fn memberships(history: &[Value], uid: &str, member: bool) -> usize {
    let kinds: Vec<&Value> = history
        .iter()
        .filter(|m| m["senderId"] == uid)
        .map(|m| &m["messageType"])
        .collect();
    for (at, kind) in kinds.iter().enumerate() {
        assert_eq!(
            *kind,
            if at % 2 == 0 { "ENTER" } else { "EXIT" },
            "{kinds:?}"
        );
    }
    assert_eq!(kinds.len() % 2 == 1, member, "{kinds:?}");
    kinds.len().div_ceil(2)
}

/// Whether there is an order of joins in which each one beyond the fourth ends the oldest room, which leads to
/// just these evictions and leaves just these rooms, the oldest first.
fn explained(
    in_rooms: &mut VecDeque<String>,
    to_join: &mut Vec<(String, usize)>,
    evictions: &mut Vec<(String, String)>,
    last: &[String],
) -> bool {
    if to_join.iter().all(|(_, left)| *left == 0) {
        return evictions.is_empty() && in_rooms.iter().eq(last);
    }
    for at in 0..to_join.len() {
        let (room, left) = to_join[at].clone();
        if left == 0 || in_rooms.contains(&room) {
            continue;
        }
        let evicts = in_rooms.len() == 4;
        let eviction = evicts.then(|| (in_rooms[0].clone(), room.clone()));
        let known = eviction
            .as_ref()
            .and_then(|eviction| evictions.iter().position(|e| e == eviction));
        if evicts && known.is_none() {
            continue;
        }
        let gone = evicts.then(|| in_rooms.pop_front()).flatten();
        let told = known.map(|known| evictions.remove(known));
        to_join[at].1 -= 1;
        in_rooms.push_back(room);
        if explained(in_rooms, to_join, evictions, last) {
            return true;
        }
        in_rooms.pop_back();
        to_join[at].1 += 1;
        evictions.extend(told);
        if let Some(gone) = gone {
            in_rooms.push_front(gone);
        }
    }
    false
}

#[tokio::test]
async fn joins_that_race_never_make_a_fifth_room_and_always_end_the_oldest() {
    let starting = Starting::unhurried();
    let server = starting.start().await;
    let mut rooms = vec![];
    let mut readers = vec![];
    for n in 0..8 {
        let reader = server.new_user().await;
        rooms.push(roomtone_tests::room::create(&server, &reader, &format!("p-{n}")).await);
        readers.push(reader);
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    for round in 0..settings::rounds(30) {
        let user = server.user(&format!("racer-{round}"), "달리기").await;
        let mut race = Race {
            user,
            rooms: &rooms,
            clients: vec![],
        };
        for _ in 0..8 {
            race.clients.push(race.user.connect().await);
        }
        tokio::join!(race.run(), async {
            for _ in 0..5 {
                let joined = race.user.joined().await.len();
                assert!(joined <= 4, "{joined} rooms in round {round}");
            }
        });
        let mut joined = texts(&race.user.joined().await, "id");
        joined.reverse();
        assert_eq!(joined.len(), 4, "round {round}");
        let mut to_join = vec![];
        for (room, reader) in rooms.iter().zip(&readers) {
            let news = reader
                .history_after(room, seen.get(room).map(String::as_str))
                .await;
            seen.extend(
                news.last()
                    .map(|message| (room.clone(), text(&message["id"]))),
            );
            to_join.push((
                room.clone(),
                memberships(&news, &race.user.uid, joined.contains(room)),
            ));
        }
        let all: usize = to_join.iter().map(|(_, count)| count).sum();
        let mut evictions = race.evictions(all - 4).await;
        assert!(
            explained(&mut VecDeque::new(), &mut to_join, &mut evictions, &joined),
            "round {round}: no order of joins ends the oldest each time: {evictions:?}"
        );
        for client in race.clients {
            client.put(&Frame::new("DISCONNECT")).await;
        }
    }
}
