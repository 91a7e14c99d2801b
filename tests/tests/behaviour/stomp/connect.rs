//! From the upgrade to CONNECTED, and the two ways to the end.

use std::time::Duration;

use roomtone_tests::deadline::within;
use roomtone_tests::frame::{Frame, Version};
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{BINARY, CLOSE, Incoming};

async fn answer(server: &Server, lines: &str) -> (Raw, Frame) {
    let token = server.new_user().await.token;
    let mut raw = Raw::open(server.address()).await;
    raw.text(format!("CONNECT\npasscode:{token}\n{lines}\n\0"))
        .await;
    let frame = raw.frame().await;
    (raw, frame)
}

#[tokio::test]
async fn stomp_is_another_word_for_connect() {
    let server = Server::start().await;
    let token = server.new_user().await.token;
    let mut raw = Raw::open(server.address()).await;
    let connect = String::from_utf8(connect(Version::V1_2, &token)).unwrap();
    raw.text(connect.replace("CONNECT", "STOMP")).await;
    assert_eq!(raw.frame().await.command, "CONNECTED");
    raw.lives().await;
}

#[tokio::test]
async fn the_highest_common_version_is_spoken() {
    let server = Server::start().await;
    for (accept, version) in [
        ("accept-version:1.0\n", "1.0"),
        ("accept-version:1.1\n", "1.1"),
        ("accept-version:1.2\n", "1.2"),
        ("accept-version:1.2,1.1,1.0\n", "1.2"),
        ("accept-version:1.0,1.1\n", "1.1"),
        ("accept-version:1.1,2.0,10.3\n", "1.1"),
    ] {
        let (_raw, connected) = answer(&server, accept).await;
        assert_eq!(connected.command, "CONNECTED");
        assert_eq!(connected.get("version"), Some(version), "{accept}");
    }
    let (_raw, connected) = answer(&server, "").await;
    assert_eq!(connected.command, "CONNECTED");
    assert_eq!(connected.get("version").unwrap_or("1.0"), "1.0");
}

#[tokio::test]
async fn without_a_common_version_an_error_names_those_spoken() {
    let server = Server::start().await;
    for accept in ["2.0", "1.3,0.9", "", "1"] {
        let token = server.new_user().await.token;
        let mut raw = Raw::open(server.address()).await;
        raw.text(format!(
            "CONNECT\npasscode:{token}\naccept-version:{accept}\n\n\0"
        ))
        .await;
        let error = raw.error().await;
        let mut versions: Vec<&str> = error
            .get("version")
            .expect("a version header")
            .split(',')
            .collect();
        versions.sort_unstable();
        assert_eq!(versions, ["1.0", "1.1", "1.2"]);
    }
}

#[tokio::test]
async fn host_is_taken_as_it_comes() {
    let server = Server::start().await;
    for host in ["", "host:\n", "host:/\n", "host:chat.example:443\n"] {
        let (_raw, connected) = answer(&server, &format!("accept-version:1.2\n{host}")).await;
        assert_eq!(connected.command, "CONNECTED", "{host}");
    }
}

#[tokio::test]
async fn connected_says_who_answers_and_how() {
    let server = Server::start().await;
    let mut sessions = vec![];
    for version in [Version::V1_1, Version::V1_2] {
        let (_raw, connected) =
            answer(&server, &format!("accept-version:{}\n", version.text())).await;
        let (name, number) = connected
            .get("server")
            .and_then(|server| server.split_once('/'))
            .expect("name/version");
        assert!(
            !name.is_empty() && number.starts_with(|c: char| c.is_ascii_digit()),
            "{connected:?}"
        );
        assert_eq!(connected.get("heart-beat"), Some("10000,10000"));
        sessions.push(connected.get("session").expect("a session").to_owned());
    }
    assert_ne!(sessions[0], sessions[1]);
    let (_raw, connected) = answer(&server, "accept-version:1.0\nheart-beat:1000,1000\n").await;
    assert!(connected.get("session").is_some());
    assert!(matches!(connected.get("heart-beat"), None | Some("0,0")));
}

#[tokio::test]
async fn the_token_comes_in_any_of_three_headers() {
    let server = Server::start().await;
    let token = server.new_user().await.token;
    for header in [
        "Authorization:Bearer ",
        "authorization:Bearer ",
        "passcode:",
    ] {
        let mut raw = Raw::open(server.address()).await;
        raw.text(format!(
            "CONNECT\naccept-version:1.2\n{header}{token}\n\n\0"
        ))
        .await;
        assert_eq!(raw.frame().await.command, "CONNECTED", "{header}");
    }
}

