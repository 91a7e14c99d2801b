//! The kinds of WebSocket frames. Knows their numbers only.

/// What a frame is, as its header has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further fragment of the message that was begun.
    Continuation = 0x0,
    /// A message of UTF-8 text, or its first fragment.
    Text = 0x1,
    /// A message of octets, or its first fragment.
    Binary = 0x2,
    /// The last frame of its side.
    Close = 0x8,
    /// Asks for a pong with the same payload.
    Ping = 0x9,
    /// The answer to a ping, or a sign of life.
    Pong = 0xA,
}

impl Opcode {
    /// By the low four bits of a header; none for a reserved one.
    pub(super) fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Whether it is a control frame: never fragmented, and at most 125 octets of payload.
    pub fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}
