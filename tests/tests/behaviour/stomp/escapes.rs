//! Header text that can't stand as it is.

use roomtone_tests::frame::Version;
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::{act, new_room};
use roomtone_tests::server::Server;

use super::{hello, member, refuses, said};

fn has_line(bytes: &[u8], line: &str) -> bool {
    bytes
        .split(|octet| *octet == b'\n')
        .any(|found| found == line.as_bytes())
}

#[tokio::test]
async fn escapes_are_decoded_and_written_again() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for (version, line, value) in [
        (Version::V1_1, r"k\cx:a\nb\\n\cd", "a\nb\\n:d"),
        (Version::V1_2, r"k\cx:a\nb\\n\cd\re", "a\nb\\n:d\re"),
    ] {
        let mut raw = member(&server, &room, version).await;
        raw.text(hello(&room, &format!("{line}\n"))).await;
        let (bytes, message) = said(&mut raw).await;
        assert_eq!(message.get("k:x"), Some(value));
        assert!(
            has_line(&bytes, line),
            "{:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[tokio::test]
async fn a_backslash_is_a_backslash_in_1_0() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut raw = member(&server, &room, Version::V1_0).await;
    raw.text(hello(&room, "k:a\\nb\\t\\\\\\\n")).await;
    let (bytes, _) = said(&mut raw).await;
    assert!(
        has_line(&bytes, r"k:a\nb\t\\\"),
        "{:?}",
        String::from_utf8_lossy(&bytes)
    );
}

#[tokio::test]
async fn an_undefined_escape_is_an_error() {
    let server = Server::start().await;
    for version in [Version::V1_1, Version::V1_2] {
        refuses(
            &server,
            version,
            &[
                (
                    "a tab",
                    b"SEND\ndestination:/chat/pub/send\nk:a\\tb\n\n{}\0",
                ),
                (
                    "upper case",
                    b"SEND\ndestination:/chat/pub/send\nk:a\\Nb\n\n{}\0",
                ),
                (
                    "at the end of a line",
                    b"SEND\ndestination:/chat/pub/send\nk:a\\\n\n{}\0",
                ),
                (
                    "in a name",
                    b"SEND\ndestination:/chat/pub/send\nk\\0:a\n\n{}\0",
                ),
            ],
        )
        .await;
    }
    refuses(
        &server,
        Version::V1_1,
        &[(
            "a CR in 1.1",
            b"SEND\ndestination:/chat/pub/send\nk:a\\rb\n\n{}\0",
        )],
    )
    .await;
}

#[tokio::test]
async fn connect_has_no_escapes() {
    let server = Server::start().await;
    for version in Version::ALL {
        let token = server.new_user().await.token;
        let mut raw = Raw::open(server.address()).await;
        let connect = String::from_utf8(connect(version, &token)).unwrap();
        raw.text(connect.replace("host:localhost", r"host:a\tb\"))
            .await;
        assert_eq!(raw.frame().await.command, "CONNECTED");
    }
}

#[tokio::test]
async fn a_value_can_not_become_headers_for_a_reader_of_another_version() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut writer = member(&server, &room, Version::V1_2).await;
    let mut readers = [
        member(&server, &room, Version::V1_0).await,
        member(&server, &room, Version::V1_1).await,
    ];
    writer
        .text(hello(&room, "k:a\\nforged\\cyes\nl:a\\rb\nwhole:yes\n"))
        .await;
    assert_eq!(said(&mut writer).await.1.get("k"), Some("a\nforged:yes"));
    for reader in &mut readers {
        let (bytes, message) = said(reader).await;
        assert_eq!(
            (message.get("forged"), message.get("whole")),
            (None, Some("yes"))
        );
        assert!(
            !bytes.contains(&b'\r'),
            "{:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[tokio::test]
async fn the_clients_own_names_come_back_as_they_were() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for (version, name) in [
        (Version::V1_0, "하늘 \\ 1"),
        (Version::V1_1, "a:b\nc\\d"),
        (Version::V1_2, "a:b\nc\\d\re 하늘"),
    ] {
        let client = server.new_user().await.connect_by(version).await;
        client
            .subscribe(name, &format!("/chat/topic/room/{room}"))
            .await;
        client.put(&act("join", &room).with("receipt", name)).await;
        let receipt = client
            .take("the RECEIPT", |frame| frame.command == "RECEIPT")
            .await;
        assert_eq!(receipt.get("receipt-id"), Some(name));
        assert_eq!(client.next(name).await["messageType"], "ENTER");
        client.unsubscribe(name).await;
    }
}
