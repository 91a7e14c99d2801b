//! What the codec promises, checked through its public types alone.

mod encode;
mod framing;
mod limits;
mod property;
pub(crate) mod random;
mod version;

use super::{Command, Decoder, Frame, FrameError, FrameLimits, Headers, Version};

/// All frames of `pieces`, delivered one after the other, and the error that ended them.
fn decode(
    version: Version,
    limits: FrameLimits,
    pieces: impl IntoIterator<Item: AsRef<[u8]>>,
) -> (Vec<Frame>, Option<FrameError>) {
    let mut decoder = Decoder::new(limits);
    decoder.set_version(version);
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = piece.as_ref();
        loop {
            match decoder.next(&mut input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert!(input.is_empty() && decoder.bytes_held() == 0);
                    return (frames, Some(error));
                }
            }
        }
        assert!(input.is_empty(), "input is left over");
    }
    (frames, None)
}

/// The frames of a stream that has nothing wrong.
fn frames(version: Version, octets: &[u8]) -> Vec<Frame> {
    let (frames, error) = decode(version, FrameLimits::default(), [octets]);
    assert_eq!(error, None, "{}", octets.escape_ascii());
    frames
}

/// The one frame of a 1.2 stream.
fn frame(octets: &[u8]) -> Frame {
    let mut frames = frames(Version::V1_2, octets);
    assert_eq!(frames.len(), 1, "{}", octets.escape_ascii());
    frames.remove(0)
}

/// The error of a stream of `version`, which must be the same octet by octet.
fn error_in(version: Version, octets: &[u8]) -> FrameError {
    let limits = FrameLimits::default();
    let (_, whole) = decode(version, limits, [octets]);
    let (_, split) = decode(version, limits, octets.chunks(1));
    let whole = whole.unwrap_or_else(|| panic!("accepted: {}", octets.escape_ascii()));
    assert_eq!(
        Some(whole.detail.as_str()),
        split.as_ref().map(|split| split.detail.as_str())
    );
    assert_eq!(
        Some(whole.message),
        split.as_ref().map(|split| split.message)
    );
    whole
}

/// The error of a 1.2 stream.
fn error(octets: &[u8]) -> FrameError {
    error_in(Version::V1_2, octets)
}

fn send(headers: &[(&str, &str)], body: &[u8]) -> Frame {
    let headers = headers.iter().copied().collect::<Headers>();
    Frame {
        command: Command::Send,
        headers,
        body: body.to_vec(),
    }
}
