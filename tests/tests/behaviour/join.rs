//! Joining: once a member, however often it is asked for.

use roomtone_tests::client::Answer;
use roomtone_tests::room::{act, new_room, text, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::{Value, json};

async fn enters(of: &User, room: &str) -> Vec<Value> {
    let enters =
        |message: &Value| message["messageType"] == "ENTER" && message["senderId"] == of.uid;
    of.history(room).await.into_iter().filter(enters).collect()
}

#[tokio::test]
async fn the_reply_to_a_join_shows_the_room() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let joined = user.connect().await.join(&room).await;
    assert_eq!(
        (&joined["presence"], &joined["room"]["userCount"]),
        (&"on".into(), &2.into())
    );
    assert_eq!(joined["currentMusicId"], joined["nowPlaying"]["musicId"]);
    assert!(joined.get("evictedRoomId").is_none());
    let users = joined["room"]["users"].as_array().unwrap();
    let own = users.iter().find(|u| u["uid"] == user.uid).unwrap();
    assert_eq!(own["nickName"], user.nickname.as_str());
    assert_eq!(
        own["lastReadMessageId"],
        enters(&user, &room).await[0]["id"],
        "a first join sets the mark to its ENTER"
    );
    assert!(
        users
            .iter()
            .all(|u| u["uid"] == user.uid || u.get("lastReadMessageId").is_none())
    );
}

#[tokio::test]
async fn joining_again_makes_no_second_membership_and_no_second_enter() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let mut clients = vec![];
    for _ in 0..4 {
        clients.push(user.connect().await);
    }
    let mut first = None;
    for client in clients.iter().cycle().take(12) {
        let joined = client.join(&room).await;
        let own = joined["room"]["users"]
            .as_array()
            .unwrap()
            .iter()
            .find(|u| u["uid"] == user.uid)
            .unwrap()
            .clone();
        assert_eq!(
            first.get_or_insert(own["enteredAt"].clone()),
            &own["enteredAt"]
        );
        assert_eq!(joined["room"]["userCount"], 2);
    }
    assert_eq!(enters(&user, &room).await.len(), 1);
}

#[tokio::test]
async fn joins_of_many_sockets_at_once_make_one_membership() {
    let server = Server::start().await;
    let user = server.new_user().await;
    let mut clients = vec![];
    for _ in 0..16 {
        clients.push(user.connect().await);
    }
    for _ in 0..4 {
        let room = new_room(&server).await;
        let mut posted = vec![];
        for client in &clients {
            posted.push(client.post(act("join", &room)).await);
        }
        for (client, receipt) in clients.iter().zip(posted) {
            assert!(matches!(client.answer(&receipt).await, Answer::Receipt(_)));
        }
        assert_eq!(enters(&user, &room).await.len(), 1);
        assert_eq!(user.joined_room(&room).await["userCount"], 2);
    }
}

#[tokio::test]
async fn a_join_after_a_crash_is_the_same_membership() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    user.connect().await.join(&room).await;
    let before = enters(&user, &room).await;
    let server = Starting::default().on(server.kill().await).start().await;
    let user = user.at(&server);
    user.connect().await.join(&room).await;
    assert_eq!(enters(&user, &room).await, before);
}

#[tokio::test]
async fn who_exited_enters_again() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    for n in 1..=3 {
        client.join(&room).await;
        assert_eq!(enters(&user, &room).await.len(), n);
        client.done(act("exit", &room)).await;
    }
}

#[tokio::test]
async fn the_owner_has_no_enter() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    let room = roomtone_tests::room::create(&server, &owner, "p-1").await;
    assert_eq!(owner.history(&room).await, Vec::<Value>::new());
    let joined = owner.connect().await.join(&room).await;
    assert_eq!(
        (&joined["room"]["userCount"], &joined["presence"]),
        (&1.into(), &"on".into())
    );
    assert_eq!(owner.history(&room).await, Vec::<Value>::new());
}

#[tokio::test]
async fn members_see_each_other_in_the_order_they_joined() {
    let server = Server::start().await;
    let owner = server.new_user().await;
    let room = roomtone_tests::room::create(&server, &owner, "p-1").await;
    let mut uids = vec![owner.uid.clone()];
    let mut clients = vec![];
    for _ in 0..24 {
        let user = server.new_user().await;
        let client = user.connect().await;
        client.join(&room).await;
        uids.push(user.uid.clone());
        clients.push(client);
    }
    let (mut seen, mut path) = (vec![], format!("/v1/api/rooms/{room}/users"));
    loop {
        let page = owner.get(&path).await.expect(200);
        seen.extend(page["users"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/v1/api/rooms/{room}/users?cursor={cursor}&size=5");
    }
    assert_eq!(texts(&seen, "uid"), uids);
    assert!(texts(&seen, "enteredAt").is_sorted());
    assert_eq!(texts(&seen, "presence")[..2], ["off", "on"]);
    let shown = owner
        .get(&format!("/v1/api/rooms/{room}"))
        .await
        .expect(200);
    assert_eq!(
        shown["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| text(&u["uid"]))
            .collect::<Vec<_>>(),
        uids
    );
    server
        .new_user()
        .await
        .get(&format!("/v1/api/rooms/{room}/users"))
        .await
        .problem(403);
    assert_eq!(shown["owner"]["uid"], json!(owner.uid));
}

#[tokio::test]
async fn joins_and_exits_that_race_take_turns_in_the_room() {
    let server = Starting::unhurried().start().await;
    let (room, user, other) = (
        new_room(&server).await,
        server.new_user().await,
        server.new_user().await,
    );
    let witness = other.connect().await;
    witness.enter(&room).await;
    let mut clients = vec![];
    for _ in 0..8 {
        clients.push(user.connect().await);
    }
    clients[0].join(&room).await;
    let mut posted = vec![];
    for n in 0..160 {
        let (client, verb) = (&clients[n % 8], if n % 3 == 0 { "exit" } else { "join" });
        posted.push((client, client.post(act(verb, &room)).await));
    }
    for (client, receipt) in posted {
        let answer = client.answer(&receipt).await;
        assert!(matches!(answer, Answer::Receipt(_)), "{answer:?}");
    }
    let history: Vec<Value> = other
        .history(&room)
        .await
        .into_iter()
        .filter(|m| m["senderId"] == user.uid)
        .collect();
    let kinds = texts(&history, "messageType");
    assert!(
        kinds
            .iter()
            .enumerate()
            .all(|(at, kind)| kind == ["ENTER", "EXIT"][at % 2]),
        "{kinds:?}"
    );
    let member = kinds.len() % 2 == 1;
    assert_eq!(user.joined().await.len(), usize::from(member));
    assert_eq!(
        other.joined_room(&room).await["userCount"],
        1 + 1 + u64::from(member)
    );
    let end = witness.say(&room, "end").await;
    let heard: Vec<Value> = witness
        .heard_until(&room, &end)
        .await
        .into_iter()
        .filter(|m| m["senderId"] == user.uid)
        .collect();
    assert_eq!(heard, history);
}
