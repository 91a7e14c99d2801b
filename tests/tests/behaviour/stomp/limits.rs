//! What a connection may cost. One beyond a limit is an error; one at the limit is not.

use roomtone_tests::frame::Version;
use roomtone_tests::raw::Raw;
use roomtone_tests::server::{Server, Starting};

/// A SUBSCRIBE with as many headers as this in all, four of them its own.
fn with_headers(count: usize) -> String {
    let more: String = (4..=count).skip(1).map(|n| format!("k{n}:v\n")).collect();
    format!("SUBSCRIBE\nid:a\ndestination:/user/queue/replies\nreceipt:r\nack:auto\n{more}\n\0")
}

/// The same with one more header line of as many octets as this, its end not counted.
fn with_line(octets: usize) -> String {
    let value = "v".repeat(octets - 2);
    format!("SUBSCRIBE\nid:a\ndestination:/user/queue/replies\nreceipt:r\nk:{value}\n\n\0")
}

/// A SEND of as many octets as this, its NUL not counted. Its body is no JSON.
fn with_octets(octets: usize) -> String {
    let head = "SEND\ndestination:/chat/pub/send\nreceipt:r\n\n";
    format!("{head}{}\0", "x".repeat(octets - head.len()))
}

async fn passes(server: &Server, frame: &str) {
    let mut raw = Raw::connected(server, Version::V1_2).await;
    raw.text("SUBSCRIBE\nid:q\ndestination:/user/queue/replies\n\n\0")
        .await;
    raw.text(frame).await;
    let answer = raw.frame().await;
    assert_ne!(answer.command, "ERROR", "{answer:?}");
}

async fn fails(server: &Server, bytes: &[u8]) {
    for version in Version::ALL {
        let mut raw = Raw::connected(server, version).await;
        raw.binary(bytes).await;
        raw.error().await;
    }
}

#[tokio::test]
async fn a_frame_has_64_headers_of_4_kib_and_64_kib_by_default() {
    let server = Server::start().await;
    passes(&server, &with_headers(64)).await;
    fails(&server, with_headers(65).as_bytes()).await;
    passes(&server, &with_line(4_096)).await;
    fails(&server, with_line(4_097).as_bytes()).await;
    passes(&server, &with_octets(65_536)).await;
    fails(&server, with_octets(65_537).as_bytes()).await;
}

#[tokio::test]
async fn a_limit_is_found_before_the_frame_is_whole() {
    let server = Server::start().await;
    let endless_headers = format!(
        "SEND\ndestination:/chat/pub/send\n{}",
        "k:v\n".repeat(10_000)
    );
    fails(&server, endless_headers.as_bytes()).await;
    let endless_line = format!(
        "SEND\ndestination:/chat/pub/send\nk:{}",
        "v".repeat(1 << 20)
    );
    fails(&server, endless_line.as_bytes()).await;
    let endless_body = format!(
        "SEND\ndestination:/chat/pub/send\n\n{}",
        "x".repeat(1 << 20)
    );
    fails(&server, endless_body.as_bytes()).await;
    let mut before_connect = Raw::open(server.address()).await;
    before_connect
        .text(format!("CONNECT\nk:{}", "v".repeat(5_000)))
        .await;
    before_connect.error().await;
}

#[tokio::test]
async fn the_limits_of_a_frame_can_be_set() {
    let limits = Starting::default()
        .with("ROOMTONE_HEADERS_MAX", 8)
        .with("ROOMTONE_HEADER_BYTES_MAX", 512);
    let server = limits.with("ROOMTONE_FRAME_BYTES_MAX", 2_048).start().await;
    passes(&server, &with_headers(8)).await;
    fails(&server, with_headers(9).as_bytes()).await;
    passes(&server, &with_line(512)).await;
    fails(&server, with_line(513).as_bytes()).await;
    passes(&server, &with_octets(2_048)).await;
    fails(&server, with_octets(2_049).as_bytes()).await;
}

#[tokio::test]
async fn a_socket_has_64_subscriptions_and_16_open_transactions_by_default() {
    let server = Server::start().await;
    for version in Version::ALL {
        let mut raw = Raw::connected(&server, version).await;
        for n in 0..64 {
            raw.text(format!(
                "SUBSCRIBE\nid:{n}\ndestination:/user/queue/replies\nreceipt:{n}\n\n\0"
            ))
            .await;
            assert_eq!(raw.frame().await.command, "RECEIPT");
        }
        raw.text("UNSUBSCRIBE\nid:7\n\n\0").await;
        raw.text("SUBSCRIBE\nid:again\ndestination:/user/queue/replies\nreceipt:again\n\n\0")
            .await;
        assert_eq!(raw.frame().await.get("receipt-id"), Some("again"));
        raw.text("SUBSCRIBE\nid:64\ndestination:/user/queue/replies\n\n\0")
            .await;
        raw.error().await;

        let mut raw = Raw::connected(&server, version).await;
        for n in 0..16 {
            raw.text(format!("BEGIN\ntransaction:{n}\nreceipt:{n}\n\n\0"))
                .await;
            assert_eq!(raw.frame().await.command, "RECEIPT");
        }
        raw.text("ABORT\ntransaction:7\n\n\0BEGIN\ntransaction:again\nreceipt:again\n\n\0")
            .await;
        assert_eq!(raw.frame().await.get("receipt-id"), Some("again"));
        raw.text("BEGIN\ntransaction:16\n\n\0").await;
        raw.error().await;
    }
}

#[tokio::test]
async fn the_limits_of_a_socket_can_be_set() {
    let limits = Starting::default()
        .with("ROOMTONE_SUBSCRIPTIONS_MAX", 2)
        .with("ROOMTONE_TRANSACTIONS_MAX", 1);
    let server = limits.start().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.text("SUBSCRIBE\nid:1\ndestination:/user/queue/replies\n\n\0")
        .await;
    raw.lives().await;
    raw.text("SUBSCRIBE\nid:3\ndestination:/user/queue/replies\n\n\0")
        .await;
    raw.error().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.text("BEGIN\ntransaction:1\n\n\0").await;
    raw.lives().await;
    raw.text("BEGIN\ntransaction:2\n\n\0").await;
    raw.error().await;
}

#[tokio::test]
async fn a_transaction_is_bounded_as_well() {
    let server = Starting::default()
        .with("ROOMTONE_SEND_BURST", 100_000)
        .start()
        .await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.text("BEGIN\ntransaction:t\n\n\0").await;
    let send = format!(
        "SEND\ndestination:/chat/pub/send\ntransaction:t\n\n{}\0",
        "x".repeat(60_000)
    );
    for _ in 0..2_000 {
        if raw
            .socket
            .writer
            .message(roomtone_tests::socket::TEXT, send.as_bytes())
            .await
            .is_err()
        {
            break;
        }
    }
    raw.error().await;
}

#[tokio::test]
async fn a_neighbour_does_not_notice() {
    let server = Server::start().await;
    let mut neighbour = Raw::connected(&server, Version::V1_2).await;
    for junk in [
        vec![0xff; 100_000],
        vec![b'A'; 100_000],
        b"SEND\n:::\n\n\0".repeat(1_000),
        vec![0; 100_000],
    ] {
        fails(&server, &junk).await;
    }
    neighbour.lives().await;
}
