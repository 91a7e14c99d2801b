//! What holds for every frame: decoding gives back what was encoded, pieces change nothing, and
//! nothing at all makes the decoder panic.

use bytes::BytesMut;
use proptest::prelude::*;

use super::super::{Command, Frame, FrameLimits, Headers, MessageHead, Version};
use super::random::{Random, for_seeds};
use super::{decode, frames};

const COMMANDS: [Command; 5] = [
    Command::Connect,
    Command::Send,
    Command::Subscribe,
    Command::Ack,
    Command::Disconnect,
];
const VERSIONS: [Version; 3] = [Version::V1_0, Version::V1_1, Version::V1_2];

/// A frame as a client writes it, by rules of its own rather than the encoder's.
fn client_octets(frame: &Frame, version: Version) -> Vec<u8> {
    let mut text = format!("{}\n", frame.command.as_str());
    for (name, value) in frame.headers.iter() {
        for (part, end) in [(name, ':'), (value, '\n')] {
            for character in part.chars() {
                match character {
                    _ if frame.command.is_connect() || version == Version::V1_0 => {
                        text.push(character)
                    }
                    '\\' => text.push_str(r"\\"),
                    ':' => text.push_str(r"\c"),
                    '\n' => text.push_str(r"\n"),
                    '\r' if version == Version::V1_2 => text.push_str(r"\r"),
                    other => text.push(other),
                }
            }
            text.push(end);
        }
    }
    [text.as_bytes(), b"\n", &frame.body, b"\0"].concat()
}

/// Header text that the version can write.
fn header_text(version: Version, connect: bool) -> &'static str {
    match version {
        _ if connect => "[ -9;-~하늘é]{1,12}",
        Version::V1_0 => "[ -9;-~하늘é]{1,12}",
        Version::V1_1 => "[ -~하늘é\n\\\\:]{1,12}",
        Version::V1_2 => "[ -~하늘é\r\n\\\\:]{1,12}",
    }
}

fn any_frame(version: Version) -> impl Strategy<Value = Frame> {
    prop::sample::select(&COMMANDS[..]).prop_flat_map(move |command| {
        let text = header_text(version, command.is_connect());
        let headers = prop::collection::vec((text, text), 0..6);
        let body = prop::collection::vec(any::<u8>(), 0..40);
        (headers, body).prop_map(move |(pairs, body)| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let mut headers = pairs.collect::<Headers>();
            let body = if command == Command::Send {
                body
            } else {
                Vec::new()
            };
            if command == Command::Send {
                headers.push("content-length", &body.len().to_string());
            }
            Frame {
                command,
                headers,
                body,
            }
        })
    })
}

