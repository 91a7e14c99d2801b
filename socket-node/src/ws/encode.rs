//! Server frames as octets: never masked, never fragmented. Knows no message by content.

use bytes::BytesMut;

use super::header::{CONTROL_BYTES_MAX, LENGTH_16, LENGTH_64};
use super::opcode::Opcode;

/// The header of the frames that are sent most, with a 16-bit length.
const USUAL_HEADER_BYTES: usize = 4;
/// Without a mask, with a 64-bit length.
const HEADER_BYTES_MAX: usize = 10;
/// A close frame's code takes two octets of its payload.
const CLOSE_REASON_BYTES_MAX: usize = CONTROL_BYTES_MAX as usize - 2;

/// Appends the header of a whole, unfragmented frame with a payload of `payload_len` octets.
pub fn put_header(out: &mut BytesMut, opcode: Opcode, payload_len: usize) {
    let (octets, len) = header(opcode, payload_len);
    out.extend_from_slice(&octets[..len]);
}

/// Appends a frame whose payload is what `write` appends.
///
/// The length need not be known before: the header's place is kept, and moved where it turns out
/// to be shorter or longer than usual. `write` must only append.
pub fn put_frame(out: &mut BytesMut, opcode: Opcode, write: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    let usual_end = start + USUAL_HEADER_BYTES;
    out.extend_from_slice(&[0; USUAL_HEADER_BYTES]);
    write(out);
    let payload_len = out.len() - usual_end;
    let (octets, len) = header(opcode, payload_len);
    if len > USUAL_HEADER_BYTES {
        out.resize(start + len + payload_len, 0);
    }
    if len != USUAL_HEADER_BYTES {
        out.copy_within(usual_end..usual_end + payload_len, start + len);
        out.truncate(start + len + payload_len);
    }
    out[start..start + len].copy_from_slice(&octets[..len]);
}

/// Appends a ping. Of `payload`, the first 125 octets are sent.
pub fn put_ping(out: &mut BytesMut, payload: &[u8]) {
    put_control(out, Opcode::Ping, payload);
}

/// Appends a pong. Of `payload`, the first 125 octets are sent: a ping has no more.
pub fn put_pong(out: &mut BytesMut, payload: &[u8]) {
    put_control(out, Opcode::Pong, payload);
}

/// Appends a close frame. Without a code it is empty. Of `reason`, as many characters are sent as
/// fit in 123 octets.
pub fn put_close(out: &mut BytesMut, code: Option<u16>, reason: &str) {
    let Some(code) = code else {
        return put_control(out, Opcode::Close, &[]);
    };
    let reason = &reason[..reason.floor_char_boundary(CLOSE_REASON_BYTES_MAX)];
    put_header(out, Opcode::Close, 2 + reason.len());
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(reason.as_bytes());
}

fn put_control(out: &mut BytesMut, opcode: Opcode, payload: &[u8]) {
    let payload = &payload[..payload.len().min(CONTROL_BYTES_MAX.into())];
    put_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

/// The octets of a header, and how many of them count.
fn header(opcode: Opcode, payload_len: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    let mut octets = [0; HEADER_BYTES_MAX];
    octets[0] = 0x80 | opcode as u8;
    if payload_len <= usize::from(CONTROL_BYTES_MAX) {
        octets[1] = payload_len as u8;
        return (octets, 2);
    }
    if let Ok(short) = u16::try_from(payload_len) {
        octets[1] = LENGTH_16;
        octets[2..4].copy_from_slice(&short.to_be_bytes());
        return (octets, 4);
    }
    octets[1] = LENGTH_64;
    octets[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
    (octets, HEADER_BYTES_MAX)
}
