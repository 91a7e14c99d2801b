//! Where a line, a header and a frame begin and end.

use roomtone_tests::frame::Version;
use roomtone_tests::raw::{Raw, connect};
use roomtone_tests::room::new_room;
use roomtone_tests::server::Server;
use roomtone_tests::socket::{TEXT, masked};

use super::{hello, member, refuses, said};

#[tokio::test]
async fn a_line_ends_in_lf_or_crlf() {
    let server = Server::start().await;
    for version in Version::ALL {
        let mut raw = Raw::connected(&server, version).await;
        raw.text("SUBSCRIBE\r\nid:a\r\ndestination:/user/queue/replies\nreceipt:r\r\n\r\n\0")
            .await;
        assert_eq!(raw.frame().await.get("receipt-id"), Some("r"));
    }
}

#[tokio::test]
async fn a_cr_or_a_nul_inside_a_line_is_an_error() {
    let server = Server::start().await;
    refuses(
        &server,
        Version::V1_2,
        &[
            (
                "in a command",
                b"SE\rND\ndestination:/chat/pub/send\n\n{}\0",
            ),
            (
                "in a header's name",
                b"SEND\ndesti\rnation:/chat/pub/send\n\n{}\0",
            ),
            (
                "in a header's value",
                b"SEND\ndestination:/chat/pub/send\nk:a\rb\n\n{}\0",
            ),
            (
                "before a line's CR",
                b"SEND\ndestination:/chat/pub/send\nk:a\r\r\n\n{}\0",
            ),
        ],
    )
    .await;
    for version in Version::ALL {
        for value in ["a\rb", "a\0b"] {
            let mut raw = Raw::open(server.address()).await;
            let version = version.text();
            raw.text(format!(
                "CONNECT\naccept-version:{version}\nlogin:{value}\n\n\0"
            ))
            .await;
            raw.error().await;
        }
    }
}

#[tokio::test]
async fn commands_and_header_names_are_told_apart_by_case() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[
                (
                    "a command in lower case",
                    b"send\ndestination:/chat/pub/send\n\n{}\0",
                ),
                (
                    "a command in both cases",
                    b"Send\ndestination:/chat/pub/send\n\n{}\0",
                ),
                (
                    "a header in both cases",
                    b"SEND\nDestination:/chat/pub/send\n\n{}\0",
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn headers_are_utf_8() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[
                (
                    "a stray octet in a value",
                    b"SEND\ndestination:/chat/pub/send\nk:\xff\n\n{}\0",
                ),
                (
                    "a stray octet in a name",
                    b"SEND\ndestination:/chat/pub/send\n\xc3:v\n\n{}\0",
                ),
                (
                    "an overlong form",
                    b"SEND\ndestination:/chat/pub/send\nk:\xc0\xaf\n\n{}\0",
                ),
                (
                    "a surrogate",
                    b"SEND\ndestination:/chat/pub/send\nk:\xed\xa0\x80\n\n{}\0",
                ),
            ],
        )
        .await;
        let mut raw = Raw::open(server.address()).await;
        raw.binary(
            [
                b"CONNECT\naccept-version:1.2\npasscode:",
                &b"\xff\xfe"[..],
                b"\n\n\0",
            ]
            .concat(),
        )
        .await;
        raw.error().await;
    }
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.text("SUBSCRIBE\nid:하늘\ndestination:/user/queue/replies\nreceipt:구독\n\n\0")
        .await;
    assert_eq!(raw.frame().await.get("receipt-id"), Some("구독"));
}

#[tokio::test]
async fn a_header_has_a_name_and_a_colon() {
    let server = Server::start().await;
    for version in Version::ALL {
        refuses(
            &server,
            version,
            &[
                (
                    "no colon",
                    b"SEND\ndestination:/chat/pub/send\nnothing\n\n{}\0",
                ),
                ("no name", b"SEND\ndestination:/chat/pub/send\n:v\n\n{}\0"),
                ("a NUL", b"SEND\ndestination:/chat/pub/send\nk:a\0b\n\n{}\0"),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn the_values_of_headers_keep_their_spaces() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        raw.text(hello(&room, "k: a  b \n")).await;
        assert_eq!(said(&mut raw).await.1.get("k"), Some(" a  b "));
        raw.text("SUBSCRIBE\nid:t\ndestination: /user/queue/replies\n\n\0")
            .await;
        raw.error().await;
    }
}

#[tokio::test]
async fn the_first_of_repeated_headers_counts() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        raw.text(hello(
            &room,
            "destination:/chat/pub/exit\nk:first\nk:second\n",
        ))
        .await;
        let (_, message) = said(&mut raw).await;
        assert_eq!(message.value()["content"], "hello");
        assert_eq!(message.get("k"), Some("first"));
    }
}

#[tokio::test]
async fn a_content_length_counts_the_octets_of_the_body() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        let body = format!("{{\"roomId\":\"{room}\",\"content\":\"안녕\"}}");
        let send = |length: usize| {
            format!("SEND\ndestination:/chat/pub/send\ncontent-length:{length}\n\n{body}\0")
        };
        raw.text(send(body.len())).await;
        assert_eq!(said(&mut raw).await.1.value()["content"], "안녕");
        raw.text(send(body.len() - 1)).await;
        raw.error().await;
    }
}

