//! The headers of one frame, in the order they came. Knows no header by meaning.

use std::fmt;

use super::escape::{Escapes, UndefinedEscape};

/// What most frames stay below: a frame that is beyond takes one more step.
const USUAL_TEXT_BYTES: usize = 160;
const USUAL_HEADERS: usize = 6;

/// Decoded headers of a frame, kept in one piece of text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// All names and values, one after the other.
    text: String,
    spans: Vec<Span>,
}

/// Where a header's name and value end in the text; it begins where the one before ends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    name_end: usize,
    value_end: usize,
}

impl Headers {
    /// No headers; takes no memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the first header of this name: later ones of the same name do not count.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Every header as (name, value), repeats included, in the order of the frame.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + Clone {
        (0..self.spans.len()).map(|index| self.at(index))
    }

    /// How many headers there are, repeats included.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Adds a header behind the others.
    pub fn push(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(value);
        self.spans.push(Span {
            name_end,
            value_end: self.text.len(),
        });
    }

    /// Makes room for the headers of a usual frame at once, instead of step by step.
    pub(super) fn reserve_usual(&mut self) {
        self.text.reserve(USUAL_TEXT_BYTES);
        self.spans.reserve(USUAL_HEADERS);
    }

    /// Adds a header as it stands on the wire.
    pub(super) fn push_escaped(
        &mut self,
        name: &str,
        value: &str,
        escapes: Escapes,
    ) -> Result<(), UndefinedEscape> {
        escapes.decode(name, &mut self.text)?;
        let name_end = self.text.len();
        escapes.decode(value, &mut self.text)?;
        self.spans.push(Span {
            name_end,
            value_end: self.text.len(),
        });
        Ok(())
    }

    fn at(&self, index: usize) -> (&str, &str) {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.spans[before].value_end);
        let Span {
            name_end,
            value_end,
        } = self.spans[index];
        (&self.text[start..name_end], &self.text[name_end..value_end])
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut headers = Self::new();
        pairs
            .into_iter()
            .for_each(|(name, value)| headers.push(name, value));
        headers
    }
}

/// Headers that hold a secret: a log line must not.
fn is_secret(name: &str) -> bool {
    ["authorization", "passcode", "login"]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| {
            if is_secret(name) {
                (name, "[redacted]")
            } else {
                (name, value)
            }
        };
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}
