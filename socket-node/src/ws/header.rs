//! Headers of client frames out of octets that arrive in pieces. Knows what one header may say
//! by itself, and nothing of the frames around it.

use super::close::WsError;
use super::mask::Mask;
use super::opcode::Opcode;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;
/// The payload of a control frame has at most this many octets.
pub(super) const CONTROL_BYTES_MAX: u8 = 125;
/// This length says that a 16-bit one follows.
pub(super) const LENGTH_16: u8 = 126;
/// This length says that a 64-bit one follows.
pub(super) const LENGTH_64: u8 = 127;
/// Two octets, a 64-bit length, a mask.
const HEADER_BYTES_MAX: usize = 14;

/// The header of one client frame.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    pub(super) payload_len: u64,
    pub(super) mask: Mask,
}

/// A header that may still be unfinished.
#[derive(Default)]
pub(super) struct HeaderReader {
    octets: [u8; HEADER_BYTES_MAX],
    len: u8,
}

impl HeaderReader {
    /// Whether some of a header has come, and not all.
    pub(super) fn has_begun(&self) -> bool {
        self.len > 0
    }

    /// The next header, or none once `input` is used up.
    pub(super) fn take(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, WsError> {
        if !self.fill(2, input) {
            return Ok(None);
        }
        let opcode = check(self.octets[0], self.octets[1])?;
        let length_end = match self.octets[1] & LENGTH {
            LENGTH_16 => 4,
            LENGTH_64 => 10,
            _ => 2,
        };
        if !self.fill(length_end + 4, input) {
            return Ok(None);
        }
        self.len = 0;
        let mut key = [0; 4];
        key.copy_from_slice(&self.octets[length_end..length_end + 4]);
        let payload_len = self.payload_len(length_end)?;
        let fin = self.octets[0] & FIN != 0;
        Ok(Some(Header {
            fin,
            opcode,
            payload_len,
            mask: Mask::new(key),
        }))
    }

    /// Moves octets from `input` until there are `wanted` of them; false if it ran out.
    fn fill(&mut self, wanted: usize, input: &mut &mut [u8]) -> bool {
        let have = usize::from(self.len);
        let missing = wanted.saturating_sub(have).min(input.len());
        let (part, rest) = std::mem::take(input).split_at_mut(missing);
        self.octets[have..have + missing].copy_from_slice(part);
        *input = rest;
        self.len += missing as u8;
        usize::from(self.len) >= wanted
    }

    /// The length, in as few octets as can be: the RFC allows no other.
    fn payload_len(&self, length_end: usize) -> Result<u64, WsError> {
        let wide = self.octets[2..length_end].iter();
        let wide = wide.fold(0, |value, &octet| value << 8 | u64::from(octet));
        let (value, shortest) = match length_end {
            2 => (u64::from(self.octets[1] & LENGTH), 0),
            4 => (wide, u64::from(LENGTH_16)),
            _ => (wide, 1 << 16),
        };
        if value >> 63 != 0 {
            return Err(WsError::protocol("64-bit length with its top bit set"));
        }
        if value < shortest {
            return Err(WsError::protocol("length not in its shortest form"));
        }
        Ok(value)
    }
}

/// What the first two octets may say.
fn check(first: u8, second: u8) -> Result<Opcode, WsError> {
    if first & RESERVED != 0 {
        return Err(WsError::protocol("reserved bit set without an extension"));
    }
    let opcode = Opcode::from_bits(first).ok_or(WsError::protocol("reserved opcode"))?;
    if second & MASKED == 0 {
        return Err(WsError::protocol("client frame without a mask"));
    }
    if opcode.is_control() && first & FIN == 0 {
        return Err(WsError::protocol("fragmented control frame"));
    }
    if opcode.is_control() && second & LENGTH > CONTROL_BYTES_MAX {
        return Err(WsError::protocol("control frame of more than 125 octets"));
    }
    Ok(opcode)
}
