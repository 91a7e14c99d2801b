//! One test for each MUST of framing, by its number in the list of what a STOMP server must do:
//! raw octets in, frames or an error out.

use super::super::{Command, Version};
use super::{error, error_in, frame, frames, send};

#[test]
fn must_01_a_line_ends_in_lf_or_crlf() {
    let expected = send(&[("destination", "/a"), ("k", "v")], b"hi");
    assert_eq!(frame(b"SEND\ndestination:/a\nk:v\n\nhi\0"), expected);
    assert_eq!(
        frame(b"SEND\r\ndestination:/a\r\nk:v\r\n\r\nhi\0"),
        expected
    );
    for version in [Version::V1_0, Version::V1_1] {
        let read = frames(version, b"SEND\r\ndestination:/a\r\nk:v\r\n\r\nhi\0");
        assert_eq!(read, std::slice::from_ref(&expected));
    }
}

#[test]
fn must_01_a_bare_cr_inside_a_line_is_an_error() {
    for octets in [
        &b"SEND\nk:a\rb\n\n\0"[..],
        b"SEND\nk:a\r\r\n\n\0",
        b"SEND\nk\rk:a\n\n\0",
    ] {
        assert_eq!(error(octets).message, "malformed header");
        assert!(error(octets).detail.starts_with("header 1 has a CR"));
    }
    assert_eq!(error(b"SE\rND\n\n\0").message, "unknown command");
    assert_eq!(error(b"\r\rSEND\n\n\0").message, "unknown command");
}

#[test]
fn must_01_before_1_2_a_bare_cr_is_an_octet_like_others() {
    for version in [Version::V1_0, Version::V1_1] {
        let read = frames(version, b"SEND\nk:a\rb\r\n\n\0");
        assert_eq!(read, [send(&[("k", "a\rb")], b"")]);
    }
}

#[test]
fn must_02_commands_and_header_names_are_case_sensitive() {
    let commands = [
        Command::Connect,
        Command::Stomp,
        Command::Send,
        Command::Subscribe,
        Command::Unsubscribe,
        Command::Begin,
        Command::Commit,
        Command::Abort,
        Command::Ack,
        Command::Nack,
        Command::Disconnect,
    ];
    for command in commands {
        let upper = format!("{}\n\n\0", command.as_str());
        assert_eq!(frame(upper.as_bytes()).command, command);
        assert_eq!(
            error(upper.to_lowercase().as_bytes()).message,
            "unknown command"
        );
        assert_eq!(
            command.is_connect(),
            ["CONNECT", "STOMP"].contains(&command.as_str())
        );
    }
    let read = frame(b"SEND\nDestination:/a\ndestination:/b\n\n\0");
    assert_eq!(read.headers.get("destination"), Some("/b"));
    assert_eq!(read.headers.get("Destination"), Some("/a"));
    assert_eq!(read.headers.get("DESTINATION"), None);
}

#[test]
fn commands_that_are_not_a_clients_are_unknown() {
    for line in [
        "MESSAGE",
        "CONNECTED",
        "RECEIPT",
        "ERROR",
        "SEN",
        "SENDX",
        " SEND",
        "SEND ",
        "\u{1}",
    ] {
        let error = error(format!("{line}\n\n\0").as_bytes());
        assert_eq!(error.message, "unknown command", "{line}");
    }
    assert_eq!(
        error(b"MESSAGE\n\n\0").detail,
        "\"MESSAGE\" is not a client command"
    );
    // Known at the twelfth octet, with no line end in sight.
    assert_eq!(error(b"UNSUBSCRIBER").message, "unknown command");
    assert_eq!(error(b"\0").message, "malformed frame");
}

#[test]
fn must_03_headers_are_utf_8() {
    let read = frame("SEND\n이름:하늘\n\n\0".as_bytes());
    assert_eq!(read.headers.get("이름"), Some("하늘"));
    for octets in [
        &b"SEND\na:b\nk:\xff\n\n\0"[..],
        b"SEND\na:b\n\xc0\xaf:v\n\n\0",
    ] {
        assert_eq!(
            error(octets).to_string(),
            "malformed header: header 2 is not UTF-8"
        );
    }
    // The body is octets.
    assert_eq!(frame(b"SEND\n\n\xff\xfe\0").body, b"\xff\xfe");
}

#[test]
fn must_04_escapes_are_decoded() {
    let read = frame(b"SEND\nk\\c\\\\:a\\nb\\rc\\cd\\\\n\n\n\0");
    assert_eq!(
        read.headers.iter().collect::<Vec<_>>(),
        [("k:\\", "a\nb\rc:d\\n")]
    );
    let read = frames(Version::V1_1, b"SEND\nk:a\\nb\\cd\\\\r\n\n\0");
    assert_eq!(read[0].headers.get("k"), Some("a\nb:d\\r"));
    let read = frames(Version::V1_0, b"SEND\nk\\c:a\\nb\\t\\\n\n\0");
    assert_eq!(read[0].headers.get("k\\c"), Some("a\\nb\\t\\"));
}

