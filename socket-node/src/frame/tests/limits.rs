//! What a frame may cost: each bound at its exact octet (must 13), before memory is taken (must
//! 10), and no memory kept between frames.

use super::super::{Decoder, FrameLimits, Version};
use super::{decode, error};

const SMALL: FrameLimits = FrameLimits {
    frame_bytes_max: 64,
    headers_max: 3,
    header_bytes_max: 20,
};

/// Whether a stream is taken under small limits; whole, and octet by octet.
fn outcome(octets: &[u8]) -> Result<usize, String> {
    let [whole, split] = [
        decode(Version::V1_2, SMALL, [octets]),
        decode(Version::V1_2, SMALL, octets.chunks(1)),
    ]
    .map(|(frames, error)| error.map_or(Ok(frames.len()), |error| Err(error.to_string())));
    assert_eq!(whole, split, "{}", octets.escape_ascii());
    whole
}

fn refused(octets: &[u8], message: &str, number: usize) {
    let error = outcome(octets).expect_err("beyond a limit");
    assert!(
        error.starts_with(message) && error.contains(&number.to_string()),
        "{error}"
    );
}

#[test]
fn must_13_headers_are_counted() {
    assert_eq!(outcome(b"SEND\na:1\nb:2\nc:3\n\n\0"), Ok(1));
    assert_eq!(outcome(b"SEND\r\na:1\r\nb:2\r\nc:3\r\n\r\n\0"), Ok(1));
    // Known at the first octet of one too many, repeated or not.
    refused(b"SEND\na:1\na:2\na:3\na", "too many headers", 3);
    assert_eq!(outcome(b"SEND\na:1\na:2\na:3\n\r"), Ok(0));
}

#[test]
fn must_13_a_header_line_has_a_length() {
    assert_eq!(outcome(b"SEND\nk:345678901234567890\n\n\0"), Ok(1));
    assert_eq!(outcome(b"SEND\nk:345678901234567890\r\n\n\0"), Ok(1));
    refused(b"SEND\nk:3456789012345678901\n\n\0", "header too long", 20);
    // Known at the octet beyond, with no line end in sight.
    refused(b"SEND\nk:3456789012345678901", "header too long", 20);
    refused(b"SEND\na:1\nk:345678901234567890\rx", "header too long", 20);
    assert!(
        outcome(b"SEND\na:1\nk:3456789012345678901")
            .expect_err("too long")
            .contains("header 2")
    );
    assert_eq!(outcome(b"SEND\nk:345678901234567890"), Ok(0));
    // The last header that may stand there is too long, not one too many.
    refused(
        b"SEND\na:1\nb:2\nk:3456789012345678901",
        "header too long",
        20,
    );
}

#[test]
fn must_13_a_body_without_a_length_has_one_all_the_same() {
    // 6 octets of head leave 58.
    let stream = |body: usize| [&b"SEND\n\n"[..], &vec![b'x'; body], b"\0"].concat();
    assert_eq!(outcome(&stream(58)), Ok(1));
    refused(&stream(59), "frame too large", 64);
    let unended = stream(59);
    refused(&unended[..65], "frame too large", 64);
    assert_eq!(outcome(&unended[..64]), Ok(0));
}

#[test]
fn must_13_a_body_with_a_length_counts_with_its_head() {
    // 24 octets of head leave 40.
    let stream = |body: usize| {
        let head = format!("SEND\ncontent-length:{body:02}\n\n");
        [head.as_bytes(), &vec![b'x'; body], b"\0"].concat()
    };
    assert_eq!(outcome(&stream(40)), Ok(1));
    refused(&stream(41), "frame too large", 64);
    refused(&stream(41)[..24], "frame too large", 64);
    assert_eq!(outcome(&stream(40)[..24]), Ok(0));
}

#[test]
fn must_13_the_headers_count_towards_the_frame() {
    let limits = FrameLimits {
        headers_max: 100,
        ..SMALL
    };
    // 5 octets of command, 14 lines of 4: 61, and an empty line.
    let lines = |count: usize| ["SEND\n", &"a:1\n".repeat(count)].concat().into_bytes();
    assert_eq!(decode(Version::V1_2, limits, [&lines(14)]).1, None);
    let [whole, split] = [
        decode(Version::V1_2, limits, [&lines(15)]).1,
        decode(Version::V1_2, limits, lines(15).chunks(1)).1,
    ]
    .map(|error| error.map(|error| error.message));
    assert_eq!(
        (whole, split),
        (Some("frame too large"), Some("frame too large"))
    );
}

