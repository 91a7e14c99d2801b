//! The header block of one frame, line by line. Knows only the two headers that framing and its
//! errors need: `content-length` and `receipt`.

use memchr::memchr;

use super::command::Command;
use super::error::FrameError;
use super::escape::Escapes;
use super::headers::Headers;
use super::limits::FrameLimits;
use super::line::{LineError, LineReader, text_of};
use super::version::Version;

/// How the header lines of a frame are to be read.
#[derive(Clone, Copy)]
pub(super) struct HeaderRules {
    escapes: Escapes,
    bare_cr_allowed: bool,
}

impl HeaderRules {
    /// CONNECT has no escapes in any version, and the version is not agreed on yet, so nothing
    /// that any of them forbids stands in it.
    pub(super) fn new(command: Option<Command>, version: Version) -> Self {
        if command.is_some_and(Command::is_connect) {
            return Self {
                escapes: Escapes::None,
                bare_cr_allowed: false,
            };
        }
        Self {
            escapes: Escapes::from(version),
            bare_cr_allowed: version < Version::V1_2,
        }
    }
}

/// A header block that may still be unfinished.
pub(super) struct Head {
    pub(super) headers: Headers,
    /// By the first `content-length`.
    pub(super) content_length: Option<usize>,
    /// Octets so far, the command line with them.
    pub(super) bytes: usize,
    rules: HeaderRules,
}

impl Head {
    /// `bytes`: of the command line and its end.
    pub(super) fn new(rules: HeaderRules, bytes: usize) -> Self {
        Self {
            headers: Headers::new(),
            content_length: None,
            bytes,
            rules,
        }
    }

    /// Reads header lines; true once the empty line that ends them was read.
    pub(super) fn read(
        &mut self,
        lines: &mut LineReader,
        input: &mut &[u8],
        limits: &FrameLimits,
    ) -> Result<bool, FrameError> {
        let read = self.read_lines(lines, input, limits);
        read.map_err(|error| {
            let ahead = || find_receipt(input, self.rules);
            error.for_receipt(self.receipt().or_else(ahead))
        })
    }

    /// The `receipt` among the headers so far.
    pub(super) fn receipt(&self) -> Option<String> {
        self.headers.get("receipt").map(str::to_owned)
    }

    fn read_lines(
        &mut self,
        lines: &mut LineReader,
        input: &mut &[u8],
        limits: &FrameLimits,
    ) -> Result<bool, FrameError> {
        loop {
            let full = self.headers.len() >= limits.headers_max;
            // Once full, only the empty line fits.
            let line_max = if full { 0 } else { limits.header_bytes_max };
            let room = limits.frame_bytes_max - self.bytes;
            let line = lines.take(input, line_max, room);
            let Some(line) = line.map_err(|error| self.line_error(&error, limits))? else {
                return Ok(false);
            };
            self.bytes += line.len();
            let text = text_of(&line);
            if text.is_empty() {
                return Ok(true);
            }
            self.push(text, limits)?;
        }
    }

    fn push(&mut self, line: &[u8], limits: &FrameLimits) -> Result<(), FrameError> {
        let number = self.headers.len() + 1;
        if number == 1 {
            self.headers.reserve_usual();
        }
        push_line(&mut self.headers, line, self.rules, number)?;
        if let Some(("content-length", value)) = self.headers.iter().next_back()
            && self.content_length.is_none()
        {
            let length = parse_length(value, number)?;
            // What is sure not to fit is refused before another octet is taken.
            if length > limits.frame_bytes_max - self.bytes {
                return Err(FrameError::frame_too_large(limits));
            }
            self.content_length = Some(length);
        }
        Ok(())
    }

    fn line_error(&self, error: &LineError, limits: &FrameLimits) -> FrameError {
        let number = self.headers.len() + 1;
        match error {
            LineError::TooLong if number > limits.headers_max => {
                FrameError::too_many_headers(limits)
            }
            LineError::TooLong => FrameError::header_too_long(number, limits),
            LineError::OutOfRoom => FrameError::frame_too_large(limits),
            LineError::Nul => FrameError::nul_in_header(number),
        }
    }
}

fn push_line(
    headers: &mut Headers,
    line: &[u8],
    rules: HeaderRules,
    number: usize,
) -> Result<(), FrameError> {
    let malformed = |what| FrameError::malformed_header(number, what);
    if !rules.bare_cr_allowed && memchr(b'\r', line).is_some() {
        return Err(malformed("has a CR that is not part of its line end"));
    }
    let line = std::str::from_utf8(line).map_err(|_| malformed("is not UTF-8"))?;
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| malformed("has no colon"))?;
    if name.is_empty() {
        return Err(malformed("has no name"));
    }
    if rules.escapes.is_plain(line) {
        headers.push(name, value);
        return Ok(());
    }
    let pushed = headers.push_escaped(name, value, rules.escapes);
    pushed.map_err(|_| FrameError::undefined_escape(number))
}

/// Digits alone: no sign, no space, and not more than the machine can count.
fn parse_length(value: &str, number: usize) -> Result<usize, FrameError> {
    let digits = !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit());
    let length = if digits { value.parse().ok() } else { None };
    length.ok_or_else(|| FrameError::invalid_content_length(number))
}

/// The `receipt` among whole header lines behind a fault, for the ERROR that answers it.
///
/// Best effort: only what is at hand is looked at, and only up to the end of the header block.
pub(super) fn find_receipt(lines: &[u8], rules: HeaderRules) -> Option<String> {
    for line in lines.split_inclusive(|&octet| octet == b'\n') {
        let text = text_of(line);
        if text.is_empty() || !line.ends_with(b"\n") || memchr(0, line).is_some() {
            return None;
        }
        if text.starts_with(b"receipt:") {
            let mut found = Headers::new();
            push_line(&mut found, text, rules, 1).ok()?;
            return found.get("receipt").map(str::to_owned);
        }
    }
    None
}