#[test]
fn must_04_any_other_escape_is_an_error() {
    for octets in [
        &b"SEND\nk:\\t\n\n\0"[..],
        b"SEND\nk:a\\\n\n\0",
        b"SEND\n\\N:a\n\n\0",
        b"SEND\nk:\\\xed\x95\x98\n\n\0",
    ] {
        assert_eq!(error(octets).message, "undefined escape");
    }
    assert_eq!(
        error_in(Version::V1_1, b"SEND\nk:\\r\n\n\0").message,
        "undefined escape"
    );
    assert_eq!(
        error_in(Version::V1_1, b"SEND\nk:\\t\n\n\0").message,
        "undefined escape"
    );
}

#[test]
fn must_05_connect_is_not_unescaped() {
    for command in ["CONNECT", "STOMP"] {
        let read = frame(format!("{command}\nlogin:a\\nb\\t\\\nhost:h:80\n\n\0").as_bytes());
        assert_eq!(read.headers.get("login"), Some("a\\nb\\t\\"));
        assert_eq!(read.headers.get("host"), Some("h:80"));
        for version in [Version::V1_0, Version::V1_1, Version::V1_2] {
            let cr = error_in(version, format!("{command}\nlogin:a\rb\n\n\0").as_bytes());
            assert_eq!(cr.message, "malformed header");
        }
        let nul = error(format!("{command}\nlogin:a\0b\n\n\0").as_bytes());
        assert_eq!(nul.message, "malformed header");
    }
}

#[test]
fn must_06_header_values_are_not_trimmed() {
    let read = frame(b"SEND\n a : b \t\nc:\n\n\0");
    assert_eq!(
        read.headers.iter().collect::<Vec<_>>(),
        [(" a ", " b \t"), ("c", "")]
    );
}

#[test]
fn must_07_the_first_of_repeated_headers_counts() {
    let read = frame(b"SEND\nk:1\nk:2\ncontent-length:1\ncontent-length:x\n\n\x00\0");
    assert_eq!(read.headers.get("k"), Some("1"));
    assert_eq!(read.body, b"\0");
    let all = [
        ("k", "1"),
        ("k", "2"),
        ("content-length", "1"),
        ("content-length", "x"),
    ];
    assert!(read.headers.iter().eq(all));
    assert_eq!(read.headers.len(), 4);
    assert!(!read.headers.is_empty() && frame(b"SEND\n\n\0").headers.is_empty());
}

#[test]
fn must_08_content_length_counts_octets_before_the_nul() {
    let read = frames(
        Version::V1_2,
        b"SEND\ncontent-length:4\n\n\0a\0b\0SEND\n\nc\0",
    );
    assert_eq!(read[0].body, b"\0a\0b");
    assert_eq!(read[1].body, b"c");
    let short = error(b"SEND\ncontent-length:2\n\nabc\0");
    assert_eq!(
        short.to_string(),
        "malformed body: no NUL follows the 2 octets of content-length"
    );
    assert_eq!(
        error(b"SEND\ncontent-length:0\n\na\0").message,
        "malformed body"
    );
    // One too long takes the NUL in, and what follows is not one.
    assert_eq!(
        error(b"SEND\ncontent-length:2\n\na\0SEND\n\n\0").message,
        "malformed body"
    );
    assert_eq!(frame(b"SEND\ncontent-length:0\n\n\0").body, b"");
    assert_eq!(frame(b"SEND\ncontent-length:002\n\nab\0").body, b"ab");
}

#[test]
fn must_10_a_length_that_is_no_count_is_an_error() {
    for value in [
        "-1", "+1", "", " 1", "1 ", "a", "1a", "0x1", "1.0", "1e3", "١",
    ] {
        let error = error(format!("SEND\na:b\ncontent-length:{value}\n\nx\0").as_bytes());
        assert_eq!(error.message, "invalid content-length", "{value}");
        assert!(error.detail.starts_with("header 2 "));
    }
    for value in ["18446744073709551616", "99999999999999999999999999"] {
        let error = error(format!("SEND\ncontent-length:{value}\n\n").as_bytes());
        assert_eq!(error.message, "invalid content-length", "{value}");
    }
}

#[test]
fn must_11_only_send_has_a_body() {
    for octets in [
        &b"SUBSCRIBE\nid:1\n\nx\0"[..],
        b"SUBSCRIBE\nid:1\ncontent-length:1\n\n",
        b"DISCONNECT\n\n\n\0",
        b"CONNECT\n\nx",
    ] {
        let error = error(octets);
        assert_eq!(
            error.message,
            "body not allowed",
            "{}",
            octets.escape_ascii()
        );
    }
    assert_eq!(error(b"ACK\n\nx\0").detail, "ACK has no body");
    assert_eq!(frame(b"SUBSCRIBE\ncontent-length:0\n\n\0").body, b"");
}

#[test]
fn must_12_eols_between_frames_are_fine() {
    let read = frames(
        Version::V1_2,
        b"\n\r\n\nBEGIN\n\n\0\n\r\n\n\n\r\nABORT\n\n\0\n\n",
    );
    assert_eq!(
        read.iter().map(|frame| frame.command).collect::<Vec<_>>(),
        [Command::Begin, Command::Abort]
    );
    assert_eq!(frames(Version::V1_2, b"\n"), []);
    assert_eq!(frames(Version::V1_2, b""), []);
}

