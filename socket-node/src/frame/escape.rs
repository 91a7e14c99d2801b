//! How header text is written: escapes by version, and what can't be written at all.
//! Knows no header by name.

use bytes::BytesMut;
use memchr::memchr;

use super::version::Version;

/// Which escape sequences a frame's headers use, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// STOMP 1.0, and CONNECT, STOMP and CONNECTED in every version: a backslash is a backslash.
    None,
    /// STOMP 1.1: `\n`, `\c` and `\\`.
    AllButCr,
    /// STOMP 1.2: also `\r`.
    All,
}

/// A backslash is followed by something that the version gives no meaning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UndefinedEscape;

impl From<Version> for Escapes {
    fn from(version: Version) -> Self {
        match version {
            Version::V1_0 => Self::None,
            Version::V1_1 => Self::AllButCr,
            Version::V1_2 => Self::All,
        }
    }
}

impl Escapes {
    /// Whether `text` from the wire means itself.
    pub(super) fn is_plain(self, text: &str) -> bool {
        self == Self::None || memchr(b'\\', text.as_bytes()).is_none()
    }

    /// Appends to `out` what `text` from the wire means.
    pub(super) fn decode(self, text: &str, out: &mut String) -> Result<(), UndefinedEscape> {
        let mut rest = text;
        if self != Self::None {
            while let Some(at) = memchr(b'\\', rest.as_bytes()) {
                let meant = self
                    .meaning(rest.as_bytes().get(at + 1))
                    .ok_or(UndefinedEscape)?;
                out.push_str(&rest[..at]);
                out.push(meant);
                rest = &rest[at + 2..];
            }
        }
        out.push_str(rest);
        Ok(())
    }

    fn meaning(self, after_backslash: Option<&u8>) -> Option<char> {
        match after_backslash? {
            b'\\' => Some('\\'),
            b'c' => Some(':'),
            b'n' => Some('\n'),
            b'r' if self == Self::All => Some('\r'),
            _ => None,
        }
    }

    /// Appends `text` to `out` as the wire writes it.
    ///
    /// Total, so that an ERROR can always be sent: what these escapes have no sequence for but
    /// would end the line or the frame (LF in 1.0, NUL in all) is written as a space.
    pub(super) fn encode(self, text: &str, out: &mut BytesMut) {
        let mut rest = text.as_bytes();
        // Nearly every text is without what has a sequence in any version, which is seen many octets at once.
        let plain = |octet: u8| octet != 0 && !matches!(octet, b'\n' | b'\r' | b'\\' | b':');
        if rest.iter().fold(true, |all, &octet| all & plain(octet)) {
            return out.extend_from_slice(rest);
        }
        let next = |rest: &[u8]| {
            let mut octets = rest.iter().enumerate();
            octets.find_map(|(at, &octet)| Some((at, self.sequence(octet)?)))
        };
        while let Some((at, written)) = next(rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(written);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
    }

    /// What is written in an octet's place, where it can't stand as it is.
    fn sequence(self, octet: u8) -> Option<&'static [u8]> {
        match (octet, self) {
            (0, _) | (b'\n', Self::None) => Some(b" "),
            (_, Self::None) | (b'\r', Self::AllButCr) => None,
            (b'\\', _) => Some(b"\\\\"),
            (b':', _) => Some(b"\\c"),
            (b'\n', _) => Some(b"\\n"),
            (b'\r', _) => Some(b"\\r"),
            _ => None,
        }
    }

    /// Whether a header that somebody else wrote reaches its reader unchanged and whole.
    ///
    /// Without a sequence for CR, one that is sent bare would be taken for part of a line end by
    /// some readers; so a header with one is not carried, like one with LF in 1.0.
    pub(super) fn carries(self, name: &str, value: &str) -> bool {
        let without_cr = matches!(self, Self::None | Self::AllButCr);
        let lost = |octet| match octet {
            0 => true,
            b'\r' => without_cr,
            b'\n' => self == Self::None,
            _ => false,
        };
        let name_splits = self == Self::None && name.contains(':');
        !name.is_empty() && !name_splits && !name.bytes().chain(value.bytes()).any(lost)
    }
}
