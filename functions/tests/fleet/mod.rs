//! Every function's binary on the real parts, each alone under the Runtime API, with an event as API Gateway sends it.
//!
//! A socket node runs beside them, for it begins the log and records it.

macro_rules! binary {
    ($name:literal) => {
        env!(concat!("CARGO_BIN_EXE_", $name))
    };
}

mod crash;
mod gate;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use gate::Gate;

use super::read;
use super::runtime::{self, Function, SECRET, event};

/// Where the parts are, as `localstack/env` prints it.
const ADDRESSES: [&str; 4] = [
    "KAFKA_BROKERS",
    "MONGO_URI",
    "DYNAMODB_ENDPOINT",
    "REDIS_URL",
];
/// How long an append may take that Kafka does not answer; API Gateway waits for 29 s.
const REFUSED_WITHIN: Duration = Duration::from_secs(15);

/// A node and what it shares with the functions.
struct Fleet {
    settings: Vec<(String, String)>,
    node: Option<Child>,
    data: TempDir,
    gate: Gate,
}

impl Fleet {
    /// A place in the parts that nobody has used before.
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let name = format!("functions-{}", uuid::Uuid::new_v4().simple());
        let outer = |name: &str| {
            let value = std::env::var_os(name).and_then(|value| value.into_string().ok());
            value.unwrap_or_else(|| panic!("{name} must be set; localstack/up says to what"))
        };
        let mut settings: Vec<(String, String)> = ADDRESSES
            .iter()
            .map(|address| ((*address).into(), outer(address)))
            .collect();
        let hosts = settings[1]
            .1
            .rsplit_once('/')
            .map(|(hosts, _)| hosts.to_owned());
        settings[1].1 = format!("{}/{name}", hosts.expect("mongodb://host/database"));
        let own = [
            ("ROOMTONE_KAFKA_REPLICATION", "1".into()),
            ("ROOMTONE_KAFKA_MIN_INSYNC", "1".into()),
            ("ROOMTONE_KAFKA_TOPIC", name.clone()),
            ("ROOMTONE_KAFKA_PARTITIONS", "4".into()),
            ("ROOMTONE_SEARCH_TOPIC", format!("{name}-search")),
            ("DYNAMODB_TABLE_PREFIX", format!("{name}-")),
            ("ROOMTONE_REDIS_PREFIX", format!("{name}:")),
            // On a busy machine it is late, and not away.
            ("ROOMTONE_REDIS_TIMEOUT_MS", "2500".into()),
            ("AUTH_HS256_SECRET", SECRET.into()),
        ];
        settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let dynamodb = &settings[2].1;
        let gate = Gate::before(dynamodb, &format!("{name}-")).await;
        Self {
            settings,
            node: None,
            data,
            gate,
        }
    }

    /// Starts the node and waits until it listens: by then there are the topic and the tables.
    fn start_node(&mut self) {
        let folder = std::env::var_os("ROOMTONE_BIN_DIR").map(PathBuf::from);
        let folder = folder.expect("ROOMTONE_BIN_DIR must name the folder of socket-node");
        let mut node = Command::new(folder.join("socket-node"));
        node.env_clear()
            .envs(self.settings.clone())
            .stdout(Stdio::piped());
        node.envs([("ROOMTONE_PORT", "0"), ("ROOMTONE_ADMIN_PORT", "0")]);
        let mut node = node.spawn().unwrap();
        let lines = BufReader::new(node.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("\"listening\"")),
            "the node ended"
        );
        // What it writes from here on is read too, or it would wait for a reader.
        std::thread::spawn(move || lines.count());
        self.node = Some(node);
    }

    async fn start(&self, binary: &str, more: &[(&str, &str)]) -> Function {
        let settings = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let name = Path::new(binary).file_name().and_then(OsStr::to_str);
        let dynamodb = self.gate.endpoint(name.unwrap());
        let by_gate = [("DYNAMODB_ENDPOINT", dynamodb.as_str())];
        let settings: Vec<_> = settings
            .chain(by_gate)
            .chain(more.iter().copied())
            .collect();
        Function::start(binary, self.data.path(), &settings).await
    }

    /// Starts a function, gives it one event, and ends it.
    async fn once(&self, binary: &str, name: &str, values: &[(&str, &str)]) -> Value {
        self.start(binary, &[])
            .await
            .invoke(event(name, values))
            .await
    }

    /// The same, where the answer must have this status.
    async fn answer(
        &self,
        binary: &str,
        name: &str,
        values: &[(&str, &str)],
        status: u64,
    ) -> Value {
        let answer = self.once(binary, name, values).await;
        if status == 204 {
            assert_eq!(answer["statusCode"], 204, "{name}: {answer}");
            return Value::Null;
        }
        let (found, body) = read(&answer);
        assert_eq!(found, status, "{name}: {body}");
        body
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if let Some(node) = &mut self.node {
            node.kill().unwrap();
            node.wait().unwrap();
        }
    }
}

