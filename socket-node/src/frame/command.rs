//! The commands a client may send. Knows their names and nothing of what they do.

/// A client command. Names are case-sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// `CONNECT`: opens the session.
    Connect,
    /// `STOMP`: the same as CONNECT.
    Stomp,
    /// `SEND`: the only client frame with a body.
    Send,
    /// `SUBSCRIBE`.
    Subscribe,
    /// `UNSUBSCRIBE`.
    Unsubscribe,
    /// `BEGIN`: opens a transaction.
    Begin,
    /// `COMMIT`: ends a transaction, all of it takes effect.
    Commit,
    /// `ABORT`: ends a transaction, none of it takes effect.
    Abort,
    /// `ACK`.
    Ack,
    /// `NACK`.
    Nack,
    /// `DISCONNECT`: closes the session.
    Disconnect,
}

impl Command {
    /// The command of exactly this line, or none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        Some(match line {
            b"CONNECT" => Self::Connect,
            b"STOMP" => Self::Stomp,
            b"SEND" => Self::Send,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UNSUBSCRIBE" => Self::Unsubscribe,
            b"BEGIN" => Self::Begin,
            b"COMMIT" => Self::Commit,
            b"ABORT" => Self::Abort,
            b"ACK" => Self::Ack,
            b"NACK" => Self::Nack,
            b"DISCONNECT" => Self::Disconnect,
            _ => return None,
        })
    }

    /// The command as the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Stomp => "STOMP",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Disconnect => "DISCONNECT",
        }
    }

    /// Whether this is CONNECT under either of its names.
    pub fn is_connect(self) -> bool {
        matches!(self, Self::Connect | Self::Stomp)
    }

    /// Whether a frame of this command may have a body that is not empty.
    pub(super) fn may_have_body(self) -> bool {
        self == Self::Send
    }
}
