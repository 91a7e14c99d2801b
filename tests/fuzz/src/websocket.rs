//! WebSocket frames: whatever the octets, and however they are cut, the reader says the same, text is UTF-8, and no message is
//! longer than it may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomtone_socket_node::ws::{Event, Reader, WsError};

/// Small, so that messages beyond it are soon found.
const MESSAGE_BYTES_MAX: usize = 300;

/// What the reader said, without where it cut.
#[derive(Debug, PartialEq)]
enum Said {
    /// Octets of a message, and whether they are its last.
    Data(Vec<u8>, bool, bool),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(String),
}

fuzz_target!(|octets: &[u8]| {
    let Some((&how, octets)) = octets.split_first() else {
        return;
    };
    let (said, error) = read(octets, octets.len().max(1));
    for one in &said {
        match one {
            Said::Data(message, text, last) => {
                assert!(message.len() <= MESSAGE_BYTES_MAX);
                assert!(!text || !last || std::str::from_utf8(message).is_ok());
            }
            Said::Ping(payload) | Said::Pong(payload) => assert!(payload.len() <= 125),
            Said::Close(_) => {}
        }
    }
    assert_eq!(read(octets, usize::from(how) / 6 + 1), (said, error));
});

fn read(octets: &[u8], cut: usize) -> (Vec<Said>, Option<WsError>) {
    let mut reader = Reader::new(MESSAGE_BYTES_MAX);
    // The message that is under way: other events may come between its chunks.
    let (mut said, mut message) = (vec![], vec![]);
    let mut text_under_way = false;
    let mut octets = octets.to_vec();
    let mut error = None;
    'pieces: for mut piece in octets.chunks_mut(cut) {
        loop {
            match reader.next(&mut piece) {
                Ok(Some(Event::Data { chunk, text, last })) => {
                    message.extend_from_slice(chunk);
                    text_under_way = text;
                    if last {
                        said.push(Said::Data(std::mem::take(&mut message), text, true));
                    }
                }
                Ok(Some(Event::Ping(payload))) => said.push(Said::Ping(payload.into_owned())),
                Ok(Some(Event::Pong(payload))) => said.push(Said::Pong(payload.into_owned())),
                Ok(Some(Event::Close(close))) => said.push(Said::Close(format!("{close:?}"))),
                Ok(None) => break,
                Err(why) => {
                    error = Some(why);
                    break 'pieces;
                }
            }
        }
        assert!(piece.is_empty(), "octets that nobody took");
    }
    // How much of a message had come before an error is the cut's affair.
    if error.is_none() && !message.is_empty() {
        said.push(Said::Data(message, text_under_way, false));
    }
    (said, error)
}
