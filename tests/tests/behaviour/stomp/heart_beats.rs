//! Signs of life, both ways.

use std::time::Duration;

use roomtone_tests::client::Client;
use roomtone_tests::deadline::within;
use roomtone_tests::frame::Version;
use roomtone_tests::raw::Raw;
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::socket::{Incoming, PING, PONG};
use tokio::time::Instant;

/// A server that offers a second both ways, and leaves silence alone otherwise.
async fn quick() -> Server {
    let quiet = Starting::default()
        .with("ROOMTONE_SILENCE_PING_S", 100)
        .with("ROOMTONE_SILENCE_CLOSE_S", 200);
    quiet.with("ROOMTONE_HEART_BEAT_S", 1).start().await
}

async fn client(server: &Server, version: Version, heart_beat: &str) -> Client {
    let user = server.new_user().await;
    user.connect_beating(version, heart_beat).await
}

#[tokio::test]
async fn a_heart_beat_header_is_two_counts_or_an_error() {
    let server = Server::start().await;
    for version in [Version::V1_1, Version::V1_2] {
        for header in [
            "-1,0",
            "0,-1",
            "1",
            "1,2,3",
            "a,b",
            "",
            ",",
            "1,",
            "1.5,2",
            "99999999999999999999999999,0",
        ] {
            let token = server.new_user().await.token;
            let mut raw = Raw::open(server.address()).await;
            raw.text(format!(
                "CONNECT\naccept-version:{}\npasscode:{token}\nheart-beat:{header}\n\n\0",
                version.text()
            ))
            .await;
            raw.error().await;
        }
    }
}

#[tokio::test]
async fn beats_come_as_often_as_the_slower_side_says() {
    let server = quick().await;
    // From before they connect: on a busy machine a beat may come while the others still do.
    let began = Instant::now();
    let (eager, slow, none, old) = tokio::join!(
        client(&server, Version::V1_2, "0,1"),
        client(&server, Version::V1_1, "0,2000"),
        client(&server, Version::V1_2, "0,0"),
        client(&server, Version::V1_0, "0,1"),
    );
    assert_eq!(eager.connected.get("heart-beat"), Some("1000,1000"));
    let beats_of = async |client: &Client| {
        client.beats(2).await;
        began.elapsed()
    };
    let (eager_took, slow_took) = tokio::join!(beats_of(&eager), beats_of(&slow));
    // Early by what timers may be off, never by a beat.
    assert!(eager_took > Duration::from_millis(1_200), "{eager_took:?}");
    assert!(slow_took > Duration::from_millis(2_400), "{slow_took:?}");
    for (client, what) in [(none, "asked for none"), (old, "1.0")] {
        client.settle().await;
        let beats = tokio::time::timeout(Duration::ZERO, client.beats(1)).await;
        assert!(beats.is_err(), "a beat came to who {what}");
    }
}

#[tokio::test]
async fn who_promised_beats_and_is_silent_is_closed_after_twice_the_interval() {
    let server = quick().await;
    let silent = async |version, heart_beat, least: Duration| {
        let client = client(&server, version, heart_beat).await;
        let began = Instant::now();
        client.ended().await;
        assert!(
            began.elapsed() > least,
            "{heart_beat}: closed after {:?}",
            began.elapsed()
        );
    };
    let promised_none = client(&server, Version::V1_2, "0,0").await;
    let old = client(&server, Version::V1_0, "1,0").await;
    tokio::join!(
        silent(Version::V1_2, "1,0", Duration::from_millis(1_800)),
        silent(Version::V1_1, "2000,0", Duration::from_millis(3_600)),
    );
    promised_none.settle().await;
    old.settle().await;
}

#[tokio::test]
async fn anything_received_counts_as_life() {
    let server = quick().await;
    let token = server.new_user().await.token;
    let mut raws = vec![];
    for _ in 0..3 {
        let mut raw = Raw::open(server.address()).await;
        raw.text(format!(
            "CONNECT\naccept-version:1.2\npasscode:{token}\nheart-beat:1000,0\n\n\0"
        ))
        .await;
        assert_eq!(raw.frame().await.command, "CONNECTED");
        raws.push(raw);
    }
    let mut pace = tokio::time::interval(Duration::from_millis(500));
    for octet in &b"SUBSCRIBE\n"[..8] {
        pace.tick().await;
        raws[0].text("\n").await;
        raws[1].socket.writer.message(PING, b"").await.unwrap();
        raws[2].binary([*octet]).await;
    }
    raws[0].lives().await;
    assert_eq!(
        within("a pong", raws[1].socket.reader.read()).await,
        Incoming::Pong
    );
    raws[2]
        .text("E\nid:lives\ndestination:/user/queue/replies\nreceipt:r\n\n\0")
        .await;
    assert_eq!(raws[2].frame().await.get("receipt-id"), Some("r"));
}

#[tokio::test]
async fn a_silent_socket_is_pinged_and_then_closed() {
    let quick = Starting::default()
        .with("ROOMTONE_SILENCE_PING_S", 1)
        .with("ROOMTONE_SILENCE_CLOSE_S", 2);
    let server = quick.start().await;
    let mut dead = Raw::connected(&server, Version::V1_2).await;
    let mut quiet = Raw::connected(&server, Version::V1_2).await;
    let dies = async {
        let began = Instant::now();
        assert!(matches!(dead.socket.reader.read().await, Incoming::Ping(_)));
        while dead.socket.reader.read().await != Incoming::End {}
        assert!(
            began.elapsed() > Duration::from_millis(1_800),
            "{:?}",
            began.elapsed()
        );
    };
    let stays = async {
        for _ in 0..4 {
            let Incoming::Ping(payload) = quiet.socket.reader.read().await else {
                panic!("no ping")
            };
            quiet.socket.writer.message(PONG, &payload).await.unwrap();
        }
    };
    within("the end of one and the pings of the other", async {
        tokio::join!(dies, stays)
    })
    .await;
    quiet.lives().await;
}

#[tokio::test]
async fn a_member_who_died_without_a_goodbye_is_soon_off() {
    let quick = Starting::default()
        .with("ROOMTONE_SILENCE_PING_S", 1)
        .with("ROOMTONE_SILENCE_CLOSE_S", 2);
    let server = quick.start().await;
    let room = roomtone_tests::room::new_room(&server).await;
    let (watcher, other) = (server.new_user().await, server.new_user().await);
    let watching = watcher.connect().await;
    watching.enter(&room).await;
    watching.watch(&room).await;
    // It stays open and says nothing, not even a pong.
    let mut dying = Raw::open(server.address()).await;
    let connect =
        String::from_utf8(roomtone_tests::raw::connect(Version::V1_2, &other.token)).unwrap();
    dying
        .text(format!(
            "{connect}SEND\ndestination:/chat/pub/join\n\n{{\"roomId\":\"{room}\"}}\0"
        ))
        .await;
    for word in ["on", "off"] {
        assert_eq!(watching.noticed_of(&room, &other).await["presence"], word);
    }
}
