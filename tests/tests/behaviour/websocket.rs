//! The WebSocket under STOMP: the upgrade, and the frames.

use std::pin::pin;
use std::time::Duration;

use roomtone_tests::client::REPLIES;
use roomtone_tests::deadline::{until, within};
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::http::Request;
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{BINARY, CLOSE, Incoming, Opening, PING, TEXT, frame, masked};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than an answer takes that waits for nobody.
const A_WHILE: Duration = Duration::from_millis(300);

async fn upgrade(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<Raw, u16> {
    let opening = Opening {
        path,
        headers,
        ..Opening::default()
    };
    match within("an upgrade", opening.open(server.address())).await {
        Ok(socket) => Ok(Raw {
            socket,
            version: Version::V1_2,
        }),
        Err(response) => Err(response.status),
    }
}

#[tokio::test]
async fn a_subprotocol_is_chosen_among_those_offered() {
    let server = Server::start().await;
    for (offered, chosen) in [
        ("v12.stomp, v11.stomp, v10.stomp", "v12.stomp"),
        ("v10.stomp, v11.stomp, v12.stomp", "v12.stomp"),
        ("v10.stomp,v11.stomp", "v11.stomp"),
        ("v10.stomp", "v10.stomp"),
        ("mqtt, v11.stomp", "v11.stomp"),
    ] {
        let raw = upgrade(&server, "/ws-chat", &[("Sec-WebSocket-Protocol", offered)])
            .await
            .unwrap();
        assert_eq!(
            raw.socket.response.header("sec-websocket-protocol"),
            Some(chosen),
            "{offered}"
        );
    }
    let raw = upgrade(&server, "/ws-chat", &[]).await.unwrap();
    assert_eq!(raw.socket.response.header("sec-websocket-protocol"), None);
}

#[tokio::test]
async fn the_old_path_is_open_too() {
    let server = Server::start().await;
    let token = server.new_user().await.token;
    for path in ["/ws-chat", "/ws-chat/", "/ws-chat/websocket"] {
        let mut raw = upgrade(&server, path, &[])
            .await
            .unwrap_or_else(|status| panic!("{path}: {status}"));
        raw.text(connect(Version::V1_2, &token)).await;
        assert_eq!(raw.frame().await.command, "CONNECTED");
    }
}

/// The status of an upgrade that a proxy asks for, for whom it says.
async fn on_behalf(server: &Server, address: &str) -> Result<Raw, (u16, Option<String>)> {
    let opening = Opening {
        headers: &[("X-Forwarded-For", address)],
        ..Opening::default()
    };
    match within("an upgrade", opening.open(server.address())).await {
        Ok(socket) => Ok(Raw {
            socket,
            version: Version::V1_2,
        }),
        Err(refused) => {
            let after = refused.header("retry-after").map(str::to_owned);
            Err((refused.status, after))
        }
    }
}

#[tokio::test]
async fn an_address_that_opens_sockets_too_fast_is_refused_before_the_upgrade() {
    let server = Starting::default()
        .with("ROOMTONE_PROXIES", 1)
        .with("ROOMTONE_UPGRADES_PER_S", 1)
        .with("ROOMTONE_UPGRADE_BURST", 3)
        .start()
        .await;
    let mut refused = 0;
    // What stands before the proxy's own entry is anybody's word.
    for said in [
        "192.0.2.1",
        "198.51.100.7, 192.0.2.1",
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.1",
    ] {
        if let Err(why) = on_behalf(&server, said).await {
            assert_eq!(why, (429, Some("1".into())));
            refused += 1;
        }
    }
    assert!(refused > 0, "five at once are more than three");
    assert!(on_behalf(&server, "192.0.2.2").await.is_ok());
    // A proxy that names nobody, or somebody of its own network, speaks for itself.
    for _ in 0..5 {
        assert!(on_behalf(&server, "10.0.0.1").await.is_ok());
        assert!(upgrade(&server, "/ws-chat", &[]).await.is_ok());
    }
}

#[tokio::test]
async fn an_address_has_so_many_sockets_and_one_that_ends_makes_room() {
    let server = Starting::default()
        .with("ROOMTONE_PROXIES", 1)
        .with("ROOMTONE_SOCKETS_PER_ADDRESS_MAX", 2)
        .start()
        .await;
    let kept = on_behalf(&server, "2001:db8::1").await;
    let other = on_behalf(&server, "2001:db8::2").await;
    assert!(kept.is_ok() && other.is_ok());
    // The same household.
    let third = on_behalf(&server, "2001:db8::3").await.err();
    assert_eq!(third, Some((429, Some("1".into()))));
    assert!(on_behalf(&server, "2001:db8:0:100::3").await.is_ok());
    drop(other);
    until("room for another", async || {
        on_behalf(&server, "2001:db8::3").await.ok()
    })
    .await;
}

#[tokio::test]
async fn who_asks_for_nothing_has_one_of_so_many_places_until_they_go() {
    let server = Starting::default()
        .with("ROOMTONE_CONNECTIONS_MAX", 2)
        .start()
        .await;
    // A socket has none of them.
    let _socket = upgrade(&server, "/ws-chat", &[]).await.unwrap();
    let first = TcpStream::connect(server.address()).await.unwrap();
    let _second = TcpStream::connect(server.address()).await.unwrap();
    let request = Request::new("GET", "/healthz");
    let mut asked = pin!(request.send(server.address()));
    let early = timeout(A_WHILE, &mut asked).await;
    assert!(early.is_err(), "a third was served: {early:?}");
    drop(first);
    assert_eq!(within("an answer", asked).await.status, 200);
}

#[tokio::test]
async fn whom_a_header_names_is_not_believed_where_no_proxy_is_known() {
    let server = Starting::default()
        .with("ROOMTONE_UPGRADES_PER_S", 1)
        .with("ROOMTONE_UPGRADE_BURST", 1)
        .start()
        .await;
    for _ in 0..5 {
        assert!(on_behalf(&server, "192.0.2.1").await.is_ok());
    }
}

#[tokio::test]
async fn a_foreign_origin_is_refused_before_the_upgrade() {
    let server = Starting::default()
        .with(
            "ALLOWED_ORIGINS",
            "https://app.example,https://b.example:8443",
        )
        .start()
        .await;
    for origin in [
        "https://evil.example",
        "http://app.example",
        "https://app.example.evil.example",
        "https://b.example",
        "null",
    ] {
        for path in ["/ws-chat", "/ws-chat/websocket"] {
            let refused = upgrade(&server, path, &[("Origin", origin)]).await;
            assert_eq!(refused.err(), Some(403), "{origin}");
        }
    }
    let own = format!("http://{}", server.address());
    for origin in ["https://app.example", "https://b.example:8443", &own] {
        assert!(
            upgrade(&server, "/ws-chat", &[("Origin", origin)])
                .await
                .is_ok(),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let server = Server::start().await;
    let plain = Request::new("GET", "/ws-chat").send(server.address()).await;
    assert!((400..500).contains(&plain.status), "{plain:?}");
    let old = Request::new("GET", "/ws-chat")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade");
    let old = old
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Version", "8");
    assert_eq!(old.send(server.address()).await.status, 426);
    assert_eq!(upgrade(&server, "/elsewhere", &[]).await.err(), Some(404));
}

#[tokio::test]
async fn messages_are_text_or_binary() {
    let server = Server::start().await;
    let token = server.new_user().await.token;
    for opcode in [TEXT, BINARY] {
        let mut raw = Raw::open(server.address()).await;
        raw.socket
            .writer
            .message(opcode, &connect(Version::V1_2, &token))
            .await
            .unwrap();
        assert_eq!(raw.frame().await.command, "CONNECTED");
        raw.socket
            .writer
            .message(
                opcode,
                b"SUBSCRIBE\nid:a\ndestination:/user/queue/replies\nreceipt:r\n\n\0",
            )
            .await
            .unwrap();
        assert_eq!(raw.frame().await.get("receipt-id"), Some("r"));
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carried() {
    let server = Server::start().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    let (ping, half) = (
        masked(PING, true, b"are you there"),
        masked(TEXT, false, b"SUBSCRIBE\nid:a\n"),
    );
    let rest = masked(0, true, b"destination:/user/queue/replies\nreceipt:r\n\n\0");
    // Also in the middle of a message.
    raw.socket
        .writer
        .raw(&[half, ping, rest].concat())
        .await
        .unwrap();
    assert_eq!(
        within("a pong", raw.socket.reader.read()).await,
        Incoming::Pong
    );
    assert_eq!(raw.frame().await.get("receipt-id"), Some("r"));
}

#[tokio::test]
async fn what_breaks_websocket_is_closed_by_its_rules() {
    let server = Server::start().await;
    let mask = Some([1, 2, 3, 4]);
    let cases: [(&str, Vec<u8>, u16); 9] = [
        (
            "a frame without a mask",
            frame(TEXT, true, None, b"\n"),
            1002,
        ),
        (
            "a reserved bit",
            frame(TEXT | 0x40, true, mask, b"\n"),
            1002,
        ),
        ("a reserved opcode", frame(3, true, mask, b""), 1002),
        ("a continuation of nothing", frame(0, true, mask, b""), 1002),
        (
            "a message within a message",
            [frame(TEXT, false, mask, b""), frame(TEXT, true, mask, b"")].concat(),
            1002,
        ),
        ("a ping in fragments", frame(PING, false, mask, b""), 1002),
        (
            "a ping of 126 octets",
            frame(PING, true, mask, &[0; 126]),
            1002,
        ),
        (
            "a close with half a code",
            frame(CLOSE, true, mask, &[3]),
            1002,
        ),
        (
            "a text that is not UTF-8",
            frame(TEXT, true, mask, b"SEND\nk:\xff"),
            1007,
        ),
    ];
    for (what, bytes, code) in cases {
        let mut raw = Raw::connected(&server, Version::V1_2).await;
        raw.socket.writer.raw(&bytes).await.unwrap();
        assert_eq!(raw.closed().await, Some(code), "{what}");
    }
}

#[tokio::test]
async fn a_close_is_answered() {
    let server = Server::start().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.socket
        .writer
        .message(CLOSE, &1000_u16.to_be_bytes())
        .await
        .unwrap();
    assert_eq!(raw.closed().await, Some(1000));
}

#[tokio::test]
async fn a_gigabyte_that_is_announced_is_not_waited_for() {
    let server = Server::start().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    let mut head = vec![0x80 | BINARY, 0x80 | 127];
    head.extend_from_slice(&(1_u64 << 30).to_be_bytes());
    head.extend_from_slice(&[0; 4]);
    raw.socket.writer.raw(&head).await.unwrap();
    assert_eq!(raw.closed().await, Some(1009));
}

#[tokio::test]
async fn a_user_has_16_sockets_by_default_and_as_many_as_are_set() {
    for (server, max) in [
        (Server::start().await, 16),
        (
            Starting::default()
                .with("ROOMTONE_SOCKETS_PER_USER_MAX", 2)
                .start()
                .await,
            2,
        ),
    ] {
        let (user, other) = (server.new_user().await, server.new_user().await);
        let mut clients = vec![];
        for _ in 0..max {
            clients.push(user.connect().await);
        }
        let one_more = user.try_connect(Version::V1_2).await;
        assert!(one_more.is_err(), "{max} sockets, and one more");
        clients.push(other.connect().await);
        clients.remove(0).disconnect().await;
        clients.push(user.connect().await);
    }
}

#[tokio::test]
async fn an_echo_is_there_only_where_it_is_wanted() {
    let server = Server::start().await;
    assert_eq!(upgrade(&server, "/ws-echo", &[]).await.err(), Some(404));
    let server = Starting::default()
        .with("ROOMTONE_WS_ECHO", 1)
        .start()
        .await;
    let mut raw = upgrade(&server, "/ws-echo", &[]).await.unwrap();
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        let message = vec![b'x'; size];
        raw.text(&message).await;
        assert!(raw.bytes().await == message, "{size} octets");
    }
}

#[tokio::test]
async fn no_token_and_no_message_reaches_the_log_of_the_server() {
    let server = Starting::default()
        .with("ROOMTONE_LOG", "trace")
        .start()
        .await;
    let room = roomtone_tests::room::new_room(&server).await;
    let user = server.new_user().await;
    let client = user.connect().await;
    client.enter(&room).await;
    client
        .done(Frame::send(
            "/chat/pub/refresh",
            &serde_json::json!({"token": user.token}),
        ))
        .await;
    client.say(&room, "between ourselves").await;
    client
        .done(Frame::new("UNSUBSCRIBE").with("id", "replies"))
        .await;
    client.subscribe("again", REPLIES).await;
    user.get("/v1/api/rooms/joined").await.expect(200);
    let _ = upgrade(&server, "/ws-chat", &[("Origin", "https://evil.example")]).await;
    let secret = user.token.rsplit('.').next().unwrap();
    for line in server.output() {
        assert!(!line.contains(secret), "{line}");
        let record: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(record.is_object());
    }
}
