//! What holds for every path.

use roomtone_tests::deadline::within;
use roomtone_tests::http::Request;
use roomtone_tests::room::new_room;
use roomtone_tests::server::{Server, Starting};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn who_does_not_say_what_they_ask_for_is_not_waited_for_without_end() {
    let server = Server::start().await;
    let mut waiting = vec![];
    for said in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    for mut stream in waiting {
        let mut heard = vec![];
        let closed = stream.read_to_end(&mut heard);
        within("the connection to be closed", closed).await.unwrap();
        assert_eq!(heard, b"");
    }
}

#[tokio::test]
async fn every_path_answers_with_and_without_a_slash_at_its_end() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let (user, service) = (server.new_user().await, server.service().await);
    user.connect().await.join(&room).await;
    for path in [
        format!("/v1/api/rooms/{room}"),
        format!("/v1/api/rooms/{room}/users"),
        "/v1/api/rooms/joined".to_owned(),
        "/v1/api/rooms/unjoined".to_owned(),
        format!("/v1/api/chat/rooms/joined/{room}"),
        format!("/v1/api/chat/api/v1/rooms/joined/{room}"),
        format!("/v1/api/chat/history/{room}"),
        format!("/v1/api/chat/api/v1/history/{room}"),
        format!("/api/v1/presence/{room}/on"),
        format!("/api/v1/presence/{room}/off"),
    ] {
        user.get(&path).await.expect(200);
        user.get(&format!("{path}/")).await.expect(200);
    }
    service.get("/v1/api/rooms").await.expect(200);
    service.get("/v1/api/rooms/").await.expect(200);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let server = Server::start().await;
    let user = server.new_user().await;
    for path in [
        "/nowhere",
        "/v1/api/rooms/00000000-0000-4000-8000-000000000000",
        "/v1/api/rooms/nonsense",
    ] {
        user.get(path).await.problem(404);
    }
    for path in ["users", ""] {
        let answer = user
            .get(&format!(
                "/v1/api/rooms/00000000-0000-4000-8000-000000000000/{path}"
            ))
            .await;
        answer.problem(404);
    }
    user.get("/v1/api/chat/rooms/joined/00000000-0000-4000-8000-000000000000")
        .await
        .problem(404);
    let wrong_method = user.ask("DELETE", "/v1/api/rooms/joined", &json!({})).await;
    wrong_method.problem(405);
}

#[tokio::test]
async fn bodies_are_read_strictly_and_up_to_256_kib() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    user.connect().await.join(&room).await;
    let post = async |body: &[u8]| {
        let request = user
            .request("POST", "/v1/api/chat/message")
            .header("Content-Type", "application/json");
        request.body(body.to_vec()).send(server.address()).await
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"roomId\": 7, \"content\": \"x\"}",
    ] {
        post(body.as_bytes()).await.problem(400);
    }
    post(&[b"{\"roomId\":\"", &b"\xff"[..], b"\"}"].concat())
        .await
        .problem(400);
    post(b"{}").await.problem(422);
    post(
        json!({"roomId": room, "content": ""})
            .to_string()
            .as_bytes(),
    )
    .await
    .problem(422);
    post(
        json!({"roomId": "00000000-0000-4000-8000-000000000000", "content": "x"})
            .to_string()
            .as_bytes(),
    )
    .await
    .problem(404);
    let padded = |octets: usize| {
        let start = format!("{{\"roomId\":\"{room}\",\"content\":\"x\",\"ignored\":\"");
        format!("{start}{}\"}}", "x".repeat(octets - start.len() - 2))
    };
    assert_eq!(post(padded(256 << 10).as_bytes()).await.status, 201);
    post(padded((256 << 10) + 1).as_bytes()).await.problem(413);
}

#[tokio::test]
async fn pages_of_configured_origins_may_ask() {
    let server = Starting::default()
        .with("ALLOWED_ORIGINS", "https://app.example")
        .start()
        .await;
    let preflight = |origin: &str| {
        let request = Request::new("OPTIONS", "/v1/api/rooms/joined").header("Origin", origin);
        request
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", "authorization")
    };
    let allowed = preflight("https://app.example")
        .send(server.address())
        .await;
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    let headers = allowed
        .header("access-control-allow-headers")
        .unwrap_or_default()
        .to_ascii_lowercase();
    assert!(headers.contains("authorization"), "{allowed:?}");
    let foreign = preflight("https://evil.example")
        .send(server.address())
        .await;
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let user = server.new_user().await;
    let request = user.request("GET", "/v1/api/rooms/joined");
    let answer = request
        .clone()
        .header("Origin", "https://app.example")
        .send(server.address())
        .await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    let answer = request
        .header("Origin", "https://evil.example")
        .send(server.address())
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_page_is_there() {
    let server = Server::start().await;
    let page = Request::new("GET", "/").send(server.address()).await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html")),
        "{:?}",
        page.headers
    );
}

#[tokio::test]
async fn who_posts_messages_too_fast_is_told_when_to_try_again() {
    let server = Starting::default()
        .with("ROOMTONE_SENDS_PER_S", 1)
        .with("ROOMTONE_SEND_BURST", 5)
        .start()
        .await;
    let room = new_room(&server).await;
    let user = server.new_user().await;
    user.connect().await.join(&room).await;
    let mut refused = None;
    for n in 0..100 {
        let answer = user
            .ask(
                "POST",
                "/v1/api/chat/message",
                &json!({"roomId": room, "content": n.to_string()}),
            )
            .await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a hundred are more than the limit");
    refused.problem(429);
    assert!(
        refused
            .header("retry-after")
            .is_some_and(|after| after.parse::<u64>().is_ok()),
        "{refused:?}"
    );
}