/// What the functions that read rooms tell of a room.
async fn a_room_is_shown(fleet: &Fleet, room: &Value) {
    let id = room["id"].as_str().unwrap();
    let shown = fleet
        .answer(binary!("get-room"), "get-room", &[("roomId", id)], 200)
        .await;
    assert_eq!(shown["id"], room["id"]);
    let found = fleet
        .answer(binary!("find-playlist"), "find-playlist", &[], 200)
        .await;
    assert_eq!(found, json!({"roomId": id, "locked": true}));
    for (function, name) in [
        (binary!("list-rooms"), "list-rooms"),
        (binary!("list-unjoined"), "list-unjoined"),
    ] {
        let listed = fleet.answer(function, name, &[], 200).await;
        assert_eq!(listed["rooms"][0]["id"], room["id"], "{name}");
    }
}

/// A message that is said, and read where messages are; gives it.
async fn a_message_is_said_and_read(fleet: &Fleet, id: &str) -> Value {
    let body = BASE64_STANDARD.encode(json!({"roomId": id, "content": "안녕하세요"}).to_string());
    let said = [("body", body.as_str())];
    let message = fleet
        .answer(binary!("send-message"), "send-message", &said, 201)
        .await;
    assert_eq!(message["content"], "안녕하세요");
    let page = fleet
        .answer(binary!("history"), "history", &[("roomId", id)], 200)
        .await;
    assert_eq!(page, json!({"messages": [message], "nextCursor": null}));
    let rest_api = [("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "1")];
    let mut joined = fleet.start(binary!("list-joined"), &rest_api).await;
    let (status, rooms) = read(&joined.invoke(event("list-joined-rest", &[])).await);
    assert_eq!((status, &rooms["rooms"][0]["lastMessage"]), (200, &message));
    message
}

/// A member who is there, is switched off, leaves, comes back and exits.
async fn a_member_comes_and_goes(fleet: &Fleet, id: &str, message: &Value) {
    let of = [("roomId", id)];
    let users = fleet
        .answer(binary!("list-users"), "list-users", &of, 200)
        .await;
    assert_eq!(
        (&users["users"][0]["uid"], &users["users"][0]["presence"]),
        (&json!("7"), &json!("off"))
    );
    fleet
        .answer(binary!("presence"), "presence-off", &of, 204)
        .await;
    let off = fleet
        .answer(binary!("presence"), "presence-list", &of, 200)
        .await;
    assert_eq!(off, json!({"roomId": id, "users": ["7"]}));
    let mark = [
        ("roomId", id),
        ("messageId", message["id"].as_str().unwrap()),
    ];
    fleet
        .answer(binary!("leave-room"), "leave-room", &mark, 204)
        .await;
    let entry = fleet
        .answer(binary!("reenter-room"), "reenter-room", &of, 200)
        .await;
    assert_eq!(
        (&entry["beforeMessages"], &entry["newMessages"]),
        (&json!([message]), &json!([]))
    );
    fleet
        .answer(binary!("exit-room"), "exit-room", &of, 204)
        .await;
}

/// Calls that the story does not come to: of a room's owner who is not on its first page of members, and of a sweep that
/// finds an event, which the tests of crashes come to.
const SELDOM: [(&str, &str, &str); 5] = [
    ("get-room", "memberships", "GetItem"),
    ("list-rooms", "memberships", "GetItem"),
    ("reindex-rooms", "history", "GetItem"),
    ("reindex-rooms", "memberships", "GetItem"),
    ("reindex-rooms", "memberships", "UpdateItem"),
];

/// Every call that is allowed was made; one that is not allowed would have been refused.
fn only_what_is_needed_is_allowed(gate: &Gate) {
    let seen = gate.seen();
    for (function, tables) in gate::allowed() {
        for (table, calls) in tables {
            for call in calls {
                let of = seen.get(&function).and_then(|of| of.get(&table));
                let made = of.is_some_and(|calls| calls.contains(&call));
                let seldom = SELDOM.contains(&(&*function, &*table, &*call));
                assert!(made != seldom, "{function} {call} {table}: made {made}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn every_function_does_its_own_part_of_one_story() {
    let mut fleet = Fleet::new().await;
    fleet.start_node();
    let room = fleet
        .answer(binary!("create-room"), "create-room", &[], 201)
        .await;
    assert_eq!(
        (&room["userCount"], &room["owner"]["nickName"]),
        (&json!(1), &json!("하늘"))
    );
    let id = room["id"].as_str().unwrap();
    a_room_is_shown(&fleet, &room).await;
    let message = a_message_is_said_and_read(&fleet, id).await;
    a_member_comes_and_goes(&fleet, id, &message).await;
    let found = fleet
        .answer(binary!("find-playlist"), "find-playlist", &[], 200)
        .await;
    assert_eq!(found["locked"], false);
    // The search server's topic had the room from create on, so nothing is left to send.
    let swept = fleet.once(binary!("reindex-rooms"), "schedule", &[]).await;
    assert_eq!(swept, json!({"indexed": 0, "pending": 0}));
    only_what_is_needed_is_allowed(&fleet.gate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn a_room_that_no_search_server_took_is_put_into_the_topic_by_the_schedule() {
    let mut fleet = Fleet::new().await;
    fleet.start_node();
    let nobody = format!("http://127.0.0.1:{}", runtime::closed_port().await);
    let mut create = fleet
        .start(binary!("create-room"), &[("SEARCH_URL", &nobody)])
        .await;
    assert_eq!(read(&create.invoke(event("create-room", &[])).await).0, 201);
    let mut sweep = fleet.start(binary!("reindex-rooms"), &[]).await;
    let indexed = |count: u64| json!({"indexed": count, "pending": 0});
    assert_eq!(sweep.invoke(event("schedule", &[])).await, indexed(1));
    assert_eq!(sweep.invoke(event("schedule", &[])).await, indexed(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn where_kafka_does_not_answer_a_message_is_refused_in_time_and_never_sent() {
    let mut fleet = Fleet::new().await;
    fleet.start_node();
    let room = fleet
        .answer(binary!("create-room"), "create-room", &[], 201)
        .await;
    let id = room["id"].as_str().unwrap();
    let body = BASE64_STANDARD.encode(json!({"roomId": id, "content": "lost"}).to_string());
    let nowhere = format!("127.0.0.1:{}", runtime::closed_port().await);
    let mut send = fleet
        .start(binary!("send-message"), &[("KAFKA_BROKERS", &nowhere)])
        .await;
    let asked = Instant::now();
    let (status, problem) = read(&send.invoke(event("send-message", &[("body", &body)])).await);
    assert_eq!(
        (status, &problem["type"]),
        (503, &json!("/problems/unavailable"))
    );
    assert!(asked.elapsed() < REFUSED_WITHIN, "{:?}", asked.elapsed());
    let page = fleet
        .answer(binary!("history"), "history", &[("roomId", id)], 200)
        .await;
    assert_eq!(page["messages"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn before_a_node_has_begun_the_log_a_function_ends_and_says_so() {
    let fleet = Fleet::new().await;
    let mut get = runtime::command(binary!("get-room"), fleet.data.path(), "127.0.0.1:1");
    let ended = get.envs(fleet.settings.clone()).output().unwrap();
    let log = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{log}");
    let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(
        line["why"]
            .as_str()
            .unwrap()
            .contains("no socket node has begun the log"),
        "{line}"
    );
}
