//! A store that is away: what goes on without it, what is refused, and that all is well once it is back.

use std::time::Duration;

use roomtone_tests::archive;
use roomtone_tests::client::{Answer, Client, talk};
use roomtone_tests::deadline::until;
use roomtone_tests::frame::Version;
use roomtone_tests::http::Response;
use roomtone_tests::part::Part;
use roomtone_tests::room::{act, create_request, new_room, texts};
use roomtone_tests::search::{Mood, Search};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A node that has not renewed its lease for so long is gone.
const LEASE: Duration = Duration::from_secs(10);

/// A room with two people in it, each at another node, who hear each other.
struct Chat {
    room: String,
    users: [User; 2],
    clients: [Client; 2],
}

impl Chat {
    async fn begin(server: &Server) -> Self {
        let room = new_room(server).await;
        let users = [server.new_user().await, server.new_user().await];
        let clients = [users[0].connect().await, users[1].connect().await];
        for client in &clients {
            client.watch(&room).await;
            client.enter(&room).await;
        }
        let chat = Self {
            room,
            users,
            clients,
        };
        for user in &chat.users {
            let noticed = chat.clients[0].noticed_of(&chat.room, user).await;
            assert_eq!(noticed["presence"], "on");
        }
        chat.goes_on("before").await;
        chat
    }

