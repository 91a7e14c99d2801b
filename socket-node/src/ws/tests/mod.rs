//! What the WebSocket codec promises, checked through its public types alone.

mod encode;
mod handshake;
mod property;
mod rules;
mod text;

use super::{Event, Reader, WsError};

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;

const MESSAGE_BYTES_MAX: usize = 100_000;

/// What was read, with the chunks of each message put together.
#[derive(Clone, Debug, PartialEq)]
enum Read {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

/// A frame as a client sends it, by its first octet.
fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![first];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | len as u8),
        len @ ..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(octet, key)| octet ^ key),
    );
    frame
}

/// Reads `pieces`, delivered one after the other, up to their end or an error.
fn read<'p>(
    message_bytes_max: usize,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Read>, Option<WsError>) {
    let mut reader = Reader::new(message_bytes_max);
    let (mut events, mut message) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            match reader.next(&mut input) {
                Ok(Some(event)) => events.extend(gathered(event, &mut message)),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
        assert!(input.is_empty(), "input is left over");
    }
    (events, None)
}

fn gathered(event: Event<'_>, message: &mut Vec<u8>) -> Option<Read> {
    Some(match event {
        Event::Data { chunk, text, last } => {
            assert!(last || !chunk.is_empty(), "an event of nothing");
            message.extend_from_slice(chunk);
            if !last {
                return None;
            }
            let whole = std::mem::take(message);
            if !text {
                return Some(Read::Binary(whole));
            }
            Read::Text(String::from_utf8(whole).expect("text is UTF-8"))
        }
        Event::Ping(payload) => Read::Ping(payload.into_owned()),
        Event::Pong(payload) => Read::Pong(payload.into_owned()),
        Event::Close(close) => Read::Close(close.code, close.reason.into_owned()),
    })
}

/// What a stream gives, which must be the same octet by octet.
fn outcome(octets: &[u8]) -> (Vec<Read>, Option<WsError>) {
    let whole = read(MESSAGE_BYTES_MAX, [octets]);
    assert_eq!(
        whole,
        read(MESSAGE_BYTES_MAX, octets.chunks(1)),
        "{}",
        octets.escape_ascii()
    );
    whole
}

/// The events of a stream that has nothing wrong.
fn events(octets: &[u8]) -> Vec<Read> {
    let (events, error) = outcome(octets);
    assert_eq!(error, None, "{}", octets.escape_ascii());
    events
}

/// The close code that answers a stream.
fn code(octets: &[u8]) -> u16 {
    let (_, error) = outcome(octets);
    error
        .unwrap_or_else(|| panic!("accepted: {}", octets.escape_ascii()))
        .code
}

fn text(text: &str) -> Read {
    Read::Text(text.to_owned())
}
