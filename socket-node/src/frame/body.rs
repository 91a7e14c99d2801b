//! The body of one frame, up to and with the NUL. Knows its length, and nothing of its content.

use memchr::memchr;

/// A body that may still be unfinished.
pub(super) struct Body {
    end: End,
    octets: Vec<u8>,
}

/// What ends the body.
enum End {
    /// A NUL after exactly this many octets.
    Length(usize),
    /// The first NUL, after at most this many octets.
    FirstNul { bytes_max: usize },
}

/// Why the octets at hand can't be the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Another octet stands where the NUL must.
    NotEnded,
    /// There is no NUL within the bound.
    TooLarge,
}

impl Body {
    /// A body of exactly `length` octets.
    pub(super) fn with_length(length: usize) -> Self {
        Self {
            end: End::Length(length),
            octets: Vec::new(),
        }
    }

    /// A body that ends at the first NUL.
    pub(super) fn until_nul(bytes_max: usize) -> Self {
        Self {
            end: End::FirstNul { bytes_max },
            octets: Vec::new(),
        }
    }

    /// Takes what is of this body; true once its NUL was taken.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<bool, BodyError> {
        let missing = match self.end {
            End::Length(length) => length - self.octets.len(),
            End::FirstNul { bytes_max } => {
                let window = &input[..input.len().min(bytes_max - self.octets.len())];
                memchr(0, window).unwrap_or(window.len())
            }
        };
        self.append(input, missing);
        let Some((&next, rest)) = input.split_first() else {
            return Ok(false);
        };
        if next != 0 {
            return Err(match self.end {
                End::Length(_) => BodyError::NotEnded,
                End::FirstNul { .. } => BodyError::TooLarge,
            });
        }
        *input = rest;
        Ok(true)
    }

    /// The first part is copied to size: most bodies have no other.
    fn append(&mut self, input: &mut &[u8], bytes_max: usize) {
        let (part, rest) = input.split_at(bytes_max.min(input.len()));
        if self.octets.is_empty() {
            self.octets = part.to_vec();
        } else {
            self.octets.extend_from_slice(part);
        }
        *input = rest;
    }

    /// The octets so far.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}