fn stream() -> impl Strategy<Value = (Version, Vec<Frame>)> {
    prop::sample::select(&VERSIONS[..]).prop_flat_map(|version| {
        (
            Just(version),
            prop::collection::vec(any_frame(version), 1..4),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_writes_is_read_back((version, written) in stream()) {
        let octets = written.iter().flat_map(|frame| client_octets(frame, version));
        prop_assert_eq!(frames(version, &octets.collect::<Vec<_>>()), written);
    }

    #[test]
    fn split_at_every_octet_the_frames_are_the_same((version, written) in stream()) {
        let octets = written.iter().flat_map(|frame| client_octets(frame, version));
        let octets = octets.collect::<Vec<_>>();
        let limits = FrameLimits::default();
        for at in 0..octets.len() {
            let (first, second) = octets.split_at(at);
            prop_assert_eq!(decode(version, limits, [first, second]), (written.clone(), None));
        }
        prop_assert_eq!(decode(version, limits, octets.chunks(1)), (written, None));
    }

    #[test]
    fn what_the_server_writes_is_read_back(
        version in prop::sample::select(&VERSIONS[..]),
        id in "[ -~하늘\r\n\\\\:]{0,12}",
        pairs in prop::collection::vec(("[a-z하\r\n\\\\:\0]{0,8}", "[ -~하늘\r\n\\\\:\0]{0,12}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut out = BytesMut::new();
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        MessageHead::new(version, &id, "/d").write_stomp(&mut out, "7", None, pairs.clone(), &body);
        // A MESSAGE under the name of SEND is a frame that the decoder knows.
        let octets = [b"SEND", &out[b"MESSAGE".len()..]].concat();
        let read = frames(version, &octets);
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(&read[0].body, &body);
        let headers = read[0].headers.iter().collect::<Vec<_>>();
        prop_assert_eq!(headers[1], ("destination", "/d"));
        prop_assert_eq!(headers[3], ("message-id", "7"));
        // Every client header read is one that was written, and 1.2 leaves out those with NUL only.
        let carried = headers[5..].to_vec();
        prop_assert!(carried.iter().all(|own| pairs.clone().any(|pair| pair == *own)));
        if version == Version::V1_2 {
            let sound = |(name, value): &(&str, &str)| !name.is_empty() && !format!("{name}{value}").contains('\0');
            prop_assert_eq!(headers[0], ("subscription", id.as_str()));
            prop_assert_eq!(carried, pairs.filter(sound).collect::<Vec<_>>());
        }
    }
}

/// Parts of frames, sound and not.
const PARTS: [&[u8]; 24] = [
    b"SEND\n",
    b"CONNECT\n",
    b"SUBSCRIBE\r\n",
    b"ACK\n",
    b"MESSAGE\n",
    b"\n",
    b"\r\n",
    b"\0",
    b"destination:/a\n",
    b"receipt:r\n",
    b"content-length:3\n",
    b"content-length:-1\n",
    b"content-length:99999999999999999999\n",
    b"content-length:40\n",
    b"k:\\n\\c\\\\\n",
    b"k:\\t\n",
    b"k:a\rb\n",
    b"\n\0",
    b"\n\nbody\0",
    b"\nab\0\0",
    "이름:하늘\n".as_bytes(),
    b"k:\xff\n",
    b":\n",
    b"xxxxxxxxxxxxxxxxxxxxxxxx",
];
const LIKELY: &[u8] = b"\n\r\0:\\cnrSE0-9\xff\xed";

fn random_octets(random: &mut Random) -> Vec<u8> {
    let mut octets = Vec::new();
    for _ in 0..random.below(6) {
        match random.below(4) {
            0 => octets.extend((0..random.below(12)).map(|_| random.number() as u8)),
            1 => octets.extend_from_slice(b"SEND\nk:v\ncontent-length:4\n\na\0bc\0"),
            _ => octets.extend_from_slice(random.pick(&PARTS)),
        }
    }
    random.mutate(&mut octets, LIKELY);
    octets
}

fn pieces<'o>(random: &mut Random, octets: &'o [u8]) -> Vec<&'o [u8]> {
    let mut rest = octets;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(1 + random.below(rest.len().min(9)));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Neither panics, nor reads on beyond an error, nor depends on the pieces.
fn hostile_case(random: &mut Random) {
    let octets = random_octets(random);
    let version = random.pick(&VERSIONS);
    let small = FrameLimits {
        frame_bytes_max: 48,
        headers_max: 3,
        header_bytes_max: 20,
    };
    let limits = random.pick(&[FrameLimits::default(), small]);
    let (whole, fault) = decode(version, limits, [&octets]);
    let (split, split_fault) = decode(version, limits, pieces(random, &octets));
    let said = |fault: Option<super::FrameError>| fault.map(|fault| fault.to_string());
    assert_eq!(
        (whole, said(fault)),
        (split, said(split_fault)),
        "{}",
        octets.escape_ascii()
    );
}

#[test]
fn must_14_a_million_random_and_mutated_streams_do_no_harm() {
    // Two halves at once: the machines that run this have two cores at least.
    std::thread::scope(|scope| {
        scope.spawn(|| for_seeds(0..500_000, hostile_case));
        for_seeds(500_000..1_000_000, hostile_case);
    });
}
