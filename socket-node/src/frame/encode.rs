//! CONNECTED, RECEIPT and ERROR as octets. Knows their headers, and not when they are sent.

use std::fmt;

use bytes::BytesMut;

use super::error::FrameError;
use super::escape::Escapes;
use super::version::{NoCommonVersion, Version};
use crate::ws::{Opcode, put_frame};

/// A frame of the server's but MESSAGE, for which see [`MessageHead`](super::MessageHead).
///
/// Before a version is agreed on, write it as 1.0: CONNECT has no escapes, nor has its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFrame<'a> {
    /// The session is open.
    Connected(Connected<'a>),
    /// The client's frame and all before it were processed.
    Receipt {
        /// The client's `receipt`.
        receipt_id: &'a str,
        /// Of a SEND: the id of its message in the room.
        message_id: Option<&'a str>,
    },
    /// The client broke the protocol; the server closes behind it.
    Error(ErrorFrame<'a>),
}

/// What CONNECTED tells. Its values have no escapes, so those that would need them are refused
/// when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected<'a> {
    version: Version,
    session: &'a str,
    server: &'a str,
    heart_beat_ms: (u32, u32),
}

/// What ERROR tells. Anything may stand in it: see [`ServerFrame::write_stomp`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorFrame<'a> {
    /// What is wrong, in a few words.
    pub message: &'a str,
    /// The `receipt` of the frame at fault, where it had one.
    pub receipt_id: Option<&'a str>,
    /// The versions spoken here, where none was in common.
    pub version: Option<&'a str>,
    /// The same at length, as plain text; empty: no body.
    pub body: &'a str,
}

/// A value for CONNECTED holds CR, LF or NUL, which no escape can stand for there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsendableValue;

impl fmt::Display for UnsendableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of CONNECTED holds CR, LF or NUL")
    }
}

impl std::error::Error for UnsendableValue {}

impl<'a> Connected<'a> {
    /// `server` is `name/version`; `heart_beat_ms` is what the server can send and what it wants
    /// to get, in milliseconds. A client of 1.0 is not told of it.
    ///
    /// # Errors
    ///
    /// [`UnsendableValue`] where `session` or `server` holds CR, LF or NUL.
    pub fn new(
        version: Version,
        session: &'a str,
        server: &'a str,
        heart_beat_ms: (u32, u32),
    ) -> Result<Self, UnsendableValue> {
        let unsendable = |octet: u8| matches!(octet, b'\r' | b'\n' | 0);
        if session.bytes().chain(server.bytes()).any(unsendable) {
            return Err(UnsendableValue);
        }
        Ok(Self {
            version,
            session,
            server,
            heart_beat_ms,
        })
    }

    fn write(&self, out: &mut BytesMut) {
        out.extend_from_slice(b"CONNECTED");
        put_header(out, Escapes::None, "version", self.version.as_str());
        put_header(out, Escapes::None, "server", self.server);
        put_header(out, Escapes::None, "session", self.session);
        if self.version > Version::V1_0 {
            out.extend_from_slice(b"\nheart-beat:");
            put_decimal(out, u64::from(self.heart_beat_ms.0));
            out.extend_from_slice(b",");
            put_decimal(out, u64::from(self.heart_beat_ms.1));
        }
        put_body(out, b"");
    }
}

impl<'a> From<&'a FrameError> for ErrorFrame<'a> {
    fn from(error: &'a FrameError) -> Self {
        let receipt_id = error.receipt_id.as_deref();
        Self {
            message: error.message,
            receipt_id,
            body: &error.detail,
            ..Self::default()
        }
    }
}

impl From<NoCommonVersion> for ErrorFrame<'_> {
    fn from(_: NoCommonVersion) -> Self {
        let (message, body) = (
            "no common version",
            "accept-version names no version spoken here",
        );
        Self {
            message,
            version: Some(Version::SUPPORTED),
            body,
            ..Self::default()
        }
    }
}

impl ErrorFrame<'_> {
    fn write(&self, escapes: Escapes, out: &mut BytesMut) {
        out.extend_from_slice(b"ERROR");
        put_header(out, escapes, "message", self.message);
        for (name, value) in [("receipt-id", self.receipt_id), ("version", self.version)] {
            value
                .into_iter()
                .for_each(|value| put_header(out, escapes, name, value));
        }
        if !self.body.is_empty() {
            put_header(out, Escapes::None, "content-type", "text/plain");
            put_content_length(out, self.body.len());
        }
        put_body(out, self.body.as_bytes());
    }
}

impl ServerFrame<'_> {
    /// Appends the frame to `out` as a client of `version` reads it.
    ///
    /// A value can't end its header or the frame: where the version has no escape for an octet
    /// that would (LF in 1.0, NUL in all), a space is written for it.
    pub fn write_stomp(&self, version: Version, out: &mut BytesMut) {
        let escapes = Escapes::from(version);
        match self {
            Self::Connected(connected) => connected.write(out),
            Self::Receipt {
                receipt_id,
                message_id,
            } => {
                out.extend_from_slice(b"RECEIPT");
                put_header(out, escapes, "receipt-id", receipt_id);
                message_id
                    .iter()
                    .for_each(|id| put_header(out, escapes, "message-id", id));
                put_body(out, b"");
            }
            Self::Error(error) => error.write(escapes, out),
        }
    }

    /// Appends one WebSocket text message that holds the frame.
    pub fn write_ws(&self, version: Version, out: &mut BytesMut) {
        put_frame(out, Opcode::Text, |out| self.write_stomp(version, out));
    }
}

/// Ends the line before it, and begins a header that its caller has checked or that `escapes`
/// make safe.
pub(super) fn put_header(out: &mut BytesMut, escapes: Escapes, name: &str, value: &str) {
    out.extend_from_slice(b"\n");
    escapes.encode(name, out);
    out.extend_from_slice(b":");
    escapes.encode(value, out);
}

pub(super) fn put_content_length(out: &mut BytesMut, length: usize) {
    out.extend_from_slice(b"\ncontent-length:");
    put_decimal(out, length as u64);
}

/// Ends the header block, and the frame with this body.
pub(super) fn put_body(out: &mut BytesMut, body: &[u8]) {
    out.extend_from_slice(b"\n\n");
    out.extend_from_slice(body);
    out.extend_from_slice(b"\0");
}

/// Digits by hand: this runs for every message, where the formatter costs more than the rest.
fn put_decimal(out: &mut BytesMut, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len() - 1;
    while number > 9 {
        digits[first] += (number % 10) as u8;
        number /= 10;
        first -= 1;
    }
    digits[first] += number as u8;
    out.extend_from_slice(&digits[first..]);
}
