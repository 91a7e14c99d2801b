//! Why a WebSocket ends: codes, and the payload that carries them. Knows no frame around it.

use std::borrow::Cow;
use std::fmt;

/// Close codes this server sends.
pub mod close_code {
    /// All is said.
    pub const NORMAL: u16 = 1000;
    /// The server stops.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke RFC 6455.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// Text that is not UTF-8.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// The peer broke a rule of the service.
    pub const POLICY_VIOLATION: u16 = 1008;
    /// A message beyond the limit.
    pub const MESSAGE_TOO_BIG: u16 = 1009;
    /// The server met something it can't go on from.
    pub const INTERNAL_ERROR: u16 = 1011;
    /// The server restarts: connect again.
    pub const SERVICE_RESTART: u16 = 1012;
    /// The server is full: connect again later.
    pub const TRY_AGAIN_LATER: u16 = 1013;
}

/// What the peer did wrong. Answer with a close frame of this code, and end the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WsError {
    /// The close code that says so.
    pub code: u16,
    /// The same in words, short enough for a close frame.
    pub reason: &'static str,
}

impl WsError {
    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self {
            code: close_code::PROTOCOL_ERROR,
            reason,
        }
    }

    pub(super) const fn not_utf8(reason: &'static str) -> Self {
        Self {
            code: close_code::INVALID_PAYLOAD,
            reason,
        }
    }

    pub(super) const fn too_big(reason: &'static str) -> Self {
        Self {
            code: close_code::MESSAGE_TOO_BIG,
            reason,
        }
    }
}

impl fmt::Display for WsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.code)
    }
}

impl std::error::Error for WsError {}

/// The peer's close frame. The server answers with one, of the same code, and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// The peer's code, where it gave one.
    pub code: Option<u16>,
    /// Its reason; often empty.
    pub reason: Cow<'a, str>,
}

impl<'a> Close<'a> {
    pub(super) fn parse(payload: Cow<'a, [u8]>) -> Result<Self, WsError> {
        let code = match *payload {
            [] => {
                return Ok(Self {
                    code: None,
                    reason: Cow::Borrowed(""),
                });
            }
            [_] => return Err(WsError::protocol("close frame with half a code")),
            [high, low, ..] => u16::from_be_bytes([high, low]),
        };
        if !may_be_sent(code) {
            return Err(WsError::protocol("invalid close code"));
        }
        let not_utf8 = WsError::not_utf8("close reason is not UTF-8");
        let reason = match payload {
            Cow::Borrowed(octets) => std::str::from_utf8(&octets[2..]).ok().map(Cow::Borrowed),
            Cow::Owned(octets) => String::from_utf8(octets[2..].to_vec()).ok().map(Cow::Owned),
        };
        Ok(Self {
            code: Some(code),
            reason: reason.ok_or(not_utf8)?,
        })
    }
}

/// Codes of RFC 6455 and its registry that may stand in a frame, and those for applications.
/// 1004 to 1006 and 1015 mean what no frame says.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