    /// What each says both hear, in one order.
    async fn goes_on(&self, when: &str) {
        let mut last = String::new();
        for (client, who) in self.clients.iter().zip(["one", "other"]) {
            last = client.say(&self.room, &format!("{who}, {when}")).await;
        }
        let mut heard = vec![];
        for client in &self.clients {
            let messages = client.heard_until(&self.room, &last).await;
            let said = texts(&messages, "content");
            heard.push(
                said.into_iter()
                    .filter(|s| s.ends_with(when))
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(
            heard[0],
            ["one", "other"].map(|who| format!("{who}, {when}"))
        );
        assert_eq!(heard[0], heard[1]);
    }

    /// Nobody was told that one of the two is off.
    async fn nobody_is_off(&self) {
        for client in &self.clients {
            client.settle().await;
            let off = client
                .drain(|frame| frame.command == "MESSAGE" && frame.value()["presence"] == "off");
            assert!(off.is_empty(), "{off:?}");
        }
    }
}

/// An answer that says when to ask again.
fn away(answer: &Response) {
    let detail = answer.problem(503);
    let after = answer.header("retry-after").and_then(|s| s.parse().ok());
    assert!(after.is_some_and(|seconds: u64| seconds > 0), "{detail}");
}

async fn create(server: &Server, owner: &User, playlist: &str) -> Response {
    let request = create_request(owner, playlist);
    let service = server.service().await;
    service.ask("POST", "/v1/api/rooms/create", &request).await
}

/// Asks until it is so.
async fn becomes(what: &str, user: &User, path: &str, wanted: &Value) {
    until(what, || async {
        let answer = user.get(path).await;
        (answer.status == 200 && answer.json() == *wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn without_redis_all_goes_on_but_presence_over_http_and_nobody_is_taken_for_off() {
    let redis = Part::start("redis").await;
    let at = format!("redis://{}", redis.at());
    let starting = Starting::unhurried().with("REDIS_URL", at);
    let starting = starting.with("ROOMTONE_REDIS_TIMEOUT_MS", 250);
    let server = starting.start().await;
    let chat = Chat::begin(&server).await;
    let on = format!("/api/v1/presence/{}/on", chat.room);
    let [user, other] = &chat.users;
    let mut both = vec![&user.uid, &other.uid];
    both.sort();
    let both = json!({"roomId": chat.room, "users": both});
    becomes("both to be on", user, &on, &both).await;

    redis.stop().await;
    chat.goes_on("without Redis").await;
    away(&user.get(&on).await);
    // Presence is left out where it is one thing among others.
    let rooms = user.joined().await;
    assert_eq!(texts(&rooms, "id"), [chat.room.as_str()]);
    assert!(rooms[0].get("presence").is_none(), "{}", rooms[0]);
    let message = json!({"roomId": chat.room, "content": "by HTTP"});
    user.ask("POST", "/v1/api/chat/message", &message)
        .await
        .expect(201);
    let third = server.new_user().await;
    let client = third.connect().await;
    client.enter(&chat.room).await;
    let said = client.say(&chat.room, "a third").await;
    let history = texts(&user.history(&chat.room).await, "id");
    assert_eq!(history.last(), Some(&said));
    let newest = format!("/v1/api/chat/history?roomId={}&size=1", chat.room);
    assert_eq!(
        texts(
            user.get(&newest).await.expect(200)["messages"]
                .as_array()
                .expect("a list"),
            "id"
        ),
        [said]
    );
    let owner = server.new_user().await;
    create(&server, &owner, "without-redis").await.expect(201);
    // Longer than a lease runs, so that none is left of any node's.
    let stopped = Instant::now();
    while stopped.elapsed() < LEASE {
        chat.goes_on("still without Redis").await;
    }
    chat.nobody_is_off().await;

    // It comes back with nothing in it, and is told whom the nodes hold.
    redis.up().await;
    let mut all = vec![&user.uid, &other.uid, &third.uid];
    all.sort();
    let all = json!({"roomId": chat.room, "users": all});
    becomes("all three to be on", user, &on, &all).await;
    chat.goes_on("with Redis again").await;
    chat.nobody_is_off().await;
    archive::is_the_log(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn without_mongodb_no_room_is_made_and_chat_goes_on_in_those_there_are() {
    let mongodb = Part::start("mongodb").await;
    let at = format!("mongodb://{}/rooms", mongodb.at());
    let server = Starting::unhurried().with("MONGO_URI", at).start().await;
    let chat = Chat::begin(&server).await;
    let owner = server.new_user().await;

    mongodb.stop().await;
    chat.goes_on("without MongoDB").await;
    away(&create(&server, &owner, "p-1").await);
    away(&owner.get("/v1/api/rooms/unjoined").await);
    chat.goes_on("still without MongoDB").await;
    let history = texts(&chat.users[0].history(&chat.room).await, "content");
    assert_eq!(
        history.last().map(String::as_str),
        Some("other, still without MongoDB")
    );

    mongodb.up().await;
    let made = until("a room to be made", || async {
        let answer = create(&server, &owner, "p-1").await;
        (answer.status != 503).then_some(answer)
    })
    .await;
    // What was refused left nothing behind.
    made.expect(201);
    chat.goes_on("with MongoDB again").await;
    archive::is_the_log(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn without_dynamodb_live_chat_goes_on_and_history_catches_up() {
    let dynamodb = Part::start("dynamodb").await;
    let at = format!("http://{}", dynamodb.at());
    let server = Starting::unhurried()
        .with("DYNAMODB_ENDPOINT", at)
        .start()
        .await;
    let chat = Chat::begin(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;

    dynamodb.stop().await;
    chat.goes_on("without DynamoDB").await;
    client.refused(act("join", &chat.room), 503).await;
    client
        .refused(talk(&chat.room, "who may this be?"), 503)
        .await;
    away(
        &chat.users[0]
            .get(&format!("/v1/api/chat/history?roomId={}", chat.room))
            .await,
    );
    chat.goes_on("still without DynamoDB").await;

    dynamodb.up().await;
    until("a join to be taken", || async {
        let receipt = client.post(act("join", &chat.room)).await;
        let answer = client.answer(&receipt).await;
        matches!(answer, Answer::Receipt(_)).then_some(())
    })
    .await;
    chat.goes_on("with DynamoDB again").await;
    let history = chat.users[0].history(&chat.room).await;
    let own: Vec<Value> = history
        .iter()
        .filter(|m| m["senderId"] == user.uid)
        .cloned()
        .collect();
    assert_eq!(texts(&own, "messageType"), ["ENTER"]);
    archive::is_the_log(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn who_waited_long_for_an_answer_is_not_taken_for_silent() {
    let dynamodb = Part::start("dynamodb").await;
    let at = format!("http://{}", dynamodb.at());
    let starting = Starting::unhurried().with("DYNAMODB_ENDPOINT", at);
    // Less than what a store that stands still is waited for.
    let starting = starting.with("ROOMTONE_SILENCE_CLOSE_S", 3);
    let starting = starting.with("ROOMTONE_SILENCE_PING_S", 1);
    let server = starting.with("ROOMTONE_HEART_BEAT_S", 1).start().await;
    let room = new_room(&server).await;
    let client = server.new_user().await.connect().await;
    let other = server.new_user().await;
    dynamodb.signal("STOP").await;
    client.refused(act("join", &room), 503).await;
    dynamodb.signal("CONT").await;
    // A beat is what a node gives that has looked at the clock.
    let beating = other.connect_beating(Version::V1_2, "0,1").await;
    beating.beats(1).await;
    client.settle().await;
    let receipt = client.post(act("join", &room)).await;
    let answer = client.answer(&receipt).await;
    assert!(matches!(answer, Answer::Receipt(_)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn without_the_search_server_rooms_are_made_and_indexed_once_it_is_back() {
    let search = Search::start(Mood::Refuses).await;
    let starting = Starting::unhurried().with("SEARCH_URL", search.url());
    let server = starting.with("ROOMTONE_SWEEP_S", 1).start().await;
    let mut rooms = vec![];
    for mood in [Mood::Refuses, Mood::Hangs] {
        search.turn(mood);
        rooms.push(new_room(&server).await);
    }
    assert_eq!(search.indexed(), Vec::<Value>::new());
    search.turn(Mood::Accepts);
    search.has_all(&rooms).await;
}
