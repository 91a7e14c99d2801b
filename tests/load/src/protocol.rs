//! What is said to each target, as bytes of its protocol: STOMP, or next to nothing.

use crate::plan::Target;
use crate::wire;

/// What a subscription's receipt has in it, whatever the target.
pub(crate) const SUBSCRIBED: &[u8] = b"receipt-id:sub";
/// What comes before the text of a message, whatever the target.
const CONTENT: &[u8] = b"\"content\":\"";
/// Digits of a message's number, and of the nanosecond that it was meant to be sent at.
const NUMBER: usize = 10;
const NANOSECOND: usize = 20;

/// What a message says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its number in its room, from 0.
    pub(crate) number: u64,
    /// When it was meant to be sent, in nanoseconds from the beginning of the run.
    pub(crate) meant_ns: u64,
}

impl Said {
    /// The text of a message.
    pub(crate) fn text(self, chars: usize) -> String {
        let Self { number, meant_ns } = self;
        let text = format!("{number:0NUMBER$}{meant_ns:0NANOSECOND$}");
        format!("{text:.<chars$}")
    }

    /// What a payload says; none where it is no message of ours.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let at = memchr::memmem::find(payload, CONTENT)? + CONTENT.len();
        let digits = payload.get(at..at + NUMBER + NANOSECOND)?;
        let read = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok();
        Some(Self {
            number: read(&digits[..NUMBER])?,
            meant_ns: read(&digits[NUMBER..])?,
        })
    }
}

impl Target {
    /// The request that makes a connection one of WebSocket.
    pub(crate) fn upgrade(self) -> String {
        let path = match self {
            Self::Roomtone => "/ws-chat",
            Self::Rabbitmq | Self::Relay | Self::Limit => "/ws",
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v12.stomp\r\n\r\n"
        )
    }

    /// What is said in turn to become a member, and what the answer to each has in it.
    pub(crate) fn greeting(self, token: &str, room: &str) -> Vec<(String, &'static [u8])> {
        match self {
            Self::Roomtone => vec![
                (
                    format!(
                        "CONNECT\naccept-version:1.2\nhost:localhost\nheart-beat:10000,10000\nAuthorization:Bearer {token}\n\n\0"
                    ),
                    b"CONNECTED",
                ),
                (
                    format!(
                        "SEND\ndestination:/chat/pub/join\nreceipt:join\n\n{{\"roomId\":\"{room}\"}}\0"
                    ),
                    b"receipt-id:join",
                ),
            ],
            Self::Rabbitmq => vec![(
                "CONNECT\naccept-version:1.2\nhost:/\nheart-beat:10000,10000\nlogin:guest\npasscode:guest\n\n\0"
                    .into(),
                b"CONNECTED",
            )],
            Self::Relay | Self::Limit => vec![],
        }
    }

    /// What a listener says to hear a room; the answer has `SUBSCRIBED` in it.
    pub(crate) fn subscribe(self, room: &str) -> String {
        let destination = self.topic(room);
        match self {
            Self::Roomtone | Self::Rabbitmq => {
                format!("SUBSCRIBE\nid:sub-0\ndestination:{destination}\nreceipt:sub\n\n\0")
            }
            Self::Relay | Self::Limit => format!("SUB {room}"),
        }
    }

    /// What a talker says to hear of refusals, or to say where it talks.
    pub(crate) fn begin(self, room: &str) -> String {
        match self {
            Self::Roomtone => {
                "SUBSCRIBE\nid:replies\ndestination:/user/queue/replies\nreceipt:sub\n\n\0".into()
            }
            Self::Rabbitmq => {
                "SUBSCRIBE\nid:replies\ndestination:/queue/load-replies\nreceipt:sub\n\n\0".into()
            }
            Self::Relay | Self::Limit => format!("PUB {room}"),
        }
    }

    fn topic(self, room: &str) -> String {
        match self {
            Self::Roomtone => format!("/chat/topic/room/{room}"),
            _ => format!("/topic/{room}"),
        }
    }

    /// Appends a message, framed as a client frames it.
    pub(crate) fn talk(
        self,
        room: &str,
        said: Said,
        (chars, frame_bytes): (usize, usize),
        out: &mut Vec<u8>,
    ) {
        let text = said.text(chars);
        match self {
            Self::Roomtone => {
                let frame = format!(
                    "SEND\ndestination:/chat/pub/send\ncontent-type:application/json\n\n{{\"roomId\":\"{room}\",\"content\":\"{text}\"}}\0"
                );
                wire::put(wire::TEXT, frame.as_bytes(), out);
            }
            Self::Rabbitmq => {
                let topic = self.topic(room);
                // A broker adds some 170 bytes of headers.
                let pad = frame_bytes.saturating_sub(170 + text.len());
                let frame = format!(
                    "SEND\ndestination:{topic}\ncontent-type:application/json\n\n{{\"content\":\"{text}\",\"pad\":\"{:.<pad$}\"}}\0",
                    ""
                );
                wire::put(wire::TEXT, frame.as_bytes(), out);
            }
            Self::Relay => wire::put(wire::TEXT, relayed(&text, frame_bytes).as_bytes(), out),
            Self::Limit => {
                let mut whole = vec![];
                wire::put_unmasked(
                    wire::TEXT,
                    relayed(&text, frame_bytes).as_bytes(),
                    &mut whole,
                );
                wire::put_plain(wire::TEXT, &whole, out);
            }
        }
    }
}

/// A MESSAGE of this many bytes with its WebSocket header, as a relay hands it on.
fn relayed(text: &str, frame_bytes: usize) -> String {
    let (head, tail) = ("MESSAGE\nsubscription:sub-0\n\n{\"content\":\"", "\"}\0");
    let length = frame_bytes.saturating_sub(4 + head.len() + tail.len());
    format!("{head}{text:.<length$}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again() {
        let said = Said {
            number: 7,
            meant_ns: 1_234_567_890,
        };
        for target in [
            Target::Roomtone,
            Target::Rabbitmq,
            Target::Relay,
            Target::Limit,
        ] {
            let mut out = vec![];
            target.talk("room", said, (40, 300), &mut out);
            let found = wire::find(&out).expect("a whole frame");
            assert_eq!(found.payload.end, out.len());
            if target == Target::Limit {
                let inner = out[found.payload].to_vec();
                assert_eq!(inner.len(), 300);
                assert_eq!(Said::read(&inner), Some(said));
            }
        }
        assert_eq!(Said::read(b"{\"content\":\"too short\"}"), None);
    }
}