#[test]
fn must_14_frames_arrive_split_or_joined() {
    let stream = "CONNECT\r\nhost:h\r\n\r\n\0\n\nSEND\ncontent-length:5\nk:\\c하\n\na\0b\nc\0\r\nSEND\n\nlast\0";
    let whole = frames(Version::V1_2, stream.as_bytes());
    assert_eq!(whole.len(), 3);
    let limits = super::FrameLimits::default();
    for at in 0..=stream.len() {
        let (first, second) = stream.as_bytes().split_at(at);
        let split = super::decode(Version::V1_2, limits, [first, second]);
        assert_eq!(split, (whole.clone(), None), "split at {at}");
    }
    for size in 1..8 {
        let split = super::decode(Version::V1_2, limits, stream.as_bytes().chunks(size));
        assert_eq!(split, (whole.clone(), None), "pieces of {size}");
    }
}

#[test]
fn header_lines_that_are_none_are_errors() {
    assert_eq!(
        error(b"SEND\na:b\nno colon\n\n\0").detail,
        "header 2 has no colon"
    );
    assert_eq!(error(b"SEND\n:v\n\n\0").detail, "header 1 has no name");
    // No empty line: found at the NUL, not at some later line end.
    assert_eq!(error(b"SEND\na:b\n\0").message, "malformed header");
    assert_eq!(error(b"SEND\na:b\0").message, "malformed header");
    assert_eq!(error(b"DISCONNECT\0").message, "malformed frame");
}

#[test]
fn an_error_names_the_receipt_its_frame_asked_for() {
    let asked = Some("r:1".to_owned());
    // Read before the fault.
    assert_eq!(
        error(b"SEND\nreceipt:r\\c1\nreceipt:2\nbad\n\n\0").receipt_id,
        asked
    );
    assert_eq!(
        error(b"SUBSCRIBE\nreceipt:r\\c1\n\nbody\0").receipt_id,
        asked
    );
    assert_eq!(
        error(b"SUBSCRIBE\nreceipt:r\\c1\ncontent-length:9\n\n").receipt_id,
        asked
    );
    assert_eq!(
        error(b"SEND\nreceipt:r\\c1\ncontent-length:1\n\nab\0").receipt_id,
        asked
    );
    // At hand behind it.
    assert_eq!(
        error(b"PUBLISH\na:b\r\nreceipt:r\\c1\r\n\n\0").receipt_id,
        asked
    );
    assert_eq!(
        error(b"PUBLISH-WITH-A-LONG-NAME\nreceipt:r\\c1\n\n\0").receipt_id,
        asked
    );
    assert_eq!(
        error(b"SEND\ncontent-length:-1\nreceipt:r\\c1\n\n\0").receipt_id,
        asked
    );
    let mut long = b"SEND\nk:".to_vec();
    long.extend([b'x'; 5000]);
    long.extend(b"\nreceipt:r\\c1\n\n\0");
    assert_eq!(error(&long).receipt_id, asked);
    // Not in a body, not in the next frame, not half of one, not one that is broken itself.
    assert_eq!(error(b"PUBLISH\n\nreceipt:x\n\0").receipt_id, None);
    assert_eq!(
        error(b"ACK\ncontent-length:9\n\nreceipt:x\n\0").receipt_id,
        None
    );
    assert_eq!(
        error(b"SEND\nbad\n\0SEND\nreceipt:x\n\n\0").receipt_id,
        None
    );
    assert_eq!(error(b"SEND\nbad\nreceipt:x").receipt_id, None);
    assert_eq!(error(b"SEND\nbad\nreceipt:\\t\n\n\0").receipt_id, None);
    // CONNECT is not unescaped there either.
    let connect = error(b"CONNECT\nbad\nreceipt:r\\c1\n\n\0");
    assert_eq!(connect.receipt_id.as_deref(), Some("r\\c1"));
}

#[test]
fn the_version_holds_from_the_next_frame_on() {
    let mut decoder = super::Decoder::new(super::FrameLimits::default());
    let mut input = &b"CONNECT\n\n\0SEND\nk:\\r\n\n\0"[..];
    let connect = decoder.next(&mut input).expect("CONNECT is well formed");
    assert_eq!(connect.map(|frame| frame.command), Some(Command::Connect));
    decoder.set_version(Version::V1_0);
    let sent = decoder.next(&mut input).expect("1.0 has no escapes");
    assert_eq!(sent, Some(send(&[("k", "\\r")], b"")));
}

#[test]
fn secrets_are_not_shown_in_debug_text() {
    let read =
        frame(b"CONNECT\nAuthorization:Bearer s3cret\npasscode:s3cret\nlogin:s3cret\nhost:h\n\n\0");
    let shown = format!("{read:?}");
    assert!(!shown.contains("s3cret") && shown.contains("redacted") && shown.contains("\"h\""));
    let shown = format!("{:?}", frame(b"SEND\n\n{\"token\":\"s3cret\"}\0"));
    assert!(!shown.contains("s3cret") && shown.contains("18"));
}
