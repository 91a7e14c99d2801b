//! WebSocket frames as a client writes and reads them (RFC 6455). It knows nothing of what is in them.

/// The key of every masked frame. A fixed one is enough here: no proxy stands in between.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x2e];
pub(crate) const TEXT: u8 = 1;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
pub(crate) const CLOSE: u8 = 8;

/// A frame at the beginning of what was read.
pub(crate) struct Found {
    pub(crate) opcode: u8,
    /// Where its payload is, and with that where it ends.
    pub(crate) payload: std::ops::Range<usize>,
}

/// The frame at the beginning of `bytes`; none where it is not whole yet.
pub(crate) fn find(bytes: &[u8]) -> Option<Found> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let masked = usize::from(second >> 7) * 4;
    let (head, length) = match second & 0x7f {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => {
            let long = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(long).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let begin = head + masked;
    let end = begin.checked_add(length)?;
    (bytes.len() >= end).then_some(Found {
        opcode: first & 0x0f,
        payload: begin..end,
    })
}

/// Appends a client's frame.
pub(crate) fn put(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    put_head(opcode, payload.len(), 0x80, out);
    out.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    out.extend(masked.map(|(byte, key)| byte ^ key));
}

/// The same with a key of zeros, which leaves the payload as it is.
pub(crate) fn put_plain(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    put_head(opcode, payload.len(), 0x80, out);
    out.extend([0; 4]);
    out.extend(payload);
}

/// Appends a server's frame.
pub(crate) fn put_unmasked(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    put_head(opcode, payload.len(), 0, out);
    out.extend(payload);
}

fn put_head(opcode: u8, length: usize, mask: u8, out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    if let Ok(short) = u8::try_from(length)
        && short < 126
    {
        out.push(mask | short);
    } else if let Ok(medium) = u16::try_from(length) {
        out.push(mask | 126);
        out.extend(medium.to_be_bytes());
    } else {
        out.push(mask | 127);
        out.extend((length as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found_once_it_is_whole() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            let mut bytes = vec![];
            put_unmasked(TEXT, &payload, &mut bytes);
            let found = find(&bytes).map(|found| (found.opcode, found.payload.len()));
            assert_eq!(found, Some((TEXT, length)));
            assert!(find(&bytes[..bytes.len() - 1]).is_none() || length == 0);
            let mut masked = vec![];
            put(TEXT, &payload, &mut masked);
            assert_eq!(masked.len(), bytes.len() + 4);
            assert_eq!(
                find(&masked).map(|found| found.payload.end),
                Some(masked.len())
            );
        }
    }
}
