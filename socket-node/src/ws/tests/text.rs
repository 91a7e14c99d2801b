//! Text is UTF-8, and what is not is found at once.

use super::*;

/// Octets of no text, behind those that could begin one.
const NOT_UTF8: [(&[u8], &[u8]); 12] = [
    (b"abc", b"\xff"),
    (b"", b"\x80"),
    (b"", b"\xc0\xaf"),
    (b"", b"\xc1"),
    (b"\xe0", b"\x80"),
    (b"\xed", b"\xa0\x80"),
    (b"\xf0", b"\x80"),
    (b"\xf4", b"\x90"),
    (b"", b"\xf5"),
    (b"\xed\x95", b"a"),
    (b"\xf0\x9f\x98", b"\xc3\xa9"),
    ("하늘 é 😀".as_bytes(), b"\xa0"),
];

#[test]
fn text_that_is_not_utf8_is_refused() {
    for (sound, bad) in NOT_UTF8 {
        let payload = [sound, bad].concat();
        assert_eq!(
            code(&client_frame(FIN | TEXT, &payload)),
            1007,
            "{}",
            payload.escape_ascii()
        );
        let fragments = [
            client_frame(TEXT, sound),
            client_frame(FIN | CONTINUATION, bad),
        ];
        assert_eq!(
            code(&fragments.concat()),
            1007,
            "{}",
            payload.escape_ascii()
        );
        assert_eq!(
            events(&client_frame(FIN | BINARY, &payload)),
            [Read::Binary(payload)]
        );
    }
}

#[test]
fn it_is_found_at_the_first_octet_that_is_wrong() {
    for (sound, bad) in NOT_UTF8 {
        let payload = [sound, &bad[..1], &[b'x'; 50]].concat();
        let octets = client_frame(FIN | TEXT, &payload);
        let header = octets.len() - payload.len();
        let upto = |len: usize| read(MESSAGE_BYTES_MAX, [&octets[..header + len]]).1;
        assert_eq!(upto(sound.len()), None, "{}", payload.escape_ascii());
        assert_eq!(
            upto(sound.len() + 1).map(|error| error.code),
            Some(1007),
            "{}",
            payload.escape_ascii()
        );
    }
}

#[test]
fn a_message_may_not_end_within_a_character() {
    for half in [&b"\xed"[..], b"\xed\x95", b"\xf0\x9f\x98", b"abc\xc3"] {
        assert_eq!(code(&client_frame(FIN | TEXT, half)), 1007);
        let fragments = [
            client_frame(TEXT, half),
            client_frame(FIN | CONTINUATION, b""),
        ];
        assert_eq!(code(&fragments.concat()), 1007);
        // Between fragments it may.
        assert_eq!(events(&client_frame(TEXT, half)), []);
    }
}

#[test]
fn characters_may_be_split_anywhere() {
    let words = "aé하😀 하늘\u{10FFFF}\u{D7FF}\u{E000}z";
    for at in 0..=words.len() {
        let (first, second) = words.as_bytes().split_at(at);
        let fragments = [
            client_frame(TEXT, first),
            client_frame(FIN | PING, b""),
            client_frame(FIN | CONTINUATION, second),
        ];
        assert_eq!(
            events(&fragments.concat()),
            [Read::Ping(Vec::new()), text(words)]
        );
    }
}

#[test]
fn a_new_message_begins_a_new_character() {
    let stream = [
        client_frame(FIN | BINARY, b"\xed"),
        client_frame(FIN | TEXT, "하".as_bytes()),
    ];
    assert_eq!(
        events(&stream.concat()),
        [Read::Binary(b"\xed".to_vec()), text("하")]
    );
}
