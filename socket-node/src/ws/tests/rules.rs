//! What RFC 6455 asks of a server that reads frames. Each stream is read whole and octet by
//! octet, and must give the same.

use super::super::{Event, Reader};
use super::*;

#[test]
fn messages_of_every_length_form_are_read() {
    for len in [0, 1, 3, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 99_999] {
        let payload = (0..len).map(|at| at as u8).collect::<Vec<_>>();
        let octets = client_frame(FIN | BINARY, &payload);
        assert!(events(&octets) == [Read::Binary(payload)], "{len} octets");
    }
    assert_eq!(
        events(&client_frame(FIN | TEXT, "하늘".as_bytes())),
        [text("하늘")]
    );
}

#[test]
fn frames_arrive_joined() {
    let stream = [
        client_frame(FIN | TEXT, b"a"),
        client_frame(FIN | BINARY, b"b"),
        client_frame(FIN | TEXT, b""),
    ];
    assert_eq!(
        events(&stream.concat()),
        [text("a"), Read::Binary(b"b".to_vec()), text("")]
    );
}

#[test]
fn fragments_are_one_message_with_control_frames_between() {
    let stream = [
        client_frame(TEXT, b"a"),
        client_frame(FIN | PING, b"p"),
        client_frame(CONTINUATION, b""),
        client_frame(CONTINUATION, b"b"),
        client_frame(FIN | PONG, b""),
        client_frame(FIN | CONTINUATION, b""),
    ];
    let expected = [
        Read::Ping(b"p".to_vec()),
        Read::Pong(Vec::new()),
        text("ab"),
    ];
    assert_eq!(events(&stream.concat()), expected);
}

#[test]
fn a_continuation_needs_a_message_and_a_message_needs_an_end() {
    assert_eq!(code(&client_frame(CONTINUATION, b"a")), 1002);
    assert_eq!(code(&client_frame(FIN | CONTINUATION, b"a")), 1002);
    let after_its_end = [
        client_frame(FIN | TEXT, b"a"),
        client_frame(FIN | CONTINUATION, b"b"),
    ];
    assert_eq!(code(&after_its_end.concat()), 1002);
    for first in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
        let within = [client_frame(TEXT, b"a"), client_frame(first, b"b")];
        assert_eq!(code(&within.concat()), 1002);
    }
}

#[test]
fn reserved_bits_and_opcodes_are_refused() {
    for bit in [0x40, 0x20, 0x10] {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            assert_eq!(code(&client_frame(FIN | bit | opcode, b"")), 1002);
        }
    }
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        assert_eq!(
            code(&client_frame(FIN | opcode, b"")),
            1002,
            "opcode {opcode}"
        );
        // Known with the second octet.
        assert_eq!(code(&[FIN | opcode, 0x80]), 1002, "opcode {opcode}");
    }
}

#[test]
fn a_client_frame_has_a_mask() {
    assert_eq!(code(b"\x81\x01a"), 1002);
    assert_eq!(code(b"\x81\x00"), 1002);
    assert_eq!(code(b"\x89\x00"), 1002);
}

#[test]
fn control_frames_are_short_and_whole() {
    for opcode in [CLOSE, PING, PONG] {
        assert_eq!(
            code(&client_frame(opcode, b"")),
            1002,
            "fragmented {opcode}"
        );
        assert_eq!(
            code(&client_frame(FIN | opcode, &[b'x'; 126])),
            1002,
            "long {opcode}"
        );
        assert_eq!(
            code(&client_frame(FIN | opcode, &[b'x'; 70_000])),
            1002,
            "long {opcode}"
        );
    }
    let most = vec![b'x'; 125];
    assert_eq!(
        events(&client_frame(FIN | PING, &most)),
        [Read::Ping(most.clone())]
    );
    assert_eq!(events(&client_frame(FIN | PONG, &most)), [Read::Pong(most)]);
}

#[test]
fn a_length_is_of_63_bits_and_in_its_shortest_form() {
    let header = |length: &[u8]| [&[FIN | BINARY][..], length, &[0; 4]].concat();
    let wide = |length: u64| [&[0x80 | 127][..], &length.to_be_bytes()].concat();
    assert_eq!(code(&header(&wide(1 << 63))), 1002);
    assert_eq!(code(&header(&wide(u64::MAX))), 1002);
    assert_eq!(code(&header(&wide(65_535))), 1002);
    assert_eq!(code(&header(&[0x80 | 126, 0, 125])), 1002);
    assert_eq!(code(&header(&wide(u64::MAX >> 1))), 1009);
}

