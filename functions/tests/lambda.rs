//! Real binaries under a Lambda Runtime API, with events as API Gateway sends them: each does its own
//! operation on its own, and what one has kept the next one finds.

// The helpers of tests are tests too, but clippy knows only the functions that are marked.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod fleet;
mod runtime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runtime::{Function, event};
use serde_json::{Value, json};

const CREATE_ROOM: &str = env!("CARGO_BIN_EXE_create-room");
const GET_ROOM: &str = env!("CARGO_BIN_EXE_get-room");
const HISTORY: &str = env!("CARGO_BIN_EXE_history");
const LIST_JOINED: &str = env!("CARGO_BIN_EXE_list-joined");
const REINDEX_ROOMS: &str = env!("CARGO_BIN_EXE_reindex-rooms");
const SEND_MESSAGE: &str = env!("CARGO_BIN_EXE_send-message");

/// The status and the body of what API Gateway is given.
fn read(answer: &Value) -> (u64, Value) {
    assert_eq!(answer["isBase64Encoded"], json!(false), "{answer}");
    let body = answer["body"].as_str().unwrap();
    (
        answer["statusCode"].as_u64().unwrap(),
        serde_json::from_str(body).unwrap(),
    )
}

#[tokio::test]
async fn what_one_function_keeps_the_next_one_finds() {
    let data = tempfile::tempdir().unwrap();
    let mut create = Function::start(CREATE_ROOM, data.path(), &[]).await;
    let (status, room) = read(&create.invoke(event("create-room", &[])).await);
    assert_eq!((status, &room["owner"]["nickName"]), (201, &json!("하늘")));
    let (status, again) = read(&create.invoke(event("create-room", &[])).await);
    assert_eq!((status, &again["id"]), (200, &room["id"]));
    drop(create);
    let id = room["id"].as_str().unwrap();

    let mut send = Function::start(SEND_MESSAGE, data.path(), &[]).await;
    let body = BASE64_STANDARD.encode(json!({"roomId": id, "content": "안녕하세요"}).to_string());
    let (status, message) = read(&send.invoke(event("send-message", &[("body", &body)])).await);
    assert_eq!((status, &message["content"]), (201, &json!("안녕하세요")));
    drop(send);

    let mut history = Function::start(HISTORY, data.path(), &[]).await;
    let (status, page) = read(&history.invoke(event("history", &[("roomId", id)])).await);
    assert_eq!(
        (status, page),
        (200, json!({"messages": [message], "nextCursor": null}))
    );
    drop(history);

    let mut get = Function::start(GET_ROOM, data.path(), &[]).await;
    let (status, shown) = read(&get.invoke(event("get-room", &[("roomId", id)])).await);
    assert_eq!(
        (status, &shown["id"], &shown["userCount"]),
        (200, &room["id"], &json!(1))
    );
    drop(get);

    let mut joined = Function::start(
        LIST_JOINED,
        data.path(),
        &[("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "1")],
    )
    .await;
    let (status, rooms) = read(&joined.invoke(event("list-joined-rest", &[])).await);
    assert_eq!((status, &rooms["rooms"][0]["lastMessage"]), (200, &message));
}

#[tokio::test]
async fn a_function_answers_its_own_paths_only_and_problems_are_text() {
    let data = tempfile::tempdir().unwrap();
    let mut create = Function::start(CREATE_ROOM, data.path(), &[]).await;
    let answer = create
        .invoke(event(
            "get-room",
            &[("roomId", "7d444840-9dc0-11d1-b245-5ffdce74fad2")],
        ))
        .await;
    assert_eq!(read(&answer).1["type"], "/problems/not-found");
    let mut unasked = event("create-room", &[]);
    unasked["headers"]
        .as_object_mut()
        .unwrap()
        .remove("authorization");
    let answer = create.invoke(unasked).await;
    assert_eq!(
        (read(&answer).0, &answer["headers"]["www-authenticate"]),
        (401, &json!("Bearer"))
    );
    assert_eq!(
        answer["headers"]["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn a_room_that_was_not_indexed_is_when_the_schedule_comes() {
    let data = tempfile::tempdir().unwrap();
    let nobody = format!("http://127.0.0.1:{}", runtime::closed_port().await);
    let mut create = Function::start(CREATE_ROOM, data.path(), &[("SEARCH_URL", &nobody)]).await;
    assert_eq!(read(&create.invoke(event("create-room", &[])).await).0, 201);
    drop(create);
    let (search, mut told) = runtime::search_server().await;
    let mut sweep = Function::start(REINDEX_ROOMS, data.path(), &[("SEARCH_URL", &search)]).await;
    assert_eq!(
        sweep.invoke(event("schedule", &[])).await,
        json!({"indexed": 1, "pending": 0})
    );
    assert_eq!(told.recv().await.unwrap()["playlistId"], "5");
    assert_eq!(
        sweep.invoke(event("schedule", &[])).await,
        json!({"indexed": 0, "pending": 0})
    );
}

#[test]
fn a_wrong_setting_is_named_and_nothing_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (name, value) in [
        ("AUTH_HS256_SECRET", "short"),
        ("AUTH_HS256_SECRET", ""),
        ("ALLOWED_ORIGINS", "app.example"),
        ("SEARCH_URL", "search"),
        ("ROOMTONE_SENDS_PER_S", "0"),
        ("AWS_LAMBDA_RUNTIME_API", ""),
    ] {
        let ended = runtime::command(CREATE_ROOM, &data, "127.0.0.1:1")
            .env(name, value)
            .output()
            .unwrap();
        let log = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{name}={value}: {log}");
        let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert!(line["why"].as_str().unwrap().starts_with(name), "{line}");
        assert!(!data.exists());
    }
}
