//! Lines out of octets that arrive in pieces. Knows line ends and bounds, and no meaning.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Takes lines from input, and keeps the one that is unfinished. Without one it holds no memory.
#[derive(Default)]
pub(super) struct LineReader {
    /// What has come of the unfinished line; it holds no LF and no NUL.
    begun: Vec<u8>,
}

/// Why the octets at hand can't become a line. The same however the octets are split.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineError {
    /// The line has more octets than the line may have.
    TooLong,
    /// The frame would have more octets than the frame may have.
    OutOfRoom,
    /// A NUL comes before the line's end.
    Nul,
}

impl LineReader {
    /// Skips LFs where a frame may begin: heart-beats and what follows a frame's NUL.
    pub(super) fn skip_beats(&self, input: &mut &[u8]) {
        if self.begun.is_empty() {
            let beats = input.iter().take_while(|&&octet| octet == b'\n').count();
            *input = &input[beats..];
        }
    }

    /// The next whole line with its line end, or none once `input` is used up.
    ///
    /// The line has at most `line_max` octets without its end, and `room` with it. A line that is
    /// whole in `input` is lent from there. Each octet is looked at once, however many calls a
    /// line takes. After an error `input` is what stands behind the line at fault, where that has an
    /// end.
    pub(super) fn take<'i>(
        &mut self,
        input: &mut &'i [u8],
        line_max: usize,
        room: usize,
    ) -> Result<Option<Cow<'i, [u8]>>, LineError> {
        let taken = self.take_line(input, line_max, room);
        if let Err(error) = &taken {
            *input = if *error == LineError::TooLong {
                after_line(input)
            } else {
                &[]
            };
        }
        taken
    }

    fn take_line<'i>(
        &mut self,
        input: &mut &'i [u8],
        line_max: usize,
        room: usize,
    ) -> Result<Option<Cow<'i, [u8]>>, LineError> {
        let window = line_max
            .saturating_add(2)
            .min(room)
            .saturating_sub(self.begun.len());
        let seen = &input[..input.len().min(window)];
        let Some(at) = memchr2(b'\n', 0, seen) else {
            return self.keep(seen, input, line_max).map(|()| None);
        };
        let (part, rest) = input.split_at(at + 1);
        if self.text_len(&part[..at]) > line_max {
            return Err(LineError::TooLong);
        }
        if part[at] == 0 {
            return Err(LineError::Nul);
        }
        *input = rest;
        Ok(Some(self.finish(part)))
    }

    /// Keeps `seen`, all of the input that may still belong to the line, for the next call.
    fn keep(&mut self, seen: &[u8], input: &mut &[u8], line_max: usize) -> Result<(), LineError> {
        if self.text_len(seen) > line_max {
            return Err(LineError::TooLong);
        }
        if seen.len() < input.len() {
            return Err(LineError::OutOfRoom);
        }
        self.begun.extend_from_slice(seen);
        *input = &[];
        Ok(())
    }

    fn finish<'i>(&mut self, part: &'i [u8]) -> Cow<'i, [u8]> {
        if self.begun.is_empty() {
            return Cow::Borrowed(part);
        }
        let mut line = std::mem::take(&mut self.begun);
        line.extend_from_slice(part);
        Cow::Owned(line)
    }

    /// Octets of the line up to and with `part`; a last CR may be of the line end, and is not
    /// counted.
    fn text_len(&self, part: &[u8]) -> usize {
        let ends_in_cr = part.last().or(self.begun.last()) == Some(&b'\r');
        self.begun.len() + part.len() - usize::from(ends_in_cr)
    }

    /// Whether no line has begun.
    pub(super) fn is_idle(&self) -> bool {
        self.begun.is_empty()
    }

    /// Memory kept for the unfinished line.
    #[cfg(test)]
    pub(super) fn bytes_held(&self) -> usize {
        self.begun.capacity()
    }
}

/// The line without its LF or CRLF.
pub(super) fn text_of(line: &[u8]) -> &[u8] {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// What follows the next LF.
fn after_line(input: &[u8]) -> &[u8] {
    memchr(b'\n', input).map_or(&[], |at| &input[at + 1..])
}