#[test]
fn a_message_beyond_the_limit_is_known_by_its_headers() {
    let limited = |octets: &[u8]| read(10, [octets]).1.map(|error| error.code);
    assert_eq!(limited(&client_frame(FIN | TEXT, b"0123456789")), None);
    assert_eq!(
        limited(&client_frame(FIN | TEXT, b"0123456789x")[..6]),
        Some(1009)
    );
    let fragments = [
        client_frame(TEXT, b"01234"),
        client_frame(CONTINUATION, b"56789"),
    ];
    assert_eq!(limited(&fragments.concat()), None);
    let more = [fragments.concat(), client_frame(FIN | CONTINUATION, b"x")].concat();
    assert_eq!(limited(&more[..more.len() - 1]), Some(1009));
    // Each message has the limit for itself, and control frames do not count.
    let stream = [
        client_frame(TEXT, b"0123456789"),
        client_frame(FIN | PING, b"0123456789x"),
        client_frame(FIN | CONTINUATION, b""),
        client_frame(FIN | TEXT, b"0123456789"),
    ];
    assert_eq!(limited(&stream.concat()), None);
    let wide = [&[0x80 | 127][..], &(u64::MAX >> 1).to_be_bytes(), &[0; 4]].concat();
    let overflowing = [client_frame(BINARY, b"01"), [vec![FIN], wide].concat()].concat();
    assert_eq!(limited(&overflowing), Some(1009));
}

#[test]
fn a_close_frame_gives_its_code_and_reason() {
    let close = |payload: &[u8]| client_frame(FIN | CLOSE, payload);
    assert_eq!(events(&close(b"")), [Read::Close(None, String::new())]);
    assert_eq!(
        events(&close(b"\x03\xE8")),
        [Read::Close(Some(1000), String::new())]
    );
    let reason = [&b"\x0F\xA0"[..], "안녕".as_bytes()].concat();
    assert_eq!(
        events(&close(&reason)),
        [Read::Close(Some(4000), "안녕".to_owned())]
    );
    assert_eq!(code(&close(b"\x03")), 1002);
    assert_eq!(code(&close(b"\x03\xE8\xff")), 1007);
    assert_eq!(code(&close(b"\x03\xE8\xed\x95")), 1007);
}

#[test]
fn only_codes_that_may_be_sent_are_taken() {
    let taken = |code: u16| {
        let octets = client_frame(FIN | CLOSE, &code.to_be_bytes());
        let (events, error) = read(MESSAGE_BYTES_MAX, [&octets[..]]);
        assert!(error.is_none_or(|error| error.code == 1002));
        events == [Read::Close(Some(code), String::new())]
    };
    for code in 0..=u16::MAX {
        let registered = [
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
        ];
        let expected = registered.contains(&code) || (3000..5000).contains(&code);
        assert_eq!(taken(code), expected, "{code}");
    }
}

#[test]
fn nothing_is_read_after_a_close_frame_or_an_error() {
    let after_close = [
        client_frame(FIN | CLOSE, b""),
        b"\xff\xff".to_vec(),
        client_frame(FIN | PING, b""),
    ];
    assert_eq!(
        events(&after_close.concat()),
        [Read::Close(None, String::new())]
    );
    let mut reader = Reader::new(10);
    let mut bad = b"\xff\xff\x89".to_vec();
    assert!(reader.next(&mut &mut bad[..]).is_err());
    let mut sound = client_frame(FIN | PING, b"");
    let mut input = &mut sound[..];
    assert_eq!(reader.next(&mut input), Ok(None));
    assert!(input.is_empty());
}

#[test]
fn chunks_are_handed_on_as_they_come() {
    let mut reader = Reader::new(MESSAGE_BYTES_MAX);
    let mut octets = client_frame(FIN | BINARY, b"abcdef");
    let mut chunks = Vec::new();
    for piece in octets.chunks_mut(4) {
        let mut input = piece;
        while let Ok(Some(Event::Data { chunk, text, last })) = reader.next(&mut input) {
            chunks.push((chunk.to_vec(), text, last));
        }
    }
    let expected = [
        (b"ab".to_vec(), false, false),
        (b"cdef".to_vec(), false, true),
    ];
    assert_eq!(chunks, expected);
}

#[test]
fn an_error_says_its_reason_and_code() {
    let error = read(10, [&b"\x81\x00"[..]]).1;
    let shown = error.map(|error| error.to_string());
    assert_eq!(shown.as_deref(), Some("client frame without a mask (1002)"));
}

#[test]
fn an_idle_reader_is_small() {
    assert!(size_of::<Reader>() <= 128, "{}", size_of::<Reader>());
}