#[tokio::test]
async fn a_body_with_its_length_may_hold_a_nul() {
    let server = Server::start().await;
    let mut raw = Raw::connected(&server, Version::V1_2).await;
    raw.text("SUBSCRIBE\nid:q\ndestination:/user/queue/replies\n\n\0")
        .await;
    raw.text("SEND\ndestination:/chat/pub/send\ncontent-length:3\nreceipt:r\n\n{\0}\0")
        .await;
    let refused = raw.frame().await.value();
    assert_eq!(
        (&refused["type"], &refused["status"], &refused["receipt"]),
        (&"REFUSED".into(), &400.into(), &"r".into())
    );
    raw.lives().await;
}

#[tokio::test]
async fn a_body_goes_out_with_its_length() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        raw.text(hello(&room, "")).await;
        let (_, message) = said(&mut raw).await;
        assert_eq!(
            message.get("content-length"),
            Some(message.body.len().to_string().as_str())
        );
    }
}

#[tokio::test]
async fn a_content_length_that_is_no_count_is_an_error_at_once() {
    let server = Server::start().await;
    // None of these goes on to its NUL: the answer must not wait for what was announced.
    for version in Version::ALL {
        refuses(&server, version, &[
            ("negative", b"SEND\ndestination:/chat/pub/send\ncontent-length:-1\n\n{}"),
            ("signed", b"SEND\ndestination:/chat/pub/send\ncontent-length:+2\n\n{}"),
            ("not a number", b"SEND\ndestination:/chat/pub/send\ncontent-length:two\n\n{}"),
            ("empty", b"SEND\ndestination:/chat/pub/send\ncontent-length:\n\n{}"),
            ("with a space", b"SEND\ndestination:/chat/pub/send\ncontent-length: 2\n\n{}"),
            ("overflowing", b"SEND\ndestination:/chat/pub/send\ncontent-length:99999999999999999999999999\n\n{}"),
            ("a gigabyte", b"SEND\ndestination:/chat/pub/send\ncontent-length:1073741824\n\n{}"),
        ])
        .await;
    }
}

#[tokio::test]
async fn only_send_has_a_body() {
    let server = Server::start().await;
    for version in [Version::V1_1, Version::V1_2] {
        refuses(
            &server,
            version,
            &[
                (
                    "on SUBSCRIBE",
                    b"SUBSCRIBE\nid:a\ndestination:/user/queue/replies\n\nbody\0",
                ),
                (
                    "with its length",
                    b"SUBSCRIBE\nid:a\ndestination:/user/queue/replies\ncontent-length:4\n\nbody\0",
                ),
                ("on BEGIN", b"BEGIN\ntransaction:t\n\nbody\0"),
                ("on DISCONNECT", b"DISCONNECT\n\nbody\0"),
            ],
        )
        .await;
        let token = server.new_user().await.token;
        let mut raw = Raw::open(server.address()).await;
        let connect = String::from_utf8(connect(version, &token)).unwrap();
        raw.text(connect.replace("\n\n\0", "\n\nbody\0")).await;
        raw.error().await;
        let mut raw = Raw::connected(&server, version).await;
        raw.text("SUBSCRIBE\nid:a\ndestination:/user/queue/replies\ncontent-length:0\n\n\0")
            .await;
        raw.lives().await;
    }
}

#[tokio::test]
async fn line_ends_may_stand_between_frames() {
    let server = Server::start().await;
    for version in Version::ALL {
        let mut raw = Raw::connected(&server, version).await;
        raw.text(
            "\n\r\n\nSUBSCRIBE\nid:a\ndestination:/user/queue/replies\nreceipt:1\n\n\0\n\n\r\n",
        )
        .await;
        raw.text("\n").await;
        raw.text("\r\nUNSUBSCRIBE\nid:a\nreceipt:2\n\n\0\n").await;
        assert_eq!(raw.frame().await.get("receipt-id"), Some("1"));
        assert_eq!(raw.frame().await.get("receipt-id"), Some("2"));
    }
}

#[tokio::test]
async fn frames_may_come_octet_by_octet() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    for version in Version::ALL {
        let mut raw = member(&server, &room, version).await;
        for octet in hello(&room, "k:v\nreceipt:r\n").as_bytes() {
            raw.binary([*octet]).await;
        }
        assert_eq!(said(&mut raw).await.1.get("k"), Some("v"));
    }
}

#[tokio::test]
async fn frames_may_come_together_and_end_in_the_middle_of_a_message() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut raw = member(&server, &room, Version::V1_2).await;
    let three = format!(
        "{}\n{}\r\n{}",
        hello(&room, "n:1\n"),
        hello(&room, "n:2\n"),
        hello(&room, "n:3\n")
    );
    let (first, second) = three.split_at(three.len() / 2);
    raw.text(first).await;
    raw.text(second).await;
    for n in ["1", "2", "3"] {
        assert_eq!(said(&mut raw).await.1.get("n"), Some(n));
    }
}

#[tokio::test]
async fn frames_may_come_in_fragments_of_a_message_and_pieces_of_tcp() {
    let server = Server::start().await;
    let room = new_room(&server).await;
    let mut raw = member(&server, &room, Version::V1_2).await;
    let text = hello(&room, "k:하늘\n");
    // Cut inside a letter: a fragment of a text need not be whole in itself.
    let cut = text.find('하').unwrap() + 1;
    let (first, second) = text.as_bytes().split_at(cut);
    let fragments = [masked(TEXT, false, first), masked(0, true, second)].concat();
    for octet in fragments {
        raw.socket.writer.raw(&[octet]).await.unwrap();
    }
    assert_eq!(said(&mut raw).await.1.get("k"), Some("하늘"));
}