#[tokio::test]
async fn a_refused_login_is_an_error() {
    let server = Server::start().await;
    let token = server.new_user().await.token;
    let tampered = format!("{}x", &token[..token.len() - 1]);
    for header in [
        "",
        "passcode:\n",
        "passcode:nonsense\n",
        &format!("passcode:{tampered}\n"),
        &format!("Authorization:Basic {token}\n"),
        "login:u1\n",
    ] {
        for version in Version::ALL {
            let mut raw = Raw::open(server.address()).await;
            raw.version = version;
            raw.text(format!(
                "CONNECT\naccept-version:{}\n{header}receipt:r\n\n\0",
                version.text()
            ))
            .await;
            let error = raw.error().await;
            assert!(
                !format!("{error:?}").contains(&tampered),
                "an answer repeats a token"
            );
        }
    }
}

#[tokio::test]
async fn a_second_connect_is_an_error() {
    let server = Server::start().await;
    for version in Version::ALL {
        let token = server.new_user().await.token;
        let mut raw = Raw::connected(&server, version).await;
        raw.text(connect(version, &token)).await;
        raw.error().await;
    }
}

#[tokio::test]
async fn any_frame_before_connect_is_an_error() {
    let server = Server::start().await;
    for frame in [
        "SEND\ndestination:/chat/pub/send\n\n{}\0",
        "SUBSCRIBE\nid:a\ndestination:/user/queue/replies\n\n\0",
        "UNSUBSCRIBE\nid:a\n\n\0",
        "BEGIN\ntransaction:t\n\n\0",
        "ACK\nid:a\n\n\0",
        "DISCONNECT\nreceipt:r\n\n\0",
    ] {
        let mut raw = Raw::open(server.address()).await;
        raw.text(frame).await;
        raw.error().await;
    }
}

#[tokio::test]
async fn who_does_not_connect_in_time_is_closed() {
    let server = Starting::default()
        .with("ROOMTONE_CONNECT_S", 1)
        .start()
        .await;
    let mut silent = Raw::open(server.address()).await;
    let mut unfinished = Raw::open(server.address()).await;
    unfinished.text("CONNECT\naccept-version:1.2\n").await;
    let mut beating = Raw::open(server.address()).await;
    let beats = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            if beating.socket.writer.message(BINARY, b"\n").await.is_err() {
                return;
            }
        }
    };
    // Heart-beats are no CONNECT: who only beats is closed as well, and its writes fail in the end.
    within("three ends", async {
        tokio::join!(ends(&mut silent), ends(&mut unfinished), beats)
    })
    .await;
}

/// Waits for the end, whether or not an ERROR says why.
async fn ends(raw: &mut Raw) {
    loop {
        match raw.socket.reader.read().await {
            Incoming::End => return,
            Incoming::Close(..) => {
                let _ = raw.socket.writer.message(CLOSE, &[]).await;
            }
            Incoming::Data(bytes) => assert!(bytes.starts_with(b"ERROR\n")),
            Incoming::Ping(_) | Incoming::Pong => {}
        }
    }
}

#[tokio::test]
async fn quick_connects_and_disconnects_are_fine() {
    let server = Server::start().await;
    let token = server.new_user().await.token;
    for version in Version::ALL.iter().cycle().take(60) {
        let mut raw = Raw::open(server.address()).await;
        let frames = [
            connect(*version, &token),
            b"DISCONNECT\nreceipt:bye\n\n\0".to_vec(),
        ]
        .concat();
        raw.binary(frames).await;
        assert_eq!(raw.frame().await.command, "CONNECTED");
        assert_eq!(raw.frame().await.get("receipt-id"), Some("bye"));
        raw.closed().await;
    }
}

#[tokio::test]
async fn an_error_arrives_although_the_client_goes_on_talking() {
    let server = Server::start().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.text("NONSENSE\n\n\0").await;
    // What is never read must not take the ERROR with it when the connection is closed.
    for _ in 0..64 {
        if raw
            .socket
            .writer
            .message(BINARY, &[b'\n'; 4096])
            .await
            .is_err()
        {
            break;
        }
    }
    raw.error().await;
}
