//! What the server writes, octet by octet, and that nothing in it can pass for something else.

use bytes::BytesMut;

use super::super::{
    Connected, ErrorFrame, MessageHead, NoCommonVersion, ServerFrame, UnsendableValue, Version,
};

fn stomp(version: Version, frame: ServerFrame<'_>) -> String {
    let mut out = BytesMut::new();
    frame.write_stomp(version, &mut out);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

/// A MESSAGE to subscription `s` of `/d` with id `1`.
fn message(version: Version, client_headers: &[(&str, &str)], body: &str) -> String {
    let mut out = BytesMut::new();
    let headers = client_headers.iter().copied();
    MessageHead::new(version, "s", "/d").write_stomp(&mut out, "1", None, headers, body.as_bytes());
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

const HEAD: &str = "MESSAGE\nsubscription:s\ndestination:/d\ncontent-type:application/json\n\
                    message-id:1\ncontent-length:";

#[test]
fn connected_tells_version_server_session_and_heart_beat() {
    let connected = |version| {
        let connected = Connected::new(version, "a:b\\", "roomtone/0.1.0", (10_000, 0));
        stomp(
            version,
            ServerFrame::Connected(connected.expect("sendable")),
        )
    };
    // A colon and a backslash are written as they are: CONNECTED has no escapes.
    assert_eq!(
        connected(Version::V1_2),
        "CONNECTED\nversion:1.2\nserver:roomtone/0.1.0\nsession:a:b\\\nheart-beat:10000,0\n\n\0"
    );
    assert_eq!(
        connected(Version::V1_0),
        "CONNECTED\nversion:1.0\nserver:roomtone/0.1.0\nsession:a:b\\\n\n\0"
    );
    assert!(connected(Version::V1_1).contains("\nheart-beat:10000,0\n"));
}

#[test]
fn must_05_a_value_that_connected_cannot_carry_is_refused() {
    for bad in ["a\nb", "a\rb", "a\0b"] {
        for (session, server) in [(bad, "s/1"), ("1", bad)] {
            let refused = Connected::new(Version::V1_2, session, server, (0, 0));
            assert_eq!(refused, Err(UnsendableValue), "{bad:?}");
        }
    }
    assert_eq!(
        UnsendableValue.to_string(),
        "a value of CONNECTED holds CR, LF or NUL"
    );
}

#[test]
fn must_05_escapes_are_encoded_by_version() {
    let receipt = |version| {
        stomp(
            version,
            ServerFrame::Receipt {
                receipt_id: "\\a:b\nc\rd\0e",
                message_id: None,
            },
        )
    };
    assert_eq!(
        receipt(Version::V1_2),
        "RECEIPT\nreceipt-id:\\\\a\\cb\\nc\\rd e\n\n\0"
    );
    assert_eq!(
        receipt(Version::V1_1),
        "RECEIPT\nreceipt-id:\\\\a\\cb\\nc\rd e\n\n\0"
    );
    assert_eq!(
        receipt(Version::V1_0),
        "RECEIPT\nreceipt-id:\\a:b c\rd e\n\n\0"
    );
}

#[test]
fn a_receipt_carries_the_id_of_its_message() {
    let receipt = ServerFrame::Receipt {
        receipt_id: "r-1",
        message_id: Some("m"),
    };
    assert_eq!(
        stomp(Version::V1_2, receipt),
        "RECEIPT\nreceipt-id:r-1\nmessage-id:m\n\n\0"
    );
}

#[test]
fn an_error_says_what_and_to_which_frame() {
    let error = super::error(b"SEND\nreceipt:r\nbad\n\n\0");
    let written = stomp(Version::V1_2, ServerFrame::Error(ErrorFrame::from(&error)));
    assert_eq!(
        written,
        "ERROR\nmessage:malformed header\nreceipt-id:r\ncontent-type:text/plain\n\
         content-length:21\n\nheader 2 has no colon\0"
    );
    let bare = ErrorFrame {
        message: "no",
        ..ErrorFrame::default()
    };
    assert_eq!(
        stomp(Version::V1_2, ServerFrame::Error(bare)),
        "ERROR\nmessage:no\n\n\0"
    );
    let refused = stomp(Version::V1_0, ServerFrame::Error(NoCommonVersion.into()));
    assert_eq!(
        refused,
        "ERROR\nmessage:no common version\nversion:1.0,1.1,1.2\ncontent-type:text/plain\n\
         content-length:43\n\naccept-version names no version spoken here\0"
    );
}

#[test]
fn must_06_values_are_not_padded_on_the_way_out() {
    let written = message(Version::V1_2, &[(" k ", " v ")], "");
    assert_eq!(written, format!("{HEAD}0\n k : v \n\n\0"));
}

#[test]
fn must_09_a_body_goes_out_with_its_length() {
    for (body, length) in [
        ("", "0"),
        ("a\0b", "3"),
        ("하", "3"),
        ("123456789", "9"),
        ("0123456789", "10"),
    ] {
        assert_eq!(
            message(Version::V1_2, &[], body),
            format!("{HEAD}{length}\n\n{body}\0")
        );
    }
    let body = "x".repeat(120_305);
    assert!(message(Version::V1_2, &[], &body).starts_with(&format!("{HEAD}120305\n\nxxx")));
}

#[test]
fn a_message_has_its_ack_and_escaped_ids() {
    let mut out = BytesMut::new();
    let head = MessageHead::new(Version::V1_2, "a:b\n", "/d:1");
    head.write_stomp(&mut out, "m\n", Some("s:1"), [("k\n", "v:")], b"{}");
    let expected = "MESSAGE\nsubscription:a\\cb\\n\ndestination:/d\\c1\n\
        content-type:application/json\nmessage-id:m\\n\nack:s\\c1\ncontent-length:2\n\
        k\\n:v\\c\n\n{}\0";
    assert_eq!(out, expected.as_bytes());
}

#[test]
fn client_headers_cannot_pass_for_the_servers() {
    let forged = [
        ("destination", "/x"),
        ("message-id", "9"),
        ("subscription", "x"),
        ("ack", "1"),
        ("content-length", "0"),
        ("content-type", "text/html"),
        ("content-encoding", "gzip"),
        ("", "nameless"),
        ("mine", "yes"),
    ];
    for version in [Version::V1_0, Version::V1_1, Version::V1_2] {
        assert_eq!(
            message(version, &forged, "{}"),
            format!("{HEAD}2\nmine:yes\n\n{{}}\0")
        );
    }
}

#[test]
fn client_headers_cannot_end_a_header_or_the_frame() {
    let hostile = [
        ("a", "1\nack:2"),
        ("b", "1\r\nack:2"),
        ("c\nack", "2"),
        ("d:e", "f"),
        ("g", "\0"),
    ];
    let rest = |version| {
        let written = message(version, &hostile, "");
        written.strip_prefix(HEAD).expect("the head").to_owned()
    };
    assert_eq!(
        rest(Version::V1_2),
        "0\na:1\\nack\\c2\nb:1\\r\\nack\\c2\nc\\nack:2\nd\\ce:f\n\n\0"
    );
    // No escape for CR: such a header stays out, whole.
    assert_eq!(
        rest(Version::V1_1),
        "0\na:1\\nack\\c2\nc\\nack:2\nd\\ce:f\n\n\0"
    );
    assert_eq!(rest(Version::V1_0), "0\n\n\0");
    assert!(message(Version::V1_0, &[("k", "a:b\\c")], "").contains("\nk:a:b\\c\n"));
}

#[test]
fn a_websocket_message_holds_one_frame() {
    let mut out = BytesMut::from(&b"before"[..]);
    let receipt = ServerFrame::Receipt {
        receipt_id: "r",
        message_id: None,
    };
    receipt.write_ws(Version::V1_2, &mut out);
    assert_eq!(out, &b"before\x81\x17RECEIPT\nreceipt-id:r\n\n\0"[..]);

    for body in [0, 30, 200, 65_300, 65_500, 70_000] {
        let (mut out, mut bare) = (BytesMut::from(&b"before"[..]), BytesMut::new());
        let body = vec![b'x'; body];
        let head = MessageHead::new(Version::V1_2, "sub-0", "/d");
        head.write_ws(&mut out, "id", None, [("k", "v")], &body);
        head.write_stomp(&mut bare, "id", None, [("k", "v")], &body);
        let mut expected = BytesMut::from(&b"before"[..]);
        crate::ws::put_header(&mut expected, crate::ws::Opcode::Text, bare.len());
        expected.extend_from_slice(&bare);
        assert!(out == expected, "body of {}", body.len());
    }
}
