//! What the server writes.

use bytes::BytesMut;

use super::super::{Opcode, put_close, put_frame, put_header, put_ping, put_pong};

fn written(write: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::from(&b"before"[..]);
    write(&mut out);
    out.strip_prefix(b"before").expect("appended").to_vec()
}

#[test]
fn a_header_has_the_shortest_length() {
    let lengths = [
        (0, &[0][..]),
        (125, &[125]),
        (126, &[126, 0, 126]),
        (65_535, &[126, 255, 255]),
        (65_536, &[127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ];
    for (payload_len, expected) in lengths {
        let header = written(|out| put_header(out, Opcode::Binary, payload_len));
        assert_eq!(header, [&[0x82], expected].concat(), "{payload_len}");
    }
}

#[test]
fn a_frame_is_the_header_and_what_was_written() {
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        let payload = (0..len).map(|at| at as u8).collect::<Vec<_>>();
        let frame =
            written(|out| put_frame(out, Opcode::Text, |out| out.extend_from_slice(&payload)));
        let header = written(|out| put_header(out, Opcode::Text, len));
        let expected = [header, payload].concat();
        assert!(frame == expected, "{len}");
        let mut alone = BytesMut::new();
        put_frame(&mut alone, Opcode::Text, |out| {
            out.extend_from_slice(&expected[expected.len() - len..]);
        });
        assert!(alone == expected, "{len} at the beginning");
    }
}

#[test]
fn control_frames_have_their_opcode_and_payload() {
    assert_eq!(written(|out| put_ping(out, b"hi")), b"\x89\x02hi");
    assert_eq!(written(|out| put_pong(out, b"")), b"\x8A\x00");
    assert_eq!(written(|out| put_close(out, None, "unsaid")), b"\x88\x00");
    assert_eq!(
        written(|out| put_close(out, Some(1002), "bad")),
        b"\x88\x05\x03\xEAbad"
    );
}

#[test]
fn control_frames_stay_within_125_octets() {
    let ping = written(|out| put_ping(out, &[b'x'; 200]));
    assert_eq!((ping[1], ping.len()), (125, 127));
    let exact = written(|out| put_close(out, Some(1000), &"x".repeat(123)));
    assert_eq!((exact[1], exact.len()), (125, 127));
    // 41 characters of 3 octets fit exactly; with one octet before them, 40 do.
    let close = written(|out| put_close(out, Some(1000), &format!("x{}", "하".repeat(60))));
    assert_eq!(close[1], 2 + 121);
    assert_eq!(
        std::str::from_utf8(&close[4..]),
        Ok(&*format!("x{}", "하".repeat(40)))
    );
}
