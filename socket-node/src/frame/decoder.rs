//! From octets to frames, whatever the pieces they come in. Knows the version that was agreed on
//! and the limits, and nothing of a session.

use std::borrow::Cow;

use super::command::Command;
use super::error::FrameError;
use super::head::{HeaderRules, find_receipt};
use super::limits::FrameLimits;
use super::line::{LineError, LineReader, text_of};
use super::unfinished::{Frame, Unfinished};
use super::version::Version;

/// The longest command: a line that grows beyond it is none.
const COMMAND_BYTES_MAX: usize = "UNSUBSCRIBE".len();

/// Decodes the client frames of one connection.
///
/// Between frames it holds no memory but its own; within one, what has come of it so far.
pub struct Decoder {
    limits: FrameLimits,
    version: Version,
    lines: LineReader,
    /// A frame that has not come whole yet.
    frame: Option<Box<Unfinished>>,
}

impl Decoder {
    /// A decoder at the beginning of a connection. It reads frames as STOMP 1.2 has them until it
    /// is told another version; CONNECT is read alike in all.
    pub fn new(limits: FrameLimits) -> Self {
        let lines = LineReader::default();
        Self {
            limits,
            version: Version::V1_2,
            lines,
            frame: None,
        }
    }

    /// Reads the frames that begin from here on as `version` has them: call it when CONNECT was
    /// answered, before the next [`next`](Self::next).
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Whether it stands between frames, where a new decoder of the same version would decode on as it does.
    pub fn is_idle(&self) -> bool {
        self.frame.is_none() && self.lines.is_idle()
    }

    /// The next whole frame, or none once `input` is used up.
    ///
    /// Call it until it gives none. It moves `input` past what it took; the part of a frame that
    /// has come is kept for the next call. A frame whole in `input` is decoded from there without
    /// being gathered first, and no octet is looked at again because of how it was split. EOLs
    /// between frames (heart-beats) are skipped.
    ///
    /// # Errors
    ///
    /// The octets break the protocol or a limit. Where the next frame begins is unknown then:
    /// the rest of `input` is dropped, what was kept is freed, and the connection must end.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        let taken = self.take(input);
        if taken.is_err() {
            *input = &[];
            *self = Self::new(self.limits);
        }
        taken
    }

    fn take(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        let begun = match self.frame.take() {
            Some(kept) => Some(*kept),
            None => self.begin(input)?,
        };
        let Some(mut frame) = begun else {
            return Ok(None);
        };
        if frame.read(&mut self.lines, input, &self.limits)? {
            return Ok(Some(frame.finish()));
        }
        self.frame = Some(Box::new(frame));
        Ok(None)
    }

    fn begin(&mut self, input: &mut &[u8]) -> Result<Option<Unfinished>, FrameError> {
        let begun = self.read_command(input);
        begun.map_err(|error| {
            let rules = HeaderRules::new(None, self.version);
            error.for_receipt(find_receipt(input, rules))
        })
    }

    fn read_command(&mut self, input: &mut &[u8]) -> Result<Option<Unfinished>, FrameError> {
        while let Some(line) = self.first_line(input)? {
            let text = text_of(&line);
            if text.is_empty() {
                continue;
            }
            let command = Command::parse(text).ok_or_else(|| FrameError::unknown_command(text))?;
            let rules = HeaderRules::new(Some(command), self.version);
            return Ok(Some(Unfinished::new(command, rules, line.len())));
        }
        Ok(None)
    }

    fn first_line<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Cow<'i, [u8]>>, FrameError> {
        self.lines.skip_beats(input);
        let line = self
            .lines
            .take(input, COMMAND_BYTES_MAX, self.limits.frame_bytes_max);
        line.map_err(|error| match error {
            LineError::TooLong => FrameError::command_too_long(),
            LineError::OutOfRoom => FrameError::frame_too_large(&self.limits),
            LineError::Nul => FrameError::nul_in_command(),
        })
    }

    /// Memory kept for an unfinished frame: none where none has begun.
    #[cfg(test)]
    pub(super) fn bytes_held(&self) -> usize {
        self.lines.bytes_held() + usize::from(self.frame.is_some()) * size_of::<Unfinished>()
    }
}
