//! What can be wrong with a client's octets, in words for the client's ERROR frame.
//! Details name a header by its number, not its text: it may hold a secret.

use std::fmt;

use super::command::Command;
use super::limits::FrameLimits;

/// Why octets are not a STOMP frame. Framing is lost: answer with ERROR and close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// What is wrong in a few fixed words; fit for a `message` header, and to count by.
    pub message: &'static str,
    /// The same at length: which header, or which limit and its number.
    pub detail: String,
    /// The `receipt` of the frame at fault, where it was read before the fault, or stands whole
    /// in the octets at hand behind it.
    pub receipt_id: Option<String>,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.detail)
    }
}

impl std::error::Error for FrameError {}

impl FrameError {
    fn new(message: &'static str, detail: impl Into<String>) -> Self {
        Self {
            message,
            detail: detail.into(),
            receipt_id: None,
        }
    }

    /// The same, of a frame that asked for this receipt.
    pub(super) fn for_receipt(self, receipt_id: Option<String>) -> Self {
        Self { receipt_id, ..self }
    }

    pub(super) fn unknown_command(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        Self::new(
            "unknown command",
            format!("\"{}\" is not a client command", line.escape_debug()),
        )
    }

    pub(super) fn command_too_long() -> Self {
        Self::new(
            "unknown command",
            "the first line is longer than any client command",
        )
    }

    pub(super) fn nul_in_command() -> Self {
        Self::new("malformed frame", "a NUL stands in the command line")
    }

    pub(super) fn nul_in_header(number: usize) -> Self {
        let detail = format!("a NUL stands in header line {number}, before the empty line");
        Self::new("malformed header", detail)
    }

    pub(super) fn malformed_header(number: usize, what: &str) -> Self {
        Self::new("malformed header", format!("header {number} {what}"))
    }

    pub(super) fn undefined_escape(number: usize) -> Self {
        let detail = format!("header {number} has a backslash sequence that its version lacks");
        Self::new("undefined escape", detail)
    }

    pub(super) fn too_many_headers(limits: &FrameLimits) -> Self {
        Self::new(
            "too many headers",
            format!("a frame has at most {}", limits.headers_max),
        )
    }

    pub(super) fn header_too_long(number: usize, limits: &FrameLimits) -> Self {
        let max = limits.header_bytes_max;
        Self::new(
            "header too long",
            format!("header {number} has more than {max} octets"),
        )
    }

    pub(super) fn frame_too_large(limits: &FrameLimits) -> Self {
        let max = limits.frame_bytes_max;
        Self::new(
            "frame too large",
            format!("a frame has at most {max} octets"),
        )
    }

    pub(super) fn invalid_content_length(number: usize) -> Self {
        let detail = format!("header {number} is not a count of octets in decimal digits");
        Self::new("invalid content-length", detail)
    }

    pub(super) fn body_not_ended(content_length: usize) -> Self {
        let detail = format!("no NUL follows the {content_length} octets of content-length");
        Self::new("malformed body", detail)
    }

    pub(super) fn body_not_allowed(command: Command) -> Self {
        Self::new(
            "body not allowed",
            format!("{} has no body", command.as_str()),
        )
    }
}
