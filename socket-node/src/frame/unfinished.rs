//! One client frame, and how it grows out of octets. Knows the order of its parts: head, then
//! body, and which commands have one.

use std::fmt;

use super::body::{Body, BodyError};
use super::command::Command;
use super::error::FrameError;
use super::head::{Head, HeaderRules};
use super::headers::Headers;
use super::limits::FrameLimits;
use super::line::LineReader;

/// A client frame, whole and decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the client asks for.
    pub command: Command,
    /// Its headers, unescaped.
    pub headers: Headers,
    /// Its body; empty on every command but SEND.
    pub body: Vec<u8>,
}

/// Tells the body's size only: bodies hold what people write, and tokens.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("command", &self.command)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// A frame whose command is known and whose end is not there yet.
pub(super) struct Unfinished {
    command: Command,
    head: Head,
    /// Present once the head is whole.
    body: Option<Body>,
}

impl Unfinished {
    /// `bytes`: of the command line and its end.
    pub(super) fn new(command: Command, rules: HeaderRules, bytes: usize) -> Self {
        Self {
            command,
            head: Head::new(rules, bytes),
            body: None,
        }
    }

    /// Takes what is of this frame; true once it is whole.
    pub(super) fn read(
        &mut self,
        lines: &mut LineReader,
        input: &mut &[u8],
        limits: &FrameLimits,
    ) -> Result<bool, FrameError> {
        if self.body.is_none() {
            if !self.head.read(lines, input, limits)? {
                return Ok(false);
            }
            let body = self.expected_body(limits);
            self.body = Some(body.map_err(|error| error.for_receipt(self.head.receipt()))?);
        }
        let read = self
            .body
            .as_mut()
            .map_or(Ok(false), |body| body.read(input));
        read.map_err(|error| {
            self.body_error(&error, limits)
                .for_receipt(self.head.receipt())
        })
    }

    fn expected_body(&self, limits: &FrameLimits) -> Result<Body, FrameError> {
        let room = limits.frame_bytes_max - self.head.bytes;
        match self.head.content_length {
            Some(length) if length > 0 && !self.command.may_have_body() => {
                Err(FrameError::body_not_allowed(self.command))
            }
            Some(length) if length > room => Err(FrameError::frame_too_large(limits)),
            Some(length) => Ok(Body::with_length(length)),
            None if self.command.may_have_body() => Ok(Body::until_nul(room)),
            None => Ok(Body::with_length(0)),
        }
    }

    fn body_error(&self, error: &BodyError, limits: &FrameLimits) -> FrameError {
        match error {
            _ if !self.command.may_have_body() => FrameError::body_not_allowed(self.command),
            BodyError::NotEnded => {
                FrameError::body_not_ended(self.head.content_length.unwrap_or_default())
            }
            BodyError::TooLarge => FrameError::frame_too_large(limits),
        }
    }

    /// The frame, once [`read`](Self::read) said that it is whole.
    pub(super) fn finish(self) -> Frame {
        let body = self.body.map(Body::into_octets).unwrap_or_default();
        Frame {
            command: self.command,
            headers: self.head.headers,
            body,
        }
    }
}
