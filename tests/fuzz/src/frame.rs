//! STOMP frames: whatever the octets, and however they are cut, the decoder says the same, keeps to its limits, and reads back
//! what it has read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomtone_socket_node::frame::{Decoder, Frame, FrameError, FrameLimits, Version};

const VERSIONS: [Version; 3] = [Version::V1_0, Version::V1_1, Version::V1_2];
/// Small, so that octets which break them are soon found.
const LIMITS: FrameLimits = FrameLimits {
    frame_bytes_max: 512,
    headers_max: 8,
    header_bytes_max: 64,
};

fuzz_target!(|octets: &[u8]| {
    let Some((&how, octets)) = octets.split_first() else {
        return;
    };
    let version = VERSIONS[usize::from(how) % VERSIONS.len()];
    let (frames, error) = decode(version, LIMITS, [octets]);
    for frame in &frames {
        assert!(frame.headers.len() <= LIMITS.headers_max);
        assert!(frame.body.len() <= LIMITS.frame_bytes_max);
        let written = octets_of(frame, version);
        let (again, error) = decode(version, FrameLimits::default(), [&written[..]]);
        assert_eq!((&again[..], error), (std::slice::from_ref(frame), None));
    }
    // From one octet at a time to forty and more.
    let cut = usize::from(how) / VERSIONS.len() / 2 + 1;
    assert_eq!(decode(version, LIMITS, octets.chunks(cut)), (frames, error));
});

fn decode<'o>(
    version: Version,
    limits: FrameLimits,
    pieces: impl IntoIterator<Item = &'o [u8]>,
) -> (Vec<Frame>, Option<FrameError>) {
    let mut decoder = Decoder::new(limits);
    decoder.set_version(version);
    let mut frames = vec![];
    for mut piece in pieces {
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(mut error) => {
                    // A receipt behind the fault is found where it has come already.
                    error.receipt_id = None;
                    return (frames, Some(error));
                }
            }
        }
        assert!(piece.is_empty(), "octets that nobody took");
    }
    (frames, None)
}

/// The frame as a client writes it, by rules of its own. Lines end in CRLF, so that a CR before it is the value's.
fn octets_of(frame: &Frame, version: Version) -> Vec<u8> {
    let plain = frame.command.is_connect() || version == Version::V1_0;
    let mut text = format!("{}\r\n", frame.command.as_str());
    for (name, value) in frame.headers.iter() {
        for (part, end) in [(name, ":"), (value, "\r\n")] {
            for character in part.chars() {
                match character {
                    '\\' if !plain => text.push_str(r"\\"),
                    ':' if !plain => text.push_str(r"\c"),
                    '\n' if !plain => text.push_str(r"\n"),
                    '\r' if !plain && version == Version::V1_2 => text.push_str(r"\r"),
                    other => text.push(other),
                }
            }
            text.push_str(end);
        }
    }
    [text.as_bytes(), b"\n", &frame.body, b"\0"].concat()
}