#[test]
fn must_10_an_announced_gigabyte_is_refused_at_its_header_line() {
    let error = error(b"SEND\ndestination:/a\ncontent-length:1073741824\n");
    assert_eq!(
        error.to_string(),
        "frame too large: a frame has at most 65536 octets"
    );
    assert_eq!(
        super::error(b"SEND\ncontent-length:18446744073709551615\n").message,
        "frame too large"
    );
}

#[test]
fn the_default_limits_are_those_of_the_contract() {
    let limits = FrameLimits::default();
    assert_eq!(
        (
            limits.frame_bytes_max,
            limits.headers_max,
            limits.header_bytes_max
        ),
        (65536, 64, 4096)
    );
    let body = vec![b'x'; 65536 - 6];
    assert_eq!(
        decode(Version::V1_2, limits, [&b"SEND\n\n"[..], &body, b"\0"])
            .0
            .len(),
        1
    );
    let (frames, error) = decode(Version::V1_2, limits, [&b"SEND\n\n"[..], &body, b"x\0"]);
    assert_eq!(
        (frames.len(), error.map(|error| error.message)),
        (0, Some("frame too large"))
    );
}

#[test]
fn limits_of_nothing_refuse_everything_and_take_beats() {
    let limits = FrameLimits {
        frame_bytes_max: 0,
        headers_max: 0,
        header_bytes_max: 0,
    };
    assert_eq!(decode(Version::V1_2, limits, [b"\n\n"]).1, None);
    assert!(decode(Version::V1_2, limits, [b"SEND\n\n\0"]).1.is_some());
    let limits = FrameLimits {
        frame_bytes_max: usize::MAX,
        headers_max: usize::MAX,
        header_bytes_max: usize::MAX,
    };
    assert_eq!(
        decode(Version::V1_2, limits, [b"SEND\na:b\n\nbody\0"])
            .0
            .len(),
        1
    );
    // What a length of that limit leaves is counted without overflow.
    let announced = format!("SEND\ncontent-length:{}\n\nx", usize::MAX - 100);
    assert_eq!(
        decode(Version::V1_2, limits, [announced]),
        (Vec::new(), None)
    );
}

#[test]
fn nothing_is_held_between_frames() {
    let mut decoder = Decoder::new(FrameLimits::default());
    let mut feed = |octets: &[u8]| {
        let mut input = octets;
        while decoder.next(&mut input).expect("well formed").is_some() {}
        let held = decoder.bytes_held();
        assert_eq!(decoder.is_idle(), held == 0, "{}", octets.escape_ascii());
        held
    };
    assert_eq!(feed(b""), 0);
    assert_eq!(feed(b"\n\r\n\n"), 0);
    assert!(feed(b"\r") > 0);
    assert_eq!(feed(b"\n"), 0);
    for piece in [&b"SE"[..], b"ND\nk:", b"v\n\r", b"\n", b"bod", b"y"] {
        assert!(feed(piece) > 0);
    }
    assert_eq!(feed(b"\0"), 0);
    assert_eq!(feed(b"SEND\n\nwhole\0\n"), 0);
}

#[test]
fn a_long_frame_octet_by_octet_takes_time_by_its_length_only() {
    // Looking again at what has come would be 10^12 octets here.
    let long = vec![b'x'; 1 << 20];
    let limits = FrameLimits {
        frame_bytes_max: 1 << 22,
        headers_max: 1,
        header_bytes_max: 1 << 21,
    };
    let stream = [&b"SEND\nk:"[..], &long, b"\n\n", &long, b"\0"].concat();
    let (frames, error) = decode(Version::V1_2, limits, stream.chunks(1));
    assert_eq!(error, None);
    assert_eq!(frames[0].headers.get("k").map(str::len), Some(long.len()));
    assert_eq!(frames[0].body, long);
}
